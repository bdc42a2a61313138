# SPDX-License-Identifier: GPL-3.0-or-later
"""What each part of a dressed person is, by the table of semantic labels."""

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ...engine.labels import LABELS
from .body import Body, load_body
from .clothes.pieces import Piece

_OF_CLOTH = {
    "top": "upper_garment",
    "dress": "upper_garment",
    "skirt": "lower_garment",
    "legs": "lower_garment",
    "jacket": "outer_garment",
}


def cloth_label(cloth: str) -> int:
    """The label of a garment cut from the `cloth` of an outfit (see `outfit.Garment.cloth`); a dress is an upper
    garment down to its hem. KeyError for a cloth that no outfit has."""
    return LABELS[_OF_CLOTH[cloth]]


def piece_label(piece: Piece) -> int | np.ndarray:
    """The label of a piece of the wardrobe: one number, or for a suit one a face of it, (T,) uint8: each connected part
    is an upper or a lower garment, and a part that reaches from chest to knees is both, parted at the waist."""
    if piece.name.startswith("fedora"):
        return LABELS["thing"]
    return LABELS["shoes"] if piece.name.startswith("shoes") else _suit_label(piece)


@lru_cache(maxsize=32)
def _suit_label(piece: Piece) -> np.ndarray:
    body, heads = load_body(), load_body().mean_heads
    ankle, knee, waist, chest = (heads[body.bone[name]][2] for name in ("foot.L", "lowerleg01.L", "spine05", "spine02"))
    height = piece.rest_vertices(body.mean_vertices)[:, 2]
    faces = piece.coarse_faces
    links = sparse.coo_matrix((np.ones(len(faces) * 2), (faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel())))
    links.resize(len(height), len(height))
    _, part = connected_components(links, directed=False)
    upper = np.zeros(len(faces), bool)
    shoes = np.zeros(len(faces), bool)
    for k in np.unique(part[faces[:, 0]]):
        on = part[faces[:, 0]] == k
        low, high = height[faces[on]].min(), height[faces[on]].max()
        if low < knee and high > chest:
            upper[on] = height[faces[on]].mean(1) > waist
        else:
            upper[on] = high > chest or low > waist
        shoes[on] = high < ankle + 0.12
    label = np.where(shoes, LABELS["shoes"], np.where(upper, LABELS["upper_garment"], LABELS["lower_garment"]))
    return np.repeat(label, len(piece.faces) // len(faces)).astype(np.uint8)


def skin_label(body: Body, faces: np.ndarray) -> np.ndarray:
    """Labels (T,) uint8 of faces (T, 3) of the base mesh: face skin is all of the head's, with ears, eyes and beard."""
    face, other = LABELS["face_skin"], LABELS["other_skin"]
    return np.where(of_head(body)[faces].all(1), face, other).astype(np.uint8)


@lru_cache(maxsize=1)
def of_head(body: Body) -> np.ndarray:
    """Base vertices that mostly follow the head or what hangs on it, (19158,) bool."""
    hangs = np.zeros(len(body.bones), bool)
    hangs[body.bone["head"]] = True
    for b, parent in enumerate(body.parents):  # parents come first
        hangs[b] |= parent >= 0 and hangs[parent]
    return body.weights[:, hangs].sum(1) > 0.5
