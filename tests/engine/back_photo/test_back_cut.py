# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo of the back: taken where it fits, refused in a sentence where it does not."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import blender_pifu
from blender_pifu.engine import reconstruct
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.back_photo.map_fusion import READ, fuse
from blender_pifu.engine.errors import InputError, NoPersonError
from blender_pifu.engine.model import load_model
from helpers import silhouette

PHOTOS = Path(blender_pifu.__file__).parent / "data" / "photos"
SUIT = PHOTOS / "man_suit_full_body.jpg"
SHIRT, PATCH = (60, 120, 60), (20, 30, 160)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Cut-outs of the analytic person with one arm up: front, and back, mirrored, smaller, elsewhere, with a patch on
    the person's left."""
    folder = tmp_path_factory.mktemp("photos")
    silhouette.write_cut_out(folder / "front.png")
    front = np.array(Image.open(folder / "front.png"))
    front[200:, :200, 3] = np.roll(front[200:, :200, 3], -12, axis=1)  # so that the sides differ
    front[..., :3] = SHIRT
    Image.fromarray(front).save(folder / "front.png")
    back = front.copy()
    back[100:190, 205:235, :3] = PATCH
    back = cv2.warpAffine(back[:, ::-1], np.array([[0.8, 0, 90], [0, 0.8, 40]]), (500, 420))
    Image.fromarray(back).save(folder / "back.png")
    return folder


def test_the_back_wears_its_own_photo_on_the_right_side(photos):
    plain = reconstruct(photos / "front.png", resolution=64)
    person = reconstruct(photos / "front.png", back=photos / "back.png", resolution=64)
    assert person.summary.back_overlap > 0.95 and person.summary.back_shape is False
    assert any("back photo" in note for note in person.summary.notes)
    assert "back_overlap" not in plain.summary.as_dict()

    def patch(result):
        height = result.vertices[:, 2] / result.vertices[:, 2].max()
        patch = (height > 0.62) & (height < 0.70) & (np.abs(result.vertices[:, 0] - 0.08) < 0.02)
        back = patch & (result.normals[:, 1] > 0.8)
        return result.colors[back].mean(0)

    assert np.abs(patch(person) - PATCH).max() < 25
    assert np.abs(patch(plain) - PATCH).max() > 60
    front = person.normals[:, 1] < -0.9
    assert np.abs(person.colors[front].astype(int) - SHIRT).mean() < 10


def test_the_texture_shows_the_back_as_sharply_as_its_photo(photos, tmp_path):
    back = np.array(Image.open(photos / "back.png"))
    back[np.arange(len(back)) // 4 % 2 > 0, :, :3] = PATCH
    Image.fromarray(back).save(tmp_path / "striped.png")
    # The mesh is far too coarse for the stripes.
    person = reconstruct(photos / "front.png", back=tmp_path / "striped.png", resolution=64, texture_px=1024)
    texture = cv2.imdecode(np.frombuffer(person.texture.png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert (np.abs(texture - PATCH).max(-1) < 30).mean() > 0.03


@pytest.mark.parametrize(
    ("back", "error", "words"),
    [
        (SUIT, InputError, "from the front"),
        ("other.png", InputError, "outline"),
        ("sky.png", NoPersonError, "sky.png"),
        ("missing.png", InputError, "missing.png"),
    ],
)
def test_what_is_no_photo_of_the_back_is_refused(photos, back, error, words):
    other = np.zeros((400, 400, 4), np.uint8)
    other[..., :3] = SHIRT
    cv2.ellipse(other, (200, 200), (70, 180), 0, 0, 360, (*SHIRT, 255), -1)
    Image.fromarray(other).save(photos / "other.png")
    x, y = np.meshgrid(np.linspace(90, 200, 320), np.linspace(0, 50, 240))
    Image.fromarray(np.stack([x, x + y, 255 - y], -1).astype(np.uint8)).save(photos / "sky.png")
    with pytest.raises(error, match=words):
        reconstruct(photos / "front.png", back=photos / back, resolution=64)


def test_command_line_takes_a_back_photo_and_refuses_another(photos, tmp_path, capsys):
    out = tmp_path / "human.npz"
    arguments = [str(photos / "front.png"), "-o", str(out), "--resolution", "128", "--device", "cpu", "--back"]
    assert main([*arguments, str(SUIT)]) == 2
    assert "from the front" in capsys.readouterr().err and not out.exists()
    assert main([*arguments, str(photos / "back.png")]) == 0
    with np.load(out) as data:
        assert json.loads(str(data["summary"]))["back_overlap"] > 0.95


def test_a_back_that_is_read_becomes_the_surface_behind():
    model = load_model("human")
    mask = torch.ones(1, 1, 64, 64)
    maps = model.encode(torch.zeros(1, 3, 64, 64), mask).maps
    size = maps.front_depth.shape[-1]
    rows = torch.linspace(-1, 1, size).view(1, 1, size, 1).expand(1, 1, size, size)
    folds = 0.01 * torch.sin(60 * rows)
    tilted = torch.nn.functional.normalize(torch.tensor([0.5, 0.2, 1.0]), dim=0).view(1, 3, 1, 1)
    flat = torch.zeros_like(maps.front_depth)
    front = replace(maps, front_depth=flat + 0.1, back_depth=flat - 0.1)
    behind = replace(maps, front_depth=flat + 0.3 + folds, front_normals=tilted.expand_as(maps.front_normals))
    fused = fuse(front, behind, torch.ones_like(flat))
    inner = np.s_[..., 30:-30, 30:-30]
    # Another place in depth is not taken over; of folds their share is, towards the other side.
    assert torch.allclose(fused.back_depth[inner], (-0.1 - READ * folds)[inner], atol=6e-4)
    turned, guessed = (maps.back_normals.mean((0, 2, 3)) for maps in (fused, front))
    assert turned[0] > guessed[0] + 0.1 and turned[2] < -0.7
    assert torch.equal(fused.front_depth, front.front_depth)
    beside = fuse(front, behind, torch.zeros_like(flat))
    assert torch.allclose(beside.back_normals, front.back_normals, atol=1e-5)
    assert torch.equal(beside.back_depth, front.back_depth)
