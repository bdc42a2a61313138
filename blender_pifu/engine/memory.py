# SPDX-License-Identifier: GPL-3.0-or-later
"""What memory this process takes: how much at most, and when it is given back."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8  # M_... of glibc's malloc.h
SMALL, LARGE = 2**20, 2**25  # bytes
# Bytes of free memory at the end of the heap from which on that goes back to the system: glibc's own number, with which
# each page comes and goes again and again, half of a job's 800,000; and one at which it is fetched once.
TRIMMED, KEPT = 2**17, 2**27
LARGE_PHOTO = 24e6  # bytes of its pixels, from which on memory counts more than a second


class _Back:
    """Whether memory goes back at_once."""

    at_once = False


def peak_memory_mb() -> float:
    """The largest resident size of this process so far, in MiB."""
    if sys.platform == "win32":
        return _windows_peak_bytes() / 2**20
    if sys.platform == "linux" and (peak := _linux_peak_kib()):
        return peak / 2**10
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _linux_peak_kib():
    """0 where the system does not say. getrusage would count what the process that started this one held, too."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)


def _windows_peak_bytes():
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of psapi.h."""

        _fields_ = [
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("QuotaPeakPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPagedPoolUsage", ctypes.c_size_t),
            ("QuotaPeakNonPagedPoolUsage", ctypes.c_size_t),
            ("QuotaNonPagedPoolUsage", ctypes.c_size_t),
            ("PagefileUsage", ctypes.c_size_t),
            ("PeakPagefileUsage", ctypes.c_size_t),
        ]

    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    query = kernel32.K32GetProcessMemoryInfo
    query.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
    counters = Counters(cb=ctypes.sizeof(Counters))
    if not query(kernel32.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
        raise ctypes.WinError(ctypes.get_last_error())
    return counters.PeakWorkingSetSize


def give_back_memory(always: bool = True) -> None:
    """Hand what was freed back to the system; always: not only where that is to be `at_once`. glibc keeps what networks
    leave, in pieces that large arrays do not fit into; elsewhere nothing needs to be done."""
    if (always or _Back.at_once) and sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim:
            trim(0)


def give_back_at_once(yes: bool) -> None:
    """Whether arrays of a megabyte and more go back to the system as soon as they are freed: a tenth less memory at
    most for a photo of 4096 pixels, but all takes longer. Otherwise glibc keeps those of up to 32 megabytes for the
    next. What is free already goes back too. Does nothing elsewhere."""
    _set_malloc(MMAP_THRESHOLD, SMALL if yes else LARGE)
    _set_malloc(TRIM_THRESHOLD, TRIMMED if yes else KEPT)
    _Back.at_once = yes
    give_back_memory()


def share_memory() -> None:
    """From now on threads take from two heaps what others freed: from one each, a job on two cores took 100 megabytes
    more, while with a single one they wait for each other, as SciPy's trees ask it for 12 kilobytes at each point. Does
    nothing without glibc."""
    _set_malloc(ARENA_MAX, 2)


@contextmanager
def loading_libraries() -> Iterator[None]:
    """Without Python's collector, which takes an eighth of the time of loading to look through all that is there, and
    does so again later. What was loaded is there to stay."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def keep_memory() -> None:
    """From now on nothing goes back to the system, for whoever asks for just as much again and again: giving back and
    fetching anew took a third of the time of a training step on the CPU. Does nothing without glibc."""
    for option in (TRIM_THRESHOLD, MMAP_THRESHOLD):
        _set_malloc(option, 2**31 - 1)


def _set_malloc(option, value):
    if sys.platform == "linux":
        import ctypes

        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(option, value)
