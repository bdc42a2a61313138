# SPDX-License-Identifier: GPL-3.0-or-later
"""The peak that a job reports is its own, not that of the Blender which started it."""

import subprocess
import sys

PRINT = "from blender_pifu.engine.memory import peak_memory_mb; print(peak_memory_mb())"


def test_the_peak_does_not_count_the_process_that_started_this_one():
    held = b"x" * (300 * 2**20)
    run = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, timeout=60, check=True)
    assert len(held) and 1 < float(run.stdout) < 200
