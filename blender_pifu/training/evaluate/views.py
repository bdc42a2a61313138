# SPDX-License-Identifier: GPL-3.0-or-later
"""What further photos of a person are worth: the same people made of one photo, two, three and four, against the truth;
and whether photos of somebody else are left out."""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ...engine import stages
from ...engine.errors import OutputError
from ...engine.interfaces import Model
from ...engine.layout.painted_mesh import PaintedMesh
from ...engine.model import load_model
from ...engine.reading.photo import Photo
from ...engine.subject.figure import Figure, Figures
from ...engine.views.one_photo import OnePhoto
from ...engine.views.together import Verdict
from ..data.render import render_sides
from ..data.sample import light_of, make_scene
from ..data.several_photos import photograph_side
from ..native.raster import see
from ..people.person import pose_kind
from .back import TONE_M, averaged
from .cases import PHOTO_PX, Case, split_case
from .measures.metrics import normal_views, surface_distances, views_error_deg

log = logging.getLogger(__name__)
SETS = {  # photos -> sides beside the front
    1: (),
    2: ("back",),
    3: ("left", "right"),
    4: ("left", "back", "right"),
    8: ("front left", "left", "back left", "back", "back right", "right", "front right"),
}
COUNTS = (1, 2, 3, 4)  # by default
FIGURES = {
    "chamfer": ("Chamfer, cm", 2),
    "normals_deg": ("normals from four sides, degrees", 1),
    "front_deg": ("of these from the front", 1),
    "back_deg": ("of these from the back", 1),
    "tone": ("colours of front and back, averaged over 5 cm, 0..255", 1),
    "front_tone": ("of these of the front", 1),
    "sides_tone": ("colours of left and right, averaged over 5 cm, 0..255", 1),
}
SHEET_PX = 256
SOLID = 0.98  # of a mask


@dataclass(frozen=True)
class Photographed:
    """A test person: the truth, and what it looks like from the left and, in the same pixels, the right, and where, see
    `render_sides`; the first photo, and those from other sides by their names, or why one of them cannot be used."""

    case: Case
    sides: tuple[tuple[np.ndarray, np.ndarray], np.ndarray]
    figure: Figure
    views: dict[str, Figure | Verdict]

    def as_truth(self, vertices: np.ndarray) -> np.ndarray:
        """Positions (V, 3) in the first photo's field space in that of the truth, whose photo nobody turned upright."""
        crop, (height, width) = self.figure.crop, self.figure.photo.rgb.shape[:2]
        beside = np.array([crop.center_x - width / 2, height / 2 - crop.center_y, 0]) / (PHOTO_PX / 2)
        cosine, sine = np.cos(self.figure.roll), np.sin(self.figure.roll)
        back = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
        return (vertices * (crop.side / PHOTO_PX) + beside) @ back.T


@dataclass(frozen=True)
class Readings:
    """What the engine read in each photo of a person by itself, each once: encoded, first: of the first photo; views:
    of the others by their names."""

    encoded: stages.Encoded
    first: OnePhoto | None
    views: dict[str, OnePhoto | Verdict]

    def together(self, sides: Iterable[str], *strangers: OnePhoto | Verdict) -> stages.Encoded:
        """The first photo with those from some sides, and with photos of somebody else."""
        return stages.with_views(self.encoded, self.first, [*(self.views[side] for side in sides), *strangers])


