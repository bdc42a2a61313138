# SPDX-License-Identifier: GPL-3.0-or-later
"""Beards: where they grow on a face, how densely, and how thick they stand."""

import numpy as np

from .face_places import FacePlaces


def draw_beard(rng: np.random.Generator) -> dict[str, float]:
    """A random beard: how dense on lip, chin and jaw, how high it reaches and how thick it stands, metres."""
    kind = rng.choice(["shadow", "stubble", "full", "moustache", "goatee"], p=[0.3, 0.28, 0.24, 0.07, 0.11])
    parts = {"moustache": (1, 0, 0), "goatee": (1, 1, 0)}.get(str(kind), (1, 1, 1))
    density = {"shadow": rng.uniform(0.08, 0.25), "stubble": rng.uniform(0.25, 0.6)}.get(kind, rng.uniform(0.75, 1.0))
    thick = rng.uniform(0.002, 0.009) if kind == "full" else rng.uniform(0.001, 0.004)
    return {
        "lip": parts[0], "chin": parts[1], "jaw": parts[2], "density": float(density),
        "line": float(rng.uniform(-0.1, 0.18)), "low": float(rng.uniform(-1.15, -0.8)),
        "thick": 0.0 if kind in ("shadow", "stubble") else float(thick),
    }  # fmt: skip


def beard_cover(face: FacePlaces, beard: dict[str, float]) -> np.ndarray:
    """Where a beard grows, (P,) 0..1."""
    line = np.clip(0.9 * (face.across - 0.35), -0.12, 1.1) + beard["line"]
    jaw = _soft(line - face.up, 0.14) * _soft(face.up - beard["low"], 0.2) * _soft(face.ahead - 0.004, 0.014)
    lip = _soft(0.5 - face.across, 0.1) * _soft(face.up - 0.1, 0.06) * _soft(0.36 - face.up, 0.07)
    chin = jaw * _soft(0.5 - face.across, 0.15)
    on_face = (face.ahead > -0.01) * (face.up < 1.2)
    return np.max([beard["lip"] * lip, beard["chin"] * chin, beard["jaw"] * jaw], 0) * on_face


def _soft(value: np.ndarray, width: float) -> np.ndarray:
    return np.clip(value / width, 0, 1)
