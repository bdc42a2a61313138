# SPDX-License-Identifier: GPL-3.0-or-later
"""The octrees to compare with ask what their descriptions say, and the benchmark measures what it names."""

import json

import numpy as np
import pytest
import torch

from blender_pifu.engine.__main__ import main
from blender_pifu.training.fields.octree import SCHEMES, count_octree


def ball(points):
    """A ball of radius 0.4."""
    return 1 / (1 + np.exp(60 * (np.linalg.norm(points, axis=1) - 0.4)))


def test_up_to_64_steps_everything_is_asked_but_what_pifuhd_never_asks():
    assert count_octree(SCHEMES["pifu"], 64, ball) == 64**3
    assert count_octree(SCHEMES["pifuhd"], 64, ball) == 63**3


def test_finer_lattices_are_asked_where_cells_disagree():
    counts = {name: count_octree(scheme, 128, ball) for name, scheme in SCHEMES.items()}
    assert 64**3 < counts["pifuhd"] < counts["pifu"] < 128**3 / 3


@pytest.mark.parametrize("what", ["field-128", "level-128"])
def test_the_benchmark_prints_json(capsys, what):
    threads = torch.get_num_threads()
    assert main(["benchmark", "--one", what]) == 0
    torch.set_num_threads(threads)
    found = json.loads(capsys.readouterr().out)
    assert found.get("evaluations", 0) < 45_000
    assert found.get("mean_cells", 0) < 0.1
