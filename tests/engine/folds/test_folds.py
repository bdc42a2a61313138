# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds read from shades, on cloths whose folds and light are known."""

import json

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from blender_pifu.engine.color.light import Light, harmonics
from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.errors import ModelError
from blender_pifu.engine.folds.laying import FoldReader, lay_folds
from blender_pifu.engine.folds.network import FoldConfig, FoldNetwork, folded
from blender_pifu.engine.folds.shades import CHANNELS, stack_shades
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.networks.maps import Maps
from blender_pifu.engine.reading.landmarks import RULERS
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.srgb import LUMINANCE, to_srgb

SIZE = 256
PIXEL = 2 / SIZE
CONFIG = FoldConfig((8, 8))


def marks():
    """Landmarks of somebody of whom a metre is a field unit, with the head at the upper end of `cloth`."""
    found = np.zeros((33, 4), np.float32)
    for ends, length in RULERS.items():
        found[list(ends), :2] = (0, -0.3), (0, -0.3 + length)
        break
    found[[L.LEFT_EYE, L.RIGHT_EYE, L.LEFT_EAR, L.RIGHT_EAR], 1] = 0.95
    found[[L.MOUTH_LEFT, L.MOUTH_RIGHT], 1] = 0.9
    return found


MARKS = marks()
CLOTH = (F.one_hot(torch.full((1, SIZE, SIZE), LABELS["upper_garment"]), len(LABELS)).permute(0, 3, 1, 2).float(),) * 2


def light_from(x, y):
    """A lamp at the side, as `Light` has it."""
    factors = np.zeros((9, 3))
    factors[1], factors[3], factors[2] = 0.9 * y, 0.9 * x, 0.6
    return Light(factors)


def normals_of(depth):
    """Unit normals (n, n, 3) of a depth map in field units."""
    down, right = np.gradient(depth, PIXEL)
    normals = np.dstack([-right, down, np.ones_like(depth)])
    return (normals / np.linalg.norm(normals, axis=-1, keepdims=True)).astype(np.float32)


def cloth(height_m=0.006, length_m=0.06, angle=0.3):
    """A round trunk with folds: its matte, its depth without and with them."""
    x, y = pixel_centres(SIZE)
    inside = (np.abs(x) < 0.4) & (np.abs(y) < 0.8)
    depth = np.where(inside, np.sqrt(np.maximum(0.45**2 - x**2, 0)), 0)
    along = np.cos(angle) * x + np.sin(angle) * y
    return inside, depth, depth + height_m * np.sin(2 * np.pi * along / length_m) * inside


def photo_of(inside, normals, light, albedo=0.35):
    lit = albedo * np.exp(light.leaning(normals)[..., :1])
    return np.dstack([np.repeat(to_srgb(lit.clip(0, 1)), 3, 2) * inside[..., None], inside]).astype(np.float32)


def drawn(depth, normals):
    def tensor(values):
        return torch.from_numpy(np.ascontiguousarray(values.reshape(SIZE, SIZE, -1).transpose(2, 0, 1), np.float32))[
            None
        ]

    nothing = torch.zeros(1, 1, SIZE, SIZE)
    return Maps(tensor(normals), tensor(-normals), tensor(depth), tensor(-depth), nothing, nothing, nothing)


@pytest.fixture
def seeded(tmp_path):
    """A reader of weights that nobody trained, and its file."""
    torch.manual_seed(0)
    network = FoldNetwork(CONFIG)
    torch.nn.init.normal_(network.unet.last.weight, std=0.3)
    path = tmp_path / "seeded.safetensors"
    save_file(network.state_dict(), path, {"config": json.dumps({"widths": CONFIG.widths})})
    return FoldReader(path=path)


