# SPDX-License-Identifier: GPL-3.0-or-later
"""One training sample: a seeded person as pictures and as truth, in the field space of a crop."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...engine.crop_space import centres
from ...engine.surface.mesh import vertex_normals
from ..people.generations import make_person
from ..people.landmarks import landmarks, seen
from ..people.person import SyntheticPerson
from .daylight import draw_daylight
from .framing import Framing, draw_shot, frame
from .naked_body import body_faces, draw_body
from .render import Light, TrueViews, draw_light, render_person
from .truth import occupancy_points

NEAR_M, CLOSE_M = 0.05, 0.015  # metres, spread of points about the surface
POINTS = {"n_near": 4000, "n_fine": 3000, "n_uniform": 2000}
POINT_COUNT = sum(POINTS.values())
KINDS = ("stand", "step", "hard")
# A generation for every change that makes other samples from the same seeds: sets are kept apart by it.
GENERATION, GENERATIONS = 3, (3, 4)
# Photos of each person to train on, of generation 4: dressing takes longer than taking a photo. Others have one.
SHOTS = 3
TURN_DEG, ANYWHERE = 35.0, 0.15  # spread of how far a person turns between two photos; share that turn any way


def fields(size: int, generation: int = GENERATION) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape and type of every array of a sample at `size` pixels."""
    known = {
        "rgb": ((size, size, 3), np.uint8),  # sRGB, lit, 0 outside the mask
        "mask": ((size, size), np.uint8),  # 0..255
        "back_rgb": ((size, size, 3), np.uint8),  # the hidden side in the front's pixels
        "front_normals": ((size, size, 3), np.int8),  # field space, unit = 127
        "back_normals": ((size, size, 3), np.int8),
        "front_depth": ((size, size), np.float16),  # z, field units from the mean of the middle; 0 outside the mask
        "back_depth": ((size, size), np.float16),
        "points": ((POINT_COUNT, 3), np.float16),  # field space
        "occupancy": ((POINT_COUNT,), np.uint8),  # 0, 1; 255: beyond the photo, no truth
        "scale": ((), np.float32),  # field units a metre
        "kind": ((), np.uint8),  # index into KINDS
    }
    return known if generation == 3 else known | _further_fields(size)


def _further_fields(size: int) -> dict[str, tuple[tuple[int, ...], type]]:
    """What samples of generation 4 have beside the others."""
    picture, vectors, values = ((size, size, 3), np.uint8), ((size, size, 3), np.int8), ((size, size), np.float16)
    return {
        "labels_front": ((size, size), np.uint8),  # see people/labels.py; 0 where the normals are 0
        "labels_back": ((size, size), np.uint8),
        "albedo_front": picture,  # sRGB, unlit, 0 outside the mask
        "albedo_back": picture,
        "body_front": values,  # depth of the naked posed body, as front_depth; 0 where its normals are 0
        "body_back": values,
        "body_front_normals": vectors,  # as front_normals, but never cut by the photo's borders or by what is worn
        "body_back_normals": vectors,
        "camera": ((4,), np.float32),  # see `camera_of`
    }


@dataclass(frozen=True)
class Scene:
    """A sample and what it was made from: `vertices (V, 3)` field space, `faces (T, 3)`, `alpha (V,)` of hair cards, 1
    elsewhere; `joints (104, 3)` and `landmarks (33, 3)` (see `people.landmarks`), field space, and which landmarks the
    photo shows, `seen (33,)`; the person, whose shape and skin weights are asked of it; `nearness` of the camera, see
    `engine.lens.Lens`."""

    sample: dict[str, np.ndarray]
    vertices: np.ndarray
    faces: np.ndarray
    alpha: np.ndarray
    joints: np.ndarray
    landmarks: np.ndarray
    seen: np.ndarray
    person: SyntheticPerson
    framing: Framing
    nearness: float


def make_sample(
    seed: int, split: str, size: int, generation: int = GENERATION, assets: Path | None = None
) -> dict[str, np.ndarray]:
    """Make the sample of a seed; the same arrays every time. See `fields` for shapes and units; `assets`: the folder
    that people of generation 4 need."""
    return make_scene(seed, split, size, generation, assets).sample


def is_whole(seed: int, split: str, generation: int = GENERATION) -> bool:
    """Whether the photo of a seed shows the person whole; nobody is made for it."""
    return draw_shot(_shot_rng(seed, split), generation).shown is None


def person_of(seed: int, split: str, generation: int = GENERATION) -> tuple[int, float]:
    """Who is in the sample of a seed: the person's own seed, and by how many radians they turned about the vertical
    since that person's first photo."""
    if generation == 3 or split == "test" or seed % SHOTS == 0:
        return (seed if generation == 3 or split == "test" else seed // SHOTS), 0.0
    rng = np.random.default_rng([seed, 8])
    turn = rng.uniform(-np.pi, np.pi) if rng.random() < ANYWHERE else np.radians(rng.normal(0, TURN_DEG))
    return seed // SHOTS, float(turn)


_last_person = lru_cache(maxsize=1)(make_person)


def _posing(seed: int, split: str, generation: int, assets: Path | None) -> SyntheticPerson:
    who, turn = person_of(seed, split, generation)
    person = _last_person(who, split, generation, assets)
    if not turn:
        return person
    about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]], np.float32)
    turned = {name: getattr(person, name) @ about.T for name in ("vertices", "joints", "base")}
    return replace(person, **turned)


