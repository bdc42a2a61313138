# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the camera behind the person stood, from the outline and from how deep the body is: so is found which place of
the back photo belongs to a place on the back.

The outlines alone do not tell. They lie in the middle of the body, the back behind it, and who is photographed from two
or three metres has that back a tenth smaller in the one photo and a tenth larger in the other.
"""

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.optimize import least_squares

from ..crop_space import sample, to_points
from .registration import SIDE, centres, map_places, outline_distance, to_side
from .relief import Relief

OUTLINE_POINTS, OUTLINE_ERROR = 100, 0.01  # what the outline tells: so many points that are so far off, field units
NEAR = 0.005  # field units; what lies further off is another pose or a wrong matte, and counts less
SOLID = 0.9
MIDDLE_BLUR = 1.5  # pixels
ROUNDS = 60
# Turn about the vertical, tip, roll, logarithm of the scale, shift in x and y, one over the distance of both cameras;
# angles in radians, the rest in field units. People try to stand opposite and equally far.
USUAL = np.array([0, 0, 0, 0, 0, 0, 0.1])
SPREAD = np.array([0.05, 0.05, 0.1, 0.3, 0.3, 0.3, 0.07])


def resect(fixed: np.ndarray, moving: np.ndarray, relief: Relief, matrix: np.ndarray) -> np.ndarray:
    """(2, SIDE, SIDE) float64, field units: the places in the mirrored back photo of what the front photo's pixels show
    of the back; beyond the outline as if the back went on there.

    fixed, moving: mattes (n, n) 0..1 of the front photo and the mirrored back photo; matrix: of the outlines,
    see registration.Registration. The camera is the one that lays the body's outline on the back photo's, among those
    that are likely; distances by the least squares where they are small, less further off.
    """
    fixed, moving = to_side(fixed), to_side(moving)
    solid = fixed > SOLID
    front, back = (to_side(depth).astype(float) for depth in (relief.front_depth, relief.back_depth))
    share = cv2.GaussianBlur(solid.astype(float), (0, 0), MIDDLE_BLUR)
    middle = cv2.GaussianBlur((front + back) / 2 * solid, (0, 0), MIDDLE_BLUR) / np.maximum(share, 1e-3)
    outline = _outline(fixed)
    points = np.vstack([outline, sample(middle, *outline)])
    target, source = outline_distance(fixed), outline_distance(moving)
    wanted = sample(target, *outline)
    weight = np.sqrt(OUTLINE_POINTS / max(outline.shape[1], 1)) / OUTLINE_ERROR

    def errors(camera):
        off = (sample(source, *_seen_from_behind(camera, points)) - wanted) / NEAR
        eased = np.sign(off) * np.sqrt(2 * (np.sqrt(1 + off**2) - 1)) * NEAR
        return np.concatenate([eased * weight, (camera - USUAL) / SPREAD])

    camera = least_squares(errors, _first_camera(matrix), diff_step=1e-3, max_nfev=ROUNDS).x
    if solid.any():  # pixels of the rim are half background, and those beyond wholly
        back = back[tuple(distance_transform_edt(~solid, return_distances=False, return_indices=True))]
    return _seen_from_behind(camera, np.concatenate([centres(SIDE), back[None]]))


def _seen_from_behind(camera, points):
    """Places (2, ...) in the mirrored back photo of points (3, ...) of the front photo's field space, which bends what
    its camera saw so that it is seen straight."""
    turn, tip, roll, scale, right, up, nearness = camera
    x, y, z = points
    x, y = x * (1 - nearness * z), y * (1 - nearness * z)
    x, z = np.cos(turn) * x + np.sin(turn) * z, np.cos(turn) * z - np.sin(turn) * x
    y, z = np.cos(tip) * y - np.sin(tip) * z, np.sin(tip) * y + np.cos(tip) * z
    size = np.exp(scale) / (1 + nearness * z)
    x, y = x * size, y * size
    return np.stack([np.cos(roll) * x - np.sin(roll) * y + right, np.sin(roll) * x + np.cos(roll) * y + up])


def _first_camera(matrix):
    """The camera opposite that shows a flat person most nearly as the matrix of the outlines."""
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(-0.3, 0.3, 5), np.linspace(-0.8, 0.8, 9)))
    flat, wanted = np.stack([x, y, 0 * x]), map_places(matrix, np.stack([x, y]))

    def whole(inner):
        return np.concatenate([USUAL[:2], inner, USUAL[6:]])

    return whole(least_squares(lambda inner: (_seen_from_behind(whole(inner), flat) - wanted).ravel(), np.zeros(4)).x)


def _outline(matte):
    """(2, N) places of the pixels along the outline."""
    lines, _ = cv2.findContours((matte > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    pixels = np.concatenate([line[:, 0] for line in lines] or [np.zeros((0, 2))])
    return np.stack(to_points(*pixels.T, size=SIDE))
