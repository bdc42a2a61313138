# SPDX-License-Identifier: GPL-3.0-or-later
"""The body's own hands on a reconstructed surface: what that made of them is taken away in the field, and the body's
skin is stitched to the stump.

The field is made empty beyond the wrist, round the fitted hand and as far as nothing else of the body is nearer, so
that pieces of the hand at thigh or trunk go with it. Marching cubes closes the stump; its end is opened, and a strip of
faces joins the two rims.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from ..body.bones import INDEX
from ..body.fit import Fit
from ..body.model import load_body
from ..body.part_cuts import Sheet
from ..cores import divided
from ..layout.crossings import crossings_by_new
from ..subject.figure import Figure
from ..surface.mesh import vertex_normals
from ..surface.stitching import as_wide, band, is_one_closed_piece, piece_of, rim_of, within, without_unused
from .hand_landmarks import HandReader
from .hand_pose import pose_hands

# Metres of a 1.7 m body.
GRID_M = 0.009
AROUND_M = 0.1  # the field is made empty so far round the hand
CLOTH_M, CLOTH_POINTS = 0.004, 60  # left on the cloth of what is beside the hand; points that tell how thick it is
CLOTH_SHARE = 0.25  # of these that are thinner
SURELY_M = 0.03  # so much nearer than the hand is what is surely cloth
RIM_M = 0.006  # along the forearm from the wrist, the rim of the hand
STUMPS_M = (-0.006, -0.01, -0.016, -0.024)  # and that of the opened stump: the first that gives a sound mesh
WIDE_M = 0.075  # from the forearm's axis, what belongs to the stump
NEAR_M = 0.16  # from the wrist, where faces may cross the hand's


@dataclass(frozen=True)
class Wrist:
    """place (3,) of a posed wrist, along (3,) unit, from the elbow to it, field space; metre: field units of one."""

    side: str
    place: np.ndarray
    along: np.ndarray
    metre: float

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres that points lie beyond the wrist, along the forearm."""
        return (points - self.place) @ self.along / self.metre

    def aside(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres from the forearm's axis."""
        off = (points - self.place) / self.metre
        return np.linalg.norm(off - (off @ self.along)[:, None] * self.along, axis=1)


def wrist_of(fit: Fit, side: str) -> Wrist:
    """Of a fitted body."""
    heads = fit.rows[load_body().head_rows].astype(np.float64)
    elbow, place = heads[INDEX["forearm" + side]], heads[INDEX["hand" + side]]
    return Wrist(side, place, (place - elbow) / np.linalg.norm(place - elbow), fit.metre)


class PhotoHands:
    """The hands of the person in a photo, as `body.rigging.fit_under` takes them."""

    def __init__(self, figure: Figure, reader: HandReader):
        self._figure, self._reader = figure, reader

    def pose(self, fit: Fit) -> Fit:
        """As `hand_pose.pose_hands`."""
        return pose_hands(fit, self._figure, self._reader)

    def stumps(self, fit: Fit, vertices: np.ndarray) -> dict[str, Sheet]:
        """By side, of the hands that are read: see `stump`."""
        return dict(zip(fit.hands, divided(lambda side: stump(fit, side, vertices), fit.hands), strict=True))

    def graft(self, fit: Fit, side: str, vertices: np.ndarray, faces: np.ndarray):
        """As `graft`."""
        return graft(vertices, faces, fit, side)


def stump(fit: Fit, side: str, vertices: np.ndarray) -> Sheet:
    """What makes a field empty (see `SeparatedField`) where it may have the hand of a side; vertices (V, 3): of its
    surface."""
    body, wrist, metre = load_body(), wrist_of(fit, side), fit.metre
    skin = fit.vertices[: body.skin_vertices].astype(np.float64)
    normals = vertex_normals(skin, body.triangles)
    mine = (body.parts[: body.skin_vertices] == "arm" + side) & (wrist.beyond(skin) > RIM_M)
    other = body.parts[: body.skin_vertices] != "arm" + side
    step, reach = GRID_M * metre, (AROUND_M + 2 * GRID_M) * metre
    low, high = skin[mine].min(0) - reach, skin[mine].max(0) + reach
    shape = np.ceil((high - low) / step).astype(int) + 1
    high = low + (shape - 1) * step
    axes = [low[k] + step * np.arange(shape[k]) for k in range(3)]
    grid = np.stack(np.meshgrid(*axes[::-1], indexing="ij")[::-1], -1).reshape(-1, 3)
    region = np.maximum(-wrist.beyond(grid), _signed(skin[mine], normals[mine], grid) / metre - AROUND_M) * metre
    within = np.flatnonzero(region < GRID_M * metre)
    cloth = _Cloth(vertices, grid[within], (skin[mine], normals[mine]), (skin[other], normals[other]), metre)
    beside = _signed(skin[other], normals[other], grid[within])
    reached = cloth.thickest + CLOTH_M * metre - beside > region[within]  # elsewhere cloth changes nothing
    within = within[reached]
    region[within] = np.maximum(region[within], cloth.at(grid[within]) + CLOTH_M * metre - beside[reached])
    region = gaussian_filter(region.reshape(shape[::-1]), 0.7, mode="nearest").astype(np.float32)
    values = torch.from_numpy(np.stack([np.zeros_like(region), region]))
    return Sheet(f"hand{side}", f"hand{side}", values, region, 0, low, high)


def graft(vertices: np.ndarray, faces: np.ndarray, fit: Fit, side: str) -> tuple[np.ndarray, np.ndarray] | None:
    """A closed mesh with a stump, vertices (V, 3) and faces (F, 3|4) of which a triangle among quads has -1 at its end,
    with the hand: the same, the hand's vertices last and as in the fit. None where that does not give one closed piece
    in which the hand passes through nothing."""
    wrist = wrist_of(fit, side)
    hand = _hand(fit, wrist)
    if hand is None:
        return None
    for at in STUMPS_M:
        opened = _opened(vertices, faces, wrist, at)
        made = None if opened is None else _joined(vertices, faces, fit, wrist, *opened, *hand)
        if made is not None:
            return made
    return None


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


class _Cloth:
    """How thick the cloth of what is beside a hand is, field units."""

    def __init__(
        self, surface, points, hand: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], metre
    ):
        """By the surface (V, 3) round points (N, 3) that is surely not the hand's; hand, other: skin of each with its
        normals."""
        reach = AROUND_M * metre
        low, high = points.min(0) - reach, points.max(0) + reach
        surface = surface[((surface > low) & (surface < high)).all(1)]
        thick, away = _signed(*other, surface), _signed(*hand, surface)
        known = (thick + SURELY_M * metre < away) & (away > SURELY_M * metre)
        self._known, self._thick = surface[known], thick[known]
        self._told = len(self._known) >= CLOTH_POINTS
        self.thickest = max(float(self._thick.max()), 0.0) if self._told else 0.0

    def at(self, points):
        """(N,) at points (N, 3)."""
        if not (self._told and len(points)):
            return np.zeros(len(points))
        near = cKDTree(self._known).query(points, CLOTH_POINTS)[1]
        return np.maximum(np.quantile(self._thick[near], CLOTH_SHARE, axis=1), 0)


