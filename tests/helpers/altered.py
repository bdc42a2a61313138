# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos that programs of this kind are known to misread, made of the bundled ones."""

import cv2
import numpy as np

from blender_pifu.engine.reading.photo import Photo, load_photo
from helpers.couple import POLO, SUIT


def photo_of(rgb, alpha=None):
    return Photo(np.ascontiguousarray(np.clip(rgb, 0, 255).astype(np.uint8)), alpha, (), "altered.png")


def polo():
    return load_photo(POLO).rgb


def suit():
    return load_photo(SUIT).rgb


def grey(rgb):
    """As 16-bit grey is read: rounded down."""
    return np.repeat((rgb @ (0.299, 0.587, 0.114)).astype(np.uint8)[..., None], 3, 2)


def tinted(rgb, tint):
    return (grey(rgb) * np.array(tint)).clip(0, 255).astype(np.uint8)


def faded(rgb, left, noise=2.0):
    """With only so much left of the colours, and noise."""
    mixed = grey(rgb) * (1 - left) + rgb * left
    return (mixed + np.random.default_rng(0).normal(0, noise, rgb.shape)).clip(0, 255).astype(np.uint8)


def halved(rgb):
    return cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
