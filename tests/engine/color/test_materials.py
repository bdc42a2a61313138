# SPDX-License-Identifier: GPL-3.0-or-later
"""Shades of a garment are one material; what is as near in colour, and another garment, is another."""

import numpy as np

from blender_pifu.engine.color.materials import tell_apart

SIZE = 64


def test_two_shades_are_one_material_in_one_garment_alone():
    left = np.arange(SIZE) < SIZE // 2
    features = np.where(left[:, None], [40.0, 40, 40], [46.0, 52, 40]) * np.ones((SIZE, SIZE, 1))
    everywhere, nowhere = np.ones((SIZE, SIZE), bool), np.zeros((SIZE, SIZE), bool)
    garments = np.where(left, 0, 1) * np.ones((SIZE, SIZE), int)
    for regions, count in ((None, 2), (0 * garments, 1), (garments, 2)):
        _, material, _ = tell_apart(features.astype(np.float32), everywhere, nowhere, regions)
        assert len(np.unique(material)) == count
