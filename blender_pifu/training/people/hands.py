# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: how far each finger is bent, and how the wrist lies."""

import numpy as np

# How often a free hand is so; then the bend in degrees of the joints of index, middle, ring and little finger.
POSES = {
    "relaxed": (0.55, (18, 24, 30, 34)),
    "flat": (0.12, (2, 2, 2, 4)),
    "spread": (0.09, (3, 2, 3, 5)),
    "fist": (0.12, (75, 78, 78, 78)),
    "grip": (0.07, (48, 50, 52, 54)),
    "pointing": (0.05, (4, 68, 72, 74)),
}
THUMB = {"relaxed": 8, "flat": 0, "spread": -8, "fist": 32, "grip": 22, "pointing": 28}
POCKET = (6, 8, 10, 12)


def draw_hand(rng: np.random.Generator, preset: str) -> tuple[np.ndarray, np.ndarray]:
    """Bends in degrees (5 fingers from the thumb, 3 joints) and how far each finger is spread sideways, degrees (5,),
    for an arm of the given preset."""
    name = str(rng.choice(list(POSES), p=[share for share, _ in POSES.values()]))
    if preset in ("pocket", "hip", "crossed", "behind", "front"):
        name = "relaxed"
    fingers = np.array(POCKET if preset == "pocket" else POSES[name][1], float)
    fingers = fingers * rng.uniform(0.6, 1.25) + rng.normal(0, 3, 4)
    bends = np.empty((5, 3))
    bends[0] = THUMB[name] * rng.uniform(0.6, 1.2) + rng.normal(0, 3)
    bends[1:] = fingers[:, None] * np.array([0.9, 1.1, 0.7])  # the middle joint bends most
    fan = {"spread": rng.uniform(6, 13), "fist": 0.0}.get(name, rng.uniform(0, 4))
    spread = np.array([0.0, 1.5, 0.5, -0.5, -1.5]) * fan
    return bends, spread
