# SPDX-License-Identifier: GPL-3.0-or-later
"""One seeded person: body, expression, pose, clothes, hair and colours, as one coloured triangle soup."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from ...engine.surface.mesh import vertex_normals
from ..native.tubes import Tubes
from . import looks
from .body import Body, Shape, load_body, skin
from .clothes.fabric import Fabric, lay_panels, part_weights
from .clothes.folds import pressed_folds, squeeze
from .clothes.garment_kinds import outfit_kind, suit_kind
from .clothes.outfit import sample_outfit
from .clothes.pieces import Piece, hidden_body, load_piece, names
from .clothes.tailor import limbs, load_tailor
from .labels import LABELS, cloth_label, piece_label, skin_label
from .pose import Pose, sample_kind, sample_pose
from .soup import Layer, Paint, Soup
from .things import accessories

# Each part of a person has random numbers of its own, so that more of one thing changes nothing in the others.
PARTS = ("shape", "face", "pose", "skin", "clothes", "hair", "extras")
FEMALE, GROWN = 0.5, 0.4  # of the phenotype's gender (0 male, 1 female) and age


@dataclass(frozen=True)
class SyntheticPerson:
    """`vertices (V, 3)` metres, z up, facing -y before the pose's turn; `faces (T, 3)` int32; `colors (V, 3)` linear
    albedo; `alpha (V,)` of hair cards, 1 elsewhere; `gloss (V,)` 0..1; `fabric (T,)` the cloth of a face, index into
    `fabrics`, or -1: then the vertices' colours count; `rest (V, 3)` and `part (T,)`: where a fabric is asked; `label
    (T,)` uint8 what a face is part of (see labels.py); `uv (T, 3, 2)` texture coordinates for fabrics that are mapped;
    `tubes`: which of it are locks of hair.

    `joints (104, 3)` posed bone heads and `base (19158, 3)` the naked posed body, metres; `kind` of the pose; `shape`
    of the body; `garments`: their kind, see `garment_kinds`."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray
    alpha: np.ndarray
    gloss: np.ndarray
    rest: np.ndarray
    fabric: np.ndarray
    part: np.ndarray
    label: np.ndarray
    uv: np.ndarray
    tubes: Tubes | None
    fabrics: tuple[Paint, ...]
    layers: tuple[Layer, ...]
    joints: np.ndarray
    base: np.ndarray
    kind: str
    shape: Shape
    garments: str

    def seen_through(self, framing: Callable[[np.ndarray], np.ndarray]) -> "SyntheticPerson":
        """The same with vertices in field space, as `render.render_person` takes it."""
        return replace(self, vertices=framing(self.vertices))

    def skin_weights(self) -> np.ndarray:
        """How much each vertex follows each bone, (V, 104) float32, rows sum to 1."""
        return np.concatenate([layer.weights()[layer.used] for layer in self.layers])

    def paint(self, side, colors: np.ndarray) -> np.ndarray:
        """Albedo (P, 3) of the fragments `side` (see `raster.Fragments`), whose interpolated vertex colours are given:
        the same, but for cloth what its fabric shows there."""
        worn = self.fabric[side.seen]
        clothed = np.flatnonzero(worn >= 0)
        if not len(clothed):
            return colors
        colors, rest, part = colors.copy(), side.interpolate(self.rest), self.part[side.seen]
        for k, fabric in enumerate(self.fabrics):
            on = clothed[worn[clothed] == k]
            if fabric.mapped:
                uv, spacing = self._on_texture(side, on)
                colors[on] = fabric(rest[on], uv, spacing)
            else:
                colors[on] = fabric(rest[on], part[on])
        return colors

    def _on_texture(self, side, on: np.ndarray) -> tuple[np.ndarray, float]:
        """Texture coordinates (P, 2) of some fragments, and how far apart they lie, in texels of 2048."""
        seen = side.seen[on]
        uv = np.einsum("pk,pkc->pc", side.weights[on], self.uv[seen])
        a, b = (self.uv[np.unique(seen)][:, k] - self.uv[np.unique(seen)][:, 0] for k in (1, 2))
        area = 0.5 * np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
        return uv, 2048 * float(np.sqrt(area / max(len(on), 1)))


def generator(seed: int, split: str, part: str) -> np.random.Generator:
    """The random numbers of one part of a person."""
    return np.random.default_rng([seed, {"train": 0, "test": 1}[split], PARTS.index(part)])


def pose_kind(seed: int, split: str = "train") -> str:
    """The class of the pose that `make_person` gives this seed, without making the person."""
    return sample_kind(generator(seed, split, "pose"))


class Maker:
    def __init__(self, seed: int, split: str):
        self.split = split
        self.rng = {part: generator(seed, split, part) for part in PARTS}
        self.body = load_body()
        self.shape = self.body.sample_shape(self.rng["shape"])
        self.rest = self._face()
        pose = self._pose()
        self.kind = pose.kind
        self.transforms = self.body.bone_transforms(self.shape.heads, pose.rotations)
        self.posed = skin(self.rest, self.body.weights, self.transforms)
        self.joints = np.einsum("bij,bj->bi", self.transforms[:, :, :3], self.shape.heads) + self.transforms[:, :, 3]
        self.feminine = self.shape.phenotype["gender"] > FEMALE
        self.grown = self.shape.phenotype["age"] > GROWN
        self.soup = Soup()
        self.hidden = np.zeros(len(self.rest), bool)
        self.trunk: list[np.ndarray] = [self.posed[self._on_trunk(limbs(self.body).arm, limbs(self.body).trunk)]]

    def make(self) -> SyntheticPerson:
        tone = looks.skin_tone(self.rng["skin"])
        hair = looks.hair_tone(self.rng["hair"], tone)
        worn = self._dress()
        self._grow_hair(hair)
        self._skin(tone, hair, worn)
        self._extras()
        return self._person()

    def _face(self) -> np.ndarray:
        """Rest vertices (19158, 3) with an expression."""
        return self.body.express(self.shape.vertices, _expression(self.body, self.rng["face"]))

    def _pose(self) -> Pose:
        return sample_pose(self.body, self.shape.heads, self.rng["pose"])

    def _person(self) -> SyntheticPerson:
        return SyntheticPerson(
            **self.soup.merged(),
            joints=self.joints.astype(np.float32),
            base=self.posed.astype(np.float32),
            kind=self.kind,
            shape=self.shape,
            garments=self.garments,
        )

    @staticmethod
    def _on_trunk(arm: np.ndarray, trunk: np.ndarray) -> np.ndarray:
        return (arm <= 0) & (trunk > -0.1) & (trunk < 1.12)

    def _dress(self) -> list[Piece]:
        """A suit of the wardrobe or a procedural outfit; shoes."""
        rng, worn = self.rng["clothes"], []
        if rng.random() < 0.25:
            suits = names("clothes", "male_", self.split) + names("clothes", "female_", self.split)
            worn.append(load_piece("clothes", str(rng.choice(suits)), 1))
            self.garments = suit_kind(worn[-1].name)
            self._wear(worn[-1], rng)
        else:
            self._sew(rng)
        if rng.random() < 0.9:
            shoes = names("clothes", "shoes", self.split)
            worn.append(load_piece("clothes", str(rng.choice(shoes)), 0))
            self._wear(worn[-1], rng)
        return worn

    def _sew(self, rng) -> None:
        tailor, cut_from = load_tailor(), {}
        panels = lay_panels(self.body, self.body.mean_heads)
        outfit = sample_outfit(rng)
        self.garments = outfit_kind(outfit)
        for k, garment in enumerate(outfit):
            cloth = tailor.cloth_of(garment)
            over = [other for other in outfit[k + 1 :] if other.cloth != garment.cloth]
            vertices, faces, used = tailor.sew(garment, over, self.shape.vertices, self.posed, rng)
            fabric = cut_from.setdefault(garment.cloth, Fabric(rng, panels, self.split))
            if not len(faces):
                continue
            self.soup.add(
                Layer(
                    vertices, faces, lambda c=cloth, u=used: c.subdivision(c.weights)[u], fabric=fabric,
                    rest=cloth.rest[used], part=cloth.part[used][faces[:, 0]], gloss=float(rng.uniform(0, 0.2)),
                    label=cloth_label(garment.cloth),
                )
            )  # fmt: skip
            self.hidden |= tailor.hides(garment)
            self.trunk.append(vertices[self._on_trunk(cloth.arm[used], cloth.trunk[used])])

    def _wear(self, piece: Piece, rng) -> None:
        coarse = piece.rest_vertices(self.rest)
        posed = skin(coarse, piece.weights, self.transforms)
        fine, rest_fine = piece.subdivision(posed), piece.subdivision(coarse)
        if piece.subdivision.edges:
            fine = 0.6 * fine + 0.4 * (piece.smoother @ fine)
            ridge = 1 - 2 * np.abs(looks.smooth_noise(rest_fine, rng, 1 / 0.08))
            direction, strength = squeeze(piece.coarse_faces, coarse, posed, piece.coarse_smoother)
            direction, strength = piece.subdivision(direction), piece.subdivision(strength)
            pressed = pressed_folds(rest_fine, cKDTree(rest_fine), direction, strength, rng)
            lift = rng.uniform(0, 0.003) * ridge + rng.uniform(0.002, 0.01) * pressed + self._relief(piece)
            fine = fine + lift[:, None] * vertex_normals(fine, piece.faces)
        texel, fabric, colors, part = piece.texel(), None, None, None
        if texel is not None and rng.random() < 0.5:
            color = texel[:, :3] * rng.uniform(0.6, 1.3) * np.clip(rng.normal(1, 0.2, 3), 0.4, 1.6)
            colors = looks.to_linear(color[:, rng.permutation(3)] if rng.random() < 0.3 else color)
        else:
            fabric = Fabric(rng, lay_panels(self.body, self.shape.heads), self.split)
            part = (piece.weights @ part_weights(self.body)).argmax(1)
            part = np.repeat(part[piece.coarse_faces[:, 0]], len(piece.faces) // len(piece.coarse_faces))
        self.soup.add(
            Layer(
                fine, piece.faces, lambda: piece.subdivision(piece.weights), colors=colors, fabric=fabric,
                rest=rest_fine, part=part, gloss=float(rng.uniform(0, 0.4)), label=piece_label(piece),
            )
        )  # fmt: skip

    def _relief(self, piece: Piece) -> np.ndarray | float:
        """Height (V,) metres of folds and seams that a fitted piece has of its own."""
        return 0.0

    def _grow_hair(self, tone) -> None:
        rng = self.rng["hair"]
        hat = rng.random()
        if hat < 0.04:
            self._wear(load_piece("clothes", str(rng.choice(names("clothes", "fedora"))), 1), rng)
        elif hat < 0.9:
            piece = load_piece("hair", str(rng.choice(names("hair", "", self.split))), 0)
            rest = _fluff(piece.rest_vertices(self.rest), self.rest, self.body, rng)
            texel = piece.texel()
            alpha = texel[:, 3] if texel is not None and texel.shape[1] == 4 else None
            faces = piece.faces if alpha is None else piece.faces[alpha[piece.faces].mean(1) > 0.25]
            shade = 1.0 if texel is None else texel[:, :3].mean(1, keepdims=True) / max(texel[:, :3].mean(), 0.05)
            shade = np.clip(shade, 0.4, 1.8) * (1 + 0.12 * looks.smooth_noise(rest, rng, 1 / 0.03)[:, None])
            self.soup.add(
                Layer(
                    skin(rest, piece.weights, self.transforms), faces, lambda: piece.weights,
                    colors=looks.to_linear(tone * np.clip(shade, 0.3, 2) * np.ones((len(rest), 3))), alpha=alpha,
                    gloss=0.3, label=LABELS["hair"],
                )
            )  # fmt: skip

    def _skin(self, tone, hair, worn: list[Piece]) -> None:
        rng, body = self.rng["skin"], self.body
        colors = looks.paint_body(body, self.rest, tone, self.feminine, rng)
        posed = self.posed
        if self.grown and not self.feminine and rng.random() < 0.45:
            cover, thick = looks.beard(body, self.rest, rng)
            colors = colors + cover[:, None] * (0.85 * hair - colors)
            if thick:
                rough = 1 + 0.35 * looks.smooth_noise(self.rest, rng, 1 / 0.01)
                lift = (thick * cover * rough)[:, None]
                posed = posed + lift * vertex_normals(posed, body.group_faces("body"))
        colors = looks.to_linear(colors)
        _paint_brows(colors, self.rest, looks.to_linear(0.7 * hair), rng)
        if rng.random() < 0.2:  # shaved or bald: a cap of stubble
            scalp = _scalp(body, self.rest) * rng.uniform(0.1, 0.8)
            colors = colors * (1 - scalp[:, None]) + looks.to_linear(hair) * scalp[:, None]
        # Else the mouth is a cave, and lips get a hole; so it is capped flat.
        hidden = self.hidden | hidden_body(body, worn) | (body.mask("inside_mouth") > 0.5)
        faces = body.group_faces("body")
        eyes = np.concatenate([body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])
        gloss = float(rng.uniform(0.1, 0.35))
        for shown, color, shine in (
            (faces[~hidden[faces].all(1)], colors, gloss),
            (eyes, looks.paint_eyes(body, self.rest, rng), 0.8),
        ):
            label = skin_label(body, shown)
            self.soup.add(Layer(posed, shown, lambda: body.weights, colors=color, gloss=shine, label=label))

    def _extras(self) -> None:
        rng = self.rng["extras"]
        if rng.random() < 0.22:
            head = self.body.bone["head"]
            for solid in accessories.glasses(self.body, self.rest, rng):
                turn = self.transforms[head]
                self._attach(solid, "head", solid.vertices @ turn[:, :3].T + turn[:, 3])
        trunk = np.concatenate(self.trunk)
        towards = self._trunk_axes()
        at = {name: self.joints[i] for name, i in self.body.bone.items()}
        if rng.random() < 0.08:
            for solid in accessories.scarf(trunk, at["neck01"], towards, rng.uniform(0.1, 0.9, 3), rng):
                self._attach(solid, "spine01")
        if self.kind != "hard" and rng.random() < 0.12:
            shoulders, hips = (
                np.stack([at[f"{name}.{side}"] for side in "LR"]) for name in ("upperarm01", "upperleg01")
            )
            color = np.clip(rng.uniform(0.05, 0.8) * rng.normal(1, 0.25, 3), 0.03, 0.95)
            for solid in accessories.bag(trunk, shoulders, hips, towards, color, rng):
                self._attach(solid, "spine02")

    def _trunk_axes(self) -> np.ndarray:
        """Rows left, ahead, up of the posed trunk."""
        at = {name: self.joints[i] for name, i in self.body.bone.items()}
        up = at["neck01"] - at["spine05"]
        up /= np.linalg.norm(up)
        left = at["upperarm01.L"] - at["upperarm01.R"] + at["upperleg01.L"] - at["upperleg01.R"]
        left -= (left @ up) * up
        left /= np.linalg.norm(left)
        return np.stack([left, np.cross(up, left) * -1, up])

    def _attach(self, solid: accessories.Solid, bone: str, vertices: np.ndarray | None = None) -> None:
        vertices = solid.vertices if vertices is None else vertices
        weights = np.zeros((len(vertices), len(self.body.bones)), np.float32)
        weights[:, self.body.bone[bone]] = 1
        colors = np.tile(looks.to_linear(solid.color), (len(vertices), 1))
        thing = LABELS["thing"]
        self.soup.add(Layer(vertices, solid.faces, lambda: weights, colors=colors, gloss=solid.gloss, label=thing))


def _expression(body: Body, rng: np.random.Generator) -> dict[str, float]:
    """Still faces are seldom: mostly a hint of something, a smile above all."""
    draw = rng.random()
    if draw < 0.2:
        return {}
    found = [str(name) for name in body.arrays["face_names"] if name != "tongueOut"]
    actions = {}
    if draw < 0.7:
        strength = rng.uniform(0.1, 0.9)
        actions = {f"mouthSmile{side}": strength * rng.uniform(0.8, 1) for side in ("Left", "Right")}
        actions |= {f"cheekSquint{side}": 0.5 * strength for side in ("Left", "Right")}
    small = rng.choice(found, 4, replace=False)
    actions |= {str(name): rng.uniform(0, 0.35 if draw < 0.9 else 0.7) for name in small}
    if rng.random() < 0.15:
        actions["jawOpen"] = rng.uniform(0, 0.35)
    return actions


def _fluff(hair: np.ndarray, rest: np.ndarray, body: Body, rng: np.random.Generator) -> np.ndarray:
    """Hair with more or less volume, some of it wavy; `hair`, `rest` in rest, metres."""
    eyes = rest[np.unique(np.r_[body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])].mean(0)
    centre = eyes + [0, 0.08, 0.03]
    out = hair - centre
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    volume = rng.uniform(0.001, 0.008) if rng.random() < 0.55 else rng.uniform(0.008, 0.03)
    behind = np.clip((hair[:, 1] - eyes[1] + 0.02) / 0.06, 0, 1)  # not into the face
    lift = volume * (1 + 0.5 * looks.smooth_noise(hair, rng, 1 / 0.08))
    if rng.random() < 0.35:
        lift = lift + rng.uniform(0.001, 0.006) * looks.smooth_noise(hair, rng, 1 / rng.uniform(0.02, 0.05))
    return (hair + (behind * lift)[:, None] * out).astype(np.float32)


def _paint_brows(colors, rest, tone, rng) -> None:
    piece = load_piece("eyebrows", str(rng.choice(names("eyebrows"))), 1)
    brow = piece.subdivision(piece.rest_vertices(rest))
    texel = piece.texel()
    assert texel is not None  # brows are nothing but a picture
    alpha = texel[:, 3]
    strength = np.zeros(len(rest), np.float32)
    near = np.flatnonzero(np.linalg.norm(rest - brow.mean(0), axis=1) < 0.12)
    gap, nearest = cKDTree(brow).query(rest[near])
    strength[near] = np.exp(-((gap / 0.003) ** 2)) * alpha[nearest] * rng.uniform(0.5, 1)
    colors *= 1 - strength[:, None]
    colors += strength[:, None] * tone


def _scalp(body: Body, rest) -> np.ndarray:
    head = rest[body.group_faces("helper-hair").min()]
    crown = rest[:13380, 2].max()
    eyes = rest[np.unique(body.group_faces("helper-l-eye"))].mean(0)
    high = np.clip((rest[:, 2] - (eyes[2] + 0.3 * (crown - eyes[2]))) / 0.02, 0, 1)
    back = np.clip((rest[:, 1] - eyes[1] - 0.06) / 0.02, 0, 1) * (rest[:, 2] > eyes[2] - 0.06)
    return np.maximum(high, back).astype(np.float32) * (rest[:, 2] > head[2] - 0.3)
