# SPDX-License-Identifier: GPL-3.0-or-later
"""What scikit-image does too, done alike: marching cubes, linear light, the largest region, filling a hole."""

import numpy as np
import torch
from scipy.spatial import cKDTree
from skimage.color import rgb2xyz
from skimage.measure import label, marching_cubes, regionprops
from skimage.restoration import inpaint_biharmonic

from blender_pifu.engine.color.painting import spread
from blender_pifu.engine.reading.crop import FILL, crop_around
from blender_pifu.engine.srgb import to_linear, to_srgb
from blender_pifu.engine.surface.mesh import volumes
from blender_pifu.training.fields.dense import dense_surface
from helpers import analytic


def test_the_dense_surface_has_the_vertices_of_marching_cubes():
    size = 64
    ticks = torch.arange(size) / (size / 2) - 1
    points = torch.stack(torch.meshgrid(ticks, ticks, ticks, indexing="ij"), -1).reshape(-1, 3)
    volume = np.pad(analytic.person().occupancy(points).reshape((size,) * 3).numpy().astype(np.float64), 1)
    logits = np.log((volume + 1e-7) / (1 - volume + 1e-7))  # along which ours interpolates
    theirs, their_faces, _, _ = marching_cubes(logits, 0.0, gradient_direction="ascent")
    theirs = (theirs - 1) / (size / 2) - 1
    ours, faces = dense_surface(analytic.person(), size)
    apart, index = cKDTree(theirs).query(ours)
    assert len(ours) == len(theirs) and len(np.unique(index)) == len(theirs)
    assert apart.max() < 0.002 * 2 / size
    assert np.isclose(volumes(ours, faces).sum(), volumes(theirs, their_faces).sum(), rtol=1e-3)


def test_linear_light_is_that_of_colour_spaces():
    srgb = np.random.default_rng(0).random((500, 3))
    srgb[:100] *= 0.05  # where the curve is straight
    assert np.allclose(to_linear(srgb) @ rgb2xyz(np.eye(3)), rgb2xyz(srgb), atol=1e-6)
    assert np.allclose(to_srgb(to_linear(srgb)), srgb, atol=1e-6)


def test_the_crop_is_round_the_largest_region():
    blobs = patches()
    top, left, bottom, right = max(regionprops(label(blobs)), key=lambda region: region.area).bbox
    crop = crop_around(blobs.astype(np.float32))
    assert (crop.center_x, crop.center_y) == ((left + right) / 2, (top + bottom) / 2)
    assert np.isclose(crop.side, max(right - left, bottom - top) / FILL)


def patches():
    """(120, 160) bool: many patches, some of which touch at corners alone."""
    noise = np.random.default_rng(3).random((30, 40))
    return np.kron(noise > 0.55, np.ones((4, 4))) > 0


def test_a_hole_in_smooth_colours_is_filled_as_by_inpainting():
    size = 40
    y, x = np.mgrid[:size, :size] / size
    image = np.stack([0.3 + 0.4 * x, 0.5 + 0.2 * np.sin(3 * y), 0.6 - 0.3 * x * y], -1)
    hole = np.hypot(x - 0.5, y - 0.55) < 0.2
    index = np.arange(size * size).reshape(size, size)
    a, b, c, d = (index[rows, columns].ravel() for rows in (slice(-1), slice(1, None))
                  for columns in (slice(-1), slice(1, None)))  # fmt: skip
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    known = np.where(hole[..., None], 0, image).reshape(-1, 3)
    ours = spread(known, (~hole).astype(float).ravel(), faces, 400.0).reshape(image.shape)
    theirs = inpaint_biharmonic(np.where(hole[..., None], 0, image), hole, channel_axis=-1)
    assert np.abs(ours - theirs)[hole].max() < 0.02
    assert np.array_equal(ours[~hole], image[~hole])
