# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic person photographed from behind is that person, seen from behind."""

import numpy as np

from blender_pifu.engine.back_photo.registration import centres, map_places, register, resample
from blender_pifu.engine.reading.crop import crop_around
from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.person_cut import PersonCut
from blender_pifu.training.data.back_photo import photograph_back
from blender_pifu.training.data.sample import make_sample


def test_the_photo_from_behind_mirrored_lies_over_the_hidden_side():
    sample = make_sample(5, "test", 192)
    alpha = sample["mask"].astype(np.float32) / 255
    matte = Matting("cpu").matte(photograph_back(5, own_light=False))
    rgb, other = PersonCut(matte, crop_around(matte.alpha))(192)
    as_seen = np.ascontiguousarray(np.dstack([rgb, other])[:, ::-1])
    found = register(alpha, as_seen[..., 3])
    assert found.overlap > 0.85
    laid = resample(as_seen, map_places(found.matrix, centres(192)))
    both = (laid[..., 3] > 0.99) & (alpha > 0.99)
    off = np.abs(laid[..., :3] * 255 - sample["back_rgb"])[both].mean()
    assert off < np.abs(sample["rgb"].astype(float) - sample["back_rgb"])[both].mean() and off < 25
