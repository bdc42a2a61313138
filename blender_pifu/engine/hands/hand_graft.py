# SPDX-License-Identifier: GPL-3.0-or-later
"""The body's own hands on a reconstructed surface: what that made of them is taken away in the field, and the body's
skin is stitched to the stump.

Marching cubes closes the stump that `stump` leaves; its end is opened, and a strip of faces joins the two rims.
"""

from dataclasses import replace
from itertools import product

import numpy as np

from ..body.bones import INDEX, SIDES
from ..body.fit import Fit
from ..body.model import load_body
from ..body.part_cuts import Sheet
from ..body.rigging import Mesh
from ..cores import divided
from ..interfaces import Field
from ..layout.crossings import crossings_by_new
from ..subject.figure import Figure
from ..surface.stitching import (
    MOST_VALENCE,
    as_wide,
    band,
    is_one_closed_piece,
    piece_of,
    rim_of,
    valences,
    within,
    without_unused,
)
from .hand_landmarks import HandReader
from .hand_pose import ThingAt, pose_hands
from .stump import made_wrist, stump
from .taper import SkinAt, is_bare, tapered
from .wrist import RIM_M, wrist_of

# Metres of a 1.7 m body.
STUMPS_M = (-0.006, -0.01, -0.016, -0.024)  # along the forearm from the wrist, the rim of the opened stump
# From the forearm's axis, what belongs to the stump: all of its end, or a hole in that, where it touches something.
WIDE_M = (0.075, 0.042, 0.034)
ROOT_M = 0.03  # beyond the wrist, what no rim of a stump touches
POLES_M = 0.09  # from the wrist, where the strip may have poles
NEAR_M = 0.16  # from the wrist, where faces may cross the hand's


class PhotoHands:
    """The hands of the person in a photo, as `body.rigging.fit_under` takes them."""

    def __init__(self, figure: Figure, reader: HandReader, skin: SkinAt | None = None, thing: ThingAt | None = None):
        """skin: by which it is told whether a forearm is bare; None: none is. thing: as `pose_hands` takes it."""
        self._figure, self._reader, self._skin, self._thing = figure, reader, skin, thing

    def pose(self, fit: Fit, mesh: Mesh) -> Fit:
        """As `hand_pose.pose_hands`."""
        return pose_hands(fit, self._figure, self._reader, mesh, self._thing)

    def stumps(self, fit: Fit, vertices: np.ndarray) -> dict[str, Sheet]:
        """By side, of the hands that are seen or may be: see `stump`."""
        sides = [side for side in SIDES if fit.seen[INDEX["hand" + side]] and side not in fit.hidden]
        return dict(zip(sides, divided(lambda side: stump(fit, side, vertices), sides), strict=True))

    def wrist(self, fit: Fit, side: str, field: Field, free: bool) -> list[Sheet]:
        """As `made_wrist`."""
        return made_wrist(fit, side, field, free)

    def graft(self, fit: Fit, side: str, vertices: np.ndarray, faces: np.ndarray):
        """As `graft`, of a mesh whose forearm narrows to the hand where it is bare."""
        bare = self._skin is not None and is_bare(fit, side, self._skin)
        made = graft(vertices, faces, fit, side, bare)
        return graft(vertices, faces, fit, side) if bare and made is None else made


def graft(
    vertices: np.ndarray, faces: np.ndarray, fit: Fit, side: str, bare: bool = False
) -> tuple[np.ndarray, np.ndarray] | None:
    """A closed mesh with a stump, vertices (V, 3) and faces (F, 3|4) of which a triangle among quads has -1 at its end,
    with the hand: the same, the hand's vertices last and as in the fit. None where that does not give one closed piece
    in which the hand passes through nothing. bare: the forearm is, and narrows to the hand."""
    wrist = wrist_of(fit, side)
    hand = _hand(fit, wrist)
    if hand is None or _through(vertices, faces, fit, wrist, *hand[:2]):
        return None
    if bare:
        rows, _, rim = hand
        vertices = tapered(vertices, faces, fit, side, fit.vertices[rows[rim]])
    first = None
    for wide, at in product(WIDE_M, STUMPS_M):
        opened = _opened(vertices, faces, wrist, at, wide)
        made = None if opened is None else _joined(vertices, faces, fit, wrist, *opened, *hand)
        if made is not None:
            if faces.shape[1] == 3 or not _has_pole(*made, wrist):
                return made
            first = first or made  # one with a pole is better than none
    return first


