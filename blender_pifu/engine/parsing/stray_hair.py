# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair hangs together with a head: what a network takes for hair elsewhere, as dark cloth under an arm, is none."""

import cv2
import numpy as np

from ..labels import LABELS

HAIR, FACE = LABELS["hair"] - 1, LABELS["face_skin"] - 1  # columns of shares
NEAR = 0.012  # field units between the parts of what hangs together
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
    if not stray.any():
        return shares
    made = shares.copy()
    made[stray, HAIR] *= LEFT
    return made / made.sum(1, keepdims=True)
