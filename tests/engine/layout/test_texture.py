# SPDX-License-Identifier: GPL-3.0-or-later
"""The UV map and the baked picture: nothing lies over anything, and every place wears what the photo shows there."""

import numpy as np
import pytest

from blender_pifu.engine.color.painting import paint
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.repair import split_in_quads
from blender_pifu.engine.layout.texture.bake import Sources, bake, texels_of
from blender_pifu.engine.layout.texture.pack import pack
from blender_pifu.engine.layout.texture.texels import cover
from blender_pifu.engine.layout.texture.unwrap import unwrap
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import largest_component, split_quads, vertex_normals
from helpers import analytic

RESOLUTION, SIZE = 64, 1024


def body(resolution):
    surface = extract_surface(analytic.person(), resolution)
    return largest_component(surface.vertices, surface.faces)


@pytest.fixture(scope="module")
def quads():
    vertices, faces = split_in_quads(*body(48))
    faces = faces.astype(np.int32)
    return vertices, faces, vertex_normals(vertices, split_quads(faces)[0])


@pytest.fixture(scope="module")
def laid(quads):
    return unwrap(*quads)


def by_corner(uv, faces):
    return uv.reshape(-1, 2)[split_quads(faces)[1]].astype(float)


def test_no_two_faces_share_a_texel_and_all_lie_inside(quads, laid):
    uv, charts = laid
    assert uv.dtype == np.float32 and uv.min() >= 0 and uv.max() <= 1
    found = cover(by_corner(uv, quads[1]), 2048)
    assert np.bincount(found.texel).max() == 1
    assert len(np.unique(found.texel)) > 0.25 * 2048**2
    counts = np.sort(np.bincount(charts))[::-1]
    assert counts[:2].sum() > 0.75 * len(charts)  # a front and a back


def test_triangles_keep_their_shape_and_face_up(quads, laid):
    vertices, faces, _ = quads
    one, two = (by_corner(laid[0], faces)[:, k] - by_corner(laid[0], faces)[:, 0] for k in (1, 2))
    flat = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    triangles, _ = split_quads(faces)
    a, b, c = vertices[triangles].astype(float).transpose(1, 0, 2)
    ratio = flat / np.linalg.norm(np.cross(b - a, c - a), axis=1)
    ratio /= np.median(ratio)
    assert (flat > 0).all()
    assert ((ratio > 0.5) & (ratio < 2)).mean() > 0.9


def test_a_dense_triangle_mesh_unwraps_the_same_twice():
    vertices, faces = body(32)
    normals = vertex_normals(vertices, faces)
    first, second = (unwrap(vertices, faces, normals)[0] for _ in range(2))
    assert first.shape == (*faces.shape, 2) and np.array_equal(first, second)
    assert np.bincount(cover(by_corner(first, faces), 1024).texel).max() == 1


def test_rectangles_are_packed_apart_and_fill_the_square():
    sizes = np.random.default_rng(0).uniform(0.05, 1, (40, 2))
    places, scale = pack(sizes, 0.004)
    low, high = places - 0.0039, places + sizes * scale + 0.0039
    assert low.min() >= 0 and high.max() <= 1
    apart = (low[:, None] >= high[None]).any(2)
    assert (apart | apart.T | np.eye(40, dtype=bool)).all()
    assert (sizes * scale).prod(1).sum() > 0.6


@pytest.mark.parametrize("order", [1, -1])
def test_texels_of_a_square_are_covered_once_each_whichever_way_it_is_wound(order):
    square = np.array([[[0.1, 0.2], [0.9, 0.2], [0.9, 0.7]], [[0.1, 0.2], [0.9, 0.7], [0.1, 0.7]]])[:, ::order]
    found = cover(square, 101)
    row, column = np.divmod(found.texel, 101)
    assert len(np.unique(found.texel)) == len(found.texel) == pytest.approx(0.8 * 0.5 * 101**2, rel=0.02)
    place = np.einsum("nk,nkc->nc", found.weights, square[found.face])
    assert np.allclose(place, np.column_stack([column + 0.5, 100.5 - row]) / 101, atol=1e-5)


