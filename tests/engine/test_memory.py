# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory: the peak that a job reports is its own, and errors that tell of a full one are known for that."""

import errno
import platform
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from blender_pifu.engine.device import is_lost, is_out_of_memory

PRINT = "from blender_pifu.engine.memory import peak_memory_mb; print(peak_memory_mb())"


def test_the_peak_does_not_count_the_process_that_started_this_one():
    held = b"x" * (300 * 2**20)
    run = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, timeout=60, check=True)
    assert len(held) and 1 < float(run.stdout) < 200


@pytest.mark.parametrize(
    "reserve", [lambda: np.ones(2**45), lambda: torch.ones(2**45), lambda: cv2.resize(np.ones((2, 2)), (2**22, 2**24))]
)
def test_whichever_library_runs_out_of_memory_it_is_told_as_that(reserve):
    with pytest.raises(Exception) as caught:  # noqa: PT011 (each library has its own)
        reserve()
    assert is_out_of_memory(caught.value) and not is_lost(caught.value)


@pytest.mark.parametrize(
    ("error", "yes"),
    [
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOENT, "No such file or directory"), False),
        (ImportError("libfoo.so: cannot allocate memory in static TLS block"), True),
        (RuntimeError("can't start new thread"), True),
        (ValueError("The key is out of memory order."), False),
    ],
)
def test_what_a_full_memory_is_told_by(error, yes):
    assert is_out_of_memory(error) == yes


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own")
@pytest.mark.parametrize(("at_once", "fetched"), [(False, False), (True, True)])
def test_freed_memory_stays_for_the_next_array_unless_it_is_to_go_back(at_once, fetched):
    code = (
        "import numpy as np, resource\n"
        "from blender_pifu.engine.memory import give_back_at_once, share_memory\n"
        f"share_memory(); give_back_at_once({at_once})\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(3):\n"
        "    before = faults(); one = np.ones(300_000); other = np.ones(300_000); del one, other\n"
        "print(faults() - before)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (int(run.stdout) > 500) == fetched
