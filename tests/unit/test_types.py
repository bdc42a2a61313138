# SPDX-License-Identifier: GPL-3.0-or-later
"""Types hold everywhere but where `bpy` has none; [tool.pyright] says how strictly."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_pyright_finds_nothing():
    """By basedpyright, the same checker with a Node.js of its own: it needs no network."""
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
