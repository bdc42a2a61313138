# SPDX-License-Identifier: GPL-3.0-or-later
"""How sharp colours are: the energy of their gradients over that of the true ones. A mean over what might be is soft,
and hardly further from the truth than a sharp guess."""

import cv2
import numpy as np

from ....engine.color.painting import paint
from ....engine.surface.mesh import vertex_normals
from ...native.raster import see

RIM_PX = 2  # pixels at the outline, where the picture ends and not a colour


def sharpness(ours: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float | None:
    """Of pictures (h, w, 3) in one unit, of the same pixels: 1 as sharp, 0 one colour. where: (h, w) bool; None where
    the truth has no gradient in it."""
    inner = cv2.erode(np.pad(where.astype(np.uint8), 1), np.ones((3, 3), np.uint8), iterations=RIM_PX)[1:-1, 1:-1] > 0
    energy, true_energy = (_gradient_energy(picture, inner) for picture in (ours, truth))
    return energy / true_energy if true_energy > 0 else None


def _gradient_energy(picture: np.ndarray, where: np.ndarray) -> float:
    down, across = np.gradient(picture.astype(np.float32), axis=(0, 1))
    return float((np.square(down) + np.square(across))[where].sum(dtype=np.float64))


def painted_front(vertices: np.ndarray, faces: np.ndarray, spacing: float, photo: np.ndarray) -> np.ndarray:
    """What the camera sees of a mesh in field space whose vertices have the photo's colours: (n, n, 4) 0..1, alpha
    where it is. photo: (n, n, 4) and spacing: as `painting.paint` takes them."""
    vertices = np.ascontiguousarray(vertices, np.float32)
    colors = paint(vertices, faces, vertex_normals(vertices, faces), spacing, photo).colors
    front = see(vertices, faces, len(photo), None)[0]
    picture = np.zeros((len(photo) ** 2, 4), np.float32)
    picture[front.pixels, :3] = front.interpolate(colors.astype(np.float32)) / 255
    picture[front.pixels, 3] = 1
    return picture.reshape(*photo.shape)