def evaluate_views(
    seeds: Iterable[int],
    weights: str,
    resolution: int,
    sway: float,
    *,
    counts: Sequence[int] = COUNTS,
    generation: int = 3,
    assets: Path | None = None,
    folder: Path | None = None,
) -> list[dict]:
    """One row a person: `seed`, `kind`; `photos`: by their number the figures of FIGURES; `left_out`: photos of theirs
    that were not used, and why; `strange`: of each photo of the person before, whether it was left out.
    counts: of SETS, 1 the first; sway, generation, assets: as `photograph_side`. Pictures and rows go into `folder` if
    given; rows that lie there are not made again, and must be `of` these settings. Raises EngineError."""
    model, figures = load_model(weights), Figures("cpu")
    rows, strangers = [], []
    most = SETS[max(counts)]
    of = {"weights": weights, "resolution": resolution, "sway": sway, "counts": [*counts], "generation": generation}
    for seed in seeds:
        kept = folder / f"{seed:05d}.json" if folder else None
        if kept and kept.exists():
            rows.append(_kept(kept, of))
            continue
        person = _photographed(seed, figures, sway, generation, assets, most)
        readings = read(model, person)
        row = {"seed": seed, "kind": pose_kind(seed, "test"), "of": of, "photos": {}, "left_out": {}}
        cells = []
        for count in counts:
            encoded, row["photos"][count], seen = measured(model, person, readings, SETS[count], resolution)
            cells.append(seen)
            if count == max(counts):
                row["left_out"] = {verdict.name: verdict.why_not for verdict in encoded.verdicts if verdict.why_not}
        row["strange"] = [readings.together((), stranger).together is None for stranger in strangers]
        strangers = list(readings.views.values())
        rows.append(row)
        log.info("%s", row)
        if folder:
            save_sheet(folder / f"{seed:05d}.png", person, cells)
        if kept:
            kept.write_text(json.dumps(row))
    return rows


def _kept(path: Path, of: dict) -> dict:
    row = json.loads(path.read_text())
    if row.get("of") != of:
        raise OutputError(f'"{path}" was made with other settings.', fix="Choose another folder with --out.")
    return row | {"photos": {int(count): figures for count, figures in row["photos"].items()}}


def as_table(rows: list[dict]) -> str:
    """Means over the people by the number of photos, and the change against one, as markdown; then what was left
    out."""
    counts = list(rows[0]["photos"])
    lines = [f"| mean of {len(rows)} | one photo | {' | '.join(f'{count} photos' for count in counts[1:])} |"]
    lines.append("|---" * (len(counts) + 1) + "|")
    for name, (heading, decimals) in FIGURES.items():
        means = [np.mean([row["photos"][count][name] for row in rows]) for count in counts]
        cells = [f"{mean:.{decimals}f} ({100 * (mean / means[0] - 1):+.0f} %)" for mean in means[1:]]
        lines.append(f"| {heading} | {means[0]:.{decimals}f} | {' | '.join(cells)} |")
    worse = [
        f"{row['seed']} of {count} by {row['photos'][count]['chamfer'] - row['photos'][1]['chamfer']:.2f} cm"
        for row in rows
        for count in counts[1:]
        if row["photos"][count]["chamfer"] > row["photos"][1]["chamfer"]
    ]
    mixed = [left_out for row in rows for left_out in row["strange"]]
    lines += ["", f"worse than one photo by Chamfer: {len(worse)} of {len(rows) * (len(counts) - 1)}"]
    lines += [f"- {each}" for each in worse]
    lines += [f"own photos left out: {sum(len(row['left_out']) for row in rows)} of {len(rows) * (max(counts) - 1)}"]
    lines += [f"somebody else's photos left out: {sum(mixed)} of {len(mixed)}"]
    return "\n".join(lines)


def _photographed(
    seed: int, figures: Figures, sway: float, generation: int, assets: Path | None, sides: Sequence[str]
) -> Photographed:
    case, who = split_case(seed, generation, assets), (generation, assets)
    photos = {side: photograph_side(seed, side, "test", sway, *who) for side in sides}
    views = {side: stages.cut_out_view(figures, photo) for side, photo in photos.items()}
    return Photographed(case, true_sides(seed, generation, assets), front_of(case, figures), views)


def true_sides(seed: int, generation: int, assets: Path | None) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The person of a case from the left and the right in the first photo's light, as `render_sides`."""
    scene = make_scene(seed, "test", PHOTO_PX, generation, assets)
    mesh = replace(scene.person.seen_through(scene.framing), vertices=scene.vertices)
    return render_sides(mesh, PHOTO_PX, light_of(seed, "test", scene.person.vertices, generation))


def front_of(case: Case, figures: Figures) -> Figure:
    """The first photo, cut as the truth is, so that both lie in one space, unless the person had to be turned
    upright."""
    figure = figures.cut_out(Photo(case.rgb, case.mask.astype(np.float32) / 255, (), f"front {case.name}"))
    return figure if figure.roll else replace(figure, crop=case.cut.crop)


