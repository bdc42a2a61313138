# SPDX-License-Identifier: GPL-3.0-or-later
"""To how many people never trained on the animation mesh is offered, and how well it lies: distances and criteria."""

import logging
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ...engine.body.bones import INDEX
from ...engine.body.rigging import fit_under, landmarks_of
from ...engine.layout.animation.template import load_template
from ...engine.layout.animation.wrapped_body import WrappedBody, refusal, wrapped
from ...engine.layout.painted_mesh import PaintedMesh
from ...engine.layout.texture.texels import cover
from ...engine.model import load_model
from ...engine.reading.people import People
from ...engine.reading.photo import Photo
from ...engine.reading.stance import Framing
from ...engine.subject.figure import Figure
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import check_mesh, largest_component, split_quads, vertex_normals
from ...engine.surface.normals import smooth_normals
from ..data.sheets import shaded
from ..native.raster import rasterize
from .body import field_of
from .cases import split_case

log = logging.getLogger(__name__)
UV_PX = 4096
SHARES = ("far", "outside", "buried", "crossings")
CELL_PX, CLOSER = 360, 5
FACES = (("mouthSmileLeft", "mouthSmileRight"), ("jawOpen",), ("eyeBlinkLeft", "browInnerUp"))


def evaluate_animation(seeds: Iterable[int], weights: str, resolution: int, folder: Path | None) -> list[dict]:
    """One row a person of the test set: whether the mesh is `offered` or the `reason`; cm between surface and mesh,
    from all over the surface (`surface_cm`, `surface_p95_cm`) and from the skin of the mesh (`mesh_cm`, `mesh_p95_cm`;
    fingers, features of the face and what lies within the body included); the shares
    of `Distances` (SHARES); whether all other criteria hold (`sound`); seconds of one core. A picture a person goes
    into `folder` if given. Raises EngineError."""
    model, people = load_model(weights), People("cpu")
    return [_row(seed, model, people, resolution, folder) for seed in seeds]


def _row(seed, model, people, resolution, folder) -> dict:
    case = split_case(seed)
    field = field_of(model, case.cut)
    found = people.find(case.rgb)
    person = max(found, key=lambda one: one.region.side) if found else None
    photo, cut = Photo(case.rgb, None, (), case.name), case.cut
    figure = Figure(photo, cut.matte, cut.crop, len(found), len(found[:1]), person, Framing.FULL, 1.0, ())
    surface = extract_surface(field, resolution)
    mesh = largest_component(surface.vertices, surface.faces)
    fitted = fit_under(field, mesh, 2 / resolution, lambda apart: extract_surface(apart, resolution), figure)
    vertices, faces = fitted.mesh
    dense = PaintedMesh(vertices, faces, smooth_normals(vertices, faces), np.full((len(vertices), 3), 200, np.uint8))
    begun = time.process_time()
    animated = wrapped(dense, fitted.fit, *landmarks_of(figure)[:2])
    seconds = time.process_time() - begun
    reason = refusal(fitted.fit, animated.distances)
    row = {"seed": seed, "kind": case.kind, "offered": reason is None, "reason": reason}
    distances = animated.distances
    for name, metres in (("surface", distances.surface), ("mesh", np.abs(distances.mesh))):
        row[f"{name}_cm"] = round(100 * float(metres.mean()), 2)
        row[f"{name}_p95_cm"] = round(100 * float(np.quantile(metres, 0.95)), 2)
    row |= {name: round(getattr(distances, name), 4) for name in SHARES}
    row |= {"sound": is_sound(animated), "seconds": round(seconds, 1)}
    log.info("%s", row)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{seed:05d}.png"), sheet(case.rgb, dense, animated)[..., ::-1])
    return row


