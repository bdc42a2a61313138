# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundled models: what they give, and that "fast" is the core of the same weights."""

import pytest
import torch

from blender_pifu.engine import load_model
from blender_pifu.engine.errors import ModelError


@pytest.fixture(scope="module")
def silhouette():
    """A grey standing figure, (1, 3, 256, 256) with background 0."""
    image = torch.zeros(1, 3, 256, 256)
    image[..., 13:243, 108:148] = 0.3
    return image


@pytest.mark.parametrize(("name", "pixels"), [("human", 512), ("fast", 128)])
def test_an_encoding_has_all_its_maps_at_the_models_resolution(silhouette, name, pixels):
    model = load_model(name)
    encoding = model.encode(silhouette)
    assert model.name == name and model.input_px == pixels
    assert encoding.front_normals.shape == encoding.back_normals.shape == (1, 3, pixels, pixels)
    assert encoding.front_depth.shape == encoding.back_depth.shape == (1, 1, pixels, pixels)
    assert torch.allclose(encoding.front_normals.norm(dim=1), torch.ones(1, pixels, pixels), atol=1e-3)
    assert 0 <= encoding.back_rgb.min() and encoding.back_rgb.max() <= 1


def test_the_middle_is_inside_and_the_border_outside(silhouette):
    model = load_model("fast")
    encoding = model.encode(silhouette)
    inside, outside = model.query(encoding, torch.tensor([[0.0, 0.2, 0.0], [0.9, 0.2, 0.0]]))
    assert inside > 0.5 and outside == 0


def test_the_mirror_image_gives_the_mirror_image(silhouette):
    model = load_model("fast")
    lopsided = silhouette.clone()
    lopsided[..., 60:90, 60:108] = 0.6
    maps, other = (model.encode(image).maps for image in (lopsided, lopsided.flip(3)))
    mirrored = other.mirrored()
    for name in ("front_depth", "front_normals", "back_normals", "back_rgb", "wide"):
        assert torch.allclose(getattr(maps, name), getattr(mirrored, name), atol=1e-4), name


def test_no_answer_depends_on_the_points_beside_it(silhouette):
    model = load_model("fast")
    encoding = model.encode(silhouette)
    points = torch.rand(3000, 3, generator=torch.Generator().manual_seed(0)) * 0.4 - 0.2
    whole = model.query(encoding, points)
    parts = torch.cat([model.query(encoding, part) for part in points.split(700)])
    assert torch.allclose(whole, parts, atol=1e-6)


def test_an_unknown_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="no model named huge"):
        load_model("huge")
