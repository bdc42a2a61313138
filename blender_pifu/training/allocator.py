# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the C library's memory."""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # M_... of malloc.h
LARGEST = 2**31 - 1


def keep_memory() -> None:
    """Keep what is freed, for the next step of training asks for just as much: a third of a step's time on the CPU
    went into pages that were given back and fetched anew. Does nothing where the C library is not glibc."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for setting in (TRIM_THRESHOLD, MMAP_THRESHOLD):
            library.mallopt(setting, LARGEST)