def is_sound(animated: WrappedBody) -> bool:
    """Closed, 2-manifold, one piece, all quads, no face without area, UVs within 0..1 that nowhere overlap, weights of
    at most four bones that sum to 1."""
    shape, check = animated.mesh, check_mesh(animated.mesh.faces)
    triangles, corners = split_quads(shape.faces)
    a, b, c = shape.vertices[triangles].astype(np.float64).transpose(1, 0, 2)
    flat = np.linalg.norm(np.cross(b - a, c - a), axis=1).min() <= 1e-12
    found = cover(animated.uv.reshape(-1, 2)[corners], UV_PX)
    overlaps = np.bincount(found.texel).max() > 1
    inside = animated.uv.min() >= 0 and animated.uv.max() <= 1
    rig = animated.rig(lambda points: points)
    weighted = rig.weights.shape[1] <= 4 and np.abs(rig.weights.sum(1) - 1).max() < 1e-4
    solid = check.watertight and check.components == 1 and (shape.faces >= 0).all()
    return bool(solid and not flat and inside and not overlaps and weighted)


def sheet(rgb: np.ndarray, dense: PaintedMesh, animated: WrappedBody) -> np.ndarray:
    """Photo and surface, the mesh from front, side and back, face and hand, and the face with expressions; uint8."""
    labels, shape = load_template().labels, animated.mesh
    head, hand = (shape.vertices[labels == INDEX[bone]].mean(0) for bone in ("head", "hand.L"))
    top = [cv2.resize(rgb, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)]
    top += [shaded(dense.vertices, dense.faces, degrees, CELL_PX) for degrees in (0, 90)]
    top += [wired(shape.vertices, shape.faces, degrees) for degrees in (0, 90, 180)]
    keys = animated.shape_keys(lambda points: points)
    moves = dict(zip(keys.names, keys.offsets, strict=True))
    low = [
        wired(shape.vertices, shape.faces, degrees, middle) for degrees, middle in ((0, head), (60, head), (0, hand))
    ]
    low += [wired(shape.vertices + sum(moves[name] for name in names), shape.faces, 20, head) for names in FACES]
    return np.concatenate([np.concatenate(top, 1), np.concatenate(low, 1)], 0)


def wired(vertices: np.ndarray, faces: np.ndarray, degrees: float, middle: np.ndarray | None = None) -> np.ndarray:
    """A grey picture (CELL_PX, CELL_PX, 3) uint8 of faces (F, 4), their borders drawn, turned about the vertical; of a
    part, if its `middle` is given."""
    zoom, size = (1, 2 * CELL_PX) if middle is None else (CLOSER, 2 * CELL_PX)
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]], np.float32)
    turned = ((vertices - (0 if middle is None else middle)) @ turn.T * zoom).astype(np.float32)
    turned[:, 2] /= zoom
    triangles, corners = split_quads(faces)
    index, _, _ = rasterize(turned, triangles.astype(np.int32), size)
    light = np.array([0.3, 0.5, 0.8]) / np.linalg.norm([0.3, 0.5, 0.8])
    normals = vertex_normals(vertices, triangles)[triangles].mean(1) @ turn.T
    picture = np.where(index >= 0, 70 + 170 * np.clip(normals @ light, 0, 1)[index], 255)
    face = np.where(index >= 0, corners[index, 0] // 4, -1)
    border = np.zeros(face.shape, bool)
    border[:, 1:] |= face[:, 1:] != face[:, :-1]
    border[1:] |= face[1:] != face[:-1]
    picture = np.repeat(picture[..., None], 3, axis=2)
    picture[border] = (30, 30, 110)
    return cv2.resize(picture.astype(np.uint8), (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)


def as_table(rows: list[dict]) -> str:
    """A line a person, then means over those offered, as markdown."""
    names = ["surface_cm", "surface_p95_cm", "mesh_cm", "mesh_p95_cm", *SHARES, "sound", "seconds"]
    lines = ["| person | " + " | ".join(names) + " | verdict |", "|---" * (len(names) + 2) + "|"]
    for row in rows:
        verdict = "offered" if row["offered"] else row["reason"]
        figures = " | ".join(str(row[name]) for name in names)
        lines.append(f"| {row['seed']} {row['kind']} | {figures} | {verdict} |")
    offered = [row for row in rows if row["offered"]]
    means = " | ".join(f"{np.mean([row[name] for row in offered]):.3g}" for name in names) if offered else ""
    return "\n".join([*lines, f"| offered: {len(offered)} of {len(rows)}, means | {means} | |"])
