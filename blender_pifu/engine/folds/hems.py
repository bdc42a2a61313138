# SPDX-License-Identifier: GPL-3.0-or-later
"""Hems: the edge of a garment over what it lies on, as a height over the drawn surface.

What the levels draw of a dressed person is one smooth skin. Where labels tell that cloth ends, at a sleeve, a waist or
a trouser leg, it stands off what is under it, and lies closer farther in. A hem runs across its limb: what runs along
one is where a label was mistaken.
"""

from functools import partial

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from ..cores import divided
from ..crop_space import blurred_within, to_pixels
from ..labels import LABELS
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import metre_of
from ..smooth_step import smooth_step

# Labels that count as one, as the networks do not tell an open jacket from a shirt.
LAYERS = {
    "skin": ("face_skin", "other_skin"),
    "shoes": ("shoes",),
    "lower": ("lower_garment",),
    "upper": ("upper_garment", "outer_garment"),
}
# Metres by which the edge of one layer stands off another: medians of 120 photos of people of generation 4, of loose
# trouser legs and shorts their upper quarter.
EDGES = {
    ("upper", "lower"): 0.011,
    ("upper", "skin"): 0.008,
    ("lower", "skin"): 0.012,
    ("lower", "shoes"): 0.004,
    ("shoes", "skin"): 0.002,
}
OVER, UNDER = 0.7, 0.3  # of an edge, raised above what is drawn, and sunk below it
# Metres in which what is raised has come down, by what it lies over: sleeves hang straight, and beside a trunk are
# hands; and in which what is sunk has come to a third.
INWARD_M, OUTWARD_M = {"skin": 0.12, "lower": 0.06, "shoes": 0.06}, 0.010
# Metres, standard deviation of the blur that takes the teeth off borders of layers that are seen, and that are guessed.
EVEN_M = 0.008, 0.015
STEP_M = 0.05  # metres that depth changes by at most where one layer lies on another; else a limb is before another
APART_PX = 2.5  # pixels between two layers that meet, at most
SOFT_PX = 0.6  # standard deviation of the blur of the edge itself
ACROSS = (0.35, 0.7)  # cosine between a border's normal and its limb from which it is a hem, and from which it is whole
BESIDE_M = 0.012  # metres, standard deviation of the blur in which both layers beside a border are compared
NEARER_M = (0.004, 0.012)  # metres by which what lies under is nearer, from which on it is not under
# Ends of limbs, each the mean of some landmarks, and how far from the middle its flesh goes, metres.
LIMBS = (
    ((L.LEFT_SHOULDER, L.RIGHT_SHOULDER), (L.LEFT_HIP, L.RIGHT_HIP), 0.15),
    ((L.LEFT_SHOULDER, L.RIGHT_SHOULDER), (L.MOUTH_LEFT, L.MOUTH_RIGHT), 0.06),
    *(
        ((first,), (last,), wide)
        for first, last, wide in (
            *((L.LEFT_SHOULDER, L.LEFT_ELBOW, 0.05), (L.LEFT_ELBOW, L.LEFT_WRIST, 0.04)),
            *((L.RIGHT_SHOULDER, L.RIGHT_ELBOW, 0.05), (L.RIGHT_ELBOW, L.RIGHT_WRIST, 0.04)),
            *((L.LEFT_HIP, L.LEFT_KNEE, 0.08), (L.LEFT_KNEE, L.LEFT_ANKLE, 0.05)),
            *((L.RIGHT_HIP, L.RIGHT_KNEE, 0.08), (L.RIGHT_KNEE, L.RIGHT_ANKLE, 0.05)),
        )
    ),
)


def hem_height(
    shares: np.ndarray, depth: np.ndarray, solid: np.ndarray, landmarks: np.ndarray, seen: bool
) -> np.ndarray:
    """How high hems stand over a drawn surface, (n, n) float32 pixels, negative beside them: labels' shares (m, m,
    len(LABELS)), drawn depth (n, n) pixels towards the camera, solid (n, n) bool where the person is, landmarks (33,
    4) as `landmarks_in`, and whether this side of the person is seen."""
    height = np.zeros(solid.shape, np.float32)
    rows, columns = (np.flatnonzero(solid.any(axis)) for axis in (1, 0))
    if len(rows):  # in that part of the picture alone: of a large one all of it takes a hundred megabytes
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        pixel_m = 2 / (metre_of(landmarks) * len(solid))
        layers = _layers(shares, EVEN_M[not seen] / pixel_m, len(solid))
        layers = {name: (layers[part] == i) & solid[part] for i, name in enumerate(LAYERS)}
        limbs = _limbs(landmarks, part, len(solid))
        height[part] = _height(layers, depth[part], solid[part], limbs, EVEN_M[not seen], pixel_m)
    return height


