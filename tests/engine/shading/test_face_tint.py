# SPDX-License-Identifier: GPL-3.0-or-later
"""Light that tints a part of a face is told from the skin's own colour."""

import numpy as np

from blender_pifu.engine.shading.face_tint import with_face_tint
from blender_pifu.engine.srgb import DARKEST, to_linear, to_srgb

METRE = 200.0  # pixels: a face of 16 cm is 32 wide
SKIN, SKY = np.array([0.5, 0.3, 0.2]), np.array([0.85, 1.0, 1.3])


def _photo(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A face with red lips in the light (64, 64, 3), before a shirt: the photo, and where the face is."""
    face = np.zeros((64, 64), np.float32)
    face[10:42, 16:48] = 1
    albedo = np.where(face[..., None] > 0, SKIN, [0.1, 0.2, 0.6])
    albedo[34:36, 28:36] = [0.45, 0.12, 0.12]
    return np.dstack([to_srgb(albedo * light), np.ones((64, 64))]).astype(np.float32), face


def _albedo(photo: np.ndarray, shading: np.ndarray) -> np.ndarray:
    return (to_linear(photo[..., :3]) + DARKEST) / shading


def test_sky_on_a_forehead_is_light_and_lips_and_clothes_keep_their_colour():
    light = np.ones((64, 64, 3))
    light[10:18] = SKY
    photo, face = _photo(light)
    plain = np.ones((64, 64, 3), np.float32)
    shading = with_face_tint(plain, photo, face, METRE)
    before, after = (_albedo(photo, each) for each in (plain, shading))

    def off(albedo):
        return np.abs(np.log(albedo[12, 32] / albedo[30, 20]) - np.log(albedo[12, 32] / albedo[30, 20]).mean()).max()

    assert off(after) < 0.75 * off(before)
    assert np.array_equal(after[50:], before[50:])
    lips, skin = after[35, 32], after[30, 20]
    assert np.log(lips / skin)[1] - np.log(lips / skin)[0] < 0.85 * (np.log(0.12 / 0.3) - np.log(0.45 / 0.5))


def test_a_face_too_small_to_tell_keeps_its_light():
    photo, face = _photo(np.ones((64, 64, 3)))
    face[12:] = 0
    face[:, 24:] = 0
    shading = np.full((64, 64, 3), 0.8, np.float32)
    assert with_face_tint(shading, photo, face, METRE) is shading
