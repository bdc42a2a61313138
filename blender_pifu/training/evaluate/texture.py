# SPDX-License-Identifier: GPL-3.0-or-later
"""What people of quads look like in their baked texture, from the front and from behind, against the truth: in the
photo's light, and without it against the true albedo."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...engine import stages
from ...engine.interfaces import Model
from ...engine.layout.closest import DenseSurface
from ...engine.layout.painted_mesh import PaintedMesh, painted_like
from ...engine.layout.presets import find_flaws, loss
from ...engine.layout.texture.bake import Sources, bake, texels_of
from ...engine.layout.texture.unwrap import unwrap
from ...engine.layout.topologies import TOPOLOGIES, Source
from ...engine.model import load_model
from ...engine.subject.lens import Lens
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import largest_component, split_quads
from ..data.sample import GENERATION
from ..native.raster import rasterize
from .cases import PHOTO_PX, Case, split_case
from .measures.color_error import albedo_gain, beside_borders, brightened, mean_difference
from .measures.sharpness import sharpness

log = logging.getLogger(__name__)
ANGLES, SHEET_PX = (0, 45, 90, 135, 180, 225, 270, 315), 384
SIDEWAYS = 0.6  # how far a surface leans to the camera, at most, that is seen from the side rather than from before
SIDES = {"seen": "front", "hidden": "back"}  # columns' names of them, and the truth's
COLUMNS = {  # of the table, by what they tell
    what: tuple(f"{column}_{side}" for side in ("seen", "hidden", "sides"))
    for what, column in {
        "texture in the photo's light": "texture",
        "the same at the vertices": "vertices",
        "sharpness in the photo's light": "sharpness",
        "texture in the photo's light, from the true albedo": "lit_albedo",
        "texture without it, from the true albedo": "albedo",
        "error beside borders of labels": "albedo_borders",
        "sharpness without the light": "albedo_sharpness",
        "sharpness there": "albedo_borders_sharpness",
    }.items()
}


@dataclass(frozen=True)
class _Textured:
    """The shape with its colours at the vertices, UVs, the texture, and the seconds that baking it took."""

    shape: PaintedMesh
    uv: np.ndarray
    texture: np.ndarray
    seconds: float

    def seen(self, hidden: bool) -> tuple[np.ndarray, np.ndarray]:
        """One side of it in the photo's pixels, see `render_textured`."""
        return render_textured(self.shape, self.uv, self.texture, 0, PHOTO_PX, hidden)


def evaluate_texture(
    seeds: Iterable[int],
    weights: str,
    topology: str,
    resolution: int,
    side: int,
    folder: Path | None,
    generation: int = GENERATION,
    assets: Path | None = None,
) -> list[dict]:
    """One row a person of the test set. In the photo's light, mean difference from the truth, 0..255 sRGB, of what the
    camera saw, of the hidden side and of what looks sideways on either, in the texture (`side` pixels) and in colours
    at the same mesh's vertices, and how sharp the texture is (1: as the truth). Of people whose true albedo is known,
    those of generation 4, the same of the texture without the photo's light against that (`albedo_*`) and of the one in
    its light (`lit_albedo_*`), a gain a channel left out, and the error and sharpness beside borders of labels. Charts,
    faces, how far (mm) a thousandth of the dense surface lies from the mesh, whether it is sound, and seconds.
    generation, assets: as `make_scene`. Pictures of a person, lit and without light, go into `folder` if given. Raises
    EngineError."""
    model = load_model(weights)
    return [_row(split_case(seed, generation, assets), model, topology, resolution, side, folder) for seed in seeds]


def _row(case: Case, model: Model, topology: str, resolution: int, side: int, folder: Path | None) -> dict:
    encoding = model.encode(*model.prepare(case.cut))
    drawn = stages.Encoded(encoding, model.field(encoding), None, False, case.lens or Lens(0), case.cut)

    def surface_at(steps):
        surface = extract_surface(drawn.field, steps)
        return largest_component(surface.vertices, surface.faces)

    mesh = stages.fair(surface_at(resolution), case.cut)
    lit, bare = (stages.take_light(model, drawn, keep) for keep in (True, False))
    looks = stages.Looks(model, lit, resolution, side)
    painted = stages.paint(model, lit, mesh, None, resolution, looks)
    clock = [time.perf_counter()]
    shape = TOPOLOGIES[topology].make(Source(painted.mesh, None, resolution, surface_at, None, None), lambda: None).mesh
    clock.append(time.perf_counter())
    uv, charts = unwrap(shape.vertices, shape.faces, shape.normals)
    clock.append(time.perf_counter())
    in_light = _textured(shape, uv, painted, looks, lit, resolution, side)
    row = {"seed": int(case.name), "kind": case.kind, **_lit_errors(case, in_light)}
    sheets = [in_light]
    if case.maps is not None and "albedo_front" in case.maps:
        looks = stages.Looks(model, bare, resolution, side)
        painted = stages.paint(model, bare, mesh, None, resolution, looks)
        without = _textured(shape, uv, painted, looks, bare, resolution, side)
        row |= _albedo_errors(case, in_light, "lit_albedo") | _albedo_errors(case, without, "albedo")
        sheets.append(without)
    dense = DenseSurface(*mesh, painted.mesh.normals)
    lost = loss(shape.vertices, shape.faces, dense) / case.scale * 1000
    row |= {"charts": int(charts.max()) + 1, "faces": len(shape.faces), "lost_mm": round(lost, 1)}
    row["sound"] = not find_flaws(shape.vertices, shape.faces, len(shape.faces))
    seconds = [*np.diff(clock), in_light.seconds]
    row |= {name: round(float(s), 2) for name, s in zip(("lay_out_s", "unwrap_s", "bake_s"), seconds, strict=True)}
    log.info("%s", row)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        strips = [turntable_strip(each.shape, each.uv, each.texture) for each in sheets]
        cv2.imwrite(str(folder / f"{case.name}.png"), np.concatenate(strips)[..., ::-1])
    return row


