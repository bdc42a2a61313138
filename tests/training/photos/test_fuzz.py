# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile files, each in a process of its own: a sentence and an exit code, never a crash, a hang, or a gigabyte."""

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize(("words", "files"), [("cut at 50 %", 5), ("raw", 6), ("PNG, RGBA, 10480", 1), ("pipe", 1)])
def test_every_file_gets_an_answer(words, files):
    command = [sys.executable, "-m", "blender_pifu.training", "fuzz", "--only", words]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == files + 2 and lines[-1].startswith(f"{files} files; not answered well: 0;")
    assert all(line.split()[0] == "2" for line in lines[1:-1])
