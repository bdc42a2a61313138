# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures and maps of a lit mesh: what the network is trained on must agree with itself."""

from dataclasses import make_dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from blender_pifu.training.data.render import draw_light, render_person, render_sides
from helpers.sphere import pixel_centres, sphere

SIZE = 96


def ball(color=(0.5, 0.5, 0.5), **changes):
    vertices, faces = sphere()
    mesh = {"vertices": vertices, "faces": faces, "colors": np.tile(np.float32(color), (len(vertices), 1))}
    return SimpleNamespace(**(mesh | {"alpha": None, "gloss": None, "paint": None} | changes))


@pytest.fixture(scope="module")
def views():
    return render_person(ball(), np.random.default_rng(3), SIZE)


def test_maps_of_a_sphere_are_those_of_a_sphere(views):
    x, y = pixel_centres(SIZE)
    r = np.hypot(x, y)
    core = r < 0.6
    z = np.sqrt(np.maximum(0.49 - r * r, 0))
    for normal, depth, sign in ((views.normal_front, views.depth_front, 1), (views.normal_back, views.depth_back, -1)):
        assert np.abs(depth - sign * z)[core].max() < 5e-3
        assert np.abs(normal - np.stack([x, y, sign * z], -1) / 0.7)[core].max() < 0.02
    assert (views.mask[r < 0.66] == 1).all() and (views.mask[r > 0.73] == 0).all()
    edge = views.mask[(views.mask > 0) & (views.mask < 1)]
    assert len(edge) and 0.3 < edge.mean() < 0.7


def test_front_and_back_agree(views):
    hit = np.isfinite(views.depth_front)
    assert np.array_equal(hit, np.isfinite(views.depth_back))
    assert (views.depth_front[hit] >= views.depth_back[hit]).all()
    assert (views.normal_front[hit][:, 2] >= 0).all() and (views.normal_back[hit][:, 2] <= 0).all()
    assert np.allclose(np.linalg.norm(views.normal_front[hit], axis=1), 1, atol=1e-4)
    assert (views.rgb_front[views.mask == 0] == 0).all() and (views.rgb_back[views.mask == 0] == 0).all()


def test_the_hidden_side_is_exposed_like_the_front():
    for seed in range(8):
        views = render_person(ball(), np.random.default_rng(seed), SIZE)
        solid = views.mask == 1
        front, back = (rgb[solid].astype(float).mean(0) for rgb in (views.rgb_front, views.rgb_back))
        assert np.abs(front - back).max() < 20, seed
        assert 40 < front.mean() < 250, seed


def test_the_same_seed_gives_the_same_picture(views):
    again = render_person(ball(), np.random.default_rng(3), SIZE)
    for name, value in vars(views).items():
        assert np.array_equal(value, getattr(again, name), equal_nan=True), name
    other = render_person(ball(), np.random.default_rng(4), SIZE)
    assert not np.array_equal(views.rgb_front, other.rgb_front)


def test_colours_land_where_they_are():
    vertices, _ = sphere()
    colors = np.where(vertices[:, :1] > 0, [[0.6, 0.05, 0.05]], [[0.05, 0.05, 0.6]])
    views = render_person(ball(colors=colors), np.random.default_rng(0), SIZE)
    for rgb in (views.rgb_front, views.rgb_back):  # the back is not mirrored
        left, right = rgb[48, 24], rgb[48, 72]
        assert right[0] > right[2] and left[2] > left[0]


def test_a_sheet_seen_from_its_inside_faces_the_eye():
    """As a hair card or the far wall of a skirt: its own normals point away."""
    x, y = np.array([-0.5, 0.5, 0.5, -0.5]), np.array([-0.5, -0.5, 0.5, 0.5])
    vertices = np.stack([x, y, 0.75 * x], 1).astype(np.float32)
    mesh = SimpleNamespace(
        vertices=vertices,
        faces=np.array([[0, 2, 1], [0, 3, 2]], np.int32),
        colors=np.full((4, 3), 0.5, np.float32),
        alpha=None,
        gloss=None,
        paint=None,
    )
    views = render_person(mesh, np.random.default_rng(0), SIZE)
    hit = np.isfinite(views.depth_front)
    assert hit.sum() == (SIZE // 2) ** 2
    assert np.allclose(views.normal_front[hit], [-0.6, 0, 0.8], atol=1e-5)
    assert np.allclose(views.normal_back[hit], [0.6, 0, -0.8], atol=1e-5)


def test_nothing_to_see_is_an_empty_picture():
    far = ball()
    far.vertices = far.vertices + np.float32([5, 0, 0])
    views = render_person(far, np.random.default_rng(0), 32)
    assert not views.mask.any() and not views.rgb_front.any() and np.isnan(views.depth_front).all()


def test_sides_are_seen_from_either_side_and_lit_behind_as_ahead():
    vertices, _ = sphere()
    two = np.where(vertices[:, :1] > 0, np.float32([0.6, 0.1, 0.1]), np.float32([0.1, 0.1, 0.6]))
    mesh = vars(ball(colors=two))
    (left, right), mask = render_sides(make_dataclass("Mesh", mesh)(**mesh), SIZE, draw_light(np.random.default_rng(5)))
    core = mask == 1
    assert (left[core][:, 0] > left[core][:, 2]).all() and (right[core][:, 2] > right[core][:, 0]).all()
    for side in (left, right):
        assert np.abs(side[core].astype(int) - side[:, ::-1][core]).mean() < 3
