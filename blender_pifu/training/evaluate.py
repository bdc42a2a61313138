# SPDX-License-Identifier: GPL-3.0-or-later
"""Score weights on held-out people against the truth and against the inflated silhouette, with a contact sheet."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from ..engine.mesh import largest_component
from ..engine.models import HumanModel, load_model
from ..engine.surface import extract_surface
from .baseline import InflatedSilhouette
from .metrics import SURFACE_POINTS, intersection_over_union, sample_surface, surface_distances
from .raster import rasterize
from .sample import KINDS, make_scene
from .truth import inside

log = logging.getLogger(__name__)
VOLUME_POINTS, SHEET_PX = 20000, 256


@dataclass(frozen=True)
class Case:
    """One held-out person: what the network is given, and the truth in field space. `scale`: field units a metre."""

    seed: int
    kind: str
    image: torch.Tensor  # (1, 3, h, w) masked photo in [-1, 1]
    mask: torch.Tensor  # (1, 1, h, w)
    sample: dict[str, np.ndarray]
    vertices: np.ndarray
    faces: np.ndarray
    scale: float


def load_case(seed: int, split: str, size: int) -> Case | None:
    """The person of a seed; None where the photo cuts them off: a whole truth needs a whole person."""
    scene = make_scene(seed, split, size)
    if np.isfinite(scene.framing.visible).any():
        return None
    mask = torch.from_numpy(scene.sample["mask"][None, None].astype(np.float32) / 255)
    rgb = torch.from_numpy(scene.sample["rgb"].transpose(2, 0, 1)[None].astype(np.float32) / 255)
    return Case(
        seed,
        KINDS[int(scene.sample["kind"])],
        (rgb * 2 - 1) * mask,
        mask,
        scene.sample,
        scene.vertices,
        scene.faces,
        float(scene.sample["scale"]),
    )


def score(field, case: Case, resolution: int) -> tuple[dict[str, float], tuple[np.ndarray, np.ndarray]]:
    """Figures of one field on one case, centimetres at true height, and its mesh."""
    surface = extract_surface(field, resolution)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    rng = np.random.default_rng(0)
    truth = _outer(case, rng)
    found = surface_distances(sample_surface(vertices, faces, SURFACE_POINTS, rng), truth)
    points = rng.uniform(case.vertices.min(0), case.vertices.max(0), (VOLUME_POINTS, 3)).astype(np.float32)
    xyz = torch.from_numpy(points)
    occupied = field.query_columns(xyz[:, :2], torch.arange(len(xyz)), xyz[:, 2]).numpy() > 0.5
    found["iou"] = intersection_over_union(occupied, inside(case.vertices, case.faces, points))
    for name in ("chamfer", "p2s"):
        found[name] *= 100 / case.scale
    return found, (vertices, faces)


def _outer(case: Case, rng: np.random.Generator):
    """Points and normals of the true surface that no other layer covers."""
    points, normals = sample_surface(case.vertices, case.faces, 2 * SURFACE_POINTS, rng)
    covered = inside(case.vertices, case.faces, (points + 2e-3 * normals).astype(np.float32))
    outer = np.flatnonzero(~covered)[:SURFACE_POINTS]
    return points[outer], normals[outer]


def score_maps(model: HumanModel, case: Case) -> dict[str, float]:
    """Depth error in cm and angle between normals in degrees, mean over front and back."""
    encoding = model.encode(case.image, case.mask)
    solid = case.sample["mask"] > 250
    found = {"depth_cm": 0.0, "normals_deg": 0.0}
    for depth, normals, side in (
        (encoding.front_depth, encoding.front_normals, "front"),
        (encoding.back_depth, encoding.back_normals, "back"),
    ):
        error = np.abs(depth[0, 0].numpy() - case.sample[f"{side}_depth"].astype(np.float32))[solid]
        true = case.sample[f"{side}_normals"].astype(np.float32)[solid]
        true /= np.maximum(np.linalg.norm(true, axis=1, keepdims=True), 1e-6)
        drawn = normals[0].numpy().transpose(1, 2, 0)[solid]
        cosine = np.clip((drawn * true).sum(1), -1, 1)
        found["depth_cm"] += 50 * float(error.mean()) / case.scale
        found["normals_deg"] += 0.5 * float(np.degrees(np.arccos(cosine)).mean())
    return found


def evaluate(weights: str, split: str, count: int, resolution: int, folder: Path | None) -> dict:
    """Score `count` whole people. Returns medians and means by method ("inflated", the weights' name) and pose class;
    writes contact sheets and the table as JSON into `folder` if given."""
    model = load_model(weights)
    rows: dict[str, list[dict]] = {"inflated": [], model.name: []}
    seed = 0
    while len(rows[model.name]) < count:
        case = load_case(seed, split, model.input_px)
        seed += 1
        if case is None:
            continue
        encoding = model.encode(case.image, case.mask)
        meshes = []
        for name, field in (("inflated", InflatedSilhouette(case.mask)), (model.name, model.field(encoding))):
            found, mesh = score(field, case, resolution)
            rows[name].append({"seed": case.seed, "kind": case.kind, **found})
            meshes.append(mesh)
        rows[model.name][-1].update(score_maps(model, case))
        log.info("%d %s %s", case.seed, case.kind, rows[model.name][-1])
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            sheet = contact_sheet(case, [*meshes, (case.vertices, case.faces)])
            cv2.imwrite(str(folder / f"{split}_{case.seed:04d}.png"), sheet[..., ::-1])
    table = {name: summarise(found) for name, found in rows.items()}
    if folder:
        (folder / f"{split}.json").write_text(json.dumps({"table": table, "rows": rows}, indent=1) + "\n")
    return table


def summarise(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Median of every figure over all rows and over each pose class, with the count."""
    table = {}
    for kind in ("all", *KINDS):
        chosen = [row for row in rows if kind in ("all", row["kind"])]
        if chosen:
            names = [name for name in chosen[0] if name not in ("seed", "kind")]
            medians = {name: round(float(np.median([row[name] for row in chosen])), 3) for name in names}
            table[kind] = {"people": len(chosen), **medians}
    return table


def contact_sheet(case: Case, meshes: list) -> np.ndarray:
    """Photo; then each mesh from the front, three quarters, side and back, the last one being the truth; uint8."""
    photo = cv2.resize(case.sample["rgb"], (SHEET_PX, SHEET_PX), interpolation=cv2.INTER_AREA)
    rows = []
    for vertices, faces in meshes:
        rows.append(
            np.concatenate([photo] + [shaded(vertices, faces, angle, SHEET_PX) for angle in (0, 45, 90, 180)], 1)
        )
    return np.concatenate(rows, 0)


def shaded(vertices: np.ndarray, faces: np.ndarray, degrees: float, size: int) -> np.ndarray:
    """A grey clay picture (size, size, 3) uint8 of a mesh in field space, turned about the vertical."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]], np.float32)
    turned = vertices @ turn.T
    index, _, _ = rasterize(turned, faces, size)
    corners = turned[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    light = np.array([0.3, 0.5, 0.8], np.float32) / np.linalg.norm([0.3, 0.5, 0.8])
    shade = 60 + 180 * np.clip(normals @ light, 0, 1)
    picture = np.full((size, size), 255, np.float32)
    picture[index >= 0] = shade[index[index >= 0]]
    return np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)
