# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels and points of the crop: one convention for pictures, maps and matrices."""

import cv2
import numpy as np
import torch

from blender_pifu.engine import crop_space

SIZE = 8


def test_pixels_and_points_are_each_others_inverse():
    column, row = np.array([0.0, 3.5, 7.0]), np.array([7.0, 3.5, 0.0])
    x, y = crop_space.to_points(column, row, SIZE)
    assert np.allclose(x, [-0.875, 0, 0.875]) and np.allclose(y, [-0.875, 0, 0.875])  # up is the first row
    assert np.allclose(crop_space.to_pixels(x, y, SIZE), [column, row])
    assert np.allclose(crop_space.pixel_matrix(SIZE) @ [x, y, np.ones(3)], [column, row, np.ones(3)])
    assert [int(place[0]) for place in crop_space.pixels_at(x[:1] - 1, y[:1], SIZE)] == [0, 7]  # beyond the border


def test_every_way_to_sample_finds_each_pixel_at_its_centre():
    picture = np.random.default_rng(0).random((SIZE, SIZE, 3)).astype(np.float32)
    x, y = crop_space.pixel_centres(SIZE)
    assert np.allclose(crop_space.sample(picture, x.ravel(), y.ravel()).reshape(picture.shape), picture, atol=1e-6)
    assert np.allclose(crop_space.sample_quickly(picture, x, y, cv2.BORDER_REPLICATE), picture, atol=1e-6)
    maps, xy = torch.from_numpy(picture).permute(2, 0, 1)[None], torch.from_numpy(np.stack([x, y], -1)).float()
    for mode in ("bilinear", "nearest"):
        found = crop_space.sample_maps(maps, xy.reshape(1, -1, 2), mode)
        assert torch.allclose(found.reshape(maps.shape), maps, atol=1e-5)


def test_of_published_maps_the_outer_centres_lie_on_the_border():
    maps = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    assert crop_space.sample_maps(maps, torch.tensor([[[-1.0, 1.0], [1.0, -1.0]]]), outer_centres=True).tolist() == [
        [[0.0, 3.0]]
    ]


def test_an_affine_map_of_places_moves_centres_alike():
    matrix = np.array([[2.0, 0, 1], [0, 2, 0]])  # twice as large: the first pixel's centre goes to the middle of two
    assert np.allclose(crop_space.between_centres(matrix) @ [0, 0, 1], [1.5, 0.5])
