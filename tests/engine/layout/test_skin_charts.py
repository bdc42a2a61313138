# SPDX-License-Identifier: GPL-3.0-or-later
"""Head and hands of the body's own skin lie in the map whole, upright and denser than the rest."""

import numpy as np
import pytest

from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.layout.animation.head_graft import _skull
from blender_pifu.engine.layout.animation.template import bones_of_hands, load_template
from blender_pifu.engine.layout.texture.skin_charts import load_skin_charts
from blender_pifu.engine.layout.texture.texels import cover
from blender_pifu.engine.layout.texture.unwrap import unwrap
from blender_pifu.engine.surface.mesh import split_quads, vertex_normals


@pytest.fixture(scope="module")
def skin():
    template = load_template()
    vertices = load_body().mean[: len(template.labels)].numpy()
    return vertices, template.faces, vertex_normals(vertices, split_quads(template.faces)[0])


@pytest.fixture(scope="module")
def flat(skin):
    return load_skin_charts().of(skin[0], skin[1], np.arange(len(skin[0])))


@pytest.fixture(scope="module")
def laid(skin, flat):
    return unwrap(*skin, skin=flat)


def sizes(points, faces, uv):
    """Of each face: its area in space, and in the map."""
    corners, places = points[faces].astype(float), uv.astype(float)
    one, two, three = (corners[:, k] - corners[:, 0] for k in (1, 2, 3))
    solid = [np.linalg.norm(np.cross(a, b), axis=1) for a, b in ((one, two), (two, three))]
    one, two, three = (places[:, k] - places[:, 0] for k in (1, 2, 3))
    turned = [a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] for a, b in ((one, two), (two, three))]
    return sum(solid) / 2, sum(turned) / 2


def test_every_face_of_a_head_is_laid_flat_and_none_turned_over(skin, flat):
    vertices, faces, _ = skin
    head = np.isin(faces, _skull().rows).all(1)
    assert np.isin(np.flatnonzero(head), flat.faces).mean() > 0.99  # a strip below the chin is the neck's
    assert (sizes(vertices, faces[flat.faces], flat.uv)[1] > 0).all()


def test_nothing_lies_over_anything_and_a_head_is_one_chart(skin, flat, laid):
    uv, charts = laid
    corners = split_quads(skin[1])[1]
    found = cover(uv.reshape(-1, 2)[corners].astype(float), 2048)
    several = np.bincount(found.texel)[found.texel] > 1
    assert not np.isin(corners[found.face[several], 0] // 4, flat.faces).any()
    assert np.array_equal(charts[flat.faces], flat.charts)
    assert not np.isin(np.delete(charts, flat.faces), flat.charts).any()


def test_texels_lie_twice_as_dense_on_a_head_and_denser_on_hands(skin, flat, laid):
    vertices, faces, _ = skin
    solid, area = sizes(vertices, faces, laid[0])
    labels, middle = load_template().labels[faces], vertices[:, 1].mean()
    places = {
        "head": np.isin(faces, _skull().rows).all(1) & np.isin(np.arange(len(faces)), flat.faces),
        "hand": bones_of_hands((".L",))[labels].all(1) & np.isin(np.arange(len(faces)), flat.faces),
        "trunk": (np.abs(vertices[faces, 0]) < 0.1).all(1) & (np.abs(vertices[faces, 1] - middle) < 0.2).all(1),
    }
    density = {name: np.sqrt(area[mine].sum() / solid[mine].sum()) for name, mine in places.items()}
    assert density["head"] == pytest.approx(2 * density["trunk"], rel=0.15)
    assert density["hand"] == pytest.approx(1.5 * density["trunk"], rel=0.15)


def test_a_face_is_upright(skin, flat):
    vertices, faces, _ = skin
    uv = np.full((len(vertices), 2), np.nan)
    head = flat.charts == np.bincount(flat.charts).argmax()
    uv[faces[flat.faces[head]].ravel()] = flat.uv[head].reshape(-1, 2)
    front = np.flatnonzero((vertices[:, 2] > vertices[_skull().rows, 2].max() - 0.06) & np.isfinite(uv[:, 0]))
    for axis in (0, 1):  # left and right, up and down
        assert np.corrcoef(vertices[front, axis], uv[front, axis])[0, 1] > 0.9


def test_a_mesh_without_skin_has_nothing_laid_flat(skin):
    vertices, faces, _ = skin
    nothing = load_skin_charts().of(vertices, faces, np.full(len(vertices), -1))
    triangles = load_skin_charts().of(vertices, split_quads(faces)[0], np.arange(len(vertices)))
    assert len(nothing.faces) == len(triangles.faces) == 0
