# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a picture flat without being drawn: light that the sensor lost."""

import cv2
import numpy as np
import pytest

from blender_pifu.engine.subject.drawing import is_drawn
from helpers import altered


def body(rgb):
    """The middle of the bundled man in a polo shirt, and a mask of it."""
    rgb = np.ascontiguousarray(rgb[120:900, 330:620])
    mask = np.zeros(rgb.shape[:2], np.uint8)
    return rgb, cv2.ellipse(mask, (150, 390), (100, 370), 0, 0, 360, 1, -1) > 0


def in_stripes():
    """A photo, with a sensor's noise, of pale cloth with dark stripes on the man's place."""
    pale = np.full((1024, 959, 3), 175.0)
    pale[:, ::20], pale[:, 1::20] = 45, 45
    noise = np.random.default_rng(0).normal(0, 2, pale.shape)
    return np.round(pale + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("factor", [1, 12])
@pytest.mark.parametrize("photo", [altered.polo, in_stripes])
def test_a_burnt_out_photo_is_no_drawing(photo, factor):
    light = factor * (photo() / np.float32(255)) ** 2.2
    assert not is_drawn(*body(np.round(255 * light.clip(0, 1) ** (1 / 2.2)).astype(np.uint8)))


def test_a_drawing_stays_one():
    assert is_drawn(*body(altered.drawn(altered.polo())))