def _height(layers, depth, solid, limbs, even_m, pixel_m):
    """As `hem_height` of a part of the picture, in which each of the layers is (h, w) bool; limbs: see `_limbs`."""
    raised, sunk = np.zeros((2, *solid.shape), np.float32)
    goes_on = _goes_on(depth, STEP_M / pixel_m)

    def stands(layers_and_edge) -> list[tuple[np.ndarray, np.ndarray]] | None:
        """How high it stands over what lies over a border, and sinks below what lies under; None where none is."""
        (upper, lower), edge = layers_and_edge
        over, under = layers[upper], layers[lower]
        rim, foot = over & _beside(under) & goes_on, under & _beside(over) & goes_on
        if not rim.any() or not foot.any():
            return None
        firm, border = np.zeros(solid.shape, np.float32), np.nonzero(rim | foot)
        firm[border] = _across(over, under, border, limbs, even_m / pixel_m, pixel_m)
        firm[border] *= _behind(under, over, border, depth, BESIDE_M / pixel_m, pixel_m)
        evenly, found = partial(_evenly, reach=INWARD_M[lower]), []
        for line, within, share, falls in (
            (rim, over, OVER, evenly),
            (foot, under, UNDER, lambda away: np.exp(-away / OUTWARD_M)),
        ):
            away, whole = _from(line, firm, BESIDE_M / pixel_m)
            found.append((within, share * edge / pixel_m * whole[within] * falls(away[within] * pixel_m)))
        return found

    for found in divided(stands, EDGES.items()):
        for height, (within, high) in zip((raised, sunk), found or (), strict=False):
            height[within] = np.maximum(height[within], high)
    height = np.where(raised > sunk, raised, -sunk).astype(np.float32)
    return cv2.GaussianBlur(height, (0, 0), SOFT_PX) * solid


def _evenly(away, reach):
    """What is left of a height so many metres away, as of cloth that hangs down from there."""
    return (1 - away / reach).clip(0)


def _layers(shares, sigma, size):
    """(size, size) which of LAYERS is where, by labels' shares (m, m, L), borders without teeth: sigma, pixels; one
    more than these: none."""
    told = [shares[..., [LABELS[name] for name in names]].sum(-1) for names in LAYERS.values()]
    most, layer = np.full((size, size), -1, np.float32), np.zeros((size, size), np.uint8)
    told.append(1 - np.sum(told, 0))
    evened = divided(lambda share: gaussian_filter(share, sigma * len(share) / size), told)
    for i, even in enumerate(evened):
        even = cv2.resize(even, (size, size), interpolation=cv2.INTER_LINEAR)
        layer[even > most] = i
        np.maximum(most, even, out=most)
    return layer


def _beside(there):
    """Pixels that are no farther than APART_PX from those that are there."""
    return _away(there) <= APART_PX


def _away(there):
    return cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, 5)


def _from(line, values, sigma):
    """Pixels from a line, and values (n, n) of the line's nearest pixels."""
    away, nearest = cv2.distanceTransformWithLabels(
        (~line).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_label = np.zeros(nearest.max() + 1, np.float32)
    by_label[nearest[line]] = values[line]
    return away, cv2.GaussianBlur(by_label[nearest], (0, 0), sigma)


def _goes_on(depth, most):
    """Where depth changes by no more than `most` within two pixels about."""
    kernel = np.ones((5, 5), np.uint8)
    depth = np.ascontiguousarray(depth, np.float32)
    return cv2.dilate(depth, kernel) - cv2.erode(depth, kernel) < most


def _behind(under, over, at, depth, sigma, pixel_m):
    """How far what lies under is no nearer to the viewer than what lies over, as a hand before a coat is: 0..1 of the
    pixels `at`, rows (N,) and columns (N,)."""
    means = [blurred_within(depth, there.astype(np.float32), sigma)[at] for there in (under, over)]
    return 1 - smooth_step((means[0] - means[1]) * pixel_m, *NEARER_M)


def _across(over, under, at, limbs, sigma, pixel_m):
    """How far the border of what lies over and under runs across the limb it is on, (N,) 0..1 of the pixels `at`, rows
    (N,) and columns (N,); 0 on the lower half of a limb whose end lies below the picture."""
    reach = round(4 * 2 * sigma) + 1  # of the filter
    part = tuple(np.s_[max(0, place.min() - reach) : place.max() + reach + 1] for place in at)
    both = over[part].astype(np.float32) - under[part]
    within = tuple(place - rows.start for place, rows in zip(at, part, strict=True))
    slope = np.stack([gaussian_filter(both, 2 * sigma, order=order)[within] for order in ((0, 1), (1, 0))])
    slope /= np.maximum(np.linalg.norm(slope, axis=0), 1e-9)
    row, column = (each.astype(np.float32) for each in at)
    nearest, cosine = np.full(row.shape, np.inf, np.float32), np.zeros(row.shape, np.float32)
    for first, last, wide in limbs:
        along = last - first
        length = max(float(np.hypot(*along)), 1.0)
        right, down = (along / length).tolist()
        x, y = first.tolist()
        share = ((column - x) * right + (row - y) * down).clip(0, length)
        off = np.hypot(column - x - share * right, row - y - share * down) - wide / pixel_m
        here = off < nearest
        nearest[here] = off[here]
        cosine[here] = np.abs(slope[0] * right + slope[1] * down)[here]
        if last[1] > len(over) - 1:
            cosine[here & (share > length / 2)] = 0
    return smooth_step(cosine, *ACROSS)


def _limbs(landmarks, part, size):
    """Both ends of each of LIMBS, column and row in a part of a picture of `size`, and how wide it is."""
    corner = np.array([part[1].start, part[0].start])

    def place(names):
        x, y = landmarks[list(names), :2].mean(0)
        return np.array(to_pixels(x, y, size)) - corner

    return [(place(first), place(last), wide) for first, last, wide in LIMBS]
