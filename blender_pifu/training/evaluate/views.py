# SPDX-License-Identifier: GPL-3.0-or-later
"""What further photos of a person are worth: the same people made of one photo, two, three and four, against the truth;
and whether photos of somebody else are left out."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ...engine import stages
from ...engine.errors import NoPersonError
from ...engine.interfaces import Model
from ...engine.layout.painted_mesh import PaintedMesh
from ...engine.model import load_model
from ...engine.reading.photo import Photo
from ...engine.subject.figure import Figure, Figures
from ..data.several_photos import photograph_side
from ..native.raster import see
from ..people.person import pose_kind
from .back import TONE_M, averaged
from .cases import Case, split_case
from .measures.metrics import normal_views, surface_distances, views_error_deg

log = logging.getLogger(__name__)
SETS = {1: (), 2: ("back",), 3: ("left", "right"), 4: ("left", "back", "right")}  # photos -> sides beside the front
FIGURES = {
    "chamfer": ("Chamfer, cm", 2),
    "normals_deg": ("normals from four sides, degrees", 1),
    "front_deg": ("of these from the front", 1),
    "tone": ("colours of front and back, averaged over 5 cm, 0..255", 1),
}
SHEET_PX = 256


@dataclass(frozen=True)
class Photographed:
    """A test person: the truth, the first photo, and those from other sides by their names."""

    case: Case
    figure: Figure
    views: dict[str, Figure | None]


def evaluate_views(seeds: Iterable[int], weights: str, resolution: int, sway: float, folder: Path | None) -> list[dict]:
    """One row a person: `seed`, `kind`; `photos`: by their number the figures of FIGURES; `left_out`: photos of theirs
    that were not used; `strange`: whether a back photo of the person before was left out, None for the first. sway: see
    `photograph_side`. Pictures go into `folder` if given. Raises EngineError."""
    model, figures = load_model(weights), Figures("cpu")
    rows, stranger = [], None
    for seed in seeds:
        person = _photographed(seed, figures, sway)
        row = {"seed": seed, "kind": pose_kind(seed, "test"), "photos": {}, "left_out": []}
        cells = []
        for count, sides in SETS.items():
            views = [person.views[side] for side in sides]
            encoded, row["photos"][count], seen = measured(model, person, views, resolution)
            cells.append(seen)
            if count == max(SETS):
                row["left_out"] = [verdict.name for verdict in encoded.verdicts if verdict.why_not]
        row["strange"] = None
        if stranger:
            row["strange"] = _encoded_with(model, person, [stranger]).together is None
        stranger = person.views["back"]
        rows.append(row)
        log.info("%s", row)
        if folder:
            save_sheet(folder / f"{seed:05d}.png", person, cells)
    return rows


def as_table(rows: list[dict]) -> str:
    """Means over the people by the number of photos, and the change against one, as markdown; then what was left
    out."""
    counts = list(SETS)
    lines = [f"| mean of {len(rows)} | one photo | {' | '.join(f'{count} photos' for count in counts[1:])} |"]
    lines.append("|---" * (len(counts) + 1) + "|")
    for name, (heading, decimals) in FIGURES.items():
        means = [np.mean([row["photos"][count][name] for row in rows]) for count in counts]
        cells = [f"{mean:.{decimals}f} ({100 * (mean / means[0] - 1):+.0f} %)" for mean in means[1:]]
        lines.append(f"| {heading} | {means[0]:.{decimals}f} | {' | '.join(cells)} |")
    worse = sum(row["photos"][count]["chamfer"] > row["photos"][1]["chamfer"] for row in rows for count in counts[1:])
    mixed = [row["strange"] for row in rows if row["strange"] is not None]
    lines += ["", f"worse than one photo by Chamfer: {worse} of {len(rows) * (len(counts) - 1)}"]
    lines += [f"own photos left out: {sum(len(row['left_out']) for row in rows)} of {len(rows) * 3}"]
    lines += [f"somebody else's back left out: {sum(mixed)} of {len(mixed)}"]
    return "\n".join(lines)


def _photographed(seed: int, figures: Figures, sway: float) -> Photographed:
    case = split_case(seed)
    views: dict[str, Figure | None] = {}
    for side in SETS[max(SETS)]:
        try:
            views[side] = figures.cut_out(photograph_side(seed, side, sway=sway))
        except NoPersonError as error:
            log.info("%s", error)
            views[side] = None
    return Photographed(case, front_of(case, figures), views)


def front_of(case: Case, figures: Figures) -> Figure:
    """The first photo, cut as the truth is, so that both lie in one space."""
    figure = figures.cut_out(Photo(case.rgb, case.mask.astype(np.float32) / 255, (), f"front {case.name}"))
    if figure.photo.rgb.shape != case.rgb.shape:
        log.warning("%s leans, and is turned upright: what comes of it does not lie where the truth does", case.name)
    return replace(figure, crop=case.cut.crop)


def measured(
    model: Model, person: Photographed, views: Iterable[Figure | None], resolution: int
) -> tuple[stages.Encoded, dict[str, float], np.ndarray]:
    """What the engine makes of the first photo and some further ones, None for one in which nobody was found; the
    figures of FIGURES; and its normals from four sides, as `normal_views`."""
    encoded = _encoded_with(model, person, [view for view in views if view])
    mesh = _surface_of(encoded, resolution)
    seen = normal_views(*mesh)
    return encoded, _score(model, encoded, mesh, seen, person, resolution), seen


def _encoded_with(model: Model, person: Photographed, views: list[Figure]) -> stages.Encoded:
    """What the engine makes of the first photo and some further ones."""
    subject = stages.Subject(person.figure, None, tuple(views))
    return stages.encode(model, subject, lambda _: None)


def _surface_of(encoded: stages.Encoded, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and faces (F, 3), field space."""
    carved = stages.carve(encoded.field, resolution, lambda _: None)
    return stages.fair((carved.vertices, carved.faces))


