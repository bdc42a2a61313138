# SPDX-License-Identifier: GPL-3.0-or-later
"""Silhouettes that were shifted, scaled and rolled by known amounts are laid over each other again."""

import cv2
import numpy as np
import pytest
import torch

from blender_pifu.engine.back_photo.registration import register
from helpers import analytic

SIZE = 256


def silhouette(person, place=lambda xy: xy):
    """Matte (SIZE, SIZE) of a body of capsules; `place` tells of a pixel's x, y (N, 2) which point of it is there."""
    steps = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    xy = np.stack(np.meshgrid(steps, -steps), -1).reshape(-1, 2)
    inside = person.support(torch.from_numpy(place(xy).astype(np.float32))).reshape(SIZE, SIZE).numpy()
    return cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1)


@pytest.fixture(scope="module")
def person():
    # Not the same on both sides, as people are.
    segments = analytic.person().segments.numpy()
    segments[segments[:, :, 0] > 0.2] += (0.06, 0.08, 0)
    return analytic.CapsuleField(segments, analytic.person().radii.numpy(), reach=0.0)


@pytest.mark.parametrize(
    ("scale", "roll", "shift"),
    [(1, 0, (0, 0)), (0.8, 0, (0.1, 0.05)), (1.05, 6, (-0.15, 0)), (0.6, -5, (0.2, -0.25)), (0.9, 0, (0.4, 0))],
)
def test_a_known_placement_is_found(person, scale, roll, shift):
    angle = np.radians(roll)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def to_person(xy):
        return (xy - shift) @ np.linalg.inv(turn).T

    found = register(silhouette(person), silhouette(person, to_person))
    points = np.array([[0, 0.8], [0.3, 0.3], [-0.3, 0.2], [0.1, -0.8], [-0.1, -0.8], [0, 0]])
    x, y, w = found.matrix @ np.column_stack([points, np.ones(len(points))]).T
    assert np.abs(np.column_stack([x / w, y / w]) - (points @ turn.T + shift)).max() < 0.02
    assert found.overlap > 0.9  # soft edges weigh more the smaller the person


def test_another_shape_does_not_fit(person):
    disc = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(disc, (128, 128), (60, 115), 0, 0, 360, 1, -1)
    assert register(silhouette(person), disc).overlap < 0.7
