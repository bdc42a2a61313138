# SPDX-License-Identifier: GPL-3.0-or-later
"""The light of a photo is found, taken away, and put back."""

import numpy as np
import pytest

from blender_pifu.engine.color.light import MOST_GAIN, MOST_TINT, Light, find_light
from blender_pifu.engine.srgb import lit, to_linear, to_srgb

SIZE = 256
SUN = np.array([0.7, 0.4, 0.6]) / np.linalg.norm([0.7, 0.4, 0.6])


@pytest.fixture(scope="module")
def person():
    """A round body in a striped shirt and plain trousers under a low warm sun: albedo, photo as files hold it, and
    normals."""
    y, x = np.mgrid[1 : -1 : SIZE * 1j, -1 : 1 : SIZE * 1j]
    z = np.sqrt(np.maximum(1 - (x / 0.5) ** 2 - (y / 0.9) ** 2, 0))
    normals = np.stack([x / 0.25, y / 0.81, z], -1)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    stripes = (np.floor(y * 16) % 2 == 0)[..., None]
    shirt = np.where(stripes, (0.45, 0.1, 0.12), (0.5, 0.5, 0.45))
    albedo = np.where((y > 0)[..., None], shirt, (0.1, 0.14, 0.3))
    light = 0.45 + np.maximum(normals @ SUN, 0)[..., None] * (0.6, 0.53, 0.45)
    matte = (z > 0).astype(np.float32)
    colors = np.round(255 * to_srgb(albedo * light)) / 255
    return to_srgb(albedo), np.dstack([colors, matte]).astype(np.float32), normals


def test_without_its_light_a_photo_shows_what_a_person_wears(person):
    albedo, photo, normals = person
    light = find_light(photo, normals)
    assert light is not None
    found = lit(photo[..., :3], 1 / light.shading(normals))
    inside = (photo[..., 3] > 0) & (normals[..., 2] > 0.3)

    def error(colors):
        ratio = np.log(to_linear(albedo[inside]) + 0.005) - np.log(to_linear(colors[inside]) + 0.005)
        return np.abs(ratio - np.median(ratio, axis=0)).mean()

    assert error(found) < 0.4 * error(photo[..., :3])


def test_the_same_light_again_gives_the_photo(person):
    _, photo, normals = person
    light = find_light(photo, normals)
    shading = light.shading(normals)
    albedo = lit(photo[..., :3], 1 / shading)
    unclamped = (photo[..., 3] > 0) & (albedo.max(-1) < 1) & (albedo.min(-1) > 0)
    assert unclamped.sum() > 0.9 * (photo[..., 3] > 0).sum()
    assert np.abs(lit(albedo, shading) - photo[..., :3])[unclamped].max() < 0.5 / 255


def test_nothing_bleaches():
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(1000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    shading = Light(rng.normal(0, 5, (9, 3))).shading(normals)
    assert shading.max() <= MOST_GAIN * MOST_TINT and shading.min() >= 1 / (MOST_GAIN * MOST_TINT)


def test_an_even_light_is_left_as_it_is(person):
    albedo, photo, normals = person
    flat = np.dstack([albedo, photo[..., 3]]).astype(np.float32)
    found = lit(flat[..., :3], 1 / find_light(flat, normals).shading(normals))
    assert np.abs(found - albedo)[photo[..., 3] > 0].mean() < 0.02


def test_of_next_to_nobody_no_light_is_found(person):
    _, photo, normals = person
    nobody = photo.copy()
    nobody[..., 3] = 0
    nobody[120:130, 120:130, 3] = 1
    assert find_light(nobody, normals) is None