def _score(model, encoded, mesh, views, person: Photographed, resolution) -> dict[str, float]:
    """The figures of FIGURES."""
    case = person.case
    painted = stages.paint(model, encoded, mesh, None, resolution)
    return {
        "chamfer": surface_distances(mesh, (case.vertices, case.faces))["chamfer"] * 100 / case.scale,
        "normals_deg": views_error_deg(views, case.views),
        "front_deg": views_error_deg(views[:1], case.views[:1]),
        "tone": float(np.mean(list(_color_errors(painted.mesh, case)))),
    }


def _color_errors(mesh: PaintedMesh, case: Case) -> Iterator[float]:
    """Of the front and, in the front's pixels, the hidden side as it is lit there."""
    assert case.maps is not None
    size = len(case.rgb)
    for side, truth in zip(see(mesh.vertices, mesh.faces, size, None), (case.rgb, case.maps["back_rgb"]), strict=True):
        seen, covered = np.zeros((size * size, 3), np.float32), np.zeros(size * size, bool)
        seen[side.pixels], covered[side.pixels] = side.interpolate(mesh.colors.astype(np.float32)), True
        both = covered.reshape(size, size) & (case.mask > 250)
        off = averaged(seen.reshape(size, size, 3) - truth, both, TONE_M * case.scale)
        yield float(np.abs(off)[both].mean())


def save_sheet(path: Path, person: Photographed, cells: list[np.ndarray]) -> None:
    """Write the photos, then of each number of photos, and of the truth, normals from four sides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    photos = [person.figure, *person.views.values()]
    shown = [np.zeros((SHEET_PX, SHEET_PX, 3)) if each is None else 255 * each.cut(SHEET_PX)[0] for each in photos]
    across = max(len(shown), len(person.case.views))  # photos, and views from four sides
    rows = [_row(shown, across)]
    for views in [*cells, person.case.views]:
        lit = np.where(np.abs(views).sum(-1, keepdims=True) > 0, (views + 1) * 127.5, 0)
        rows.append(_row([cv2.resize(view, (SHEET_PX, SHEET_PX)) for view in lit], across))
    cv2.imwrite(str(path), np.concatenate(rows, 0).clip(0, 255).astype(np.uint8)[..., ::-1])


def _row(cells: list[np.ndarray], across: int) -> np.ndarray:
    empty = [np.zeros((SHEET_PX, SHEET_PX, 3))] * (across - len(cells))
    return np.concatenate([*cells, *empty], 1)
