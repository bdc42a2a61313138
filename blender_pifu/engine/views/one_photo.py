# SPDX-License-Identifier: GPL-3.0-or-later
"""What one of several photos shows by itself: a surface, and the body fitted under it, both without perspective."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..body.fit import Fit, fit_body
from ..body.rigging import landmarks_of
from ..errors import NoPersonError
from ..interfaces import Field
from ..reading.person_cut import PersonCut
from ..subject.figure import Figure
from ..subject.lens import Lens
from ..surface.extraction import extract_surface
from ..surface.mesh import largest_component
from ..surface.normals import smooth_normals

NOTHING = "No body was found in it."


@dataclass(frozen=True)
class OnePhoto:
    """vertices (V, 3), faces (F, 3), normals (V, 3) of the surface and rows (N, 3) of the body fitted to it, all as the
    camera would see them from afar (`Lens.straight`); fit: in field space; cut: the person as the photo shows them."""

    name: str
    cut: PersonCut
    lens: Lens
    fit: Fit
    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    rows: np.ndarray

    @property
    def metre(self) -> float:
        """Field units of a metre of a 1.7 m body."""
        return self.fit.metre

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) as they are -> where the photo shows them, field space."""
        return self.lens.seen(points)

    def through(self, lens: Lens) -> "OnePhoto":
        """The same taken through another lens: what it shows stays, and is otherwise as seen from afar."""
        vertices = lens.straight(self.seen(self.vertices))
        normals = smooth_normals(vertices, self.faces)
        return replace(self, lens=lens, vertices=vertices, normals=normals, rows=lens.straight(self.seen(self.rows)))


def read_photo(
    field: Field, figure: Figure, lens: Lens, resolution: int, report: Callable[[float], None] | None = None
) -> OnePhoto:
    """The surface of a photo's field, cut with that many lattice points along the crop, and the body under it; report:
    called often. Raises NoPersonError where there is no surface."""
    surface = extract_surface(field, resolution, report)
    if not len(surface.faces):
        raise NoPersonError(NOTHING, fix="")
    vertices, faces = largest_component(surface.vertices, surface.faces)
    fit = fit_body(vertices, faces, *landmarks_of(figure))
    straight = lens.straight(vertices)
    rows = lens.straight(fit.rows)
    return OnePhoto(figure.photo.name, figure.cut, lens, fit, straight, faces, smooth_normals(straight, faces), rows)
