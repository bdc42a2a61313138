# SPDX-License-Identifier: GPL-3.0-or-later
"""One closed piece within a head, in rest."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Piece:
    """vertices (n, 3) metres in rest, field axes; faces (f, 4) int32, outward; uv (f, 4, 2) in the strip of the maps
    that pieces share, in its heights; looks (n, 3): what colours are told by; actions: {expression: moves (n, 3)}."""

    name: str
    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    looks: np.ndarray
    actions: dict[str, np.ndarray]
