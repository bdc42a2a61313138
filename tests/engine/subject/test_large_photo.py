# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest photo that is read leaves room for other programs: a whole job takes less than a gigabyte."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from helpers.couple import POLO

MOST_MB = 1000  # of 2^20 bytes


@pytest.mark.parametrize("kind", ["photo", "turned", "cut out"])
def test_a_photo_of_4096_pixels_takes_less_than_a_gigabyte(tmp_path, kind):
    with Image.open(POLO) as image:
        if kind == "turned":
            image = image.rotate(20, Image.Resampling.BICUBIC, fillcolor="white")
        if kind == "cut out":
            alpha = Image.new("L", image.size)
            alpha.paste(255, (300, 20, 680, 990))
            image.putalpha(alpha)
        image.resize((4096, 4096), Image.Resampling.BICUBIC).save(tmp_path / "large.png", compress_level=1)
    options = ["--device", "cpu", "--resolution", "128", "--json"]
    command = [sys.executable, "-m", "blender_pifu.engine", tmp_path / "large.png", "-o", tmp_path / "o.npz", *options]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    summary = json.loads(run.stdout.splitlines()[-1])
    print(f"{kind}: {summary['peak_memory_mb']} MB, {summary['seconds']}, {summary.get('notes')}")
    assert summary["peak_memory_mb"] < MOST_MB
