# SPDX-License-Identifier: GPL-3.0-or-later
"""The 33 body landmarks of a person, where `engine.reading.landmarks` should read them in a photo."""

from functools import lru_cache

import numpy as np

from ...engine.crop_space import pixels_at
from ...engine.reading.landmarks import POINTS
from .body import Body, load_body
from .looks import face_of
from .person import SyntheticPerson

JOINTS = {  # landmark of the left side (the right one is the next): bone whose head it is
    11: "upperarm01",
    13: "lowerarm01",
    15: "wrist",
    17: "finger5-1",
    19: "finger2-1",
    21: "finger1-3",
    23: "upperleg01",
    25: "lowerleg01",
    27: "foot",
    31: "toe1-2",
}
NEAR_M = 0.16  # a joint lies so deep under the surface at most; deeper, something is before it


@lru_cache(maxsize=1)
def _on_surface(body: Body) -> dict[int, np.ndarray]:
    """Base vertices whose mean is a landmark, by landmark."""
    rest, face = body.mean_vertices, face_of(body, body.mean_vertices)
    skin = np.zeros(len(rest), bool)
    skin[np.unique(body.group_faces("body"))] = True
    found = {0: np.flatnonzero(skin & (face.across < 0.3) & (face.up > 0.2) & (face.up < 0.6) & (face.ahead > 0.1))}
    found[0] = found[0][np.argsort(rest[found[0], 1])[:6]]  # the nose's tip
    for k, side in enumerate("LR"):
        sign = 1 if side == "L" else -1
        on = skin & (np.sign(rest[:, 0]) == sign)
        eye = np.unique(body.group_faces(f"helper-{side.lower()}-eye"))
        order = eye[np.argsort(sign * rest[eye, 0])]
        inner, middle, outer = order[:8], eye, order[-8:]
        found |= dict(zip((1, 2, 3) if side == "L" else (4, 5, 6), (inner, middle, outer), strict=True))
        ear, lips = (np.flatnonzero(on & (body.mask(name) > 0.5)) for name in ("ears", "lips"))
        found[7 + k] = ear
        found[9 + k] = lips[np.argsort(-sign * rest[lips, 0])[:6]]
        ankle = body.mean_heads[body.bone[f"foot.{side}"]]
        low = np.flatnonzero(on & (np.linalg.norm(rest - ankle, axis=1) < 0.15) & (rest[:, 2] < ankle[2] - 0.04))
        found[29 + k] = low[np.argsort(-rest[low, 1])[:8]]  # the heel
    return found


def landmarks(person: SyntheticPerson) -> np.ndarray:
    """Landmarks (33, 3) in the order of MediaPipe's pose network; metres, as `person.vertices`."""
    body = load_body()
    points = np.empty((POINTS, 3), np.float32)
    for k, bone in JOINTS.items():
        for offset, side in enumerate("LR"):
            points[k + offset] = person.joints[body.bone[f"{bone}.{side}"]]
    for k, vertices in _on_surface(body).items():
        points[k] = person.base[vertices].mean(0)
    return points


def seen(points: np.ndarray, depth: np.ndarray, visible: np.ndarray, scale: float) -> np.ndarray:
    """Which landmarks `points (33, 3)` in field space a photo shows, (33,) bool: those within its borders `visible`
    (x0, y0, x1, y1) that lie no deeper under the front surface `depth (s, s)` than a joint does. `scale`: field units a
    metre."""
    x0, y0, x1, y1 = visible
    column, row = pixels_at(points[:, 0], points[:, 1], len(depth))
    within = (points[:, 0] > max(x0, -1)) & (points[:, 0] < min(x1, 1)) & (points[:, 1] > max(y0, -1))
    within &= points[:, 1] < min(y1, 1)
    before = np.nan_to_num(depth[row, column], nan=-np.inf)
    return within & (before - points[:, 2] < NEAR_M * scale)
