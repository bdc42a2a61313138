# SPDX-License-Identifier: GPL-3.0-or-later
"""Score the body's fit on people never trained on: joints, skin weights, how close it lies, seconds; with pictures.

Photo, surface and landmarks are what the engine makes of the synthetic picture; only what is compared with is truth.
"""

import logging
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ...engine.body.bones import BONES, INDEX, PARENTS
from ...engine.body.fit import Fit, fit_body
from ...engine.body.lift import lift
from ...engine.body.model import load_body as load_model_body
from ...engine.body.part_cuts import SeparatedField, find_sheets, possible_sheets
from ...engine.body.skeleton import skeleton
from ...engine.body.weights import skin_weights
from ...engine.model import load_model
from ...engine.reading.crop import Crop
from ...engine.reading.landmarks import landmarks_in
from ...engine.reading.people import People
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import largest_component, vertex_normals
from ...engine.surface.normals import smooth_normals
from ..data.sample import KINDS, Scene, make_scene
from ..data.sheets import shaded
from ..pack.body import canonical_heads, merging
from ..people.body import load_body
from .cases import PHOTO_PX, cut_of, split_seeds
from .repose import POSES, repose
from .weights import summarise

log = logging.getLogger(__name__)
# Landmarks that stand for joints, and the bones whose heads those are.
JOINTS = {11: "upper_arm.L", 12: "upper_arm.R", 13: "forearm.L", 14: "forearm.R", 15: "hand.L", 16: "hand.R",
          23: "thigh.L", 24: "thigh.R", 25: "shin.L", 26: "shin.R", 27: "foot.L", 28: "foot.R"}  # fmt: skip
BODY_BONES = [INDEX[bone] for bone in BONES if "_1" not in bone and "_2" not in bone and "_3" not in bone]
SHEET_PX = 320
WHOLE = Crop(PHOTO_PX / 2, PHOTO_PX / 2, PHOTO_PX)
FACING_M = 0.03  # metres that opposite normals count as, halved, when nearest true points are sought
POSED_SIZE = 0.75  # arms held up must fit in


def evaluate_body(weights: str, count: int, resolution: int, folder: Path | None) -> dict:
    """Fit the first `count` whole people of the test split. Returns medians by pose class.

    Joints in cm: by the landmarks with the network's depth (`landmarks_cm`), with depth from the surface (`lifted_cm`),
    by the fit for the same twelve (`fit_cm`) and for all bones but the fingers' (`fit_all_cm`). `residual_cm`; share
    `believed`; error of the skin weights (`weights_l1`, see `weight_error`); seconds of one core. Writes pictures into
    `folder` if given. People in whom nobody is recognised are fitted without landmarks.
    """
    model, people, body = load_model(weights), People("cpu"), load_model_body()
    marks, bones = list(JOINTS), [INDEX[bone] for bone in JOINTS.values()]
    rows = []
    for seed in islice(split_seeds("test"), count):
        scene = make_scene(seed, "test", PHOTO_PX)
        rgb, mask, scale = (scene.sample[name] for name in ("rgb", "mask", "scale"))
        found = people.find(rgb)
        person = max(found, key=lambda one: one.region.side) if found else None
        landmarks = person.in_field(WHOLE) if person else None
        field = field_of(model, cut_of(rgb, mask, landmarks_in(person, WHOLE)))
        vertices, faces, normals = _mesh(extract_surface(field, resolution))
        begun = time.process_time()
        fit = fit_body(vertices, faces, landmarks, person.visibility if person else None)
        seconds = time.process_time() - begun
        truth, heads = canonical_heads(load_body(), scene.joints), fit.rows[body.head_rows]
        row: dict[str, str | float] = {"case": f"{seed:05d}", "kind": KINDS[int(scene.sample["kind"])]}
        if person and landmarks is not None:
            points = lift(landmarks, person.visibility, vertices, faces, fit.metre)
            row["landmarks_cm"] = _median_cm(points.guess[marks], truth[bones], scale)
            row["lifted_cm"] = _median_cm(points.points[marks], truth[bones], scale)
        begun = time.process_time()
        bones_of, weights_of = skin_weights(vertices, faces, fit)
        bound = time.process_time() - begun
        row |= {
            "fit_cm": _median_cm(heads[bones], truth[bones], scale),
            "fit_all_cm": _median_cm(heads[BODY_BONES], truth[BODY_BONES], scale),
            "residual_cm": 100 * fit.residual_m,
            "believed": float(fit.source == "surface"),
            "weights_l1": weight_error(bones_of, weights_of, true_weights(scene, vertices, normals)),
            "fit_s": seconds,
            "weights_s": bound,
        }
        log.info("%s", row)
        rows.append(row)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            picture = sheet(rgb, vertices, faces, fit, truth)
            cv2.imwrite(str(folder / f"body_{seed:05d}.png"), picture[..., ::-1])
            apart, notes = cut_apart(field, fit, (vertices, faces, normals), resolution)
            cv2.imwrite(str(folder / f"posed_{seed:05d}.png"), poses_sheet(rgb, apart, fit)[..., ::-1])
            log.info("%s", notes)
    return summarise(rows)


def field_of(model, cut):
    """The engine's field of a person, cut out."""
    return model.field(model.encode(*model.prepare(cut)))


def _mesh(surface):
    vertices, faces = largest_component(surface.vertices, surface.faces)
    return vertices, faces, smooth_normals(vertices, faces)


def true_weights(scene: Scene, vertices: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """(V, 52) weights of the nearest true points that face the same way."""
    known = scene.person.skin_weights() @ merging(load_body())
    facing = vertex_normals(scene.vertices, scene.faces)
    reach = FACING_M * float(scene.sample["scale"])
    tree = cKDTree(np.hstack([scene.vertices, reach * facing]))
    return known[tree.query(np.hstack([vertices, reach * normals]))[1]]


def weight_error(bones: np.ndarray, weights: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the vertices of the sum of absolute differences: 0 the same, 2 nothing in common."""
    full = np.zeros_like(truth)
    for slot in range(bones.shape[1]):
        np.add.at(full, (np.arange(len(full)), bones[:, slot]), weights[:, slot])
    return float(np.abs(full - truth).sum(1).mean())


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


def cut_apart(field, fit: Fit, mesh: tuple, resolution: int):
    """The mesh, (vertices, faces, normals), with limbs cut free as the engine does it, and the notes."""
    vertices, faces, _ = mesh
    sheets, notes = find_sheets(field, fit, possible_sheets(fit, (vertices, faces)))
    if not sheets:
        return mesh, notes
    return _mesh(extract_surface(SeparatedField(field, sheets, 2 / resolution), resolution)), notes


def poses_sheet(rgb: np.ndarray, mesh: tuple, fit: Fit) -> np.ndarray:
    """Photo, mesh, and the mesh in each of `repose.POSES`, from the front and three quarters; uint8."""
    vertices, faces, _ = mesh
    bones = skeleton(fit)
    skinned = skin_weights(vertices, faces, fit, bones.stands_for)
    tiles = [cv2.resize(rgb, (SHEET_PX, SHEET_PX), interpolation=cv2.INTER_AREA), shaded(vertices, faces, 0, SHEET_PX)]
    for directions in POSES.values():
        posed = POSED_SIZE * repose(vertices, bones, *skinned, directions)
        tiles += [shaded(posed, faces, degrees, SHEET_PX) for degrees in (0, 45)]
    return np.concatenate(tiles, 1)
