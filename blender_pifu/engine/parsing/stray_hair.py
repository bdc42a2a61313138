# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair hangs together with a head, and off its face: what a network takes for hair elsewhere, as dark cloth under an
arm, or before the chin of somebody seen from behind, is none."""

import cv2
import numpy as np

from ..crop_space import pixel_centres
from ..labels import LABELS
from ..reading.landmarks import ears_apart, head_place

HAIR, FACE = LABELS["hair"] - 1, LABELS["face_skin"] - 1  # columns of shares
NEAR = 0.012  # field units between the parts of what hangs together
# In distances from the eyes to the mouth: to either side of the middle of the ears, and below the eyes.
CHIN_ASIDE, CHIN_BELOW = 1.3, 0.8
LEFT = 1e-3  # what is left of the share of hair where there is none


def without_stray_hair(front: np.ndarray, back: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares (N, L) of the labels that are worn, of the pixels inside (n, n) bool, of what is seen and of what is
    behind it, hair being only what hangs together with the largest part of face and hair that is seen."""
    head = _pieces(front, inside)
    if head is None:
        return front, back
    sizes = np.bincount(head[inside], minlength=2)
    sizes[0] = 0
    head = head == sizes.argmax()
    return _only(front, inside, head), _only(back, inside, head)


def without_hair_before_chin(back: np.ndarray, inside: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Shares (N, L) behind the pixels inside (n, n) bool, of somebody seen from behind without hair before the mouth,
    the chin and the throat; landmarks: (33, 4) as `landmarks_in`. The same shares of whom the photo shows otherwise."""
    if ears_apart(landmarks) > 0:
        return back
    head = head_place(landmarks)
    place = np.stack(pixel_centres(len(inside)), -1)[inside]
    aside, below = (place - head.ears) @ head.across / head.unit, (head.eyes - place) @ head.up / head.unit
    stray = (np.abs(aside) < CHIN_ASIDE) & (below > CHIN_BELOW) & (back.argmax(1) == HAIR)
    return _without(back, stray)


def _pieces(shares, inside):
    """(n, n) number of the piece of face and hair that each pixel is of, 0 of none; None where there is none."""
    there = np.zeros(inside.shape, np.uint8)
    there[inside] = np.isin(shares.argmax(1), (HAIR, FACE))
    if not there.any():
        return None
    reach = max(1, round(NEAR / 4 * len(inside)))
    near = cv2.dilate(there, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    return cv2.connectedComponents(near)[1] * there


def _only(shares, inside, head):
    """Shares with no hair in pieces that nowhere meet the head (n, n) bool."""
    pieces = _pieces(shares, inside)
    if pieces is None:
        return shares
    kept = np.unique(pieces[head & (pieces > 0)])
    stray = (pieces[inside] > 0) & ~np.isin(pieces[inside], kept) & (shares.argmax(1) == HAIR)
    return _without(shares, stray)


def _without(shares, stray):
    """Shares (N, L) without hair at the pixels stray (N,) bool."""
    if not stray.any():
        return shares
    made = shares.copy()
    made[stray, HAIR] *= LEFT
    return made / made.sum(1, keepdims=True)
