# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's measurements are known by name."""

import pytest

from blender_pifu.engine.benchmark import PHOTO, measure
from blender_pifu.engine.errors import InputError


@pytest.mark.parametrize("name", ["level", "level-", "speed-512", "512"])
def test_a_measurement_that_there_is_not_is_told_from_those_there_are(name):
    with pytest.raises(InputError, match=name) as error:
        measure(name, "human", PHOTO)
    assert "field-512" in error.value.fix
