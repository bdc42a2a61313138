# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on the back is found in the back photo, though cameras that stand near show it elsewhere than the outline
says."""

import cv2
import numpy as np
import pytest

from blender_pifu.engine.back_photo.registration import SIDE, centres, map_places, register
from blender_pifu.engine.back_photo.relief import RELIEF_PX, Relief, inflated_relief
from blender_pifu.engine.back_photo.resection import resect
from helpers import analytic


def surface():
    """Points (3, N) of the analytic person's surface, bent forward."""
    person, rng = analytic.person(), np.random.default_rng(0)
    start, end = person.segments.numpy()[:, 0], person.segments.numpy()[:, 1]
    share = (np.linalg.norm(end - start, axis=1) + 2 * person.radii.numpy()) * person.radii.numpy()
    of = rng.choice(len(share), 300_000, p=share / share.sum())
    ball = rng.normal(size=(len(of), 3))
    ball *= person.radii.numpy()[of, None] / np.linalg.norm(ball, axis=1, keepdims=True)
    x, y, z = (start[of] + rng.uniform(size=(len(of), 1)) * (end - start)[of] + ball).T
    return np.stack([x, y, z + 0.1 * y])


def seen_from_behind(points, distance, turn):
    """Where a camera behind the person shows points (3, N), mirrored, (2, N); the front one stood equally far."""
    x, y, z = points
    x, y = x * (1 - z / distance), y * (1 - z / distance)
    x, z = np.cos(turn) * x + np.sin(turn) * z, np.cos(turn) * z - np.sin(turn) * x
    return np.stack([0.9 * x * distance / (distance + z) + 0.05, 0.9 * y * distance / (distance + z) - 0.03])


def splat(places, size, depth=None):
    """Matte (size, size) of points at places (2, N), or the greatest of their depths per pixel."""
    column, row = ((places * [[1], [-1]] + 1) / 2 * size).astype(int)
    picture = np.full((size, size), 0 if depth is None else -9, np.float32)
    np.maximum.at(picture, (row, column), 1 if depth is None else depth)
    return cv2.morphologyEx(picture, cv2.MORPH_CLOSE, np.ones((5, 5)))


@pytest.mark.parametrize("turn", [0.0, 0.04])
def test_the_back_is_found_where_the_cameras_see_it(turn):
    points = surface()
    fixed, moving = splat(points[:2], SIDE), splat(seen_from_behind(points, 4.5, turn), SIDE)
    depths = [np.where(splat(points[:2], RELIEF_PX) > 0, sign * splat(points[:2], RELIEF_PX, sign * points[2]), 0)
              for sign in (1, -1)]  # fmt: skip
    matrix = register(fixed, moving).matrix
    normals = np.zeros((RELIEF_PX, RELIEF_PX, 3))
    back = cv2.resize(depths[1], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    truth = seen_from_behind(np.concatenate([centres(SIDE), back[None]]), 4.5, turn)
    inside = cv2.erode(fixed, np.ones((7, 7))) > 0

    def off(places):
        return np.hypot(*(places - truth))[inside].mean()

    found = off(resect(fixed, moving, Relief(*depths, normals, normals), matrix))
    guessed = off(resect(fixed, moving, inflated_relief(splat(points[:2], RELIEF_PX)), matrix))
    by_outline = off(map_places(matrix, centres(SIDE)))
    assert found < 0.008 and found < 0.5 * by_outline and guessed < by_outline


def test_of_nobody_nothing_is_asked():
    nothing = np.zeros((SIDE, SIDE), np.float32)
    relief = inflated_relief(np.zeros((RELIEF_PX, RELIEF_PX), np.float32))
    assert np.isfinite(resect(nothing, nothing, relief, np.eye(3))).all()
