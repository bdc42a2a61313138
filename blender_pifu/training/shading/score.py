# SPDX-License-Identifier: GPL-3.0-or-later
"""How near the light that is read comes on drawn people that it never saw."""

from pathlib import Path

import cv2
import numpy as np

from ...engine.shading.reading import FILE, ShadingReader
from ...engine.srgb import DARKEST, to_linear
from ..drawn.people import DrawnPeople
from .learn import light_of

SHADING_PX = 384  # in which jobs read shading
SOLID = 0.9  # matte from which a pixel counts
LEAST = 0.004  # linear, of an albedo and of colours that tell what light made of it


def score_shading(people: DrawnPeople, weights: Path = FILE) -> dict[str, float]:
    """Means over the people held out: how far the logarithm of what light makes of colours is from the true one, once
    each photo's gain is left out, where none is told, of spherical harmonics alone and of the network."""
    rows, reader = [], ShadingReader(path=weights)
    for seed in people.held_out():
        photo, albedo = people.photo(seed), people.raw(seed, "albedo_front")["albedo_front"]
        photo, albedo, normals = (
            cv2.resize(each.astype(np.float32), (SHADING_PX, SHADING_PX), interpolation=cv2.INTER_AREA)
            for each in (photo, albedo / np.float32(255), people.drawn[seed])
        )
        normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
        light = light_of(photo, normals)
        bare, colors = to_linear(albedo.clip(0, 1)), to_linear(photo[..., :3].clip(0, 1))
        there = (photo[..., 3] > SOLID) & (np.minimum(bare, colors).min(-1) > LEAST)
        if not there.any():
            continue
        true = np.log((colors + DARKEST) / (bare + DARKEST))[there]
        told = light.shading(normals), reader.read(photo, normals, light, people.landmarks(seed))
        offs = (true, *(np.log(each[there]) - true for each in told))
        rows.append([np.abs(off - off.mean(0)).mean() for off in offs])
    return dict(zip(("no light told", "harmonics", "network"), np.mean(rows, 0).tolist(), strict=True))
