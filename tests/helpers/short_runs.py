# SPDX-License-Identifier: GPL-3.0-or-later
"""Short runs of training, whole and resumed."""

from collections.abc import Callable
from pathlib import Path

import torch


def assert_resumed_equals_whole(run_steps: Callable, folder: Path) -> None:
    """Two steps at once, in the folder's `whole`, give the same network as one and, resumed, another; run_steps(folder,
    steps) makes the run in a folder, or goes on with it, and takes so many steps."""
    whole = run_steps(folder / "whole", 2)
    run_steps(folder / "parts", 1)
    resumed = run_steps(folder / "parts", 1)
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name
