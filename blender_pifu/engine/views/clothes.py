# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two photos show the same clothes and hair, in whatever pose and light and from whichever side.

Each photo's own fitted body tells what is worn where: places of the skin at rest, left and right alike, front and back
alike, with the colours before them. Two photos show one person where each place of the one finds its colour near the
same place of the other, after one gain that stands for light and exposure.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ..body.bones import FINGERS
from ..body.fit import thinned
from ..body.model import load_body
from ..color.light import Light
from ..crop_space import pixels_at
from ..srgb import to_linear
from ..surface.mesh import vertex_normals
from .one_photo import OnePhoto
from .shared_body import visible

PICTURE_PX, SPOT_PX = 384, 5
STEP_M = 0.03  # between places of the skin
FACING = 0.25  # cosine between the skin's normal and the way to the camera from which on a place counts as seen
THICK_M = 0.05
CROWN = 0.75  # quantile of the head's height above which hair or a hat is, from all sides
CROWN_SHARE = 0.2  # of the distance
LEAST = 40  # places, below which nothing is told
BRIGHT, LEVEL = 0.75, 0.4  # that quantile of a photo's brightness is brought to that, linear
DARK = 0.03  # linear: what is much darker is black, whatever its hue
# What one step of distance is: of hues and of lightness, logarithms, and along the body, metres.
HUE, LIGHTNESS, PLACE_M = 0.10, 0.5, 0.25
MOST = 5.0  # steps, as which whatever lies further off counts
TINT = 0.22  # logarithm, by which lights may differ in colour
ROUNDS = 8


@dataclass(frozen=True)
class Clothes:
    """What a photo shows of n places: colors (n, 3), linear; places (n, 2): how far beside the body's middle and how
    high they lie at rest, metres; crown (n,) bool: on the top of the head; normals (n, 3) as its camera sees them."""

    colors: np.ndarray
    places: np.ndarray
    crown: np.ndarray
    normals: np.ndarray

    def without(self, light: Light | None) -> "Clothes":
        """The same without the photo's light, if it is known."""
        return replace(self, colors=self.colors / light.shading(self.normals)) if light else self


def clothes_of(photo: OnePhoto) -> Clothes:
    """What a photo shows of clothes, arms, legs and hair; not of hands and face, which look otherwise from behind."""
    body = load_body()
    skin, rest = photo.rows[: body.skin_vertices].astype(np.float64), body.mean[: body.skin_vertices].numpy()
    normals = vertex_normals(skin, body.triangles)
    bones = np.array(body.bones)[body.labels[: len(skin)]]
    head = bones == "head"
    crown = head & (rest[:, 1] > np.quantile(rest[head, 1], CROWN))
    chosen = np.zeros(len(skin), bool)
    chosen[thinned(rest, STEP_M)] = True
    bare = np.array([bone.startswith(("hand", "neck", "head", *FINGERS)) for bone in body.bones])
    chosen &= (~bare[body.labels[: len(skin)]] | crown) & (normals[:, 2] > FACING)
    chosen &= visible(skin, normals, THICK_M * photo.metre)
    rgb, alpha = photo.cut(PICTURE_PX)
    places = photo.seen(skin)
    column, row = pixels_at(places[:, 0], places[:, 1], PICTURE_PX)
    spot = np.ones((SPOT_PX, SPOT_PX))
    chosen &= cv2.erode(alpha.astype(np.float32), spot)[row, column] > 0.9
    shown = cv2.blur(rgb.astype(np.float32), spot.shape)[row[chosen], column[chosen]]
    at_rest = np.column_stack([np.abs(rest[chosen, 0]), rest[chosen, 1]])
    return Clothes(to_linear(shown), at_rest, crown[chosen], normals[chosen])


def apart(one: Clothes, other: Clothes) -> float | None:
    """Mean distance between what two photos show, in steps; None where one shows too little."""
    if min(len(one.colors), len(other.colors)) < LEAST:
        return None
    here, gain = np.log(_levelled(one) + DARK), np.zeros(3)
    levelled = _levelled(other)
    near = cKDTree(_steps(here, one.places))
    for _ in range(ROUNDS):
        there = np.log(levelled * np.exp(gain) + DARK)
        steps = _steps(there, other.places)
        off, found = cKDTree(steps).query(near.data)
        back, at = near.query(steps)
        differ = np.concatenate([here - there[found], here[at] - there])
        bright = np.exp(np.concatenate([here, there]).mean(1)).clip(0, 0.2)  # what is black in any light tells no gain
        share = bright / (1 + np.concatenate([off, back]) ** 2)
        gain = gain + share @ differ / share.sum()
        gain = gain.mean() + (gain - gain.mean()).clip(-TINT, TINT)
    return (_mean(off, one.crown) + _mean(back, other.crown)) / 2


def _mean(off: np.ndarray, crown: np.ndarray) -> float:
    """Of distances (n,), those of the crown with their share of it all, if there are any."""
    off = np.minimum(off, MOST)
    if crown.all() or not crown.any():
        return float(off.mean())
    return float((1 - CROWN_SHARE) * off[~crown].mean() + CROWN_SHARE * off[crown].mean())


def _levelled(clothes: Clothes) -> np.ndarray:
    return clothes.colors * (LEVEL / max(float(np.quantile(clothes.colors.mean(1), BRIGHT)), 1e-3))


def _steps(colors: np.ndarray, places: np.ndarray) -> np.ndarray:
    grey = colors.mean(1, keepdims=True)
    return np.hstack([(colors - grey) / (HUE * np.sqrt(1.5)), grey / LIGHTNESS, places / PLACE_M])
