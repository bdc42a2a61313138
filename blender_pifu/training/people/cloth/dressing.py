# SPDX-License-Identifier: GPL-3.0-or-later
"""Dresses a person in cloth that hangs: shoes first, then an outfit over body and shoes."""

from pathlib import Path

import numpy as np

from ..body import Body
from ..clothes.fabric import Fabric, lay_panels
from ..clothes.garment_kinds import outfit_kind, suit_kind
from ..clothes.pieces import Piece, load_piece, names
from ..labels import cloth_label
from ..person import Maker
from ..soup import Layer
from .drape import Draped, Stance, drape_soundly
from .hems import lined
from .mannequin import Shoes
from .pattern import base_places, cover
from .relief import suit_relief
from .solver import mesh_normals, nearest
from .wardrobe import sample_garments

SUITS = 0.15  # share of people in a fitted suit of the wardrobe
SHOD = 0.93
SEATED = 0.65  # cosine between thigh and trunk
MOST_FACES = 130_000  # of a suit
UNDER = 0.015  # cover from which on skin is left out, in limb lengths, where cloth lies over it
THICK_M = {"jacket": 0.003}  # of hems; else
THIN_M = 0.0018
RINGS = {"jacket": 10, "skirt": 8, "dress": 6}  # faces that a hem is wide; else
NARROW = 4


class Dresser(Maker):
    """A maker of people that dresses them so. `assets`: folder of source assets, or None: then suits have no folds of
    their own."""

    assets: Path | None = None

    def _dress(self) -> list[Piece]:
        """Shoes, and a suit of the wardrobe or an outfit that hangs; returns the fitted pieces."""
        rng, worn, shoes = self.rng["clothes"], [], None
        if rng.random() < SHOD:
            piece = load_piece("clothes", str(rng.choice(names("clothes", "shoes", self.split))), 0)
            worn.append(piece)
            self._wear(piece, rng)
            shoes = Shoes(piece.rest_vertices(self.rest), piece.weights, piece.coarse_faces)
        if rng.random() < SUITS:
            suits = names("clothes", "male_", self.split) + names("clothes", "female_", self.split)
            worn.append(_suit(str(rng.choice(suits))))
            self.garments = suit_kind(worn[-1].name)
            self._wear(worn[-1], rng)
        else:
            self._hang(shoes, rng)
        return worn

    def _relief(self, piece: Piece) -> np.ndarray | float:
        """Height (V,) metres of the folds and seams in a suit's own maps."""
        return 0.0 if self.assets is None else suit_relief(piece, self.assets)

    def _hang(self, shoes: Shoes | None, rng) -> None:
        outfit = sample_garments(rng, self.feminine, self._seated())
        self.garments = outfit_kind(outfit)
        draped = drape_soundly(self._stance(), outfit, shoes, rng)
        fabrics, panels = {}, lay_panels(self.body, self.body.mean_heads)
        for one in draped:
            fabric = fabrics.setdefault(one.garment.cloth, Fabric(rng, panels, self.split))
            self.soup.add(_layer(self.body, one, fabric, float(rng.uniform(0, 0.2))))
            self.hidden |= _hidden(self.body, self.posed, one)
            at = one.pattern(np.stack([base_places(self.body).arm, base_places(self.body).trunk], 1))
            self.trunk.append(one.vertices[self._on_trunk(at[:, 0], at[:, 1])])

    def _seated(self) -> bool:
        """Whether a thigh points more ahead than down."""
        up, hips, knees = (
            np.stack([self.joints[self.body.bone[f"{name}.{s}"]] for s in "LR"])
            for name in ("upperarm01", "upperleg01", "lowerleg01")
        )
        trunk, thighs = (up - hips).mean(0), knees - hips
        lengths = np.linalg.norm(trunk) * np.linalg.norm(thighs, axis=1)
        return bool((-(thighs @ trunk) / lengths).min() < SEATED)

    def _stance(self) -> Stance:
        """The pose as rotations in their parents' frames, which the bones' transforms hold."""
        turned = self.transforms[:, :, :3]
        rotations = turned.copy()
        for b, parent in enumerate(self.body.parents):
            if parent >= 0:
                rotations[b] = turned[parent].T @ turned[b]
        return Stance(self.body, self.rest, self.shape.heads, rotations)


def _suit(name: str) -> Piece:
    """As fine as folds of a centimetre need, where that is not too many vertices."""
    coarse = load_piece("clothes", name, 0)
    return load_piece("clothes", name, 2 if 16 * len(coarse.faces) < MOST_FACES else 1)


def _layer(body: Body, one: Draped, fabric: Fabric, gloss: float) -> Layer:
    cloth = one.garment.cloth
    made = lined(one.vertices, one.pattern.triangles(), RINGS.get(cloth, NARROW), THICK_M.get(cloth, THIN_M))
    source = made.source
    return Layer(
        made.vertices, made.faces, lambda: one.pattern.weights(body)[source], fabric=fabric,
        rest=one.pattern(body.mean_vertices)[source], part=one.panel.argmax(1)[source][made.faces[:, 0]], gloss=gloss,
        label=cloth_label(cloth),
    )  # fmt: skip


def _hidden(body: Body, posed: np.ndarray, one: Draped) -> np.ndarray:
    """Base vertices (19158,) well under a garment as cut that have its cloth over them as it hangs."""
    hidden = np.zeros(len(posed), bool)
    if one.garment.cut is None:
        return hidden
    under = np.flatnonzero(cover(one.garment.cut, base_places(body)) > UNDER)
    normals = mesh_normals(posed, body.group_faces("body"))[under]
    cloth = np.ascontiguousarray(one.vertices, np.float32)
    found = nearest(
        cloth, mesh_normals(cloth, one.pattern.triangles()), np.zeros(len(cloth), np.uint8),
        np.ascontiguousarray(posed[under], np.float32), normals, np.ones(len(under), np.uint32), 0.04, 0.0,
    )  # fmt: skip
    beyond = cloth[found] - posed[under]
    height = np.einsum("nc,nc->n", beyond, normals)
    aside = np.linalg.norm(beyond - height[:, None] * normals, axis=1)
    hidden[under] = (found >= 0) & (height > 0) & (aside < 0.012)
    return hidden
