# SPDX-License-Identifier: GPL-3.0-or-later
"""What people of quads look like in their baked texture, from the front and from behind, against the truth."""

import logging
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ...engine.color.painting import paint
from ...engine.layout.closest import DenseSurface
from ...engine.layout.painted_mesh import PaintedMesh
from ...engine.layout.presets import find_flaws, loss
from ...engine.layout.texture.bake import bake
from ...engine.layout.texture.unwrap import unwrap
from ...engine.layout.topologies import TOPOLOGIES, Source
from ...engine.model import load_model
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import largest_component, split_quads, vertex_normals
from ..data.sample import GENERATION
from ..native.raster import rasterize
from .cases import PHOTO_PX, Case, split_case
from .measures.sharpness import sharpness

log = logging.getLogger(__name__)
ANGLES, SHEET_PX = (0, 45, 90, 135, 180, 225, 270, 315), 384
SIDEWAYS = 0.6  # how far a surface leans to the camera, at most, that is seen from the side rather than from before


def evaluate_texture(
    seeds: Iterable[int],
    weights: str,
    topology: str,
    resolution: int,
    side: int,
    folder: Path | None,
    generation: int = GENERATION,
) -> list[dict]:
    """One row a person of the test set: mean difference from the truth, 0..255 sRGB, of what the camera saw, of the
    hidden side and of what looks sideways on either, in the texture (`side` pixels) and in colours at the same mesh's
    vertices; how sharp the texture is (1: as the truth); charts, faces, how far (mm) a thousandth of the dense surface
    lies from the mesh, whether it is sound, and seconds. generation: as `make_scene`. A picture a person goes into
    `folder` if given. Raises EngineError."""
    model = load_model(weights)
    return [_row(split_case(seed, generation), model, topology, resolution, side, folder) for seed in seeds]


def _row(case, model, topology, resolution, side, folder) -> dict:
    encoding = model.encode(*model.prepare(case.cut))
    field = model.field(encoding)

    def surface_at(steps):
        surface = extract_surface(field, steps)
        return largest_component(surface.vertices, surface.faces)

    vertices, faces = surface_at(resolution)
    normals = vertex_normals(vertices, faces)
    pictures = {"photo": np.dstack(case.cut(PHOTO_PX)), **model.hidden_side(encoding, vertices, case.cut)}
    colors = paint(vertices, faces, normals, 2 / resolution, **pictures)
    dense = PaintedMesh(vertices, faces, normals, colors)
    clock = [time.perf_counter()]
    source = Source(dense, None, resolution, surface_at, None, None)
    shape = TOPOLOGIES[topology].make(source, lambda: None).mesh
    clock.append(time.perf_counter())
    uv, charts = unwrap(shape.vertices, shape.faces, shape.normals)
    clock.append(time.perf_counter())
    texture = bake(shape, uv, dense, 2 / resolution, side, pictures)
    clock.append(time.perf_counter())
    row = {"seed": int(case.name), "kind": case.kind, **_color_errors(case, shape, uv, texture)}
    lost = loss(shape.vertices, shape.faces, DenseSurface(vertices, faces, normals)) / case.scale * 1000
    row |= {"charts": int(charts.max()) + 1, "faces": len(shape.faces), "lost_mm": round(lost, 1)}
    row["sound"] = not find_flaws(shape.vertices, shape.faces, len(shape.faces))
    seconds = np.round(np.diff(clock), 2).tolist()
    row |= dict(zip(("lay_out_s", "unwrap_s", "bake_s"), seconds, strict=True))
    log.info("%s", row)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        cells = [render_textured(shape, uv, texture, angle, SHEET_PX)[0] for angle in ANGLES]
        cv2.imwrite(str(folder / f"{case.name}.png"), np.concatenate(cells, 1)[..., ::-1])
    return row


def _color_errors(case: Case, shape: PaintedMesh, uv: np.ndarray, texture: np.ndarray) -> dict[str, float]:
    """Differences and sharpness of both sides, by the name of the column."""
    row: dict[str, float] = {}
    assert case.maps is not None
    sideways, pixels = 0.0, 0
    for name, hidden, truth, normals in (
        ("seen", False, case.rgb, case.maps["front_normals"]),
        ("hidden", True, case.maps["back_rgb"], case.maps["back_normals"]),
    ):
        picture, there = render_textured(shape, uv, texture, 0, PHOTO_PX, hidden)
        both = there & (case.mask > 250)
        differences = np.abs(picture.astype(float) - truth).mean(-1)
        row[f"texture_{name}"] = round(float(differences[both].mean()), 2)
        plain, plain_there = render_textured(shape, None, None, 0, PHOTO_PX, hidden)
        row[f"vertices_{name}"] = _difference(case, truth, plain, plain_there)
        row[f"sharpness_{name}"] = round(sharpness(picture, truth, both) or 0.0, 3)
        beside = both & (np.abs(normals[..., 2] / 127.0) < SIDEWAYS)
        sideways, pixels = sideways + float(differences[beside].sum()), pixels + int(beside.sum())
    return row | {"texture_sides": round(sideways / max(pixels, 1), 2)}


def render_textured(
    shape: PaintedMesh, uv, texture, degrees: float, size: int, hidden: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The shape turned about the vertical, in its texture or (None) its vertices' colours: picture (size, size, 3)
    uint8 on white, and where it is (size, size) bool. hidden: its far side, in the pixels of the near one."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]], np.float32)
    triangles, corners = split_quads(shape.faces)
    index, weights, _ = rasterize(shape.vertices @ turn.T, triangles.astype(np.int32), size, back=hidden)
    there = index >= 0
    shares = np.column_stack([weights[there], 1 - weights[there].sum(1)])
    if texture is None:
        values = np.einsum("nk,nkc->nc", shares, shape.colors[triangles[index[there]]].astype(np.float32))
    else:
        place = np.einsum("nk,nkc->nc", shares, uv.reshape(-1, 2)[corners][index[there]])
        column, row = np.zeros((2, size, size), np.float32)
        column[there], row[there] = (place * [1, -1] + [0, 1]).T * len(texture) - 0.5
        values = cv2.remap(texture, column, row, cv2.INTER_LINEAR)[there]
    picture = np.full((size, size, 3), 255, np.uint8)
    picture[there] = np.round(values)
    return picture, there


def _difference(case: Case, truth: np.ndarray, picture: np.ndarray, there: np.ndarray) -> float:
    both = there & (case.mask > 250)
    return round(float(np.abs(picture[both].astype(float) - truth[both]).mean()), 2)


def as_table(rows: list[dict]) -> str:
    """Medians (of `sound` how many, of `lost_mm` also the most) over the people, as markdown."""
    names = [name for name in rows[0] if name not in ("seed", "kind", "sound")]
    lines = [f"| of {len(rows)} people | median | most |", "|---|---|---|"]
    for name in names:
        values = [row[name] for row in rows]
        lines.append(f"| {name} | {np.median(values):g} | {max(values):g} |")
    return "\n".join([*lines, f"| sound | {sum(row['sound'] for row in rows)} of {len(rows)} | |"])
