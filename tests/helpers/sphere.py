# SPDX-License-Identifier: GPL-3.0-or-later
"""A sphere as a mesh, and where pixels lie: what pictures of it must be is known."""

import numpy as np


def sphere(radius=0.7, rows=60, columns=120):
    """A closed sphere, outward faces."""
    up, around = np.meshgrid(
        np.linspace(0, np.pi, rows + 1)[1:-1], np.arange(columns) * 2 * np.pi / columns, indexing="ij"
    )
    ring = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([ring, [[0, 1, 0], [0, -1, 0]]]) * radius
    index = np.arange(len(ring)).reshape(rows - 1, columns)
    right = np.roll(index, -1, axis=1)
    a, b, c, d = index[:-1].ravel(), index[1:].ravel(), right[1:].ravel(), right[:-1].ravel()
    faces = [np.stack([a, b, c], 1), np.stack([a, c, d], 1)]
    faces.append(np.stack([np.full(columns, len(ring)), index[0], right[0]], 1))
    faces.append(np.stack([np.full(columns, len(ring) + 1), right[-1], index[-1]], 1))
    return vertices.astype(np.float32), np.concatenate(faces).astype(np.int32)


def pixel_centres(size=128):
    x = (np.arange(size) + 0.5) / size * 2 - 1
    return np.meshgrid(x, -x)
