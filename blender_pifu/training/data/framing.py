# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a person from metres into the field space of a crop, as a camera and the engine's own crop would."""

from dataclasses import dataclass

import numpy as np

FILL = 0.9  # longer side of the visible part's bounding box, in sides of the crop: as `engine.reading.crop.crop_around`


@dataclass(frozen=True)
class Framing:
    """`field = (point in camera axes, warped by perspective) * scale + offset`; `visible`: (x0, y0, x1, y1) of the
    photo in field units, beyond which nothing is seen; `scale`: field units a metre."""

    scale: float
    offset: np.ndarray
    visible: np.ndarray
    camera_distance: float | None  # metres from the person's centre; None: orthographic
    centre: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Metres (N, 3), z up -> field space (N, 3): x right, y up, z towards the camera."""
        turned = np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1) - self.centre
        return (project(turned, self.camera_distance) * self.scale + self.offset).astype(np.float32)

    def nearness(self, z: float) -> float:
        """One over the camera's distance from a depth in field space, in its units; 0: orthographic."""
        return 0.0 if self.camera_distance is None else 1 / (self.camera_distance * self.scale - z)


def project(points: np.ndarray, distance: float | None) -> np.ndarray:
    """Bend the geometry instead of the rays: after this an orthographic view shows what the camera saw."""
    if distance is None:
        return points
    factor = distance / (distance - points[:, 2:])
    return np.concatenate([points[:, :2] * factor, points[:, 2:]], axis=1)


# How much of the height is shown, from the top, and how often: the rest of the photos show people whole.
CUTS = {"head": (0.06, (0.18, 0.32)), "waist": (0.08, (0.38, 0.56)), "knees": (0.06, (0.6, 0.85))}
# The same of generation 4: half are portraits or half bodies, some so near that shoulders are cut off.
CUTS_4 = {
    "face": (0.10, (0.13, 0.18)),
    "head": (0.14, (0.17, 0.30)),
    "waist": (0.16, (0.36, 0.58)),
    "knees": (0.10, (0.6, 0.85)),
}


@dataclass(frozen=True)
class Shot:
    """How a photo is taken, before anything is known of who is in it. `distance`: of the camera, in the person's
    heights, or None: so far that there is no perspective; `shown`: part of the height above the photo's lower border,
    or None: all of it; `sides`: parts of what is shown that the left and right borders cut off."""

    distance: float | None
    shown: float | None
    sides: tuple[float, float] = (0.0, 0.0)


def draw_shot(rng: np.random.Generator, generation: int = 3) -> Shot:
    """Most people are seen whole, a fifth (of generation 4 half) as portraits and half bodies, from nearer."""
    cuts = CUTS if generation == 3 else CUTS_4
    distance = rng.uniform(1.6, 5) if rng.random() < 0.75 else None
    odds = [share for share, _ in cuts.values()]
    kind = int(rng.choice(len(cuts) + 1, p=[*odds, 1 - sum(odds)]))
    if kind == len(cuts):
        return Shot(distance, None)
    shown = float(rng.uniform(*list(cuts.values())[kind][1]))
    if distance is not None:
        distance = max(0.5, distance * shown**0.5)
    sides = rng.uniform(0, 0.12, 2) if rng.random() < 0.3 else (0.0, 0.0)
    if list(cuts)[kind] == "face":
        sides = rng.uniform(0.12, 0.28, 2)
    return Shot(distance, shown, (float(sides[0]), float(sides[1])))


def frame(vertices: np.ndarray, rng: np.random.Generator, generation: int = 3) -> Framing:
    """Draw camera and crop for a person, `vertices: (V, 3)` metres, z up."""
    turned = np.stack([vertices[:, 0], vertices[:, 2], -vertices[:, 1]], axis=1)
    low, high = turned.min(0), turned.max(0)
    centre = 0.5 * (low + high)
    height = high[1] - low[1]
    shot = draw_shot(rng, generation)
    if shot.shown is not None:  # the camera looks at the middle of what it shows
        centre[1] = high[1] - 0.5 * shot.shown * height
    distance = None if shot.distance is None else height * shot.distance
    seen = project(turned - centre, distance)
    window = np.array([-np.inf, -np.inf, np.inf, np.inf])
    if shot.shown is not None:
        window[1] = seen[:, 1].max() - np.ptp(seen[:, 1]) * shot.shown
        seen = seen[seen[:, 1] > window[1]]
        left, right = seen[:, 0].min(), seen[:, 0].max()
        if any(shot.sides):
            window[[0, 2]] = left + shot.sides[0] * (right - left), right - shot.sides[1] * (right - left)
            if generation > 3:  # photographers cut shoulders, not heads
                upper = seen[seen[:, 1] > window[1] + 0.45 * (seen[:, 1].max() - window[1]), 0]
                window[[0, 2]] = min(window[0], upper.min()), max(window[2], upper.max())
            seen = seen[(seen[:, 0] > window[0]) & (seen[:, 0] < window[2])]
    low, high = seen[:, :2].min(0), seen[:, :2].max(0)
    scale = 2 * FILL / max(high - low) * rng.uniform(0.95, 1.03)
    offset = np.append(-0.5 * (low + high) * scale + rng.uniform(-0.03, 0.03, 2), 0.0)
    with np.errstate(invalid="ignore"):
        visible = window * scale + np.tile(offset[:2], 2)
    return Framing(float(scale), offset, visible, distance, centre)
