# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural garments: tops, trousers, skirts, jackets cut out of the base mesh's helper tights and skirt.

A cut is a level set of coordinates that follow the body (along the arm, up the trunk), so hems are level on every body.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.spatial import cKDTree

from ....engine.surface.mesh import vertex_normals
from ..body import Body, load_body
from ..noise import smooth_noise
from ..topology import Subdivision, compact, neighbour_mean
from .fabric import lay_panels, part_weights
from .folds import pressed_folds, squeeze
from .outfit import Garment

LEVELS = 2
WELL_UNDER = 0.02
SNUG = 0.004  # metres off the body, of what fits closely
ARM_BONES = (
    "clavicle",
    "shoulder01",
    "upperarm01",
    "upperarm02",
    "lowerarm01",
    "lowerarm02",
    "wrist",
    "finger",
    "metacarpal",
)


class Cloth:
    """The tights or the skirt helper, subdivided, with body coordinates on every vertex."""

    def __init__(self, body: Body, group: str):
        faces, self.base = compact(body.group_faces(group))
        self.subdivision = Subdivision(faces, len(self.base), LEVELS)
        self.faces = self.subdivision.faces
        self.smoother = neighbour_mean(faces, len(self.base))
        self.fine_smoother = neighbour_mean(self.faces, self.subdivision.vertex_count)
        self.coarse_faces = faces
        self.arm, self.trunk, self.front = (
            self.subdivision(values[self.base]) for values in (limbs(body).arm, limbs(body).trunk, limbs(body).front)
        )
        self.coarse_trunk = limbs(body).trunk[self.base]
        self.rest = self.subdivision(body.mean_vertices[self.base])
        self.tree = cKDTree(self.rest)
        self.weights = body.weights[self.base]
        self.part = (self.subdivision(self.weights @ part_weights(body))).argmax(1)
        up = lay_panels(body, body.mean_heads).axes[:, 2]
        self.limb_axes = up[self.part]
        if group == "helper-skirt":  # one tube round both legs
            self.part[:] = 0


@dataclass(frozen=True)
class Limbs:
    """Coordinates that follow the body, for every base vertex. `arm`: 0 shoulder .. 1 wrist (below 0: trunk);
    `trunk`: 0 crotch .. 1 neck, down to -1 at the ankles; `front`: -1 back .. 1 chest side."""

    arm: np.ndarray
    trunk: np.ndarray
    front: np.ndarray


@lru_cache(maxsize=1)
def limbs(body: Body) -> Limbs:
    """Body coordinates measured on the mean body in rest pose."""
    vertices, heads = body.mean_vertices, body.mean_heads
    on_arm = sum(body.weights[:, i] for i, name in enumerate(body.bones) if name.startswith(ARM_BONES[2:]))
    arm = np.full(len(vertices), -1.0, np.float32)
    for side in "LR":
        shoulder, elbow, wrist = (heads[body.bone[f"{b}.{side}"]] for b in ("upperarm01", "lowerarm01", "wrist"))
        own = on_arm * (np.sign(vertices[:, 0]) == np.sign(shoulder[0])) > 0.35
        upper = (vertices - shoulder) @ (elbow - shoulder) / ((elbow - shoulder) @ (elbow - shoulder))
        lower = (vertices - elbow) @ (wrist - elbow) / ((wrist - elbow) @ (wrist - elbow))
        along = np.where(upper < 1, 0.5 * upper, 0.5 + 0.5 * np.maximum(lower, 0))
        arm = np.where(own, along, arm)
    crotch, neck = heads[body.bone["upperleg01.L"]][2] - 0.07, heads[body.bone["neck01"]][2] + 0.02
    ankle = heads[body.bone["foot.L"]][2] - 0.03
    z = vertices[:, 2]
    trunk = np.where(z > crotch, (z - crotch) / (neck - crotch), -(crotch - z) / (crotch - ankle)).astype(np.float32)
    front = np.clip(-(vertices[:, 1] + 0.01) / 0.1, -1, 1).astype(np.float32)
    return Limbs(arm.astype(np.float32), trunk, front)


def covered(garment: Garment, arm, trunk, front, side) -> np.ndarray:
    """Signed cover (V,) of points of the body or of a cloth, above 0 inside the garment, in units of limb lengths;
    `side`: distance from the middle, metres."""
    cut = garment.cut
    if garment.skirt:  # one tube round both legs
        cover = np.where(arm > 0, -1.0, np.minimum(cut.top - trunk, trunk - cut.bottom))
    else:
        neck = cut.top - cut.vee * np.maximum(front, 0)
        on_trunk = np.minimum(np.minimum(neck - trunk, 1.0), trunk - cut.bottom)
        on_arm = cut.sleeve - arm
        cover = np.where(arm > 0, np.minimum(on_arm, 1.0), np.minimum(on_trunk, np.maximum(on_arm, 0.12)))
    if cut.opening:
        width = np.maximum(cut.opening + cut.spread * np.clip(1 - trunk, 0, 2), 0.008)
        cover = np.where((front > 0) & (arm <= 0), np.minimum(cover, side - width), cover)
    return cover