def test_light_says_how_brightness_changes_as_a_surface_leans():
    rng = np.random.default_rng(0)
    light, normals = Light(rng.normal(size=(9, 3))), rng.normal(size=(20, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)

    def logs(normals):
        return harmonics(normals / np.linalg.norm(normals, axis=1, keepdims=True)) @ (light.harmonics @ LUMINANCE)

    found, step = light.leaning(normals), 1e-5
    assert found[:, 0] == pytest.approx(logs(normals), abs=1e-5)
    for axis in (0, 1):
        lean = step * np.eye(3)[axis]
        assert found[:, 1 + axis] == pytest.approx((logs(normals + lean) - logs(normals - lean)) / 2 / step, abs=1e-4)


def test_heights_laid_on_a_surface_turn_its_normals_as_its_depth_does():
    inside, plain, creased = cloth()
    height = torch.from_numpy((creased - plain) / PIXEL).float()[None, None]
    before = torch.from_numpy(normals_of(plain).transpose(2, 0, 1))[None]
    found = folded(before, height)[0].permute(1, 2, 0).numpy()
    x, y = pixel_centres(SIZE)
    inner = (np.abs(x) < 0.35) & (np.abs(y) < 0.75)
    assert np.abs(found - normals_of(creased))[inner].max() < 0.03


def test_what_is_seen_of_a_photo_says_nothing_beyond_the_person():
    inside, plain, creased = cloth()
    light = light_from(1, 0)
    shades = stack_shades(photo_of(inside, normals_of(creased), light), normals_of(plain), light, PIXEL)
    assert shades.shape == (CHANNELS, SIZE, SIZE) and shades.dtype == np.float32
    assert not shades[:, ~inside].any() and np.isfinite(shades).all()
    dark = stack_shades(photo_of(inside, normals_of(creased), light), normals_of(plain), None, PIXEL)
    assert not dark[8:11].any()


def test_folds_stay_on_the_person_and_leave_the_form(seeded):
    inside, plain, creased = cloth()
    maps, photo = drawn(plain, normals_of(plain)), photo_of(inside, normals_of(creased), light_from(1, 0))
    laid, normals = lay_folds(maps, lambda _: photo, lambda: light_from(1, 0), MARKS, SIZE, seeded, lambda: CLOTH)
    assert np.array_equal(normals, laid.front_normals[0].permute(1, 2, 0).numpy())
    moved = (laid.front_depth - maps.front_depth)[0, 0].numpy()
    assert np.abs(moved[inside]).max() > 0 and not moved[~inside].any()
    assert abs(moved[inside].mean()) < 0.2 * np.abs(moved[inside]).mean()
    assert torch.equal(laid.back_depth, maps.back_depth) and torch.equal(laid.back_normals, maps.back_normals)
    assert laid.front_normals.norm(dim=1).numpy()[0][inside] == pytest.approx(1, abs=1e-4)


def test_a_photo_of_nobody_has_no_folds(seeded):
    nothing = np.zeros((SIZE, SIZE, 4), np.float32)
    assert not seeded.height(nothing, np.zeros((SIZE, SIZE, 3), np.float32), None, PIXEL).any()


@pytest.mark.parametrize(("x", "y"), [(1, 0), (-1, 0), (0, 1)])
def test_shaded_folds_are_drawn_where_they_are(x, y):
    angle = np.arctan2(y, x)
    inside, plain, creased = cloth(angle=angle)
    light, smooth, true = light_from(x, y), normals_of(plain), normals_of(creased)
    maps = drawn(plain, smooth)
    creased_photo = photo_of(inside, true, light)
    laid, _ = lay_folds(maps, lambda _: creased_photo, lambda: light, MARKS, SIZE, FoldReader(), lambda: CLOTH)
    found = laid.front_normals[0].permute(1, 2, 0).numpy() - smooth
    across, up = pixel_centres(SIZE)
    inner = (np.abs(across) < 0.25) & (np.abs(up) < 0.7)
    lacking = (true - smooth)[inner]
    assert (found[inner] * lacking).sum() / np.linalg.norm(found[inner]) / np.linalg.norm(lacking) > 0.5
    smooth_photo = photo_of(inside, smooth, light)
    flat, _ = lay_folds(maps, lambda _: smooth_photo, lambda: light, MARKS, SIZE, FoldReader(), lambda: CLOTH)
    added = flat.front_normals[0].permute(1, 2, 0).numpy() - smooth
    assert np.linalg.norm(added[inner]) < 0.3 * np.linalg.norm(found[inner])


def test_a_photo_of_more_pixels_adds_finer_folds_to_the_same_broader_ones(seeded):
    inside, plain, creased = cloth()
    light, maps = light_from(1, 0), drawn(plain, normals_of(plain))
    photo = photo_of(inside, normals_of(creased), light)

    def photos(size):
        return cv2.resize(photo, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 1)

    laid, same = lay_folds(maps, photos, lambda: light, MARKS, SIZE, seeded, lambda: CLOTH)
    again, fine = lay_folds(maps, photos, lambda: light, MARKS, 2 * SIZE, seeded, lambda: CLOTH)
    assert torch.equal(laid.front_depth, again.front_depth) and fine.shape == (2 * SIZE, 2 * SIZE, 3)
    across, up = pixel_centres(SIZE)
    inner = (np.abs(across) < 0.3) & (np.abs(up) < 0.7)
    reduced = cv2.resize(fine, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    assert (
        np.corrcoef((reduced - normals_of(plain))[inner].ravel(), (same - normals_of(plain))[inner].ravel())[0, 1] > 0.5
    )


def test_a_damaged_file_of_folds_is_told(tmp_path):
    (tmp_path / "folds.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"folds.safetensors"):
        FoldReader(path=tmp_path / "folds.safetensors")
    save_file({"unet.last.bias": torch.zeros(4)}, tmp_path / "none.safetensors", {"config": '{"widths": [8]}'})
    with pytest.raises(ModelError, match="no network of folds"):
        FoldReader(path=tmp_path / "none.safetensors")