def _textured(
    shape: PaintedMesh,
    uv: np.ndarray,
    painted: stages.Painted,
    looks: stages.Looks,
    encoded: stages.Encoded,
    resolution: int,
    side: int,
) -> _Textured:
    """A shape laid out on a painted surface in that one's colours."""
    dense, cut = painted.mesh, encoded.cut
    shape = painted_like(dense, dense.surface, shape.vertices, shape.faces)
    shown = looks.hidden.result() | looks.in_texture()
    begin = time.perf_counter()
    sources = Sources(dense, 2 / resolution, shown, cut.landmarks, edge_on=looks.edge_on())
    texture = bake(shape, uv, texels_of(shape, sources), side)
    return _Textured(shape, uv, texture, time.perf_counter() - begin)


def turntable_strip(shape: PaintedMesh, uv: np.ndarray, texture: np.ndarray) -> np.ndarray:
    """A shape in its texture from all of ANGLES, side by side: (SHEET_PX, 8 SHEET_PX, 3) uint8 sRGB."""
    return np.concatenate([render_textured(shape, uv, texture, angle, SHEET_PX)[0] for angle in ANGLES], 1)


def _lit_errors(case: Case, made: _Textured) -> dict[str, float]:
    """Differences and sharpness of both sides in the photo's light, by the name of the column."""
    row: dict[str, float] = {}
    assert case.maps is not None
    beside = []
    for name, truth in (("seen", case.rgb), ("hidden", case.maps["back_rgb"])):
        picture, there = made.seen(name == "hidden")
        both = there & (case.mask > 250)
        plain, plain_there = render_textured(made.shape, None, None, 0, PHOTO_PX, name == "hidden")
        row[f"texture_{name}"] = _rounded(mean_difference(picture, truth, both))
        row[f"vertices_{name}"] = _rounded(mean_difference(plain, truth, plain_there & (case.mask > 250)))
        row[f"sharpness_{name}"] = round(sharpness(picture, truth, both) or 0.0, 3)
        beside.append((picture, truth, both & _sideways(case, name)))
    return row | {"texture_sides": _difference_of_all(beside)}


def _albedo_errors(case: Case, made: _Textured, column: str) -> dict[str, float]:
    """The same against the true albedo, with what is beside borders of labels; one gain a channel for the person."""
    row: dict[str, float] = {}
    assert case.maps is not None
    views = []
    for name, side in SIDES.items():
        picture, there = made.seen(name == "hidden")
        views.append((name, picture, case.maps[f"albedo_{side}"], there & (case.mask > 250)))
    ours, truths = (np.concatenate([view[k][view[3]] for view in views]) for k in (1, 2))
    gain = albedo_gain(ours, truths)
    beside = []
    for name, picture, truth, both in views:
        bright = brightened(picture, gain)
        row[f"{column}_{name}"] = _rounded(mean_difference(bright, truth, both))
        row[f"{column}_sharpness_{name}"] = round(sharpness(bright, truth, both) or 0.0, 3)
        borders = both & beside_borders(case.maps[f"labels_{SIDES[name]}"])
        row[f"{column}_borders_{name}"] = _rounded(mean_difference(bright, truth, borders))
        row[f"{column}_borders_sharpness_{name}"] = round(sharpness(bright, truth, borders) or 0.0, 3)
        beside.append((bright, truth, both & _sideways(case, name)))
    return row | {f"{column}_sides": _difference_of_all(beside)}


def _sideways(case: Case, name: str) -> np.ndarray:
    """Where, (PHOTO_PX, PHOTO_PX) bool, the true surface of a side looks sideways."""
    assert case.maps is not None
    return np.abs(case.maps[f"{SIDES[name]}_normals"][..., 2] / 127.0) < SIDEWAYS


def _difference_of_all(views: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> float:
    """The mean difference of several pictures, each ours, true and where; every pixel counts the same."""
    ours, truth, where = (np.concatenate(parts) for parts in zip(*views, strict=True))
    return _rounded(mean_difference(ours, truth, where))


def _rounded(value: float | None) -> float:
    return round(value or 0.0, 2)


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


def as_table(rows: list[dict]) -> str:
    """Medians over the people, by side of what is known of colours, then (with the most; of `sound` how many) of the
    meshes, as markdown."""
    head = [f"| medians of {len(rows)} people, of 255 | front | back | sides |", "|---|---|---|---|"]
    colors = [
        f"| {what} | {' | '.join(_medians(rows, names))} |" for what, names in COLUMNS.items() if names[0] in rows[0]
    ]
    lines = ["| meshes | median | most |", "|---|---|---|"]
    for name in ("charts", "faces", "lost_mm", "lay_out_s", "unwrap_s", "bake_s"):
        values = [row[name] for row in rows]
        lines.append(f"| {name} | {np.median(values):g} | {max(values):g} |")
    lines.append(f"| sound | {sum(row['sound'] for row in rows)} of {len(rows)} | |")
    return "\n".join([*head, *colors, "", *lines])


def _medians(rows: list[dict], names: tuple[str, ...]) -> list[str]:
    return [f"{np.median([row[name] for row in rows]):g}" if name in rows[0] else "" for name in names]
