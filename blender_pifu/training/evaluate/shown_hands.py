# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hands a photo truly shows: of one in a pocket, behind the back or under the other arm nobody knows the fingers,
and none are asked for."""

import numpy as np

from ...engine.body.bones import FINGERS, INDEX, SIDES
from ...engine.crop_space import pixels_at
from ...engine.surface.mesh import vertex_normals
from ..data.naked_body import body_faces
from ..data.sample import Scene
from ..pack.body import merging
from ..people.body import load_body

LEAST_SHOWN = 0.2  # of what of a hand's skin faces the camera
UNDER_M = 0.012  # so deep under what the photo shows skin is still what it shows
FACING = 0.2
# In the bundled photos.
HIDDEN = {"man_suit_full_body": (".L",)}


def sides_shown(scene: Scene) -> tuple[str, ...]:
    """The sides whose hand the photo of a scene shows."""
    return tuple(side for side, share in shares_shown(scene).items() if share >= LEAST_SHOWN)


def shares_shown(scene: Scene) -> dict[str, float]:
    """By side, how much of the hand's skin that faces the camera nothing covers."""
    body, sample = load_body(), scene.sample
    base = scene.framing(scene.person.base) + (scene.joints[0] - scene.framing(scene.person.joints)[0])
    bones, used = (body.weights @ merging(body)).argmax(1), np.zeros(len(base), bool)
    used[np.unique(body_faces())] = True
    used &= vertex_normals(base, body_faces())[:, 2] > FACING
    shares = {}
    for side in SIDES:
        own = [INDEX["hand" + side], *(INDEX[f"{finger}_{joint}{side}"] for finger in FINGERS for joint in (1, 2, 3))]
        skin = base[used & np.isin(bones, own)]
        column, row = pixels_at(skin[:, 0], skin[:, 1], len(sample["mask"]))
        before = sample["front_depth"][row, column].astype(np.float32) - skin[:, 2]
        seen = (before < UNDER_M * float(sample["scale"])) & (sample["mask"][row, column] > 128)
        shares[side] = float(seen.mean()) if len(seen) else 0.0
    return shares
