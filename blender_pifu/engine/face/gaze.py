# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the person in the photo looks: how far their irises lie off where eyes that look ahead would have them.

Both are measured from the middle between the corners of each eye, so that an error of where the head lies is none of
the gaze; the mean of both eyes counts, which look at one thing.
"""

import numpy as np

from ..body.head import Head, load_head

CORNERS = ((133, 33), (362, 263))  # inner and outer, of the person's right and left eye
SIDES = (-1, 1)  # of which the right has negative x
# Off what the marks of eyes that look ahead say, in radii of an eye: medians of synthetic heads and of photos of people
# who look at the camera. The first is to the person's left of the left eye, and to the right of the right one.
ASIDE, LOWER = 0.08, 0.13
LEAST_RAD, MOST_RAD = np.radians(6.0), np.radians(30.0)  # less is within the error of the marks; more eyes seldom turn
APART_RAD = np.radians(16.0)  # between two eyes' gazes, from where on an iris was not found
AHEAD = 0.5  # cosine from the camera, below which an eye is seen too much from its side
AHEAD_RAD = (0.0, 0.0)


def find_gaze(head: Head, points: np.ndarray, irises: np.ndarray) -> tuple[float, float]:
    """Radians to the person's left and up that eyes are turned in a head as a photo shows it; points (468, 2), irises
    (2, 5, 2), the person's right first: MediaPipe's marks, field space."""
    marks = head.seen(load_head().at_marks(head.expressed))[:, :2]
    gazes = []
    for side, corners, iris in zip(SIDES, CORNERS, irises, strict=True):
        middle, radius = head.eye(side)
        ahead = head.seen((middle + [0, 0, radius])[None])[0, :2] - marks[list(corners)].mean(0)
        seen = iris[0] - points[list(corners)].mean(0)
        unit = head.scale * radius / (1 - head.nearness * head.seen(middle[None])[0, 2])
        # Of the iris from the eye's middle, in its radii.
        off = (seen - ahead) / unit + head.turn[:2, 2] - [ASIDE * side, -LOWER]
        if np.hypot(*off) > 0.95 or head.turn[2, 2] < AHEAD:
            return AHEAD_RAD
        to_camera = np.array([*off, np.sqrt(1 - off @ off)])
        gazes.append(head.turn.T @ to_camera)
    if np.arccos(np.clip(gazes[0] @ gazes[1], -1, 1)) > APART_RAD:
        return AHEAD_RAD
    across, up, forward = np.mean(gazes, 0)
    angles = np.array([np.arctan2(across, forward), np.arctan2(up, np.hypot(across, forward))])
    turned = float(np.hypot(*angles))
    if turned < LEAST_RAD:
        return AHEAD_RAD
    left, high = angles * min(1.0, MOST_RAD / turned)
    return float(left), float(high)
