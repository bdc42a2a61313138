# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo of two men, one of them pasted in, so that it is known which pixel is whose."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

import blender_pifu
from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.photo import Photo, load_photo

PHOTOS = Path(blender_pifu.__file__).parent / "data" / "photos"
SUIT, POLO = PHOTOS / "man_suit_full_body.jpg", PHOTOS / "man_polo_full_body.jpg"
BESIDE, BEFORE = (600, 60, 0.9), (540, 200, 0.75)  # left, top and size of the man in the polo shirt


@cache
def mattes():
    """Matte of the man in the suit, matte and colours of the man in the polo shirt, all by themselves."""
    matting = Matting("cpu")
    return matting.matte(load_photo(SUIT)).alpha, matting.matte(load_photo(POLO))


def couple(left, top, size):
    """The photo, and what is seen of either man, (2, H, W) float32."""
    suit, polo = mattes()
    scene = load_photo(SUIT).rgb.astype(np.float32)
    rows, columns = (np.flatnonzero((polo.alpha > 0.02).any(axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    alpha, colors = (
        cv2.resize(array[part], None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        for array in (polo.alpha, polo.foreground)
    )
    alpha = alpha[: scene.shape[0] - top, : scene.shape[1] - left]
    place = np.s_[top : top + alpha.shape[0], left : left + alpha.shape[1]]
    share = alpha[..., None]
    scene[place] = scene[place] * (1 - share) + colors[: alpha.shape[0], : alpha.shape[1]] * share
    seen = np.zeros((2, *suit.shape), np.float32)
    seen[0] = suit
    seen[0][place] *= 1 - alpha
    seen[1][place] = alpha
    return Photo(scene.astype(np.uint8), None, (), "couple.png"), seen
