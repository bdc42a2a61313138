# SPDX-License-Identifier: GPL-3.0-or-later
"""Open meshes joined along rims of which one is finer than the other."""

import numpy as np
import pytest

from blender_pifu.engine.surface.mesh import check_mesh, directed_edges, split_quads, volumes
from blender_pifu.engine.surface.stitching import as_wide, band, rim_of, with_finer_rim, without_unused


def tube(sides, height, up):
    """A closed-off tube of quads from y = 0 to `height`, open at its upper or lower end: points and faces."""
    turn = np.arange(sides) * 2 * np.pi / sides
    rows = np.linspace(0, height, 4)
    points = np.concatenate([np.stack([np.cos(turn), np.full(sides, y), -np.sin(turn)], 1) for y in rows])
    index = np.arange(4 * sides).reshape(4, sides)
    around = np.roll(index, -1, 1)
    quads = np.stack([index[:-1], around[:-1], around[1:], index[1:]], -1).reshape(-1, 4)
    closed = 0 if up else 3
    ring = index[closed] if not up else index[closed][::-1]
    lid = [(4 * sides, ring[k], ring[(k + 1) % sides], -1) for k in range(sides)]
    return np.concatenate([points, [(0, rows[closed], 0)]]), np.concatenate([quads, lid])


def valence(faces, count):
    edges = np.unique(np.sort(np.stack(directed_edges(faces), 1), 1), axis=0)
    return np.bincount(edges.ravel(), minlength=count)


@pytest.mark.parametrize("fine", [12, 24, 30])
@pytest.mark.parametrize("triangles", [False, True])
def test_a_coarse_rim_is_cut_where_a_fine_one_is_joined_and_no_vertex_gets_a_fan(fine, triangles):
    below, faces = tube(12, 1.0, True)
    if triangles:
        faces = np.concatenate([faces[faces[:, 3] < 0, :3], split_quads(faces[faces[:, 3] >= 0])[0]])
    above, others = tube(fine, 1.0, False)
    above = above + (0, 1.1, 0)
    rim, other = rim_of(faces), rim_of(others)
    points, faces, rim = with_finer_rim(below, faces, rim, len(other))
    assert len(rim) >= 0.9 * fine and (rim_of(faces) == np.roll(rim, -np.flatnonzero(rim == rim_of(faces)[0])[0])).all()
    both = np.concatenate([points, above])
    width = faces.shape[1]
    joint = as_wide(band(both, rim, other[::-1] + len(points)), width) if width == 4 else (
        band(both, rim, other[::-1] + len(points), with_quads=False)[:, :3])  # fmt: skip
    more = others + len(points)
    more[others < 0] = -1
    if width == 3:
        more = np.concatenate([more[others[:, 3] < 0, :3], split_quads(more[others[:, 3] >= 0])[0]])
    points, made = without_unused(both, np.concatenate([faces, more, joint]))
    check = check_mesh(made)
    assert check.watertight and check.components == 1
    assert volumes(points, split_quads(made)[0]).sum() > 0
    assert (valence(made, len(points)) > (8 if triangles else 6)).sum() <= 2, "but in the middles of the lids"


def test_a_rim_as_fine_as_the_other_stays():
    points, faces = tube(12, 1.0, True)
    rim = rim_of(faces)
    same = with_finer_rim(points, faces, rim, 12)
    assert same[0] is points and same[1] is faces and same[2] is rim