def _has_pole(points, faces, wrist):
    """Whether a vertex about the wrist has too many edges."""
    near = np.linalg.norm(points - wrist.place, axis=1) < POLES_M * wrist.metre
    return bool((valences(faces, len(points))[near] > MOST_VALENCE).any())


def _through(vertices, faces, fit, wrist, rows, hand_faces):
    """Whether a hand, away from its wrist, passes through a surface, so that no rim helps."""
    points = np.concatenate([vertices, fit.vertices[rows]])
    away = (wrist.beyond(fit.vertices[rows]) > ROOT_M)[hand_faces].all(1)
    both = np.concatenate([faces, as_wide(hand_faces[away] + len(vertices), faces.shape[1])])
    return _crosses(points, both, len(faces), wrist)


def _joined(vertices, faces, fit, wrist, kept, rim, rows, hand_faces, hand_rim):
    """The faces of a mesh that are `kept (F,)`, open at a rim, and the hand's; None where that is not sound."""
    count, skin = len(vertices), fit.vertices[rows]
    both = np.concatenate([vertices, skin])
    flat = _flat(both, wrist)
    hand_rim = hand_rim[::-1] + count
    if _area(flat[rim]) * _area(flat[hand_rim]) <= 0:
        return None
    made = np.concatenate([faces[kept], as_wide(hand_faces + count, faces.shape[1])])
    made = np.concatenate([made, band(both, made, rim, hand_rim)])
    points, made = without_unused(both, made)
    sound = is_one_closed_piece(made) and not _crosses(points, made, int(kept.sum()), wrist)
    return (points, made) if sound else None


def _opened(vertices, faces, wrist, at, wide):
    """Which faces stay (F,) when the stump's end is taken off, and its rim, in the order of their edges."""
    beyond = (wrist.beyond(vertices) > at) & (wrist.aside(vertices) < wide)
    end = within(faces, beyond)
    if not end.any():
        return None
    end = piece_of(faces, end, len(vertices), wrist.nearest(vertices, faces[end]))
    rim = rim_of(faces[~end])
    return None if rim is None else (~end, rim)


def _hand(fit, wrist):
    """Rows of the skin that the hand takes, its faces (F, 4) in these, and its rim in the order of its edges."""
    body = load_body()
    rest = wrist_of(replace(fit, rows=body.mean.numpy(), pose=body.rest_pose()), wrist.side)
    skin = fit.vertices[: body.skin_vertices]
    # Of a hand that is bent far back the posed skin's rim is in pieces.
    return _beyond(skin, wrist) or _beyond(body.mean[: body.skin_vertices].numpy(), rest)


def _beyond(skin, wrist):
    """As `_hand`, of skin (V, 3) with its wrist."""
    body = load_body()
    quads = body.faces[(body.faces < body.skin_vertices).all(1)]
    mine = (body.parts[: body.skin_vertices] == "arm" + wrist.side) & (wrist.beyond(skin) > RIM_M)
    mine &= np.linalg.norm(skin - wrist.place, axis=1) < 0.3 * wrist.metre
    taken = mine[quads].all(1)
    if not taken.any():
        return None
    tip = body.triangles[(body.labels[body.triangles] == INDEX["middle_3" + wrist.side]).all(1)][0, 0]
    taken = piece_of(quads, taken, body.skin_vertices, tip)
    if not taken.any():  # the fingers are bent back before the wrist
        return None
    rows, faces = np.unique(quads[taken], return_inverse=True)
    faces = faces.reshape(-1, 4)
    rim = rim_of(faces)
    return None if rim is None else (rows, faces, rim)


def _flat(points, wrist):
    """(N, 2) as seen along the forearm."""
    return (points - wrist.place) @ wrist.across.T


def _area(ring):
    """Twice the signed area of a polygon (N, 2)."""
    x, y = ring.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())


def _crosses(points, faces, new, wrist):
    """Whether faces from number `new` on pass through any about the wrist."""
    near = np.linalg.norm(points - wrist.place, axis=1) < NEAR_M * wrist.metre * 1.5
    return crossings_by_new(points, faces, new, near) > 0
