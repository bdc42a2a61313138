# SPDX-License-Identifier: GPL-3.0-or-later
"""A light mesh with its normal map looks as the dense surface does; roughness tells shoes from cloth."""

import cv2
import numpy as np
import pytest

from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.region_shares import region_shares
from blender_pifu.engine.layout.texture.fine_normals import FineNormals, seen_normals
from blender_pifu.engine.layout.texture.normal_map import bake_normals
from blender_pifu.engine.layout.texture.roughness import ROUGH, bake_roughness
from blender_pifu.engine.layout.texture.tangents import tangent_frames
from blender_pifu.engine.layout.texture.unwrap import unwrap
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import largest_component, split_quads
from blender_pifu.engine.surface.normals import smooth_normals
from helpers import analytic

SIZE, FOLDS, DEEP = 512, 60.0, 0.004


def capsule(resolution, deep):
    """A mesh of a trunk with folds across it, so deep."""
    field = analytic.CapsuleField([((0, 0.4, 0), (0, -0.4, 0))], [0.2])
    surface = extract_surface(field, resolution)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    normals = smooth_normals(vertices, faces)
    vertices = vertices + np.float32(deep * np.sin(FOLDS * vertices[:, 1:2])) * normals
    return PaintedMesh(vertices, faces, smooth_normals(vertices, faces), np.full((len(vertices), 3), 99, np.uint8))


@pytest.fixture(scope="module")
def light():
    """A mesh without the folds, and its UVs."""
    mesh = capsule(24, 0)
    return mesh, unwrap(mesh.vertices, mesh.faces, mesh.normals)[0]


def shown(mesh, uv, picture):
    """Positions and normals in the middle of each triangle, as a reader of the normal map has them."""
    triangles, corners = split_quads(mesh.faces)
    frames = tangent_frames(mesh.vertices, mesh.faces, uv)
    place = uv.reshape(-1, 2)[corners].mean(1) * [1, -1] + [0, 1]
    column, row = np.float32(place.T * len(picture) - 0.5)
    local = cv2.remap(picture, column, row, cv2.INTER_LINEAR)[:, 0].astype(float) / 127 - 128 / 127
    normal, tangent = frames.normals.mean(1), frames.tangents.mean(1)
    axes = np.stack([tangent, frames.sign[:, None] * np.cross(normal, tangent), normal], 1)
    normals = np.einsum("na,nac->nc", local, axes)
    return mesh.vertices[triangles].mean(1), normals / np.linalg.norm(normals, axis=1, keepdims=True)


def folds_error(places, normals, where):
    """Degrees between normals and those of the trunk with folds, in the median of places."""
    out = places * [1, 0, 1] / np.linalg.norm(places * [1, 0, 1], axis=1, keepdims=True)
    true = out - [[0, 1, 0]] * (DEEP * FOLDS * np.cos(FOLDS * places[:, 1:2]))
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    straight = where & (np.abs(places[:, 1]) < 0.35)
    return float(np.median(np.degrees(np.arccos((normals * true).sum(1).clip(-1, 1))[straight])))


def test_folds_of_the_dense_surface_are_in_the_map(light):
    mesh, uv = light
    dense = capsule(128, DEEP)
    places, normals = shown(mesh, uv, bake_normals(mesh, uv, dense, SIZE))
    plain = shown(mesh, uv, np.full((8, 8, 3), (128, 128, 255), np.uint8))[1]
    everywhere = np.ones(len(places), bool)
    assert folds_error(places, normals, everywhere) < folds_error(places, plain, everywhere) / 2


def test_a_garments_folds_go_on_behind(light):
    mesh, uv = light
    drawn, dense = seen_normals(capsule(128, DEEP), SIZE), capsule(128, 0)
    matte = (np.abs(drawn).sum(-1) > 0).astype(np.float32)

    def steepness(garment):
        """Spread of the normals' height behind, where front and back are all of a region."""
        shares = (np.arange(len(REGIONS)) == REGIONS[garment]) * np.ones((SIZE, SIZE, 1), np.float32)
        fine = FineNormals(drawn, matte, dense, 2 / 128, 1.0, Regions(shares, shares))
        places, normals = shown(mesh, uv, bake_normals(mesh, uv, dense, SIZE, fine=fine))
        straight = np.abs(places[:, 1]) < 0.35
        return [normals[straight & (side * places[:, 2] > 0.15), 1].std() for side in (1, -1)]

    before, behind = steepness("upper")
    assert behind > before / 2
    assert steepness("skin")[1] < before / 10


def test_folds_that_are_drawn_but_not_in_the_dense_surface_are_in_the_map_where_they_are_worn_and_seen(light):
    mesh, uv = light
    drawn, dense = seen_normals(capsule(128, DEEP), SIZE), capsule(128, 0)
    matte = (np.abs(drawn).sum(-1) > 0).astype(np.float32)
    fine = FineNormals(drawn, matte, dense, 2 / 128, metre=8.0)
    plain = bake_normals(mesh, uv, dense, SIZE)
    worn = 1.0 * (mesh.vertices[:, 0] < 0)
    places, normals = shown(mesh, uv, bake_normals(mesh, uv, dense, SIZE, fine=fine, worn=worn))
    without = shown(mesh, uv, plain)[1]
    seen = places[:, 2] > 0.15
    left, right = places[:, 0] < -0.02, places[:, 0] > 0.02
    assert folds_error(places, normals, seen & left) < 0.6 * folds_error(places, without, seen & left)
    for elsewhere in (seen & right, places[:, 2] < 0):
        assert np.abs(normals - without)[elsewhere].max() < 0.02


def test_a_surface_that_is_its_own_dense_one_gets_a_flat_map(light):
    mesh, uv = light
    flat = bake_normals(mesh, uv, mesh, 256).astype(int)
    assert np.abs(flat - (128, 128, 255)).mean() < 6


def test_shoes_and_skin_are_smoother_than_cloth(light):
    mesh, uv = light
    high = mesh.vertices[:, 1]
    told = np.select([high < -0.4, high > 0.3], [REGIONS["shoes"], REGIONS["skin"]], REGIONS["lower"])
    triangles, corners = split_quads(mesh.faces)
    middle = mesh.vertices[triangles].mean(1)[:, 1]
    column, row = np.int32((uv.reshape(-1, 2)[corners].mean(1) * [1, -1] + [0, 1]).T * 256).clip(0, 255)
    picture = bake_roughness(mesh, uv, np.eye(len(REGIONS))[told], 256)
    green = picture[row, column, 1] / 255
    for where, name in ((middle < -0.45, "shoes"), (np.abs(middle) < 0.2, "lower"), (middle > 0.4, "skin")):
        assert np.isclose(np.median(green[where]), ROUGH[name], atol=0.01)
    assert (picture[..., 0] == 255).all() and not picture[..., 2].any()
    assert picture[..., 1].min() >= 255 * min(ROUGH.values()) - 1  # no black between charts, which would shine


def test_where_no_regions_are_known_all_is_cloth_but_for_head_and_hands(light):
    mesh, uv = light
    hand = (mesh.vertices[:, 1] > 0.3).astype(float)
    shares = region_shares(mesh, None, hand, 0 * hand)
    assert (shares[mesh.vertices[:, 1] < 0][:, REGIONS["upper"]] > 0.99).all()
    assert (shares[mesh.vertices[:, 1] > 0.5][:, REGIONS["skin"]] > 0.99).all()
