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


def broadened(rgb, middle=470, axis=490, half=150, more=0.65):
    """With columns stretched round the belly: forearms come to lie before what is behind them."""
    rows, columns = np.mgrid[: rgb.shape[0], : rgb.shape[1]].astype(np.float32)
    stretch = 1 + more * np.exp(-(((rows - middle) / half) ** 2))
    return cv2.remap(rgb, axis + (columns - axis) / stretch, rows, cv2.INTER_CUBIC)


def shortened(rgb, top, bottom, length):
    """With the rows between top and bottom in so much of their length: the head of a man, the body of a child."""
    middle = top + np.arange(round((bottom - top) * length)) / length
    rows = np.concatenate([np.arange(top), middle, np.arange(bottom, len(rgb))]).astype(np.float32)
    columns = np.arange(rgb.shape[1], dtype=np.float32)
    across, down = np.meshgrid(columns, rows)
    return cv2.remap(rgb, across, down, cv2.INTER_CUBIC)


def drawn(rgb, levels=8):
    """Flat colours and dark outlines."""
    flat = rgb.copy()
    for _ in range(6):
        flat = cv2.bilateralFilter(flat, 9, 40, 7)
    step = 256 // levels
    flat = flat // step * step + step // 2
    grey = cv2.medianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 5)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 6) == 0
    flat[lines] //= 10
    return flat


def with_part(rgb, matte, corners, color, behind=True):
    """With a polygon of one colour, behind the person of the matte, (H, W), or before."""
    drawn_on = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(drawn_on, [np.array(corners)], (1,))
    rgb = rgb.copy()
    rgb[(drawn_on > 0) & ((matte < 0.5) | (not behind))] = color
    return rgb


def before_wall(cut, color, noise=3.0):
    """A person cut out (a Matte) before a wall of one colour."""
    wall = np.array(color) + np.random.default_rng(1).normal(0, noise, cut.foreground.shape)
    share = cut.alpha[..., None]
    return (cut.foreground * share + wall * (1 - share)).clip(0, 255).astype(np.uint8)


def pasted(rgb, cut, left, top, size):
    """With another person, cut out (a Matte), in so much of their size."""
    rows, columns = (np.flatnonzero((cut.alpha > 0.05).any(axis)) for axis in (1, 0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    colors, share = (
        cv2.resize(array[part].astype(np.float32), None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        for array in (cut.foreground, cut.alpha)
    )
    place = np.s_[top : top + len(share), left : left + share.shape[1]]
    rgb = rgb.astype(np.float32)
    rgb[place] = rgb[place] * (1 - share[..., None]) + colors * share[..., None]
    return rgb.clip(0, 255).astype(np.uint8)


def lit(rgb, share, factor):
    """With so much of the light, where share (H, W) is 1."""
    light = (rgb / 255.0) ** 2.2 * (1 + (factor - 1) * np.asarray(share)[..., None])
    return np.round(255 * light.clip(0, 1) ** (1 / 2.2)).astype(np.uint8)
