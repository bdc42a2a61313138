# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts have level hems and no slivers; hems are closed; suits' maps become heights; outfits are what is worn."""

import cv2
import numpy as np
import pytest

from blender_pifu.engine.errors import InputError
from blender_pifu.training.people.body import load_body
from blender_pifu.training.people.cloth import relief
from blender_pifu.training.people.cloth.hems import lined
from blender_pifu.training.people.cloth.pattern import border, collared, cover, cut_out, places, sheet
from blender_pifu.training.people.cloth.sewing import Garment, Sewn
from blender_pifu.training.people.cloth.wardrobe import sample_garments
from blender_pifu.training.people.clothes.outfit import Cut
from blender_pifu.training.people.clothes.pieces import load_piece


@pytest.fixture(scope="module")
def shirt():
    body = load_body()
    whole, at = sheet(body, "helper-tights")
    return cut_out(whole, cover(Cut(0.4, 0.96, bottom=0.21, vee=0.1), at))


def test_hems_are_level_and_nothing_is_torn(shirt):
    body = load_body()
    vertices, at = shirt(body.mean_vertices), places(body, shirt.to_base)
    rim = border(shirt.quads)
    assert len(np.unique(rim)) == len(rim), "every border is a closed ring"
    hem = np.unique(rim[(at.trunk[rim] < 0.3).all(1) & (at.arm[rim] <= 0).all(1)])
    assert len(hem) > 60 and np.ptp(vertices[hem, 2]) < 1e-3
    cuff = np.unique(rim[(at.arm[rim] > 0.2).all(1)])
    assert np.abs(at.arm[cuff] - 0.4).max() < 1e-3


def test_faces_at_a_hem_are_no_slivers(shirt):
    corners = shirt(load_body().mean_vertices)[shirt.triangles()]
    sides = np.linalg.norm(corners - np.roll(corners, 1, 1), axis=2)
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    assert (area / np.square(sides.max(1)) < 0.03).mean() < 0.01


def test_a_collar_stands_on_the_neckline(shirt):
    body = load_body()
    taller, up = collared(body, shirt, 0.8, 0.06)
    count = len(shirt.to_base.indptr) - 1
    vertices = taller(body.mean_vertices)
    assert len(up) == len(vertices) > count and up.max() == 1
    assert np.allclose(taller.to_base.sum(1), 1, atol=1e-4), "it follows the body"
    new = vertices[count:][up[count:] == 1]
    away = np.linalg.norm(vertices[:count][None] - new[:, None], axis=2).min(1)
    assert np.abs(away - 0.06).mean() < 0.02


def test_lining_closes_an_edge(shirt):
    vertices, faces = shirt(load_body().mean_vertices).astype(np.float32), shirt.triangles()
    made = lined(vertices, faces, 3, 0.003)
    assert np.array_equal(made.vertices[: len(vertices)], vertices) and np.array_equal(made.faces[: len(faces)], faces)
    assert np.abs(made.vertices - vertices[made.source]).max() < 0.0031
    edge = np.unique(border(shirt.quads))
    lowest = np.zeros(len(vertices))
    np.maximum.at(lowest, made.source, np.linalg.norm(made.vertices - vertices[made.source], axis=1))
    assert np.allclose(lowest[edge], 0.003, atol=1e-4)


def test_a_coat_is_one_piece():
    body = load_body()
    coat = Garment("jacket", Cut(0.9, 0.97, bottom=0.25, opening=0.03), Cut(top=0.238, bottom=-0.4, opening=0.03))
    sewn = Sewn(body, coat, body.mean_vertices, body.mean_heads, np.random.default_rng(0))
    faces = sewn.pattern.triangles()
    link = np.arange(len(sewn.start))
    for _ in range(400):
        low = link[faces].min(1)
        before = link.copy()
        np.minimum.at(link, faces.ravel(), np.repeat(low, 3))
        if np.array_equal(link, before):
            break
    assert len(np.unique(link[faces])) == 1
    seen = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert np.unique(seen, axis=0, return_counts=True)[1].max() == 2


def test_outfits_cover_who_wears_them():
    rng = np.random.default_rng(0)
    kinds = set()
    for k in range(300):
        worn = sample_garments(rng, k % 2 == 0, k % 5 == 0)
        cloths = [garment.cloth for garment in worn]
        kinds |= set(cloths)
        assert "dress" in cloths or {"legs", "skirt"} & set(cloths)
        assert len({garment.layer for garment in worn}) == len(worn)
        if k % 5 == 0:
            assert all(garment.skirt is None for garment in worn if garment.cloth == "jacket")
    assert kinds == {"top", "legs", "skirt", "dress", "jacket"}


def test_normal_maps_become_heights(tmp_path, monkeypatch):
    """A bump painted into a suit's normal map stands out where it was painted."""
    piece = load_piece("clothes", "male_casualsuit06", 1)
    size = 256
    x, y = np.meshgrid(np.arange(size) / size, np.arange(size) / size)
    bumps = np.sin(40 * x) * np.sin(40 * y)
    tilt = np.stack([-np.cos(40 * x) * np.sin(40 * y), np.sin(40 * x) * np.cos(40 * y), np.full_like(x, 2.0)], 2)
    image = (127.5 * (tilt / np.linalg.norm(tilt, axis=2, keepdims=True) + 1)).astype(np.uint8)
    monkeypatch.setattr(relief, "_read", lambda folder, name, entry: image)
    height = relief.suit_relief(piece, tmp_path)
    wanted = bumps[np.clip(((1 - piece.uv[:, 1] % 1) * size).astype(int), 0, size - 1),
                   np.clip((piece.uv[:, 0] % 1 * size).astype(int), 0, size - 1)]  # fmt: skip
    assert np.abs(height).max() > 1e-3 and np.corrcoef(height, wanted)[0, 1] > 0.6


def test_a_missing_or_changed_map_is_named(tmp_path):
    piece = load_piece("clothes", "male_casualsuit05", 0)
    with pytest.raises(InputError, match="male_casualsuit05_ao.jpg is missing"):
        relief.suit_relief(piece, tmp_path)
    path = tmp_path / "makehuman/clothes/male_casualsuit05/male_casualsuit05_ao.jpg"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InputError, match="not the file it should be"):
        relief.suit_relief(piece, tmp_path)
