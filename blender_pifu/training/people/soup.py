# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of a person, and all of them in one triangle soup."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..native.tubes import Tubes
from .topology import compact


class Paint(Protocol):
    """What colours a layer wherever it is seen: cloth, skin, hair, eyes. `base`: main colour, linear (3,); `mapped`:
    whether it is called with points (P, 3) and `_on_texture` of them, else with points and their body parts (P,); gives
    linear colours (P, 3)."""

    base: np.ndarray
    mapped: bool

    def __call__(self, *args: Any, **kwargs: Any) -> np.ndarray: ...


@dataclass
class Layer:
    """Skin, hair, a garment or a thing. `vertices (V, 3)` posed, metres; `faces (T, 3)`; `weights()`: (V, 104) of the
    bones, asked for only where somebody needs them. Coloured by `colors (V, 3)` linear, or by a `fabric` at `rest (V,
    3)` of body parts `part (T,)`. `alpha (V,)`; `label`: what it is (see labels.py), one number or one a face (T,);
    `uv (T, 3, 2)`: texture coordinates of the corners, for a mapped fabric; `rings (R, around)`: of what is made of
    tubes the vertices of their sections, and -1 in a row after each tube; `used`: the vertices that faces name, all
    that goes into the soup."""

    vertices: np.ndarray
    faces: np.ndarray
    weights: Callable[[], np.ndarray]
    colors: np.ndarray | None = None
    fabric: Paint | None = None
    rest: np.ndarray | None = None
    part: np.ndarray | None = None
    alpha: np.ndarray | None = None
    gloss: float = 0.1
    label: int | np.ndarray = field(kw_only=True)
    uv: np.ndarray | None = None
    rings: np.ndarray | None = None
    used: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.faces, self.used = compact(self.faces)


class Soup:
    """Collects layers."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def add(self, layer: Layer) -> None:
        if len(layer.faces):
            self.layers.append(layer)

    def merged(self) -> dict:
        """The arrays of a `Person`, and the layers themselves."""
        columns: dict[str, list] = {name: [] for name in _COLUMNS}
        fabrics: list[Paint] = []
        rings: list[np.ndarray] = []
        start = 0
        for layer in self.layers:
            used, count = layer.used, len(layer.used)
            if layer.fabric is not None and layer.fabric not in fabrics:
                fabrics.append(layer.fabric)
            columns["vertices"].append(layer.vertices[used])
            columns["faces"].append(layer.faces + start)
            if layer.colors is not None:
                columns["colors"].append(layer.colors[used])
            elif layer.fabric is not None:
                columns["colors"].append(np.tile(layer.fabric.base, (count, 1)))
            columns["alpha"].append(np.ones(count) if layer.alpha is None else layer.alpha[used])
            columns["gloss"].append(np.full(count, layer.gloss))
            columns["rest"].append(np.zeros((count, 3)) if layer.rest is None else layer.rest[used])
            index = -1 if layer.fabric is None else fabrics.index(layer.fabric)
            columns["fabric"].append(np.full(len(layer.faces), index))
            columns["part"].append(np.zeros(len(layer.faces)) if layer.part is None else layer.part)
            columns["label"].append(np.broadcast_to(layer.label, len(layer.faces)))
            columns["uv"].append(np.zeros((len(layer.faces), 3, 2)) if layer.uv is None else layer.uv)
            columns["tubular"].append(np.full(len(layer.faces), layer.rings is not None))
            if layer.rings is not None:
                rings.append(np.where(layer.rings >= 0, layer.rings + start, -1))
            start += count
        merged = {name: np.concatenate(values).astype(_COLUMNS[name]) for name, values in columns.items()}
        tubes = _tubes(merged.pop("tubular"), rings)
        return {**merged, "tubes": tubes, "fabrics": tuple(fabrics), "layers": tuple(self.layers)}


def _tubes(faces: np.ndarray, rings: list[np.ndarray]) -> Tubes | None:
    if not rings:
        return None
    rows = np.concatenate(rings)
    ended = np.append(rows[1:, 0] < 0, True)
    whole = rows[:, 0] >= 0
    return Tubes(faces, rows[whole], ended[whole])


_COLUMNS = {
    "vertices": np.float32,
    "faces": np.int32,
    "colors": np.float32,
    "alpha": np.float32,
    "gloss": np.float32,
    "rest": np.float32,
    "fabric": np.int16,
    "part": np.int8,
    "label": np.uint8,
    "uv": np.float32,
    "tubular": bool,
}