def test_the_picture_shows_the_photo_in_front_and_the_back_behind_sharply(quads, laid):
    vertices, faces, normals = quads
    dense_vertices, dense_faces = body(RESOLUTION)
    dense_normals = vertex_normals(dense_vertices, dense_faces)
    stripes = (np.arange(512) // 8 % 2 * 200).astype(np.float32) / 255
    photo = np.ones((512, 512, 4), np.float32)
    photo[..., 0], photo[..., 1], photo[..., 2] = stripes[:, None], 0.2, 0
    back = np.ones((512, 512, 4), np.float32)
    back[..., :3] = 0, 0, 1
    pictures = {"photo": photo, "back": back}
    colors = paint(dense_vertices, dense_faces, dense_normals, 2 / RESOLUTION, **pictures).colors
    dense = PaintedMesh(dense_vertices, dense_faces, dense_normals, colors)
    nearest = ((vertices[:, None, :2] - dense_vertices[None, ::7, :2]) ** 2).sum(2).argmin(1) * 7
    shape = PaintedMesh(vertices, faces, normals, colors[nearest])
    picture = bake(shape, laid[0], texels_of(shape, Sources(dense, 2 / RESOLUTION, pictures)), SIZE)
    triangles, _ = split_quads(faces)
    found = cover(by_corner(laid[0], faces), SIZE)
    points = np.einsum("nk,nkc->nc", found.weights, vertices[triangles[found.face]])
    facing = np.einsum("nk,nkc->nc", found.weights, normals[triangles[found.face]])[:, 2]
    seen = picture.reshape(-1, 3)[found.texel].astype(int)
    trunk = (np.abs(points[:, 0]) < 0.1) & (np.abs(points[:, 1] - 0.3) < 0.15)
    in_front, behind = trunk & (facing > 0.9), trunk & (facing < -0.9)
    row = (1 - points[in_front, 1]) / 2 * 512
    clear = np.abs((row / 8) % 1 - 0.5) < 0.3  # not at a stripe's edge
    expected = np.where(row // 8 % 2 > 0, 200, 0)[clear]
    assert np.abs(seen[in_front][clear, 0] - expected).mean() < 8
    assert np.abs(seen[behind] - [0, 0, 255]).max() <= 3
    # The gutter continues the charts, so that filtering reads no other colour at their borders.
    assert (picture.reshape(-1, 3).max(1) > 20).all()


def test_of_what_was_fitted_to_the_photo_it_tells_though_that_turns_away(quads, laid):
    vertices, faces, normals = quads
    grey = np.full((len(vertices), 3), 128, np.uint8)
    shape, dense = PaintedMesh(*quads, grey), PaintedMesh(vertices, split_quads(faces)[0], normals, grey)
    photo = np.ones((256, 256, 4), np.float32)
    photo[..., :3] = 1, 0, 0
    found = cover(by_corner(laid[0], faces), 512)
    facing = np.einsum("nk,nkc->nc", found.weights, normals[split_quads(faces)[0][found.face]])[:, 2]
    turned = (facing > 0.2) & (facing < 0.35)
    red = {}
    for fitted in (None, np.zeros(len(vertices)), np.ones(len(vertices))):
        texels = texels_of(shape, Sources(dense, 2 / 48, {"photo": photo}), fitted=fitted)
        picture = bake(shape, laid[0], texels, 512)
        red[fitted is not None and fitted[0]] = (picture.reshape(-1, 3)[found.texel][turned, 0] > 200).mean()
    assert red[0] == red[False] < 0.1 < 0.3 < red[1]


def test_hair_past_a_cheek_that_was_fitted_to_the_photo_is_none_of_it(quads, laid):
    """Of who looks aside the far cheek had black teeth, of the hair that the photo shows a pixel beyond it."""
    vertices, faces, normals = quads
    skin = np.tile(np.uint8([220, 180, 160]), (len(vertices), 1))
    shape, dense = PaintedMesh(*quads, skin), PaintedMesh(vertices, split_quads(faces)[0], normals, skin)
    photo = np.ones((256, 256, 4), np.float32)
    photo[..., :3] = 0.05
    found = cover(by_corner(laid[0], faces), 512)
    facing = np.einsum("nk,nkc->nc", found.weights, normals[split_quads(faces)[0][found.face]])[:, 2]
    turned, ahead = (facing > 0.1) & (facing < 0.2), facing > 0.8
    dark = {}
    for name in ("skin", "hair"):
        shares = np.zeros((64, 64, len(REGIONS)), np.float32)
        shares[..., REGIONS[name]] = 1
        sources = Sources(dense, 2 / 48, {"photo": photo}, regions=Regions(shares, shares))
        picture = bake(shape, laid[0], texels_of(shape, sources, fitted=np.ones(len(vertices))), 512)
        dark[name] = [(picture.reshape(-1, 3)[found.texel][where, 0] < 60).mean() for where in (turned, ahead)]
    assert dark["skin"][0] > 0.3
    assert dark["hair"][0] < 0.05
    assert dark["hair"][1] == dark["skin"][1] > 0.9, "but before it, as a fringe, it is"


def test_beneath_a_hand_a_print_goes_on_as_it_does_behind(quads, laid):
    """It ended in grey there: along the surface it came from the hand."""
    vertices, faces, normals = quads
    row, column = np.mgrid[:512, :512]
    stripes = np.where(row // 8 % 2, 0.9, 0.3)[..., None] * np.float32([1, 0.7, 0.8])
    both = np.dstack([stripes, np.ones((512, 512))]).astype(np.float32)
    photo = both.copy()
    photo[(row > 130) & (row < 220) & (np.abs(column - 256) < 60), 3] = 0  # as if something were before it
    shares = np.zeros((64, 64, len(REGIONS)), np.float32)
    shares[..., REGIONS["upper"]] = 1
    mean = np.tile(np.uint8([153, 107, 122]), (len(vertices), 1))
    shape, dense = PaintedMesh(*quads, mean), PaintedMesh(vertices, split_quads(faces)[0], normals, mean)
    found = cover(by_corner(laid[0], faces), 512)
    corners = split_quads(faces)[0][found.face]
    points, looks = (np.einsum("nk,nkc->nc", found.weights, of[corners]) for of in (vertices, normals))
    there = (looks[:, 2] > 0.9) & (np.abs(points[:, 0]) < 0.1) & (np.abs(points[:, 1] - 0.32) < 0.08)
    told = {}
    for name, pictures in {"with": {"photo": photo, "back": both}, "without": {"photo": photo}}.items():
        texels = texels_of(shape, Sources(dense, 2 / 48, pictures, regions=Regions(shares, shares)))
        told[name] = bake(shape, laid[0], texels, 512).reshape(-1, 3)[found.texel][there, 0] / 255
    true = np.where(((1 - points[there, 1]) / 2 * 512).astype(int) // 8 % 2, 0.9, 0.3)
    assert there.sum() > 50
    assert np.corrcoef(told["with"], true)[0, 1] > 0.7
    assert told["with"].std() > 3 * told["without"].std()
