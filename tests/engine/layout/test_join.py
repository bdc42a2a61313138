# SPDX-License-Identifier: GPL-3.0-or-later
"""No islands of single faces: small charts go to the charts beside them, and nothing lies over anything for it."""

import numpy as np
import pytest

from blender_pifu.engine.layout.repair import split_in_quads
from blender_pifu.engine.layout.texture import join, unwrap
from blender_pifu.engine.layout.texture.texels import cover
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import largest_component, split_quads, vertex_normals
from helpers import analytic


def crumpled(resolution, quads):
    """A person with crumples, whose charts must be cut up: vertices, faces, normals."""
    surface = extract_surface(analytic.person(), resolution)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    if quads:
        vertices, faces = split_in_quads(vertices, faces)
    noise = np.random.default_rng(3).normal(0, 0.35 / resolution, vertices.shape)
    vertices, faces = (vertices + noise).astype(np.float32), faces.astype(np.int32)
    return vertices, faces, vertex_normals(vertices, split_quads(faces)[0])


@pytest.fixture(scope="module", params=["quads", "triangles"])
def mesh(request):
    return crumpled(*((16, True) if request.param == "quads" else (24, False)))


@pytest.fixture(scope="module")
def joined(mesh):
    return unwrap.unwrap(*mesh)


@pytest.fixture(scope="module")
def apart(mesh):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unwrap, "join_small", lambda vertices, faces, links, uv, charts: (uv, charts))
        return unwrap.unwrap(*mesh)


def small(charts, most):
    return int((np.bincount(charts) <= most).sum())


def test_single_faces_find_a_place_in_the_charts_beside_them(joined, apart):
    assert small(apart[1], 1) >= 10, "else there is nothing to see here"
    assert small(joined[1], 1) <= small(apart[1], 1) / 10
    assert small(joined[1], join.MOST_FACES) <= small(apart[1], join.MOST_FACES) / 3


def test_nothing_lies_over_anything_for_it(mesh, joined):
    corners = joined[0].reshape(-1, 2)[split_quads(mesh[1])[1]].astype(float)
    assert np.bincount(cover(corners, 4096).texel).max() == 1
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    assert (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] > 0).all()


def test_charts_hang_together_and_are_numbered_in_order(mesh, joined):
    uv, charts = joined
    assert set(charts) == set(range(charts.max() + 1))
    links = unwrap._face_links(mesh[1])
    for chart in range(charts.max() + 1):
        mine = np.flatnonzero(charts == chart)
        assert len(unwrap._pieces(mine, np.zeros(len(mine)), links)) == 1


def test_the_map_has_no_less_room_for_it(mesh, joined, apart):
    def used(uv):
        corners = uv.reshape(-1, 2)[split_quads(mesh[1])[1]].astype(float)
        return np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])).sum() / 2

    assert used(joined[0]) > 0.9 * used(apart[0])  # how well charts pack varies by some percent from mesh to mesh


def strip():
    """Three squares in a row, folded flat over each other at the second edge: the third would lie on the second."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0], [1, 0, 0.01], [1, 1, 0.01]])
    faces = np.array([[0, 1, 4, 3], [1, 2, 5, 4]])
    return vertices.astype(float), faces


def test_a_face_goes_where_there_is_room_and_only_there():
    vertices, faces = strip()
    links = unwrap.coo_matrix(([1.0, 1.0], ([0, 1], [1, 0])), (2, 2)).tocsr()
    uv = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]], [[5, 5], [6, 5], [6, 6], [5, 6]]], float)
    placed, charts = join.join_small(vertices, faces, links, uv, np.array([0, 1]))
    assert charts.tolist() == [0, 0]
    assert np.allclose(placed[0] - placed[1], [[-1, 0]] * 4)
    # Now the place beside the first is taken by another face of its chart.
    faces = np.vstack([faces, [[8, 9, 10, 11]] * (join.MOST_FACES + 1)])
    vertices = np.vstack([vertices, [[9, 9, 9]] * 4])
    uv = np.concatenate([uv, [[[1.2, 0.2], [1.8, 0.2], [1.8, 0.8], [1.2, 0.8]]] * (join.MOST_FACES + 1)])
    charts = np.array([0, 1] + [0] * (join.MOST_FACES + 1))
    links.resize(len(faces), len(faces))
    kept, labels = join.join_small(vertices, faces, links, uv, charts)
    assert labels.tolist() == charts.tolist() and np.array_equal(kept, uv)
