# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundled photo gives what it gave: every topology, texture and rig, a back photo, the fast model."""

import copy

import numpy as np
import pytest

from blender_pifu.engine.pipeline import Engine
from golden.compare import differences
from golden.results import CASES, SLOW, golden, machine, make, read


@pytest.fixture(scope="module")
def engine():
    return Engine("cpu")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES])
def test_result_is_as_it_was(engine, name):
    kept, made_on = read(name)
    found = differences(kept, golden(make(engine, name)), made_on == machine())
    assert not found, "\n".join([f"{name} differs (if it was meant to: python tests/golden/write.py {name})", *found])


def _moved(made):
    made.arrays["vertices some"][7, 1] += 2e-4


def _one_part_moved(made):
    made.arrays["vertices runs"][50] += 2e-4


def _other_face(made):
    made.arrays["faces runs"][3, 0] += 1e-3


def _colored(made):
    made.arrays["colors some"][5] += np.uint8(2)


def _painted(made):
    made.texture[40:42, 40:42] ^= 4


def _counted(made):
    made.facts["summary"]["faces"] += 1


def _said(made):
    made.facts["summary"]["notes"] = ["Anything."]


def _renamed(made):
    made.facts["bones"][3] += "_"


@pytest.mark.parametrize(
    "change", [_moved, _one_part_moved, _other_face, _colored, _painted, _counted, _said, _renamed]
)
def test_a_change_is_found(change):
    kept = read("standard")[0]
    made = copy.deepcopy(kept)
    assert not differences(kept, made, True) and not differences(kept, made, False)
    change(made)
    assert len(differences(kept, made, True)) == 1


def test_on_another_processor_another_size_is_found():
    kept = read("animation")[0]
    for name, by in {"vertices span": 0.02, "colors span": 4, "bone_heads": 0.02}.items():
        made = copy.deepcopy(kept)
        made.arrays[name] = made.arrays[name] + by
        assert len(differences(kept, made, False)) == 1
