# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitted pieces from MakeHuman's wardrobe: suits, shoes, hats, hair. Each hangs on the base mesh by its fit file."""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from ..body import ASSETS, Body, load_body
from ..topology import Subdivision, neighbour_mean, triangulate

# Never seen in training; the test split wears these.
HELD_OUT = {
    "clothes": {"male_casualsuit04", "female_elegantsuit01", "male_casualsuit02", "shoes05"},
    "hair": {"bob01", "short02"},
}


class Piece:
    """A garment, hat or hair style. Attributes: `faces (T, 3)`, `texture (H, W, 3|4) uint8 | None`, `uv (V, 2)`,
    `hidden`: base vertices it covers; after `subdivision` all arrays are on the finer vertices, but `weights`,
    `coarse_faces` and `coarse_smoother` on those before."""

    def __init__(self, path: Path, levels: int):
        with np.load(path, allow_pickle=False) as pack:
            self.fit = {name: pack[name] for name in pack.files}
        self.name = path.stem
        body = load_body()
        weights = self.fit["fit_weights"].clip(0)
        total = weights.sum(1, keepdims=True)
        weights = np.where(total > 0, weights / np.maximum(total, 1e-6), 1 / 3)
        on = self.fit["fit_vertices"].astype(int)
        self.weights = np.einsum("vk,vkb->vb", weights, body.weights[on]).astype(np.float32)
        coarse = triangulate(self.fit["faces"])
        self.coarse_faces, self.coarse_smoother = coarse, neighbour_mean(coarse, len(on))
        self.subdivision = Subdivision(coarse, len(on), levels)
        self.faces = self.subdivision.faces
        self.smoother = neighbour_mean(self.faces, self.subdivision.vertex_count)
        self.uv = self.subdivision(self.fit["uv"].astype(np.float32))
        self.hidden = self.fit["hidden"]
        images = [p for p in (path.with_suffix(".jpg"), path.with_suffix(".png")) if p.exists()]
        self.texture = cv2.imread(str(images[0]), cv2.IMREAD_UNCHANGED)[..., :4] if images else None
        if self.texture is not None:
            order = [2, 1, 0, 3][: self.texture.shape[2]]
            self.texture = self.texture[..., order]

    def rest_vertices(self, vertices: np.ndarray) -> np.ndarray:
        """Fit to a body in rest pose: `vertices: (19158, 3)` metres -> (V_coarse, 3) metres."""
        return fitted(self.fit, vertices)

    def texel(self) -> np.ndarray | None:
        """The texture at every vertex, (V, 3|4) 0..1 sRGB, or None."""
        if self.texture is None:
            return None
        height, width = self.texture.shape[:2]
        x = np.clip(self.uv[:, 0] % 1 * width - 0.5, 0, width - 1).astype(np.float32)
        y = np.clip((1 - self.uv[:, 1] % 1) * height - 0.5, 0, height - 1).astype(np.float32)
        return np.squeeze(_gather(self.texture, x, y)).astype(np.float32) / 255


def fitted(fit: dict[str, np.ndarray], vertices: np.ndarray) -> np.ndarray:
    """What hangs on the base mesh by a fit file (see `mesh_files.read_fit`), `vertices: (19158, 3)` metres -> (V, 3)
    metres."""
    ends = vertices[fit["scale_vertices"]]  # (3 axes, 2, 3); MakeHuman's y is our z, its z our -y
    spans = np.abs(ends[:, 0] - ends[:, 1])[[0, 1, 2], [0, 2, 1]]
    scale = 10 * spans / fit["scale_reference"]
    offsets = 0.1 * fit["fit_offsets"] * scale
    offsets = np.stack([offsets[:, 0], -offsets[:, 2], offsets[:, 1]], axis=1)
    base = np.einsum("vk,vkc->vc", fit["fit_weights"], vertices[fit["fit_vertices"].astype(int)])
    return (base + offsets).astype(np.float32)


def _gather(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x0, y0 = x.astype(int), y.astype(int)
    x1, y1 = np.minimum(x0 + 1, image.shape[1] - 1), np.minimum(y0 + 1, image.shape[0] - 1)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    top = image[y0, x0] * (1 - fx) + image[y0, x1] * fx
    return top * (1 - fy) + (image[y1, x0] * (1 - fx) + image[y1, x1] * fx) * fy


@lru_cache(maxsize=64)
def load_piece(kind: str, name: str, levels: int) -> Piece:
    """A packed piece, e.g. ("hair", "bob01", 0); read once a process."""
    return Piece(ASSETS / kind / f"{name}.npz", levels)


@lru_cache(maxsize=8)
def names(kind: str, prefix: str = "", split: str = "train") -> tuple[str, ...]:
    """Names of one kind of piece; the test split has the held-out ones, training all the others."""
    found = sorted(p.stem for p in (ASSETS / kind).glob(f"{prefix}*.npz"))
    held_out = [name for name in found if name in HELD_OUT.get(kind, ())]
    return tuple(held_out if split == "test" and held_out else [n for n in found if n not in held_out])


def hidden_body(body: Body, pieces: list[Piece]) -> np.ndarray:
    """(19158,) bool: base vertices under any of the pieces."""
    hidden = np.zeros(len(body.weights), bool)
    for piece in pieces:
        hidden[piece.hidden] = True
    return hidden