def _signed(skin, normals, points):
    """Distance (N,) from some skin, negative within."""
    apart, near = cKDTree(skin).query(points)
    return np.where(((points - skin[near]) * normals[near]).sum(1) < 0, -apart, apart)


def _opened(vertices, faces, wrist, at):
    """Which faces stay (F,) when the stump's end is taken off, and its rim, in the order of their edges."""
    beyond = (wrist.beyond(vertices) > at) & (wrist.aside(vertices) < WIDE_M)
    end = within(faces, beyond)
    if not end.any():
        return None
    end = piece_of(faces, end, len(vertices), _nearest(vertices, faces, end, wrist))
    rim = rim_of(faces[~end])
    return None if rim is None else (~end, rim)


def _nearest(vertices, faces, among, wrist):
    """The vertex of some faces that is nearest to the wrist."""
    some = np.unique(faces[among])
    some = some[some >= 0]
    return some[np.linalg.norm(vertices[some] - wrist.place, axis=1).argmin()]


def _hand(fit, wrist):
    """Rows of the skin that the hand takes, its faces (F, 4) in these, and its rim in the order of its edges."""
    body = load_body()
    quads = body.faces[(body.faces < body.skin_vertices).all(1)]
    skin = fit.vertices[: body.skin_vertices]
    mine = (body.parts[: body.skin_vertices] == "arm" + wrist.side) & (wrist.beyond(skin) > RIM_M)
    mine &= np.linalg.norm(skin - wrist.place, axis=1) < 0.3 * wrist.metre
    taken = mine[quads].all(1)
    if not taken.any():
        return None
    tip = body.triangles[(body.labels[body.triangles] == INDEX["middle_3" + wrist.side]).all(1)][0, 0]
    taken = piece_of(quads, taken, body.skin_vertices, tip)
    rows, faces = np.unique(quads[taken], return_inverse=True)
    faces = faces.reshape(-1, 4)
    rim = rim_of(faces)
    return None if rim is None else (rows, faces, rim)


def _flat(points, wrist):
    """(N, 2) as seen along the forearm."""
    across = np.cross(wrist.along, np.eye(3)[np.abs(wrist.along).argmin()])
    across /= np.linalg.norm(across)
    return (points - wrist.place) @ np.stack([across, np.cross(wrist.along, across)], 1)


def _area(ring):
    """Twice the signed area of a polygon (N, 2)."""
    x, y = ring.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())


def _crosses(points, faces, new, wrist):
    """Whether faces from number `new` on pass through any about the wrist."""
    near = np.linalg.norm(points - wrist.place, axis=1) < NEAR_M * wrist.metre * 1.5
    return crossings_by_new(points, faces, new, near) > 0
