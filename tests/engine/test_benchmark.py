# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's measurements are known by name, and what they say of a surface."""

import pytest

from blender_pifu.engine.benchmark import PHOTO, measure, measure_field
from blender_pifu.engine.errors import InputError
from helpers import analytic


@pytest.mark.parametrize("name", ["level", "level-", "speed-512", "512"])
def test_a_measurement_that_there_is_not_is_told_from_those_there_are(name):
    with pytest.raises(InputError, match=name) as error:
        measure(name, "human", PHOTO)
    assert "field-512" in error.value.fix


def test_a_surface_takes_hardly_more_evaluations_than_its_cells_have_corners():
    told = measure_field(analytic.person(), 256)
    print(f"{told['evaluations']} evaluations, {told['corners']} corners")
    assert told["corners"] < told["evaluations"] < 1.35 * told["corners"]
