# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a fitted body's hand begins, and its skin."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.spatial import cKDTree

from ..body.bones import INDEX, SIDES
from ..body.fit import Fit
from ..body.model import load_body
from ..surface.mesh import vertex_normals

RIM_M = 0.006  # along the forearm from the wrist, metres of a 1.7 m body: the rim of the hand
FACING = 0.5  # how much that looks to the camera which a hand lies before
DEEPEST_M = 0.15  # that anything lies within the skin


@dataclass(frozen=True)
class Wrist:
    """place (3,) of a posed wrist, along (3,) unit, from the elbow to it, elbow (3,), field space; metre: field units
    of one."""

    side: str
    place: np.ndarray
    along: np.ndarray
    elbow: np.ndarray
    metre: float

    @property
    def across(self) -> np.ndarray:
        """(2, 3) unit, square to the forearm and to each other."""
        one = np.cross(self.along, np.eye(3)[np.abs(self.along).argmin()])
        one /= np.linalg.norm(one)
        return np.stack([one, np.cross(self.along, one)])

    def beyond(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres that points lie beyond the wrist, along the forearm."""
        return (points - self.place) @ self.along / self.metre

    def aside(self, points: np.ndarray) -> np.ndarray:
        """(N,) metres from the forearm's axis."""
        off = (points - self.place) / self.metre
        return np.linalg.norm(off - (off @ self.along)[:, None] * self.along, axis=1)

    def nearest(self, vertices: np.ndarray, faces: np.ndarray) -> int:
        """Which of a mesh's vertices (V, 3) that some faces (F, 3|4) have is nearest to the wrist."""
        some = np.unique(faces)
        some = some[some >= 0]
        return int(some[np.linalg.norm(vertices[some] - self.place, axis=1).argmin()])


def wrist_of(fit: Fit, side: str) -> Wrist:
    """Of a fitted body."""
    heads = fit.rows[load_body().head_rows].astype(np.float64)
    elbow, place = heads[INDEX["forearm" + side]], heads[INDEX["hand" + side]]
    return Wrist(side, place, (place - elbow) / np.linalg.norm(place - elbow), elbow, fit.metre)


class HandSkin:
    """The posed skin of a side's hand beyond its wrist, of its forearm, and of what is no part of that."""

    def __init__(self, fit: Fit, side: str):
        body, self.wrist = load_body(), wrist_of(fit, side)
        self.skin = fit.vertices[: body.skin_vertices].astype(np.float64)
        self._triangles = body.triangles
        arm = body.parts[: body.skin_vertices] == "arm" + side
        self.mine = arm & (self.wrist.beyond(self.skin) > RIM_M)
        upper = body.labels[: body.skin_vertices] == INDEX["upper_arm" + side]
        self.other, self.forearm = ~arm | upper, arm & ~upper
        self.trunk = body.parts[: body.skin_vertices] == "trunk"
        self.other_arm = body.parts[: body.skin_vertices] == "arm" + next(end for end in SIDES if end != side)

    @cached_property
    def normals(self) -> np.ndarray:
        """Of all the skin."""
        return vertex_normals(self.skin, self._triangles)

    @cached_property
    def before_trunk(self) -> bool:
        """Whether the hand lies before the trunk or the other arm, as seen in the photo."""
        near = cKDTree(self.skin[self.other]).query(self.skin[self.mine])[1]
        faces_camera = self.normals[self.other][near, 2] > FACING
        return bool(((self.trunk | self.other_arm)[self.other][near] & faces_camera).mean() > 0.5)

    def beside(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance (N,) of points (N, 3) from what is no part of the forearm, negative within, and which row (N,) of
        that is nearest."""
        skin, normals = self.part(self.other)
        apart, near = cKDTree(skin).query(points)
        inside = ((points - skin[near]) * normals[near]).sum(1) < 0
        inside &= apart < DEEPEST_M * self.wrist.metre  # else it is before the elbow, where that skin is open
        return np.where(inside, -apart, apart), near

    def part(self, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points and normals of some of the skin."""
        return self.skin[mask], self.normals[mask]


def signed(skin: np.ndarray, normals: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distance (N,) of points (N, 3) from some skin with its normals, negative within."""
    apart, near = cKDTree(skin).query(points)
    return np.where(((points - skin[near]) * normals[near]).sum(1) < 0, -apart, apart)
