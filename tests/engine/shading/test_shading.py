# SPDX-License-Identifier: GPL-3.0-or-later
"""What shadows make of colours is told, and files that hold no such network are refused."""

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from blender_pifu.engine.color.light import Light, find_light
from blender_pifu.engine.color.rim import off_head
from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.errors import ModelError
from blender_pifu.engine.model import DATA, load_model
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.shading.reading import ShadingReader
from blender_pifu.engine.srgb import lit
from blender_pifu.engine.subject.figure import Figures

PHOTO = DATA / "photos" / "man_polo_full_body.jpg"
SIZE = 384


@pytest.fixture(scope="module")
def man():
    """The bundled man in a polo shirt: photo, drawn normals and landmarks."""
    cut = Figures("cpu").cut_out(load_photo(PHOTO)).cut
    model = load_model("human")
    drawn = model.encode(*model.prepare(cut)).front_normals[0].permute(1, 2, 0).numpy()
    normals = cv2.resize(drawn, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    return np.dstack(cut(SIZE)), normals, cut.landmarks


def logarithm(photo, normals, landmarks):
    light = find_light(photo, normals)
    assert light is not None
    return np.log(ShadingReader().read(photo, normals, light, landmarks))


def test_a_shadow_that_is_cast_on_a_person_is_told(man):
    photo, normals, landmarks = man
    x, y = pixel_centres(SIZE)
    shadow = 1 / (1 + np.exp(60 * (y + 0.4 * x - 0.1)))  # of the lower half, aslant
    darker = photo.copy()
    darker[..., :3] = lit(photo[..., :3], np.exp(-0.9 * shadow)[..., None].repeat(3, -1).astype(np.float32))
    change = (logarithm(darker, normals, landmarks) - logarithm(photo, normals, landmarks)).mean(-1)
    body = photo[..., 3] > 0.9
    assert change[body & (shadow > 0.9)].mean() - change[body & (shadow < 0.1) & (y < 0.6)].mean() < -0.2


def test_on_a_head_only_broad_shadows_are_told(man):
    photo, normals, landmarks = man
    shading = logarithm(photo, normals, landmarks)
    assert shading.shape == (SIZE, SIZE, 3) and shading.dtype == np.float32
    light = find_light(photo, normals)
    assert light is not None
    added = (shading - np.log(light.shading(normals))).mean(-1)
    head = (photo[..., 3] > 0.9) & (off_head_at(landmarks) == 0)
    steps = np.abs(np.diff(added, axis=0))[head[1:] & head[:-1]]
    assert steps.max() < 0.1 and abs(added[head].mean()) < 0.05


def off_head_at(landmarks):
    return cv2.resize(off_head(landmarks), (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)


def test_nobody_has_no_shading():
    nothing = np.zeros((100, 100, 4), np.float32)
    shading = ShadingReader().read(nothing, nothing[..., :3], Light(np.zeros((9, 3))))
    assert shading.shape == (100, 100, 3) and np.isfinite(shading).all()


def test_a_damaged_file_of_shading_is_told(tmp_path):
    (tmp_path / "shading.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"shading.safetensors"):
        ShadingReader(path=tmp_path / "shading.safetensors")
    save_file({"unet.last.bias": torch.zeros(4)}, tmp_path / "none.safetensors", {"config": '{"widths": [8]}'})
    with pytest.raises(ModelError, match="no network of shading"):
        ShadingReader(path=tmp_path / "none.safetensors")