class Tailor:
    """Cuts and drapes garments on posed bodies; load it with `load_tailor`."""

    def __init__(self, body: Body):
        self.body = body

    @cached_property
    def tights(self) -> Cloth:
        return Cloth(self.body, "helper-tights")

    @cached_property
    def skirt(self) -> Cloth:
        return Cloth(self.body, "helper-skirt")

    def sew(
        self, garment: Garment, over: list[Garment], rest: np.ndarray, posed: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Drape over a body, `rest` and `posed: (19158, 3)` metres, leaving out what lies well under the garments worn
        `over` this one: there it would poke through; returns vertices (V, 3), faces (T, 3) and which of the cloth's
        vertices these are (V,), see `cloth_of`."""
        cloth = self.cloth_of(garment)
        body = posed[cloth.base]
        normals = vertex_normals(body, cloth.coarse_faces)
        ease = garment.ease + np.clip((cloth.coarse_trunk - garment.snug) / 0.15 + 1, 0, 1) * (SNUG - garment.ease)
        draped = body + ease[:, None] * normals
        for _ in range(garment.drape):
            # Off the surface only: along it the mean of neighbours drifts towards quads' diagonals, and hems zigzag.
            draped += 0.6 * np.einsum("vc,vc->v", cloth.smoother @ draped - draped, normals)[:, None] * normals
            clearance = np.einsum("vc,vc->v", draped - body, normals)
            draped += np.maximum(0.8 * ease - clearance, 0)[:, None] * normals
        fine = cloth.subdivision(draped)
        for _ in range(2):
            fine = 0.5 * fine + 0.5 * (cloth.fine_smoother @ fine)
        normals = vertex_normals(fine, cloth.faces)
        offset = self._folds(garment, cloth, rest, body, rng)
        where = cloth.arm, cloth.trunk, cloth.front, np.abs(cloth.rest[:, 0])
        under = np.max([np.full(len(fine), -1.0), *(covered(other, *where) for other in over)], 0)
        # What has cloth over it stays low, what has cloth under it high.
        offset = np.maximum(offset, (-0.1 if garment.cloth == "jacket" else -0.25) * garment.ease)
        offset = np.where(under > -0.03, np.minimum(offset, 0.001), offset)
        fine = fine + offset[:, None] * normals
        cover = np.minimum(covered(garment, *where), WELL_UNDER - under)
        shown = (cover[cloth.faces] > 0).any(1)
        faces, used = compact(cloth.faces[shown])
        return _hemmed(fine[used], faces, cover[used]).astype(np.float32), faces, used

    def cloth_of(self, garment: Garment) -> Cloth:
        return self.skirt if garment.skirt else self.tights

    @staticmethod
    def _folds(garment: Garment, cloth: Cloth, rest, body, rng) -> np.ndarray:
        """How far the cloth stands off its smooth drape, (V,) metres."""
        ends = np.clip(np.where(cloth.arm > 0, cloth.arm / max(garment.cut.sleeve, 0.1), -cloth.trunk), 0, 1)
        ridges = 1 - 2 * np.abs(smooth_noise(cloth.rest, rng, 1 / 0.2, stretch=(1.0, 1.0, 1.6)))
        billow = smooth_noise(cloth.rest, rng, 1 / 0.25)
        direction, strength = squeeze(cloth.coarse_faces, rest[cloth.base], body, cloth.smoother)
        direction, strength = cloth.subdivision(direction), cloth.subdivision(strength)
        # Sleeves and trouser legs bunch where they end on wrist and foot, pressed along the limb.
        cuff = np.exp(-(((np.where(cloth.arm > 0, 1 - cloth.arm, 1 + cloth.trunk)) / 0.1) ** 2))
        cuff = np.where((cloth.arm > 0) == (garment.cut.sleeve > 0.85), cuff, 0) * (not garment.skirt)
        along = np.where(cloth.arm[:, None] > 0, cloth.limb_axes, np.array([0.0, 0, 1]))
        direction = np.where((cuff > strength)[:, None], along, direction)
        pressed = pressed_folds(cloth.rest, cloth.tree, direction, np.maximum(strength, 0.5 * cuff), rng)
        offset = garment.flare * ends + 0.4 * garment.ease * billow
        offset += garment.wrinkle * (0.6 * ridges + 1.8 * pressed)
        if garment.hang:
            low = np.clip((0.75 - cloth.trunk) / 1.2, 0, 1) * (cloth.arm <= 0)
            offset += garment.hang * low * smooth_noise(cloth.rest, rng, 1 / 0.1, stretch=(1.0, 1.0, 0.15))
        return offset

    def hides(self, garment: Garment) -> np.ndarray:
        """(19158,) bool: base vertices well under the garment."""
        if garment.skirt:
            return np.zeros(len(self.body.weights), bool)
        body, side = limbs(self.body), np.abs(self.body.mean_vertices[:, 0])
        return covered(garment, body.arm, body.trunk, body.front, side) > WELL_UNDER


def _hemmed(vertices: np.ndarray, faces: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Draw what lies beyond the hem (cover below 0) back to it, along the edges that cross it; else hems are jagged."""
    i, j = faces[:, [0, 1, 2, 1, 2, 0]].ravel(), faces[:, [1, 2, 0, 0, 1, 2]].ravel()
    crossing = (cover[i] <= 0) & (cover[j] > 0)
    i, j = i[crossing], j[crossing]
    beyond = -cover[i] / np.maximum(cover[j] - cover[i], 1e-6)
    meets = vertices[i] + beyond[:, None] * (vertices[j] - vertices[i])
    count = np.bincount(i, minlength=len(vertices))
    out = vertices.copy()
    for k in range(3):
        out[count > 0, k] = np.bincount(i, meets[:, k], len(vertices))[count > 0] / count[count > 0]
    return out


@lru_cache(maxsize=1)
def load_tailor() -> Tailor:
    """One tailor a process."""
    return Tailor(load_body())
