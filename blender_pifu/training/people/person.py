# SPDX-License-Identifier: GPL-3.0-or-later
"""One seeded person: body, expression, pose, clothes, hair and colours, as one coloured triangle soup."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from . import looks
from .body import Body, Shape, load_body, skin
from .pieces import Piece, hidden_body, load_piece, names
from .pose import sample_kind, sample_pose
from .tailor import load_tailor, sample_outfit
from .topology import compact, vertex_normals


@dataclass
class Person:
    """`vertices (V, 3)` metres, z up, facing -y before the pose's turn; `faces (T, 3)` int32; `colors (V, 3)` linear
    albedo; `alpha (V,)` of hair cards, 1 elsewhere; `gloss (V,)` 0..1; `joints (104, 3)` posed bone heads, metres;
    `kind` of the pose; `shape` of the body."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray
    alpha: np.ndarray
    gloss: np.ndarray
    joints: np.ndarray
    kind: str
    shape: Shape


class _Soup:
    """Collects layers."""

    def __init__(self) -> None:
        self.layers: list[tuple[np.ndarray, ...]] = []

    def add(self, vertices, faces, colors, alpha=None, gloss=0.1) -> None:
        faces, used = compact(faces)
        alpha = np.ones(len(used), np.float32) if alpha is None else alpha[used].astype(np.float32)
        self.layers.append((vertices[used], faces, colors[used], alpha, np.full(len(used), gloss, np.float32)))

    def merged(self) -> tuple[np.ndarray, ...]:
        starts = np.cumsum([0] + [len(layer[0]) for layer in self.layers])
        faces = [layer[1] + start for layer, start in zip(self.layers, starts, strict=False)]
        vertices, colors, alpha, gloss = (np.concatenate([layer[k] for layer in self.layers]) for k in (0, 2, 3, 4))
        return (
            vertices.astype(np.float32),
            np.concatenate(faces).astype(np.int32),
            colors.astype(np.float32),
            alpha,
            gloss,
        )


def make_person(seed: int, split: str = "train") -> Person:
    """The person of `seed`; "test" people wear what training never sees, and have seeds of their own."""
    body = load_body()
    rng, shape, actions = _begin(body, seed, split)
    rest = body.express(shape.vertices, actions)
    pose = sample_pose(body, shape.heads, rng)
    transforms = body.bone_transforms(shape.heads, pose.rotations)
    posed = skin(rest, body.weights, transforms)
    skin_tone = looks.skin_tone(rng)
    hair_tone = looks.hair_tone(rng, skin_tone)

    soup = _Soup()
    worn: list[Piece] = []
    hidden = _dress(soup, rest, posed, transforms, worn, rng, split)
    shoes = names("clothes", "shoes", split)
    if rng.random() < 0.9:
        worn.append(load_piece("clothes", str(rng.choice(shoes)), 0))
        _wear(soup, worn[-1], rest, transforms, rng)
    _grow_hair(soup, rest, transforms, hair_tone, rng, split)
    hidden |= hidden_body(body, worn)

    colors = looks.paint_body(body, rest, skin_tone, rng)
    _paint_brows(colors, rest, looks.to_linear(0.7 * hair_tone), rng)
    if rng.random() < 0.2:  # shaved or bald: a cap of stubble
        scalp = _scalp(body, rest) * rng.uniform(0.1, 0.8)
        colors = colors * (1 - scalp[:, None]) + looks.to_linear(hair_tone) * scalp[:, None]
    hidden |= body.mask("inside_mouth") > 0.5  # else the mouth is a cave, and lips get a hole; so it is capped flat
    faces = body.group_faces("body")
    soup.add(posed, faces[~hidden[faces].all(1)], colors, gloss=float(rng.uniform(0.1, 0.35)))
    eyes = np.concatenate([body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])
    soup.add(posed, eyes, looks.paint_eyes(body, rest, rng), gloss=0.8)
    joints = np.einsum("bij,bj->bi", transforms[:, :, :3], shape.heads) + transforms[:, :, 3]
    return Person(*soup.merged(), joints.astype(np.float32), pose.kind, shape)


