# SPDX-License-Identifier: GPL-3.0-or-later
"""On the shipped model and a real photo, the sparse surface is the dense one."""

from pathlib import Path

import numpy as np
import pytest

import analytic
import blender_pifu
from blender_pifu.engine import load_model
from blender_pifu.engine.crop import crop_around
from blender_pifu.engine.matte import Matting
from blender_pifu.engine.mesh import check_mesh, largest_component
from blender_pifu.engine.person_cut import PersonCut
from blender_pifu.engine.photo import load_photo
from blender_pifu.engine.surface import extract_surface

PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"


@pytest.fixture(scope="module")
def field():
    model = load_model("human")
    matte = Matting("cpu").matte(load_photo(PHOTO))
    return model.field(model.encode(*model.prepare(PersonCut(matte, crop_around(matte.alpha)))))


# About what sparse extraction of one standing person takes, with room for other weights.
@pytest.mark.parametrize(("resolution", "most"), [(128, 60_000), (256, 240_000)])
def test_sparse_equals_dense_on_the_shipped_model(field, resolution, most, capsys):
    surface = extract_surface(field, resolution, refine=False)
    with capsys.disabled():
        print(f"\n{resolution}: {surface.evaluations} evaluations, {len(surface.faces)} faces")
    vertices, faces = largest_component(surface.vertices, surface.faces)
    dense_vertices, dense_faces = largest_component(*analytic.dense_surface(analytic.dense_volume(field, resolution)))
    assert np.array_equal(faces, dense_faces)
    # Rounding inside the matrix products may differ with the size of a batch.
    assert np.abs(vertices - dense_vertices).max() < 1e-6
    assert check_mesh(faces).watertight
    assert surface.evaluations < most
