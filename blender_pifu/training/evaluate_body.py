# SPDX-License-Identifier: GPL-3.0-or-later
"""Score the body's fit on people never trained on: joints, skin weights, how close it lies, seconds; with pictures.

Photo, surface and landmarks are what the engine makes of the synthetic picture; only what is compared with is truth.
"""

import logging
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from ..engine.body.bones import BONES, INDEX, PARENTS
from ..engine.body.fit import Fit, fit_body
from ..engine.body.lift import in_field, lift
from ..engine.body.model import load_body as load_model_body
from ..engine.crop import Crop
from ..engine.mesh import largest_component
from ..engine.models import load_model
from ..engine.people import People
from ..engine.person_cut import PersonCut
from ..engine.surface import extract_surface
from .cases import PHOTO_PX, split_seeds
from .evaluate import summarise
from .pack_body import canonical_heads
from .people.body import load_body
from .people.person import make_person
from .sample import KINDS, Scene, make_scene
from .sheets import shaded

log = logging.getLogger(__name__)
# Landmarks that stand for joints, and the bones whose heads those are.
JOINTS = {11: "upper_arm.L", 12: "upper_arm.R", 13: "forearm.L", 14: "forearm.R", 15: "hand.L", 16: "hand.R",
          23: "thigh.L", 24: "thigh.R", 25: "shin.L", 26: "shin.R", 27: "foot.L", 28: "foot.R"}  # fmt: skip
BODY_BONES = [INDEX[bone] for bone in BONES if "_1" not in bone and "_2" not in bone and "_3" not in bone]
SHEET_PX = 320


def true_joints(scene: Scene, seed: int) -> np.ndarray:
    """(52, 3) heads of the canonical bones of a test person, field space."""
    person = make_person(seed, "test")
    shift = scene.vertices[0] - scene.framing(person.vertices[:1])[0]
    return canonical_heads(load_body(), scene.framing(person.joints)) + shift


def evaluate_body(weights: str, count: int, resolution: int, folder: Path | None) -> dict:
    """Fit the first `count` whole people of the test split. Returns medians by pose class: joints in cm by the
    landmarks with the network's depth (`landmarks_cm`), with depth from the surface (`lifted_cm`), by the fit for the
    same twelve (`fit_cm`) and for all bones but the fingers' (`fit_all_cm`); `residual_cm`; `believed`; `seconds`.
    Writes pictures into `folder` if given. People in whom nobody is recognised are fitted without landmarks."""
    model, people, body = load_model(weights), People("cpu"), load_model_body()
    marks, bones = list(JOINTS), [INDEX[bone] for bone in JOINTS.values()]
    rows = []
    for seed in islice(split_seeds("test"), count):
        scene = make_scene(seed, "test", PHOTO_PX)
        rgb, mask, scale = (scene.sample[name] for name in ("rgb", "mask", "scale"))
        vertices, faces = reconstructed(model, rgb, mask, resolution)
        found = people.find(rgb)
        person = max(found, key=lambda one: one.region.side) if found else None
        landmarks = in_field(person, Crop(PHOTO_PX / 2, PHOTO_PX / 2, PHOTO_PX)) if person else None
        begun = time.perf_counter()
        fit = fit_body(vertices, faces, landmarks, person.visibility if person else None)
        seconds = time.perf_counter() - begun
        truth, heads = true_joints(scene, seed), fit.rows[body.head_rows]
        row = {"case": f"{seed:05d}", "kind": KINDS[int(scene.sample["kind"])]}
        if person:
            points = lift(landmarks, person.visibility, vertices, faces, fit.metre)
            row["landmarks_cm"] = _median_cm(points.guess[marks], truth[bones], scale)
            row["lifted_cm"] = _median_cm(points.points[marks], truth[bones], scale)
        row |= {
            "fit_cm": _median_cm(heads[bones], truth[bones], scale),
            "fit_all_cm": _median_cm(heads[BODY_BONES], truth[BODY_BONES], scale),
            "residual_cm": 100 * fit.residual_m,
            "believed": float(fit.source == "surface"),
            "seconds": seconds,
        }
        log.info("%s", row)
        rows.append(row)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            picture = sheet(rgb, vertices, faces, fit, truth)
            cv2.imwrite(str(folder / f"body_{seed:05d}.png"), picture[..., ::-1])
    return summarise(rows)


def reconstructed(model, rgb: np.ndarray, mask: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """The engine's surface of a sample's picture (PHOTO_PX): vertices and faces, field space."""
    matte = SimpleNamespace(foreground=rgb, alpha=mask.astype(np.float32) / 255)
    cut = PersonCut(matte, Crop(PHOTO_PX / 2, PHOTO_PX / 2, PHOTO_PX))
    surface = extract_surface(model.field(model.encode(*model.prepare(cut))), resolution)
    return largest_component(surface.vertices, surface.faces)


def _median_cm(found, truth, scale):
    return 100 * float(np.median(np.linalg.norm(found - truth, axis=1))) / float(scale)


def sheet(rgb: np.ndarray, vertices: np.ndarray, faces: np.ndarray, fit: Fit, truth: np.ndarray) -> np.ndarray:
    """Photo, surface from front and side with the bones (red; the true ones green), and the body; uint8."""
    body = load_model_body()
    tiles = [cv2.resize(rgb, (SHEET_PX, SHEET_PX), interpolation=cv2.INTER_AREA)]
    for degrees in (0, 90):
        tile = shaded(vertices, faces, degrees, SHEET_PX)
        draw_bones(tile, truth, degrees, (0, 160, 0))
        draw_bones(tile, fit.rows[body.head_rows], degrees, (220, 0, 0))
        tiles.append(tile)
    tiles += [shaded(fit.rows[: body.skin_vertices], body.triangles, degrees, SHEET_PX) for degrees in (0, 90)]
    return np.concatenate(tiles, 1)


def draw_bones(picture: np.ndarray, heads: np.ndarray, degrees: float, color: tuple) -> None:
    """Draw heads (52, 3) field space, joined to their parents', into a picture as of `shaded`."""
    angle, size = np.radians(degrees), len(picture)
    across = heads[:, 0] * np.cos(angle) - heads[:, 2] * np.sin(angle)
    places = np.round(np.stack([across + 1, 1 - heads[:, 1]], 1) * size / 2).astype(int).tolist()
    for bone, parent in enumerate(PARENTS):
        if parent >= 0:
            cv2.line(picture, places[bone], places[parent], color, 1, cv2.LINE_AA)
