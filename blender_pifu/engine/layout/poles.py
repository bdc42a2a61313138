# SPDX-License-Identifier: GPL-3.0-or-later
"""Split vertices at which too many edges meet: such a pole pinches the surface where a joint bends or a modifier
subdivides."""

from operator import itemgetter

import numpy as np

from ..surface.mesh import cross
from ..surface.stitching import MOST_VALENCE, outward, valences

MOST_SPLITS = 8  # of one pole
AWAY = 0.4, 0.6, 0.8  # of the way to the ends of its edges, where the second of two vertices may lie
LEAST_OUTWARD = 0.05  # of the corners of the faces about it, see `stitching.outward`


def split_poles(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A closed mesh, vertices (V, 3) and faces (F, 4) of which a triangle has -1 at its end, in which no more than
    MOST_VALENCE edges meet anywhere, but where a face would fold: of a pole some of its neighbouring edges go to a new
    vertex, and a new quad lies between. The vertices there were stay first and where they are."""
    mesh = _Mesh(vertices, faces)
    for pole in np.flatnonzero(mesh.valence > MOST_VALENCE).tolist():
        for _ in range(MOST_SPLITS):
            if mesh.valence[pole] <= MOST_VALENCE or not mesh.split(pole):
                break
    return mesh.vertices.astype(vertices.dtype), mesh.faces


class _Mesh:
    def __init__(self, vertices, faces):
        self.vertices, self.faces = vertices.astype(np.float64), faces.copy()
        self.valence = valences(faces, len(vertices))

    def split(self, pole):
        """Halve the edges of a pole, as far as its neighbours bear it; whether that could be done."""
        rows, ring = self._round(pole)
        count, best, least = len(ring), None, None
        for moved in range(1, MOST_VALENCE - 1):
            for first in range(count):
                ends = ring[first], ring[(first + moved + 1) % count]
                beside = self.valence[list(ends)].max() + 1
                most = max(count - moved, moved + 2, beside)
                rank = (beside > MOST_VALENCE, most)
                if beside > MOST_VALENCE + 1 or (least is not None and rank > least[:2]):
                    continue
                taken = [(first + at) % count for at in range(moved + 1)]
                place, flattest = max((self._tried(pole, rows, ring, taken, away) for away in AWAY), key=itemgetter(1))
                if flattest >= LEAST_OUTWARD and (least is None or (*rank, -flattest) < least):
                    best, least = (place, ends, taken), (*rank, -flattest)
        if best is None or least is None or least[0]:
            return False
        place, ends, taken = best
        new = len(self.vertices)
        self.vertices = np.concatenate([self.vertices, place[None]])
        own = [rows[at] for at in taken]
        self.faces[own] = np.where(self.faces[own] == pole, new, self.faces[own])
        between = np.array([[ends[0], new, ends[1], pole]], self.faces.dtype)
        self.faces = np.concatenate([self.faces, between])
        self.valence = np.append(self.valence, len(taken) + 1)
        self.valence[list(ends)] += 1
        self.valence[pole] -= len(taken) - 1
        return True

    def _round(self, pole):
        """The faces about a vertex, and its neighbours: each the first of its face's, in their order."""
        after = {}
        for row in np.flatnonzero((self.faces == pole).any(1)).tolist():
            corners = self._from(row, pole)
            after[corners[1]] = corners[-1], row
        ring, rows = [next(iter(after))], []
        while len(rows) < len(after):
            following, row = after[ring[-1]]
            rows.append(row)
            ring.append(following)
        return rows, ring[:-1]

    def _from(self, row, vertex):
        """The corners of a face from a vertex on."""
        corners = [corner for corner in self.faces[row].tolist() if corner >= 0]
        at = corners.index(vertex)
        return corners[at:] + corners[:at]

    def _tried(self, pole, rows, ring, taken, away):
        """Where a new vertex with the faces `taken` of a ring would lie, so far `away` from the pole, and how far the
        corners of these and of the quad before them would look outward at least."""
        points, at = self.vertices, self.vertices[pole]
        place = at + away * (points[[ring[one] for one in taken[1:]]].mean(0) - at)
        were = [points[self._from(rows[one], pole)] for one in taken]
        ends = points[ring[taken[0]]], points[ring[(taken[-1] + 1) % len(ring)]]
        between = np.array([ends[0], place, ends[1], at])
        flattest = min(_outward(np.concatenate([place[None], face[1:]]), _normal(face)) for face in were)
        return place, min(flattest, _outward(between, sum(map(_normal, were))))


def _outward(face, normal):
    """How far the corners of a face (3|4, 3) look outward at least, and it along a normal."""
    own = _normal(face)
    along = own @ normal / max(np.linalg.norm(own) * np.linalg.norm(normal), 1e-30)
    return min(along, outward(np.roll(face, 1, 0), face, np.roll(face, -1, 0), own).min())


def _normal(face):
    """(3,) of a face (3|4, 3), as long as its area, doubled."""
    return cross(face[1:-1] - face[0], face[2:] - face[0]).sum(0)
