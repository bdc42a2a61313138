# SPDX-License-Identifier: GPL-3.0-or-later
"""No face on the back of the head: where the photo shows one, what lies above it goes on behind."""

import numpy as np

from .colors import smooth_step
from .landmarks import Landmark as L

# In distances from the eyes to the mouth: an oval from above the brow to below the mouth, and its half width.
ABOVE_EYES, BELOW_EYES, WIDE = 1.25, 1.5, 1.25
FADE = (0.75, 1.15)  # radii of the oval between which the drawn colours come back
BAND = 1.25  # radius up to which, above the oval, is looked for hair
CROWN = 0.6  # height in the oval's radii from which on there is
SMOOTH = 0.35  # in half widths of the oval, how far across a colour reaches
LEAST = 4  # pixels of hair, without which nothing is done
TURNED = (0.6, 1.0)  # the nose's way from the middle of the ears to one: from here on the head is seen from its side


def hide_face(back: np.ndarray, photo: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The drawn back without what it kept of the face.

    back: (n, n, 4) float32, colours sRGB 0..1 of the hidden side and mask, on the crop's pixels; photo: the same of the
    side that is seen; landmarks: (33, 4) as `hints.landmarks_in`. Returns (n, n, 4). Heads seen from the side or from
    behind, or cut off above the brow, are left as they are.
    """
    points = landmarks[:, :2].astype(np.float64)
    eyes = points[[L.LEFT_EYE, L.RIGHT_EYE]].mean(0)
    ears = points[[L.LEFT_EAR, L.RIGHT_EAR]].mean(0)
    up = eyes - points[[L.MOUTH_LEFT, L.MOUTH_RIGHT]].mean(0)
    unit = max(float(np.hypot(*up)), 1e-3)
    up /= unit
    across = np.array([up[1], -up[0]])  # towards the left of a person who faces the camera
    half_ears = float((points[L.LEFT_EAR] - points[L.RIGHT_EAR]) @ across) / 2
    if half_ears <= 0:
        return back
    facing = 1 - smooth_step(abs(float((points[L.NOSE] - ears) @ across)) / half_ears, *TURNED)

    centres = (np.arange(len(back)) + 0.5) / len(back) * 2 - 1
    place = np.stack(np.meshgrid(centres, -centres), -1) - ears
    middle = float((eyes - ears) @ up) + (ABOVE_EYES - BELOW_EYES) / 2 * unit
    x = place @ across / (WIDE * unit)
    y = (place @ up - middle) / ((ABOVE_EYES + BELOW_EYES) / 2 * unit)
    radius = np.hypot(x, y)
    hair = (radius > 1) & (radius < BAND) & (y > CROWN) & (photo[..., 3] > 0.9)
    if facing == 0 or hair.sum() < LEAST:
        return back
    share = (facing * (1 - smooth_step(radius, *FADE)))[..., None]
    colors = back[..., :3] * (1 - share) + _across(x[hair], photo[..., :3][hair], x) * share
    return np.dstack([colors, back[..., 3]]).astype(np.float32)


def _across(x: np.ndarray, colors: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Colours (..., 3) at the places `wanted` across the head, from those (N, 3) at `x (N,)`, smoothed."""
    knots = np.linspace(-1, 1, 9)
    weights = np.exp(-0.5 * ((knots[:, None] - x) / SMOOTH) ** 2) + 1e-4
    mean = weights @ colors / weights.sum(1, keepdims=True)
    return np.stack([np.interp(wanted, knots, channel) for channel in mean.T], -1)
