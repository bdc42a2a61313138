# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare forearms that narrow to the wrist of the hand put on them. What the levels draw of a forearm is as thick at the
wrist as below the elbow; a sleeve may end so, skin does not."""

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from ..body.fit import Fit
from ..smooth_step import smooth_step
from ..surface.stitching import piece_of, within
from .wrist import HandSkin, Wrist

# Points (N, 3) and unit normals (N, 3), field space -> (N,) 0..1, how likely the person's bare skin is there.
SkinAt = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Metres of a 1.7 m body, beyond the wrist along the forearm.
BARE_M = (-0.07, -0.01)  # where it is asked whether skin is seen
BARE = 0.5  # share of it from which on a forearm is bare
END_M = (-0.024, -0.01)  # the end of the stump, which is compared with the hand's rim
TAPER_M = (-0.13, -0.012)  # where the forearm begins to narrow, and has done so
WIDE_M = 0.16  # from the forearm's axis, what may be the forearm's
LEAST, MOST = 0.3, 1.0  # scale of the forearm's end
AWAY = (1.4, 2.0)  # of the stump's radius: from the first on less is moved, from the second nothing: it is no arm
ANGLES = 12  # round the forearm, in each of which the stump's end has vertices


def is_bare(fit: Fit, side: str, skin: SkinAt) -> bool:
    """Whether a fitted body's forearm is bare before the wrist."""
    hand = HandSkin(fit, side)
    beyond = hand.wrist.beyond(hand.skin)
    mine = hand.forearm & (beyond > BARE_M[0]) & (beyond < BARE_M[1])
    return bool(mine.any() and skin(*hand.part(mine)).mean() > BARE)


def tapered(vertices: np.ndarray, faces: np.ndarray, fit: Fit, side: str, rim: np.ndarray) -> np.ndarray:
    """The vertices (V, 3) of a mesh with a stump, faces (F, 3|4), its forearm narrowed so that it ends in the shape of
    the hand's rim (R, 3); as they were where the stump does not end all round."""
    hand = HandSkin(fit, side)
    wrist = hand.wrist
    end = vertices[_forearm(vertices, faces, hand, END_M[0])]
    end = _flat(end[wrist.beyond(end) < END_M[1]], wrist)
    if not len(end):
        return vertices
    centre, onto = end.mean(0), _flat(rim, wrist)
    stump, hands = _radii(end - centre), _radii(onto - onto.mean(0))
    if stump is None or hands is None:
        return vertices
    near = _forearm(vertices, faces, hand, TAPER_M[0])
    flat, beyond = _flat(vertices[near], wrist), wrist.beyond(vertices[near])
    angle, away = np.arctan2(*(flat - centre).T[::-1]), np.linalg.norm(flat - centre, axis=1)
    stump, hands = _at(stump, angle), _at(hands, angle)
    scale = np.clip(hands / stump, LEAST, MOST)
    moved = onto.mean(0) + (flat - centre) * scale[:, None] - flat
    moved *= (smooth_step(beyond, *TAPER_M) * (1 - smooth_step(away / stump, *AWAY)))[:, None]
    made = vertices.copy()
    made[near] += (moved @ wrist.across).astype(made.dtype)
    return made


def _forearm(vertices, faces, hand: HandSkin, low):
    """Which vertices of a mesh are of the forearm, beyond `low`, and there hang together with the stump."""
    wrist = hand.wrist
    beyond = wrist.beyond(vertices)
    near = np.flatnonzero((beyond > low) & (beyond < -low) & (wrist.aside(vertices) < WIDE_M))
    mine = np.zeros(len(vertices), bool)
    mine[near] = (hand.forearm | hand.mine)[cKDTree(hand.skin).query(vertices[near])[1]]
    among = within(faces, mine)
    if not among.any():
        return near[:0]
    among = piece_of(faces, among, len(vertices), wrist.nearest(vertices, faces[among]))
    corners = np.unique(faces[among])
    return corners[corners >= 0]


def _flat(points, wrist: Wrist):
    """(N, 2) as seen along the forearm, field units from its axis."""
    return (points - wrist.place) @ wrist.across.T


def _radii(points):
    """Of points (N, 2) round the origin, their median distance (ANGLES,) from that in each of as many angles; None
    where they are not all round."""
    which = np.floor((np.arctan2(*points.T[::-1]) / (2 * np.pi) + 0.5) * ANGLES).astype(int) % ANGLES
    away = np.linalg.norm(points, axis=1)
    known = np.unique(which)
    if len(known) < ANGLES / 2:
        return None
    middle = [np.median(away[which == each]) for each in known]
    return np.interp(np.arange(ANGLES), known, middle, period=ANGLES)


def _at(radii, angle):
    """Distances (N,) at angles (N,) of `_radii`."""
    return np.interp((angle / (2 * np.pi) + 0.5) * ANGLES - 0.5, np.arange(ANGLES), radii, period=ANGLES)