def read(model: Model, person: Photographed) -> Readings:
    """What the engine reads in each photo."""
    subject = stages.Subject(person.figure, None, tuple(person.views.values()))
    encoded = stages.encode(model, replace(subject, views=()), _nobody_waits)
    first, seen = stages.read_views(model, subject, encoded, _nobody_waits)
    return Readings(encoded, first, dict(zip(person.views, seen, strict=True)))


def measured(
    model: Model, person: Photographed, readings: Readings, sides: Iterable[str], resolution: int
) -> tuple[stages.Encoded, dict[str, float], np.ndarray]:
    """What the engine makes of the first photo and those from some sides; the figures of FIGURES; and its normals from
    four sides, as `normal_views`."""
    encoded = readings.together(sides)
    carved = stages.carve(encoded.field, resolution, _nobody_waits)
    vertices, faces = stages.fair((carved.vertices, carved.faces), encoded.cut)
    painted = stages.paint(model, encoded, (vertices, faces), None, resolution).mesh
    vertices = person.as_truth(vertices)
    seen, case = normal_views(vertices, faces), person.case
    front, left, back, right = _color_errors(replace(painted, vertices=vertices), person)
    figures = {
        "chamfer": surface_distances((vertices, faces), (case.vertices, case.faces))["chamfer"] * 100 / case.scale,
        "normals_deg": views_error_deg(seen, case.views),
        "front_deg": views_error_deg(seen[:1], case.views[:1]),
        "back_deg": views_error_deg(seen[2:3], case.views[2:3]),
        "tone": (front + back) / 2,
        "front_tone": front,
        "sides_tone": (left + right) / 2,
    }
    return encoded, figures, seen


def _nobody_waits(_: float) -> None:
    pass


def _color_errors(mesh: PaintedMesh, person: Photographed) -> list[float]:
    """From the front, the left, the back and the right, as the light of the first photo shows these."""
    case, (sides, mask) = person.case, person.sides
    assert case.maps is not None
    quarter = np.stack([-mesh.vertices[:, 2], mesh.vertices[:, 1], mesh.vertices[:, 0]], 1)
    front, back = _two_errors(mesh, mesh.vertices, (case.rgb, case.maps["back_rgb"]), case.mask / 255, case.scale)
    left, right = _two_errors(mesh, quarter, sides, mask, case.scale)
    return [front, left, back, right]


def _two_errors(mesh: PaintedMesh, vertices: np.ndarray, truths, mask: np.ndarray, scale: float) -> Iterator[float]:
    """Of the side that is nearest of vertices (V, 3), and of the one that is farthest."""
    size = len(mask)
    for side, truth in zip(see(np.ascontiguousarray(vertices), mesh.faces, size, None), truths, strict=True):
        seen, covered = np.zeros((size * size, 3), np.float32), np.zeros(size * size, bool)
        seen[side.pixels], covered[side.pixels] = side.interpolate(mesh.colors.astype(np.float32)), True
        both = covered.reshape(size, size) & (mask > SOLID)
        off = averaged(seen.reshape(size, size, 3) - truth, both, TONE_M * scale)
        yield float(np.abs(off)[both].mean())


def save_sheet(path: Path, person: Photographed, cells: list[np.ndarray]) -> None:
    """Write the photos, then of each number of photos, and of the truth, normals from four sides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    photos = [person.figure, *person.views.values()]
    nothing = np.zeros((SHEET_PX, SHEET_PX, 3))
    shown = [nothing if isinstance(each, Verdict) else 255 * each.cut(SHEET_PX)[0] for each in photos]
    across = max(len(shown), len(person.case.views))  # photos, and views from four sides
    rows = [_row(shown, across)]
    for views in [*cells, person.case.views]:
        lit = np.where(np.abs(views).sum(-1, keepdims=True) > 0, (views + 1) * 127.5, 0)
        rows.append(_row([cv2.resize(view, (SHEET_PX, SHEET_PX)) for view in lit], across))
    cv2.imwrite(str(path), np.concatenate(rows, 0).clip(0, 255).astype(np.uint8)[..., ::-1])


def _row(cells: list[np.ndarray], across: int) -> np.ndarray:
    empty = [np.zeros((SHEET_PX, SHEET_PX, 3))] * (across - len(cells))
    return np.concatenate([*cells, *empty], 1)
