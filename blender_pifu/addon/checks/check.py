# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a person says, and the measures of a mesh that several checks need."""

from dataclasses import dataclass
from functools import cached_property

import bpy
import numpy as np

from ..person.human import Human, coordinates
from ..person.mesh import PART_ATTRIBUTE
from ..person.units import metres_per_unit

OK, WARNING, ERROR = "OK", "WARNING", "ERROR"


@dataclass(frozen=True)
class Line:
    """One criterion as it was found: `state` of OK, WARNING, ERROR; `value` says what was measured and allowed."""

    id: str
    label: str
    state: str
    value: str
    measured: float
    fix: str = ""  # label of the button that mends it; the fix has the line's id


def judge(id_: str, label: str, bad: bool, value: str, measured: float, fix: str = "", worse: str = ERROR) -> Line:
    """A Line that is OK, or `worse` (and then may have a fix)."""
    return Line(id_, label, worse if bad else OK, value, min(float(measured), 1e9), fix if bad else "")


class MeshMeasures:
    """The mesh of a person in world space, in metres, as arrays; each is computed when first asked for."""

    def __init__(self, person: Human) -> None:
        self.mesh = person.body.data
        world = np.array(person.body.matrix_world, np.float64)
        points = coordinates(self.mesh) @ world[:3, :3].T + world[:3, 3]
        self.points = points * metres_per_unit(bpy.context.scene)  # (V, 3)

    def _get(self, items, name: str, dtype, width: int = 1) -> np.ndarray:
        array = np.empty(len(items) * width, dtype)
        items.foreach_get(name, array)
        return array.reshape(-1, width) if width > 1 else array

    @cached_property
    def corners(self) -> np.ndarray:
        """Vertex (L,) of each face corner."""
        return self._get(self.mesh.loops, "vertex_index", np.int32)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Corners (F,) of each face."""
        return self._get(self.mesh.polygons, "loop_total", np.int32)

    @cached_property
    def of_skin(self) -> np.ndarray:
        """(F,) bool: faces that belong to no eye, tooth or tongue within the head."""
        attribute = self.mesh.attributes.get(PART_ATTRIBUTE)
        if attribute is None or attribute.domain != "FACE" or attribute.data_type != "INT8":
            return np.ones(len(self.sizes), bool)
        return self._get(attribute.data, "value", np.int8) == 0

    @cached_property
    def in_head(self) -> np.ndarray:
        """(V,) bool: vertices of eyes, teeth and tongue."""
        found = np.zeros(len(self.points), bool)
        found[self.corners[np.repeat(~self.of_skin, self.sizes)]] = True
        return found

    @cached_property
    def edges(self) -> np.ndarray:
        """Vertices (E, 2) of each edge."""
        return self._get(self.mesh.edges, "vertices", np.int32, 2)

    @cached_property
    def corner_edges(self) -> np.ndarray:
        """Edge (L,) from each face corner to the next."""
        return self._get(self.mesh.loops, "edge_index", np.int32)

    @cached_property
    def faces_of_edge(self) -> np.ndarray:
        """Faces (E,) at each edge."""
        return np.bincount(self.corner_edges, minlength=len(self.edges))

    @cached_property
    def flipped_edges(self) -> int:
        """Edges whose two faces look to opposite sides."""
        along = self.edges[self.corner_edges, 0] == self.corners
        forward = np.bincount(self.corner_edges, weights=along, minlength=len(self.edges))
        return int(np.count_nonzero((self.faces_of_edge == 2) & (forward != 1)))

    @cached_property
    def triangles(self) -> np.ndarray:
        """Vertices (T, 3) of the faces cut into triangles."""
        self.mesh.calc_loop_triangles()
        return self._get(self.mesh.loop_triangles, "vertices", np.int32, 3)

    @cached_property
    def volume(self) -> float:
        """Cubic metres enclosed; negative where the mesh is inside out."""
        a, b, c = (self.points[self.triangles[:, corner]] for corner in range(3))
        return float(np.einsum("ti,ti->", a, np.cross(b, c)) / 6)

    @cached_property
    def areas(self) -> np.ndarray:
        """Square metres (T,) of each triangle."""
        a, b, c = (self.points[self.triangles[:, corner]] for corner in range(3))
        return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2

    @cached_property
    def pieces(self) -> np.ndarray:
        """Label (V,) of the connected piece of each vertex: the lowest vertex of the piece."""
        labels = np.arange(len(self.points))
        start, end = self.edges.T
        while True:
            low = np.minimum(labels[start], labels[end])
            new = labels.copy()
            np.minimum.at(new, start, low)
            np.minimum.at(new, end, low)
            np.minimum.at(new, labels[start], low)
            np.minimum.at(new, labels[end], low)
            new = new[new]
            if np.array_equal(new, labels):
                return labels
            labels = new
