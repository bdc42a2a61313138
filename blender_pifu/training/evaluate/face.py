# SPDX-License-Identifier: GPL-3.0-or-later
"""What the face is worth that is laid into the maps: the same people without and with it, against the truth."""

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from ...engine.crop_space import from_border
from ...engine.errors import InputError
from ...engine.model import HumanModel, load_model
from ...engine.reading.crop import Crop
from ...engine.reading.landmarks import Landmark as L
from ...engine.reading.matte import Matte
from ...engine.reading.person_cut import PersonCut
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import largest_component, vertex_normals
from ..data.glance import read
from ..data.sample import Scene, make_scene
from ..data.sheets import shaded
from ..native.raster import see
from .cases import photo_sized, split_seeds, truth_arrays
from .measures.face_error import looks_at_camera
from .measures.metrics import angle_deg, surface_distances

log = logging.getLogger(__name__)
PHOTO_PX = 1024  # the photo has twice the pixels of the maps
# Ellipses round the middle of eyes and mouth, in distances between these: half width, half height, how far up.
FACE, HEAD = (1.05, 1.35, 0.0), (1.7, 2.3, 0.45)
SHEET_PX, SHOWN = 240, 2.6
FIGURES = {  # figure: heading, decimals
    "face_deg": ("drawn normals of the face, degrees", 1),
    "head_deg": ("drawn normals of the head, degrees", 1),
    "mesh_face_deg": ("normals of the face's mesh, degrees", 1),
    "mesh_head_deg": ("normals of the head's mesh, degrees", 1),
    "depth_cm": ("depth of the face, cm", 2),
    "relief_cm": ("the same but for its median, cm", 2),
    "chamfer": ("Chamfer, cm", 3),
}


def evaluate_face(weights: str, count: int, resolution: int, folder: Path | None) -> list[dict]:
    """One row for each of `count` whole people of the test split who look at the camera: `seed`, `laid` (whether they
    got a face) and if so, without and with it, the figures of FIGURES. Pictures go into `folder` if given. Raises
    EngineError."""
    model = load_model(weights)
    if not isinstance(model, HumanModel):
        raise InputError(f"{weights} draws no face to compare with.", fix="Choose weights made by this trainer.")
    rows = []
    for seed, scene in islice(_looking_at_the_camera(), count):
        sample = scene.sample
        matte = Matte(sample["mask"].astype(np.float32) / 255, sample["rgb"])
        cut = PersonCut(matte, Crop(PHOTO_PX / 2, PHOTO_PX / 2, PHOTO_PX), read(sample["rgb"]))
        encoding = model.encode(*model.prepare(cut))
        faced = model.with_face(encoding, model.face_in(cut))
        rows.append({"seed": seed, "laid": faced is not encoding})
        if faced is not encoding:
            truth = truth_arrays(scene.vertices, scene.faces, scene.alpha)
            cells = [_near(sample["rgb"], scene)]
            for name, encoded in (("without", encoding), ("with", faced)):
                surface = extract_surface(model.field(encoded), resolution)
                mesh = largest_component(surface.vertices, surface.faces)
                rows[-1][name] = _score(encoded, mesh, scene, (truth["vertices"], truth["faces"]))
                cells.append(_near(shaded(*mesh, 0, 2 * PHOTO_PX), scene))
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(folder / f"{seed:05d}.png"), np.concatenate(cells, 1)[..., ::-1])
        log.info("%s", rows[-1])
    return rows


def as_table(rows: list[dict]) -> str:
    """Medians over the people who got a face, without and with it, as markdown, and how many did."""
    taken = [row for row in rows if row["laid"]]
    lines = [f"{len(rows)} people look at the camera, {len(taken)} got a face", ""]
    lines += ["| median | without | with | change | better for |", "|---|---|---|---|---|"] if taken else []
    for name, (heading, decimals) in FIGURES.items() if taken else ():
        before, after = (np.array([row[which][name] for row in taken]) for which in ("without", "with"))
        a, b = np.median(before), np.median(after)
        share = f"{np.count_nonzero(after < before)} of {len(taken)}"
        lines.append(f"| {heading} | {a:.{decimals}f} | {b:.{decimals}f} | {100 * (b / a - 1):+.0f} % | {share} |")
    return "\n".join(lines)


def _looking_at_the_camera() -> Iterator[tuple[int, Scene]]:
    for seed in split_seeds("test"):
        scene = make_scene(seed, "test", PHOTO_PX // 16)
        if looks_at_camera(scene):
            yield seed, make_scene(seed, "test", PHOTO_PX)


def _score(encoding, mesh, scene, truth):
    sample, metre = scene.sample, float(scene.sample["scale"])
    vertices, faces = np.ascontiguousarray(mesh[0], np.float32), mesh[1]
    front = see(vertices, faces, PHOTO_PX, None)[0]
    seen = np.zeros((PHOTO_PX * PHOTO_PX, 3), np.float32)
    seen[front.pixels] = front.interpolate(vertex_normals(vertices, faces))
    seen = seen.reshape(PHOTO_PX, PHOTO_PX, 3)
    solid = (np.abs(sample["front_normals"]).sum(-1) > 0) & (sample["mask"] > 250)
    true = sample["front_normals"].astype(np.float32)
    drawn = photo_sized(encoding.front_normals, PHOTO_PX)
    found = {}
    for name, ellipse in (("face", FACE), ("head", HEAD)):
        where = solid & _within(scene, ellipse)
        found[f"{name}_deg"] = angle_deg(drawn[where], true[where])
        where &= np.abs(seen).sum(-1) > 0
        found[f"mesh_{name}_deg"] = angle_deg(seen[where], true[where])
    off = photo_sized(encoding.front_depth, PHOTO_PX) - sample["front_depth"]
    off = off[solid & _within(scene, FACE)] * 100 / metre
    return found | {
        "depth_cm": float(np.abs(off).mean()),
        "relief_cm": float(np.abs(off - np.median(off)).mean()),
        "chamfer": surface_distances(mesh, truth)["chamfer"] * 100 / metre,
    }


def _eyes_and_mouth(scene):
    """Photo pixels, (2,) each."""
    places = np.column_stack(from_border(*scene.landmarks[:, :2].astype(np.float64).T, size=PHOTO_PX))
    return places[[L.LEFT_EYE, L.RIGHT_EYE]].mean(0), places[[L.MOUTH_LEFT, L.MOUTH_RIGHT]].mean(0)


def _within(scene, ellipse):
    """(PHOTO_PX, PHOTO_PX) bool."""
    wide, high, above = ellipse
    eyes, mouth = _eyes_and_mouth(scene)
    unit = np.hypot(*(eyes - mouth))
    up = (eyes - mouth) / unit
    centres = np.arange(PHOTO_PX) + 0.5
    off = (np.stack(np.meshgrid(centres, centres), -1) - (eyes + mouth) / 2) / unit
    return ((off @ (-up[1], up[0])) / wide) ** 2 + ((off @ up - above) / high) ** 2 < 1


def _near(picture, scene):
    """The head in a square picture of the whole person (n, n, 3)."""
    eyes, mouth = _eyes_and_mouth(scene)
    scale = len(picture) / PHOTO_PX
    x, y = ((eyes + mouth) / 2 * scale).tolist()
    square = Crop(x, y, 2 * SHOWN * float(np.hypot(*(eyes - mouth))) * scale)
    return square.cut(picture, SHEET_PX)
