# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that a new environment works: a kernel on the device, then one tiny reconstruction."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from ..child import clean_environment
from .process import InstallError, run

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "blender_pifu" / "data" / "photos" / "man_polo_full_body.jpg"
_TIME_S = 600
_KERNEL = """
import sys, torch
device = "cuda" if sys.argv[1] == "rocm" else sys.argv[1]
image = torch.linspace(-1, 1, 3 * 32 * 32).reshape(1, 3, 32, 32)
kernel = torch.linspace(-1, 1, 8 * 3 * 9).reshape(8, 3, 3, 3)
here = torch.nn.functional.conv2d(image, kernel)
there = torch.nn.functional.conv2d(image.to(device), kernel.to(device)).cpu()
assert torch.allclose(here, there, atol=1e-2), "the device computes wrong numbers"
print(torch.__version__)
"""


def run_kernel(python: Path, device: str, log: Path) -> str:
    """Run a convolution on `device` and compare it with the processor's; return torch's version.

    Raises InstallError with the last line the environment's Python printed.
    """
    code, lines = run([python, "-I", "-c", _KERNEL, device], log=log, timeout_s=_TIME_S)
    if code:
        raise InstallError(f"PyTorch does not compute on {device}: {_reason(lines)}", f"The whole story is in {log}.")
    return lines[-1]


def reconstruct(python: Path, device: str, log: Path) -> dict:
    """Run the engine on the bundled photo at its lowest resolution; return its summary. Raises InstallError."""
    with tempfile.TemporaryDirectory(prefix="blender_pifu_") as folder:
        code, lines = run(
            [python, "-s", "-m", "blender_pifu.engine", PHOTO, "-o", Path(folder) / "person.npz",
             "--resolution", "128", "--device", device, "--json"],
            log=log, cwd=ROOT, timeout_s=_TIME_S,
            env=clean_environment(),
        )  # fmt: skip
    if code:
        raise InstallError(f"The engine's first reconstruction failed: {_reason(lines)}", f"The log is {log}.")
    return json.loads(next(line for line in reversed(lines) if line.startswith("{")))


def _reason(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "it ended without a word")
