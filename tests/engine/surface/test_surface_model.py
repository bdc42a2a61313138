# SPDX-License-Identifier: GPL-3.0-or-later
"""The sparse surface is the dense one: on the shipped model and a real photo, and on a small network at 512."""

from pathlib import Path

import numpy as np
import pytest
import torch

import blender_pifu
from blender_pifu.engine import load_model
from blender_pifu.engine.networks.coarse import CoarseConfig, CoarseLevel
from blender_pifu.engine.networks.field import HumanField
from blender_pifu.engine.networks.maps import Maps
from blender_pifu.engine.reading.crop import crop_around
from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.person_cut import PersonCut
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component
from blender_pifu.training.fields.dense import compare_with_dense, dense_surface
from helpers import analytic

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
    dense_vertices, dense_faces = largest_component(*dense_surface(field, resolution))
    assert np.array_equal(faces, dense_faces)
    # Rounding inside the matrix products may differ with the size of a batch.
    assert np.abs(vertices - dense_vertices).max() < 1e-6
    assert check_mesh(faces).watertight
    assert surface.evaluations < most


def test_sparse_equals_dense_at_512():
    """A small network of the bundled family: dense asks it 15 million times, which takes six seconds."""
    config = CoarseConfig(core_px=256, details=0, widths=(8, 8, 8), wide_features=4, hidden=8, layers=2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        level = CoarseLevel(config)
        torch.nn.init.normal_(level.head.out.weight, std=0.3)
        fine, wide = torch.randn(1, 8, 256, 256), torch.randn(1, 4, 64, 64)
    inside = analytic.outline(256)
    depth, nothing = inside.clamp(-0.01, 0.1), torch.zeros(1, 3, 256, 256)
    maps = Maps(nothing, nothing, depth, -depth, nothing, fine, wide)
    found = compare_with_dense(HumanField(level, maps, torch.cat([nothing, (inside > 0).float()], 1)), 512)
    assert found["faces"] > 300_000
    assert found["float32"]["same_faces"]
    assert found["float32"]["vertices_differ_by"] < 5e-6  # logits of points before the drawn surface are large
