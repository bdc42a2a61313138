# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of the posed body under the clothes, as a fitted body would be drawn into the same crop."""

from functools import lru_cache

import numpy as np

from ...engine.surface.mesh import vertex_normals
from ..native.raster import see
from ..people.body import load_body
from ..people.person import SyntheticPerson
from .framing import Framing
from .render import seen_normals_map


@lru_cache(maxsize=1)
def body_faces() -> np.ndarray:
    """Triangles (T, 3) of skin and eyes, in base numbering, without the mouth's inside."""
    body = load_body()
    skin = body.group_faces("body")
    skin = skin[~(body.mask("inside_mouth") > 0.5)[skin].all(1)]
    return np.concatenate([skin, body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])


def draw_body(person: SyntheticPerson, framing: Framing, size: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Depth z (size, size) field units, NaN where there is no body, and unit normals (size, size, 3), 0 there, each of
    front and back; nothing of it ends at the photo's borders."""
    vertices, faces = framing(person.base), body_faces()
    normals = vertex_normals(vertices, faces)
    depths, maps = [], []
    for facing, side in zip((1, -1), see(vertices, faces, size, None), strict=True):
        depth = np.full(size * size, np.nan, np.float32)
        depth[side.pixels] = side.depth
        depths.append(depth.reshape(size, size))
        maps.append(seen_normals_map(side, vertices, normals, facing, size))
    return depths, maps
