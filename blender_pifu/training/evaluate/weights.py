# SPDX-License-Identifier: GPL-3.0-or-later
"""Score weights against the truth, level by level, beside an inflated silhouette and the weights to be replaced."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ...engine import second_look
from ...engine.interfaces import Model
from ...engine.model import HumanModel, load_model
from ...engine.reading.person_cut import network_input
from ...engine.surface.extraction import extract_surface
from ...engine.surface.fairing import fair_walls
from ...engine.surface.mesh import largest_component
from ..data.sample import KINDS
from ..data.sheets import contact_sheet
from ..data.truth import inside
from ..people.clothes.garment_kinds import GARMENT_KINDS
from .baseline import InflatedSilhouette
from .cases import PHOTO_PX, Case, photo_sized
from .measures.align import align
from .measures.face_error import face_error
from .measures.label_overlap import mean_label_iou
from .measures.metrics import angle_deg, intersection_over_union, normal_views, surface_distances, views_error_deg
from .measures.normal_bands import SIDES, band_figures, surface_maps
from .measures.outline import outline_figures
from .measures.sharpness import painted_front, sharpness

log = logging.getLogger(__name__)
INFLATED = "inflated"
CLASSES = ("all", *KINDS, *GARMENT_KINDS)
SIDE_VIEW = 1  # of `normal_views`: from the person's left
SURFACE_FIGURES = {  # figure: heading, decimals
    "chamfer": ("Chamfer cm", 2),
    "p2s": ("P2S cm", 2),
    "normal_consistency": ("normal consistency", 3),
    "iou": ("IoU", 3),
    "views_deg": ("four views", 1),
    "depth_cm": ("depth cm", 2),
    "level_cm": ("depth level cm", 2),
    "normals_deg": ("normals", 1),
}
SEEN_FIGURES = {
    "drawn_front_form_deg": ("form", 1),
    "drawn_front_folds_error": ("folds' error", 2),
    "drawn_front_folds_energy": ("folds' energy", 2),
    "drawn_front_folds_correlation": ("folds' correlation", 2),
    "surface_front_folds_error": ("surface folds' error", 2),
    "surface_front_folds_energy": ("surface folds' energy", 2),
    "side_iou": ("side IoU", 3),
    "outline_mm": ("outline mm outside", 1),
    "outline_off_mm": ("outline off mm", 1),
    "face_mm": ("face mm", 1),
    "front_sharpness": ("front sharpness", 2),
    "back_sharpness": ("back sharpness", 2),
    "labels_iou": ("labels IoU", 3),
}


def evaluate(
    cases: Iterable[Case], weights: list[str], against: str | None, resolution: int, folder: Path | None
) -> dict[str, dict[str, dict[str, float]]]:
    """Score the inflated silhouette, `against` (weights to compare with) and all `weights`, a model with a fine level
    also without it and with folds and labels. Returns medians by method and class of people, see `summarise`; writes a
    contact sheet a case and the rows and table as JSON into `folder` if given. Raises EngineError, ValueError."""
    methods = load_methods([*([against] if against else []), *weights])
    rows: dict[str, list[dict]] = {INFLATED: [], **{name: [] for name in methods}}
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        meshes = {}
        for name in rows:
            model, folds = methods.get(name, (None, False))
            encoding: Any = second_look.draw(model, case.cut) if model else None
            if isinstance(model, HumanModel) and folds:
                encoding = model.with_parsing(model.with_folds(encoding, case.cut), case.cut)
            field = model.field(encoding) if model else InflatedSilhouette(_mask(case))
            surface = extract_surface(field, resolution)
            if not len(surface.faces):
                raise ValueError(f"{name} makes no surface of case {case.name}")
            vertices, faces = largest_component(surface.vertices, surface.faces)
            vertices = fair_walls(vertices, faces)
            found, meshes[name] = score(case, vertices, faces)
            if model:
                found |= score_photo(case, vertices, faces, 2 / resolution)
            if isinstance(model, HumanModel) and case.maps:
                found |= score_maps(encoding, case)
            rows[name].append({"case": case.name, "kind": case.kind, "garments": case.garments, **found})
            log.info("%s %s %s %s", case.name, case.kind, name, {k: round(v, 3) for k, v in found.items()})
        if folder:
            sheet = contact_sheet(case.rgb, {**meshes, "truth": (case.vertices, case.faces)})
            cv2.imwrite(str(folder / f"{case.kind}_{case.name}.png"), sheet[..., ::-1])
    table = {name: summarise(found) for name, found in rows.items()}
    if folder:
        (folder / "scores.json").write_text(json.dumps({"table": table, "rows": rows}, indent=1) + "\n")
    return table


def load_methods(weights: list[str]) -> dict[str, tuple[Model, bool]]:
    """Models by unique name, and whether folds and labels are added; of one with a fine level, `NAME coarse` before it,
    and then `NAME folds`."""
    methods: dict[str, tuple[Model, bool]] = {}
    for given in weights:
        model = load_model(given)
        name = model.name
        while name in methods:
            name += "'"
        coarse = model.without_fine() if isinstance(model, HumanModel) else None
        if coarse is not None:
            methods[f"{name} coarse"] = coarse, False
        methods[name] = model, False
        if coarse is not None:
            methods[f"{name} folds"] = model, True
    return methods


def score(case: Case, vertices: np.ndarray, faces: np.ndarray) -> tuple[dict[str, float], tuple]:
    """Figures of a closed mesh in field space, distances in centimetres at true height, and the mesh as it was judged:
    aligned with the truth where that has another place and size than the photo."""
    if case.maps is None:
        vertices = align((vertices, faces), (case.vertices, case.faces))(vertices).astype(np.float32)
    found = surface_distances((vertices, faces), (case.vertices, case.faces))
    for name in ("chamfer", "p2s"):
        found[name] *= 100 / case.scale
    found["iou"] = intersection_over_union(inside(vertices, faces, case.volume), case.solid)
    views = normal_views(vertices, faces)
    found["views_deg"] = views_error_deg(views, case.views)
    found["side_iou"] = intersection_over_union(*(np.abs(seen[SIDE_VIEW]).sum(-1) > 0 for seen in (views, case.views)))
    truth = case.maps or surface_maps(case.vertices, case.faces, PHOTO_PX)
    everywhere = np.ones((PHOTO_PX, PHOTO_PX), bool)
    found |= _bands("surface", surface_maps(vertices, faces, PHOTO_PX), truth, everywhere, case.scale)
    if case.maps is not None:
        found |= outline_figures(vertices, faces, case.mask, case.scale)
    if case.face is not None and len(case.face):
        found["face_mm"] = face_error(vertices, faces, case.face, case.scale)
    return found, (vertices, faces)


def _bands(whose: str, ours: dict, truth: dict, solid: np.ndarray, scale: float) -> dict[str, float]:
    """Figures of `normal_bands` of both sides, named WHOSE_SIDE_FIGURE."""
    found = {}
    for side in SIDES:
        normals, depth = f"{side}_normals", f"{side}_depth"
        figures = band_figures(ours[normals], truth[normals], truth[depth], solid, scale)
        found |= {f"{whose}_{side}_{name}": value for name, value in figures.items()}
    return found


def score_photo(case: Case, vertices: np.ndarray, faces: np.ndarray, spacing: float) -> dict[str, float]:
    """`front_sharpness`: of the mesh's vertices, in the photo's place, coloured from the photo, against the photo;
    spacing: as `painting.paint` takes it."""
    photo = np.dstack(case.cut(PHOTO_PX))
    seen = painted_front(vertices, faces, spacing, photo)
    found = sharpness(seen[..., :3], photo[..., :3], (case.mask > 250) & (seen[..., 3] > 0))
    return {} if found is None else {"front_sharpness": found}


def _mask(case: Case) -> torch.Tensor:
    return network_input(*case.cut(PHOTO_PX // 2), "cpu")[1]


def score_maps(encoding, case: Case) -> dict[str, float]:
    """Depth error in cm and angle between normals in degrees of the drawn maps, mean over front and back. `level_cm`:
    what is left of the depth error when the person as a whole is shifted and tilted to the truth: a camera's height is
    hard to see in a photo, and who stands is turned upright afterwards anyway. Also form and folds of the drawn
    normals, `back_sharpness` of the drawn colours, and `labels_iou` where labels are drawn and known."""
    truth = case.maps
    assert truth is not None
    solid = np.abs(truth["front_normals"]).sum(-1) > 0
    solid &= case.mask > 250
    found, errors = {"normals_deg": 0.0}, []
    drawn = {name: photo_sized(getattr(encoding, name)) for name in ("front_normals", "back_normals")}
    for side in SIDES:
        depth = photo_sized(getattr(encoding, f"{side}_depth"))
        errors.append((depth - truth[f"{side}_depth"].astype(np.float32))[solid] * 100 / case.scale)
        true = truth[f"{side}_normals"].astype(np.float32)[solid]
        found["normals_deg"] += 0.5 * angle_deg(drawn[f"{side}_normals"][solid], true)
    rows, columns = solid.nonzero()
    plane = np.column_stack([rows, columns, np.ones_like(rows)]) / PHOTO_PX
    tilt = plane @ np.linalg.lstsq(plane, sum(errors) / 2, rcond=None)[0]
    found["depth_cm"] = float(np.mean(np.abs(errors)))
    found["level_cm"] = float(np.mean(np.abs(errors - tilt)))
    found |= _bands("drawn", drawn, truth, solid, case.scale)
    sharp = sharpness(photo_sized(encoding.back_rgb), truth["back_rgb"] / np.float32(255), solid)
    overlap = _labels_iou(encoding, truth, solid)
    more = {"back_sharpness": sharp, "labels_iou": overlap}
    return found | {name: value for name, value in more.items() if value is not None}


def _labels_iou(encoding, truth: dict[str, np.ndarray], solid: np.ndarray) -> float | None:
    """Mean over the sides whose labels are known and drawn: `front_labels`, `back_labels` of the encoding, scores (1,
    labels, h, w) in the order of the truth's numbers."""
    found = []
    for side in SIDES:
        scores = getattr(encoding, f"{side}_labels", None)
        if scores is not None and f"labels_{side}" in truth:
            found.append(mean_label_iou(photo_sized(scores).argmax(-1), truth[f"labels_{side}"], solid))
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def summarise(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Median of every figure over all rows, over each pose class and over each kind of garments, with the count; of a
    figure that not all rows have, over those that do."""
    table = {}
    for kind in CLASSES:
        chosen = [row for row in rows if kind in ("all", row["kind"], row.get("garments"))]
        if chosen:
            names = dict.fromkeys(name for row in chosen for name in row if name not in ("case", "kind", "garments"))
            medians = {name: float(np.median([row[name] for row in chosen if name in row])) for name in names}
            table[kind] = {"people": len(chosen), **{name: round(value, 3) for name, value in medians.items()}}
    return table


def as_markdown(table: dict, against: str | None) -> str:
    """The tables of `evaluate`, of the surface and of what is seen of it, one line a class of people and method; after
    each method's figures, in brackets, the change against the method named `against`. What no method has a figure of
    gets no column."""
    return "\n\n".join(_as_markdown(table, figures, against) for figures in (SURFACE_FIGURES, SEEN_FIGURES))


def _as_markdown(table: dict, figures: dict[str, tuple[str, int]], against: str | None) -> str:
    known = {name for kinds in table.values() for found in kinds.values() for name in found}
    figures = {name: shown for name, shown in figures.items() if name in known}
    lines = [
        "| poses, garments | method | people | " + " | ".join(heading for heading, _ in figures.values()) + " |",
        "|" + "---|" * (len(figures) + 3),
    ]
    for kind in CLASSES:
        for method, kinds in table.items():
            if kind not in kinds:
                continue
            cells = [kind, method, str(kinds[kind]["people"])]
            for name, (_, decimals) in figures.items():
                value = kinds[kind].get(name)
                cell = "" if value is None else f"{value:.{decimals}f}"
                old = table.get(against, {}).get(kind, {}).get(name) if method != against else None
                if value is not None and old and method != INFLATED:
                    cell += f" ({100 * (value / old - 1):+.0f} %)"
                cells.append(cell)
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
