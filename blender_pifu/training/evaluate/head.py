# SPDX-License-Identifier: GPL-3.0-or-later
"""How near a fitted head is to the person's: people of generation 4, whose true faces are known to the vertex."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ...engine.body.head import load_head
from ...engine.crop_space import from_border
from ...engine.face.head_fit import doubt, fit_head, trust_in_marks
from ...engine.face.own_head import head_in_photo
from ...engine.reading.face_marks import MARGIN, face_reader
from ...engine.reading.landmarks import Region
from ..data.sample import Scene, make_scene
from ..marks.head_maker import HeadMaker
from ..marks.head_photo import SIZE, photograph
from ..marks.places import FACE, MarkPlaces
from .cases import split_seeds

log = logging.getLogger(__name__)
PHOTO_PX = 1024
TURNS, FAR_M = (0, 15, 30, 45, 60), 20.0  # degrees; from so far a lens has no say
PARTS = {"eyes": ("left_eye", "right_eye", "brow"), "nose": ("nose",), "mouth": ("lips",), "jaw": ("oval",)}
KINDS = {
    "body": "the mean body's",
    "mean": "the mean head, posed and expressed",
    "general": "fitted to the marks of MediaPipe's face mesh",
    "fitted": "fitted to our own marks",
}


def evaluate_head(count: int, assets: Path, split: str = "test") -> list[dict]:
    """One row for each of the first `count` people of a split: `seed`; `doubt`, why their head was refused, or None;
    `width_px` of the face; `seconds` for own marks and fit; and of each of KINDS the mean distance in mm of the face's
    vertices, and of those of PARTS, after the best similarity. People without marks are left out. Raises
    EngineError."""
    rows = []
    for seed, scene in islice(_people(split, assets), count):
        rgb = np.ascontiguousarray(scene.sample["rgb"])
        places = np.column_stack(from_border(*scene.landmarks[:, :2].astype(np.float64).T, size=PHOTO_PX))
        marks = face_reader().read(rgb, places)
        if marks is None:
            continue
        trust = load_head().mark_trust * trust_in_marks(rgb, marks.points)
        general = fit_head(_to_field(marks.points), scene.nearness, None, trust)
        begun = time.process_time()
        head = head_in_photo(rgb, marks.region, _to_field, scene.nearness)
        row = {"seed": seed, "doubt": doubt(head), "width_px": marks.width_px, "seconds": time.process_time() - begun}
        model = load_head()
        body = model.body.mean[: model.body.vertices].numpy().astype(np.float64)
        found = {"body": body, "mean": replace(head, identity=0 * head.identity).expressed}
        found |= {"general": general.expressed, "fitted": head.expressed}
        truth = scene.person.base[:, [0, 2, 1]] * (1, 1, -1)
        rows.append(row | {kind: _off(points, truth) for kind, points in found.items()})
        log.info("%s", rows[-1])
    return rows


def evaluate_turned(count: int, assets: Path, split: str = "test") -> list[dict]:
    """One row for each of TURNS and of the first `count` heads of a split, `yaw` in degrees to alternate sides: the
    mean distances in mm as of `evaluate_head`, of "mean" and "fitted"; None of a photo in which no face is found.
    Raises EngineError."""
    rows, places = [], MarkPlaces()
    heads = [HeadMaker(seed, split, assets).make() for seed in range(count)]
    for (seed, person), yaw in product(enumerate(heads), TURNS):
        turn = Rotation.from_euler("y", yaw * (-1) ** seed, degrees=True).as_matrix()
        photo = photograph(person, np.random.default_rng([seed, 5]), places, turn, FAR_M)
        low, high = photo.marks[:FACE].min(0), photo.marks[:FACE].max(0)
        (x, y), side = (low + high) / 2, MARGIN * float((high - low).max())
        region = Region(float(x), float(y), side, 0.0)
        marks = face_reader().read_in(photo.rgb, region)
        row = {"seed": seed, "yaw": yaw, "mean": None, "fitted": None}
        if marks is not None:
            head = head_in_photo(photo.rgb, marks.region, lambda at: (at / (SIZE / 2) - 1) * (1, -1), 0.0)
            truth = person.base[:, [0, 2, 1]] * (1, 1, -1)
            row["mean"] = _off(replace(head, identity=0 * head.identity).expressed, truth)
            row["fitted"] = _off(head.expressed, truth)
        rows.append(row)
        log.info("%s", row)
    return rows


def as_turned_table(rows: list[dict]) -> str:
    """Means by how far heads are turned, as markdown."""
    lines = ["| turned by | faces found | the mean head, mm | fitted, mm |", "|---" * 4 + "|"]
    for yaw in TURNS:
        mine = [row for row in rows if row["yaw"] == yaw]
        found = [row for row in mine if row["fitted"]]
        means = [np.mean([row[kind]["face"] for row in found]) if found else np.nan for kind in ("mean", "fitted")]
        lines.append(f"| {yaw} degrees | {len(found)} of {len(mine)} | {means[0]:.2f} | {means[1]:.2f} |")
    return "\n".join(lines)


def as_table(rows: list[dict]) -> str:
    """Means over the people whose head is believed, as markdown."""
    taken = [row for row in rows if not row["doubt"]]
    lines = [f"{len(rows)} people whose face has marks, {len(taken)} heads believed", ""]
    if not taken:
        return lines[0]
    names = ("face", *PARTS)
    lines += ["| mm | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for kind, heading in KINDS.items():
        figures = (np.mean([row[kind][name] for row in taken]) for name in names)
        lines.append(f"| {heading} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
    seconds = np.mean([row["seconds"] for row in taken])
    return "\n".join([*lines, "", f"{seconds:.2f} seconds of one core for marks and fit"])


def _to_field(points: np.ndarray) -> np.ndarray:
    return (points / (PHOTO_PX / 2) - 1) * (1, -1)


def _people(split: str, assets: Path) -> Iterator[tuple[int, Scene]]:
    for seed in split_seeds(split):
        try:
            yield seed, make_scene(seed, split, PHOTO_PX, 4, assets)
        except ValueError:  # nothing of this person is in the photo
            continue


def _off(points: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Mean distances in mm of face and parts; points (V, 3) metres of a body in rest, truth (V, 3) metres."""
    model = load_head()
    skin = model.body.skin_vertices
    shown = model.body.arrays["face_region"].numpy()[:skin] > 128
    shown &= model.body.arrays["regions"].numpy()[:skin] == 0
    ours, theirs = points[:skin][shown], truth[:skin][shown].astype(np.float64)
    ours, theirs = ours - ours.mean(0), theirs - theirs.mean(0)
    u, s, v = np.linalg.svd(ours.T @ theirs)
    apart = 1000 * np.linalg.norm(s.sum() / (ours**2).sum() * ours @ u @ v - theirs, axis=1)
    rest = model.body.mean[:skin].numpy()[shown]
    at = model.at_marks(model.base(torch.zeros(len(model.body.basis))))
    nearest = np.linalg.norm(rest[:, None] - at[None], axis=2).argmin(1)
    group = model.mark_groups[nearest]
    parts = {name: float(apart[np.isin(group, groups)].mean()) for name, groups in PARTS.items()}
    return {"face": float(apart.mean())} | parts
