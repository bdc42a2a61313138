# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedural garments: tops, trousers, skirts and dresses cut out of the base mesh's helper tights and skirt.

A cut is a level set of coordinates that follow the body (along the arm, up the trunk), so hems are level on every body.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from .body import Body, load_body
from .noise import smooth_noise
from .topology import Subdivision, compact, neighbour_mean, vertex_normals

LEVELS = 2
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


@dataclass(frozen=True)
class Cut:
    """Where a garment ends. Arm: 0 shoulder, 1 wrist. Trunk: 0 crotch, 1 neck; legs: -1 ankle."""

    sleeve: float = -1.0
    top: float = 1.0
    bottom: float = 0.0
    vee: float = 0.0  # how much deeper the neck is in front


@dataclass
class Garment:
    """One cut garment: geometry rules and the cloth's measure."""

    cut: Cut
    ease: float  # metres it stands off the body
    flare: float = 0.0  # more ease towards sleeve and leg ends, metres
    drape: int = 4  # smoothing rounds: more lets the cloth bridge hollows
    wrinkle: float = 0.003  # ridge height, metres
    skirt: bool = False


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
        self.rest = self.subdivision(body.mean_vertices[self.base])


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


def kept(cut: Cut, arm: np.ndarray, trunk: np.ndarray, front: np.ndarray) -> np.ndarray:
    """Signed cover (V,): above 0 inside the garment, in units of limb lengths."""
    neck = cut.top - cut.vee * np.maximum(front, 0)
    on_trunk = np.minimum(np.minimum(neck - trunk, 1.0), trunk - cut.bottom)
    on_arm = cut.sleeve - arm
    return np.where(arm > 0, np.minimum(on_arm, 1.0), np.minimum(on_trunk, np.maximum(on_arm, 0.12)))


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
        self, garment: Garment, posed: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Drape on `posed: (19158, 3)` metres; returns vertices (V, 3), faces (T, 3), rest points (V, 3)."""
        cloth = self.skirt if garment.skirt else self.tights
        body = posed[cloth.base]
        normals = vertex_normals(body, cloth.coarse_faces)
        draped = body + garment.ease * normals
        for _ in range(garment.drape):
            draped = 0.4 * draped + 0.6 * (cloth.smoother @ draped)
            clearance = np.einsum("vc,vc->v", draped - body, normals)
            draped = draped + np.maximum(0.6 * garment.ease - clearance, 0)[:, None] * normals
        fine = cloth.subdivision(draped)
        for _ in range(2):
            fine = 0.5 * fine + 0.5 * (cloth.fine_smoother @ fine)
        ends = np.clip(np.where(cloth.arm > 0, cloth.arm / max(garment.cut.sleeve, 0.1), -cloth.trunk), 0, 1)
        normals = vertex_normals(fine, cloth.faces)
        ridges = 1 - 2 * np.abs(smooth_noise(cloth.rest, rng, 1 / 0.2, stretch=(1.0, 1.0, 1.6)))
        billow = smooth_noise(cloth.rest, rng, 1 / 0.25)
        offset = garment.flare * ends + garment.wrinkle * ridges + 0.4 * garment.ease * billow
        fine = fine + np.maximum(offset, -0.5 * garment.ease)[:, None] * normals
        cover = self._cover(garment, cloth)
        faces, used = compact(cloth.faces[(cover[cloth.faces] > 0).all(1)])
        return fine[used].astype(np.float32), faces, cloth.rest[used]

    @staticmethod
    def _cover(garment: Garment, cloth: Cloth) -> np.ndarray:
        if garment.skirt:  # trunk coordinate alone: the skirt is one tube round both legs
            return np.minimum(garment.cut.top - cloth.trunk, cloth.trunk - garment.cut.bottom)
        return kept(garment.cut, cloth.arm, cloth.trunk, cloth.front)

    def hides(self, garment: Garment) -> np.ndarray:
        """(19158,) bool: base vertices well under the garment."""
        if garment.skirt:
            return np.zeros(len(self.body.weights), bool)
        body = limbs(self.body)
        return kept(garment.cut, body.arm, body.trunk, body.front) > 0.05


@lru_cache(maxsize=1)
def load_tailor() -> Tailor:
    """One tailor a process."""
    return Tailor(load_body())


def sample_outfit(rng: np.random.Generator) -> list[tuple[str, Garment]]:
    """A random outfit, bottom first: [("trousers" | "skirt" | "top" | "dress skirt", garment)]."""
    loose = rng.choice([0.005, 0.010, 0.020], p=[0.35, 0.4, 0.25])
    waist = rng.uniform(0.28, 0.42)
    sleeve = rng.choice(
        [-0.05, rng.uniform(0.15, 0.5), rng.uniform(0.55, 0.8), rng.uniform(0.9, 0.98)], p=[0.1, 0.4, 0.1, 0.4]
    )
    neck = Cut(sleeve=float(sleeve), top=rng.uniform(0.88, 1.02), bottom=0.0, vee=rng.choice([0, rng.uniform(0, 0.2)]))
    hem = rng.uniform(-0.02, 0.24) if rng.random() < 0.75 else rng.uniform(-0.3, 0.0)
    tucked = rng.random() < 0.25
    hem = waist - 0.05 if tucked else hem
    wrinkle = rng.uniform(0.0005, 0.006)
    top = Garment(
        Cut(neck.sleeve, neck.top, hem, neck.vee),
        ease=float(0.004 if tucked else loose + rng.uniform(0.003, 0.008)),
        flare=float(rng.uniform(0, 0.025) if loose > 0.006 and not tucked else 0.0),
        drape=int(rng.integers(2, 10)),
        wrinkle=float(wrinkle),
    )
    if rng.random() < 0.2:
        length = float(rng.uniform(-0.85, -0.2))
        skirt = Garment(
            Cut(top=waist + 0.05 if tucked else min(waist, hem) + 0.05, bottom=length),
            ease=0.014 if tucked else 0.008,
            flare=float(rng.uniform(0, 0.08)),
            drape=int(rng.integers(1, 4)),
            wrinkle=float(wrinkle * 2),
            skirt=True,
        )
        return [("skirt", skirt), ("dress" if rng.random() < 0.5 else "top", top)]
    length = float(rng.choice([rng.uniform(-0.6, -0.2), rng.uniform(-1.02, -0.85)], p=[0.25, 0.75]))
    legs = Garment(
        Cut(sleeve=-1.0, top=waist if tucked else min(waist, hem + 0.06), bottom=length),
        ease=float(rng.choice([0.004, 0.009, 0.018], p=[0.3, 0.45, 0.25])),
        flare=float(rng.uniform(0, 0.035) * rng.integers(2)),
        drape=int(rng.integers(2, 8)),
        wrinkle=float(rng.uniform(0.0005, 0.005)),
    )
    return [("trousers", legs), ("top", top)]
