# SPDX-License-Identifier: GPL-3.0-or-later
"""The light of photos of generation 4: hard sun with cast shadows, shade, overcast, rooms, studios."""

from dataclasses import replace

import numpy as np

from .render import Light, draw_light

KINDS = {"any": 0.3, "sun": 0.3, "soft": 0.25, "studio": 0.15}
FINE_PX = 768  # side of the shadow map
ADAPTS = (0.25, 1.25)  # cameras look at faces: dark hair or a dark coat does not burn them out


def draw_daylight(rng: np.random.Generator) -> Light:
    """Draw a kind of light, then one of it."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    light = replace(draw_light(rng), shadow_px=FINE_PX, focused=True, adapts=ADAPTS)
    return {"any": lambda light, _: light, "sun": _sun, "soft": _soft, "studio": _studio}[kind](light, rng)


def _sun(light: Light, rng) -> Light:
    """High or low, from any side but behind; the sky fills shadows with blue."""
    up, turn = np.radians(rng.uniform(12, 72)), np.radians(np.clip(rng.normal(0, 55), -115, 115))
    direction = np.array([np.cos(up) * np.sin(turn), np.sin(up), np.cos(up) * np.cos(turn)], np.float32)
    low = 1 - np.sin(up)
    warm = np.array([1.0, 0.95 - 0.12 * low, 0.86 - 0.25 * low]) * rng.normal(1, 0.02, 3)
    sky = light.sky * rng.uniform(0.35, 0.75) * np.array([0.92, 1.0, 1.12])
    return replace(
        light,
        sky=sky.astype(np.float32),
        lamp=(rng.uniform(0.9, 2.2) * warm).astype(np.float32),
        direction=direction,
        softness=float(rng.uniform(0.3, 0.9)),
        contrast=float(rng.uniform(0, 0.4)),
    )


def _soft(light: Light, rng) -> Light:
    """Overcast, shade or a bright room: hardly a lamp."""
    lamp = (rng.uniform(0, 0.18) * np.clip(rng.normal(1, 0.06, 3), 0.7, 1.3)).astype(np.float32)
    return replace(light, lamp=lamp, softness=float(rng.uniform(1.5, 3)))


def _studio(light: Light, rng) -> Light:
    """A flash or a softbox beside the camera."""
    direction = np.array([rng.uniform(-0.9, 0.9), rng.uniform(0.0, 0.9), 1.0], np.float32)
    lamp = (rng.uniform(0.4, 1.3) * np.clip(rng.normal(1, 0.03, 3), 0.8, 1.2)).astype(np.float32)
    direction /= np.linalg.norm(direction)
    return replace(light, lamp=lamp, direction=direction, softness=float(rng.uniform(1.2, 3.5)))
