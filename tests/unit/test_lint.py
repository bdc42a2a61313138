# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of pyproject.toml hold for every file."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("rule", [("check", "."), ("format", "--check", ".")], ids=lambda rule: rule[0])
def test_ruff_finds_nothing(rule):
    answer = subprocess.run([sys.executable, "-m", "ruff", *rule], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