def _shot_rng(seed: int, split: str) -> np.random.Generator:
    return np.random.default_rng([seed, 7, split == "test"])


def light_of(seed: int, split: str, vertices: np.ndarray, generation: int = GENERATION) -> Light:
    """The light in which `make_scene` shows the person of a seed, `vertices: (V, 3)` metres, z up."""
    rng = _shot_rng(seed, split)
    frame(vertices, rng, generation)
    return draw_light(rng) if generation == 3 else draw_daylight(rng)


def make_scene(seed: int, split: str, size: int, generation: int = GENERATION, assets: Path | None = None) -> Scene:
    """As `make_sample`, with the geometry. ValueError where the crop shows next to nothing of the person."""
    rng = _shot_rng(seed, split)
    person = _posing(seed, split, generation, assets)
    framing = frame(person.vertices, rng, generation)
    mesh = person.seen_through(framing)
    light = None if generation == 3 else draw_daylight(rng)
    views = render_person(mesh, rng, size, light, truth=generation > 3)
    across = centres(size)
    x0, y0, x1, y1 = framing.visible
    shown = ((across > x0) & (across < x1))[None, :] & ((-across > y0) & (-across < y1))[:, None]
    mask = views.mask * shown
    solid = (mask > 0.5) & np.isfinite(views.depth_front) & np.isfinite(views.depth_back)
    if solid.sum() < 0.01 * size * size:
        raise ValueError(f"seed {seed}: nothing to be seen")
    middle = 0.5 * (views.depth_front[solid] + views.depth_back[solid]).mean()
    hair = {}
    if person.tubes is not None:
        base = framing(person.base)
        skin = np.unique(body_faces())
        hair = {"tubes": person.tubes, "scale": framing.scale}
        hair["skin"] = (base[skin], vertex_normals(base, body_faces())[skin])
    near, fine = NEAR_M * framing.scale, CLOSE_M * framing.scale
    points, inside = occupancy_points(mesh.vertices, mesh.faces, rng, near=near, fine=fine, **POINTS, **hair)
    beyond = (points[:, 0] < x0) | (points[:, 0] > x1) | (points[:, 1] < y0) | (points[:, 1] > y1)
    to_middle = np.array([0, 0, middle], np.float32)
    points = points - to_middle
    sample = {
        "rgb": (views.rgb_front * shown[..., None]).astype(np.uint8),
        "mask": np.round(mask * 255).astype(np.uint8),
        "back_rgb": views.rgb_back,
        "front_normals": np.round(views.normal_front * 127 * solid[..., None]).astype(np.int8),
        "back_normals": np.round(views.normal_back * 127 * solid[..., None]).astype(np.int8),
        "front_depth": np.where(solid, views.depth_front - middle, 0).astype(np.float16),
        "back_depth": np.where(solid, views.depth_back - middle, 0).astype(np.float16),
        "points": points.astype(np.float16),
        "occupancy": np.where(beyond, 255, inside).astype(np.uint8),
        "scale": np.float32(framing.scale),
        "kind": np.uint8(KINDS.index(person.kind)),
    }
    if isinstance(views, TrueViews):
        sample |= _further(person, framing, views, solid, shown, middle)
    marks = framing(landmarks(person))
    return Scene(
        sample,
        mesh.vertices - to_middle,
        mesh.faces,
        mesh.alpha,
        framing(person.joints) - to_middle,
        marks - to_middle,
        seen(marks, views.depth_front, framing.visible, framing.scale),
        person,
        framing,
        framing.nearness(float(middle)),
    )


def _further(
    person: SyntheticPerson, framing: Framing, views: TrueViews, solid, shown, middle: float
) -> dict[str, np.ndarray]:
    """The further truth of generation 4 (see `fields`)."""
    depths, normals = draw_body(person, framing, len(solid))
    sample = {"camera": camera_of(framing, middle)}
    for k, side in enumerate(("front", "back")):
        sample[f"labels_{side}"] = np.where(solid, person.label[views.face[k]], 0).astype(np.uint8)
        sample[f"albedo_{side}"] = views.albedo[k] * shown[..., None].astype(np.uint8)
        sample[f"body_{side}"] = np.nan_to_num(depths[k] - middle, nan=0.0).astype(np.float16)
        sample[f"body_{side}_normals"] = np.round(normals[k] * 127).astype(np.int8)
    return sample


def camera_of(framing: Framing, middle: float) -> np.ndarray:
    """What undoes the lens's perspective, (4,) float32 field units: x0, y0 of the axis, distance D of the camera from
    the plane in which nothing is bent (inf: none is), and that plane's depth z0 in the sample. A point at x, y, z of
    the sample lies at (x - x0, y - y0) * (1 - (z - z0) / D) without it."""
    distance = np.inf if framing.camera_distance is None else framing.camera_distance * framing.scale
    return np.array([*framing.offset[:2], distance, -middle], np.float32)
