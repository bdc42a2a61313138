# SPDX-License-Identifier: GPL-3.0-or-later
"""A cut-out photo of the analytic person, and a model that answers it with the analytic field."""

import numpy as np
import torch
from PIL import Image

from blender_pifu.engine.reading.person_cut import network_input

from . import analytic

FRONT, BACK = (200, 60, 50), (40, 50, 180)


def write_cut_out(path, size=400):
    """An RGBA PNG in which the analytic person stands before nothing, seen by a crop of the whole picture."""
    place = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(place, -place)
    xy = torch.from_numpy(np.stack([x, y], -1).reshape(-1, 2).astype(np.float32))
    inside = analytic.person(reach=0.0).support(xy).reshape(size, size).numpy()
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[..., :3] = FRONT
    pixels[..., 3] = inside * 255
    Image.fromarray(pixels).save(path)
    return path


class AnalyticModel:
    """Looks at the crop's mask only; the body is always the analytic person."""

    name, notes, device = "analytic", (), torch.device("cpu")
    makes_bodies = True

    def prepare(self, cut):
        return network_input(*cut(64), device=self.device)

    def encode(self, image, mask):
        assert image.shape == (1, 3, 64, 64) and mask.shape == (1, 1, 64, 64)
        assert (image[(mask == 0).expand_as(image)] == 0).all()
        assert image.abs().max() <= 1
        return mask

    def for_body(self):
        return None

    def face_in(self, cut, fine=False):
        return None

    def with_face(self, encoding, face):
        return encoding

    def with_folds(self, encoding, cut, fine=False):
        return encoding

    def drawn_normals(self, encoding):
        return None

    def with_legs(self, encoding, cut, lens):
        return encoding, None

    def with_back(self, encoding, behind):
        return encoding, behind, False

    def without_light(self, encoding, cut):
        return encoding, None

    def field(self, encoding):
        return analytic.person()

    def vertex_colors(self, encoding, vertices):
        return {}

    def regions(self, encoding, cut):
        return None

    def hidden_side(self, encoding, cut, regions=None):
        matte = encoding[0, 0].numpy()
        return {"back": np.dstack([np.broadcast_to(np.array(BACK) / 255, (64, 64, 3)), matte]).astype(np.float32)}