def pose_kind(seed: int, split: str = "train") -> str:
    """The class of the pose that `make_person` gives this seed, without making the person."""
    return sample_kind(_begin(load_body(), seed, split)[0])


def _begin(body: Body, seed: int, split: str) -> tuple[np.random.Generator, Shape, dict[str, float]]:
    """The seed's random numbers, up to where the pose is drawn; shape; facial actions."""
    rng = np.random.default_rng([seed, {"train": 0, "test": 1}[split]])
    return rng, body.sample_shape(rng), _expression(body, rng)


def _expression(body: Body, rng: np.random.Generator) -> dict[str, float]:
    if rng.random() < 0.4:
        return {}
    strength = rng.uniform(0.2, 0.9)
    actions = {f"mouthSmile{side}": strength * rng.uniform(0.7, 1) for side in ("Left", "Right")}
    if rng.random() < 0.5:
        names_ = [str(name) for name in body.arrays["face_names"] if name != "tongueOut"]
        actions = {str(name): rng.uniform(0, 0.6) for name in rng.choice(names_, 4, replace=False)}
    return actions


def _dress(soup, rest, posed, transforms, worn, rng, split) -> np.ndarray:
    """Put on a suit of the wardrobe or a procedural outfit; returns the base vertices hidden by the latter."""
    hidden = np.zeros(len(rest), bool)
    if rng.random() < 0.35:
        suits = names("clothes", "male_", split) + names("clothes", "female_", split)
        worn.append(load_piece("clothes", str(rng.choice(suits)), 1))
        _wear(soup, worn[-1], rest, transforms, rng)
        return hidden
    tailor = load_tailor()
    seed = int(rng.integers(2**31))
    for kind, garment in sample_outfit(rng):
        vertices, faces, cloth_rest = tailor.sew(garment, posed, rng)
        shared = np.random.default_rng(seed) if kind in ("dress", "skirt") else rng  # a dress is of one cloth
        soup.add(vertices, faces, looks.paint_cloth(cloth_rest, shared), gloss=float(rng.uniform(0, 0.2)))
        hidden |= tailor.hides(garment)
    return hidden


def _wear(soup: _Soup, piece: Piece, rest, transforms, rng) -> None:
    coarse = piece.rest_vertices(rest)
    fine = piece.subdivision(skin(coarse, piece.weights, transforms))
    rest_fine = piece.subdivision(coarse)
    if piece.subdivision.edges:
        fine = 0.6 * fine + 0.4 * (piece.smoother @ fine)
        ridge = 1 - 2 * np.abs(looks.smooth_noise(rest_fine, rng, 1 / 0.08))
        fine = fine + rng.uniform(0, 0.003) * ridge[:, None] * vertex_normals(fine, piece.faces)
    soup.add(fine, piece.faces, looks.paint_cloth(rest_fine, rng, piece.texel()), gloss=float(rng.uniform(0, 0.4)))


def _grow_hair(soup: _Soup, rest, transforms, tone, rng, split) -> None:
    hat = rng.random()
    if hat < 0.04:
        piece = load_piece("clothes", str(rng.choice(names("clothes", "fedora"))), 1)
        _wear(soup, piece, rest, transforms, rng)
    elif hat < 0.9:
        piece = load_piece("hair", str(rng.choice(names("hair", "", split))), 0)
        posed = skin(piece.rest_vertices(rest), piece.weights, transforms)
        texel = piece.texel()
        alpha = texel[:, 3] if texel is not None and texel.shape[1] == 4 else None
        faces = piece.faces if alpha is None else piece.faces[alpha[piece.faces].mean(1) > 0.25]
        shade = 1.0 if texel is None else texel[:, :3].mean(1, keepdims=True) / max(texel[:, :3].mean(), 0.05)
        colors = looks.to_linear(tone * np.clip(shade, 0.4, 1.8) * np.ones((len(posed), 3)))
        soup.add(posed, faces, colors, alpha, gloss=0.3)


def _paint_brows(colors, rest, tone, rng) -> None:
    piece = load_piece("eyebrows", str(rng.choice(names("eyebrows"))), 1)
    brow = piece.subdivision(piece.rest_vertices(rest))
    alpha = piece.texel()[:, 3]
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
