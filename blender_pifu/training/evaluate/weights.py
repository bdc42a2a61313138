# SPDX-License-Identifier: GPL-3.0-or-later
"""Score weights against the truth, level by level, beside an inflated silhouette and the weights to be replaced."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import torch

from ...engine.interfaces import Model
from ...engine.model import HumanModel, load_model
from ...engine.reading.person_cut import network_input
from ...engine.surface.extraction import extract_surface
from ...engine.surface.fairing import fair_walls
from ...engine.surface.mesh import largest_component
from ..data.sample import KINDS
from ..data.sheets import contact_sheet
from ..data.truth import inside
from .align import align
from .baseline import InflatedSilhouette
from .cases import PHOTO_PX, Case, photo_sized
from .metrics import angle_deg, intersection_over_union, normal_views, surface_distances, views_error_deg

log = logging.getLogger(__name__)
INFLATED = "inflated"
FIGURES = {  # figure: heading, decimals
    "chamfer": ("Chamfer cm", 2),
    "p2s": ("P2S cm", 2),
    "normal_consistency": ("normal consistency", 3),
    "iou": ("IoU", 3),
    "views_deg": ("four views", 1),
    "depth_cm": ("depth cm", 2),
    "level_cm": ("depth level cm", 2),
    "normals_deg": ("normals", 1),
}


def evaluate(
    cases: Iterable[Case], weights: list[str], against: str | None, resolution: int, folder: Path | None
) -> dict[str, dict[str, dict[str, float]]]:
    """Score the inflated silhouette, `against` (weights to compare with) and all `weights`, a model with a fine level
    also without it. Returns medians by method and pose class, see `summarise`; writes a contact sheet a case and the
    rows and table as JSON into `folder` if given. Raises EngineError, ValueError."""
    models = load_methods([*([against] if against else []), *weights])
    rows: dict[str, list[dict]] = {INFLATED: [], **{name: [] for name in models}}
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        meshes = {}
        for name in rows:
            model = models.get(name)
            encoding = model.encode(*model.prepare(case.cut)) if model else None
            field = model.field(encoding) if model else InflatedSilhouette(_mask(case))
            surface = extract_surface(field, resolution)
            if not len(surface.faces):
                raise ValueError(f"{name} makes no surface of case {case.name}")
            vertices, faces = largest_component(surface.vertices, surface.faces)
            found, meshes[name] = score(case, fair_walls(vertices, faces), faces)
            if isinstance(model, HumanModel) and case.maps:
                found |= score_maps(encoding, case)
            rows[name].append({"case": case.name, "kind": case.kind, **found})
            log.info("%s %s %s %s", case.name, case.kind, name, {k: round(v, 3) for k, v in found.items()})
        if folder:
            sheet = contact_sheet(case.rgb, {**meshes, "truth": (case.vertices, case.faces)})
            cv2.imwrite(str(folder / f"{case.kind}_{case.name}.png"), sheet[..., ::-1])
    table = {name: summarise(found) for name, found in rows.items()}
    if folder:
        (folder / "scores.json").write_text(json.dumps({"table": table, "rows": rows}, indent=1) + "\n")
    return table


def load_methods(weights: list[str]) -> dict[str, Model]:
    """Models by unique name; of one with a fine level, `NAME coarse` before it."""
    models = {}
    for given in weights:
        model = load_model(given)
        name = model.name
        while name in models:
            name += "'"
        coarse = model.without_fine() if isinstance(model, HumanModel) else None
        if coarse is not None:
            models[f"{name} coarse"] = coarse
        models[name] = model
    return models


def score(case: Case, vertices: np.ndarray, faces: np.ndarray) -> tuple[dict[str, float], tuple]:
    """Figures of a closed mesh in field space, distances in centimetres at true height, and the mesh as it was judged:
    aligned with the truth where that has another place and size than the photo."""
    if case.maps is None:
        vertices = align((vertices, faces), (case.vertices, case.faces))(vertices).astype(np.float32)
    found = surface_distances((vertices, faces), (case.vertices, case.faces))
    for name in ("chamfer", "p2s"):
        found[name] *= 100 / case.scale
    found["iou"] = intersection_over_union(inside(vertices, faces, case.volume), case.solid)
    found["views_deg"] = views_error_deg(normal_views(vertices, faces), case.views)
    return found, (vertices, faces)


def _mask(case: Case) -> torch.Tensor:
    return network_input(*case.cut(PHOTO_PX // 2), "cpu")[1]


def score_maps(encoding, case: Case) -> dict[str, float]:
    """Depth error in cm and angle between normals in degrees of the drawn maps, mean over front and back. `level_cm`:
    what is left of the depth error when the person as a whole is shifted and tilted to the truth: a camera's height is
    hard to see in a photo, and who stands is turned upright afterwards anyway."""
    truth = case.maps
    assert truth is not None
    solid = np.abs(truth["front_normals"]).sum(-1) > 0
    solid &= case.mask > 250
    found, errors = {"normals_deg": 0.0}, []
    for side in ("front", "back"):
        depth = photo_sized(getattr(encoding, f"{side}_depth"))
        errors.append((depth - truth[f"{side}_depth"].astype(np.float32))[solid] * 100 / case.scale)
        true = truth[f"{side}_normals"].astype(np.float32)[solid]
        drawn = photo_sized(getattr(encoding, f"{side}_normals"))[solid]
        found["normals_deg"] += 0.5 * angle_deg(drawn, true)
    rows, columns = solid.nonzero()
    plane = np.column_stack([rows, columns, np.ones_like(rows)]) / PHOTO_PX
    tilt = plane @ np.linalg.lstsq(plane, sum(errors) / 2, rcond=None)[0]
    found["depth_cm"] = float(np.mean(np.abs(errors)))
    found["level_cm"] = float(np.mean(np.abs(errors - tilt)))
    return found


def summarise(rows: list[dict]) -> dict[str, dict[str, float]]:
    """Median of every figure over all rows and over each pose class, with the count."""
    table = {}
    for kind in ("all", *KINDS):
        chosen = [row for row in rows if kind in ("all", row["kind"])]
        if chosen:
            names = [name for name in chosen[0] if name not in ("case", "kind")]
            medians = {name: round(float(np.median([row[name] for row in chosen])), 3) for name in names}
            table[kind] = {"people": len(chosen), **medians}
    return table


def as_markdown(table: dict, against: str | None) -> str:
    """The table of `evaluate`, one line a pose class and method; after each method's figures, in brackets, the change
    against the method named `against`."""
    lines = [
        "| poses | method | people | " + " | ".join(heading for heading, _ in FIGURES.values()) + " |",
        "|" + "---|" * (len(FIGURES) + 3),
    ]
    for kind in ("all", *KINDS):
        for method, kinds in table.items():
            if kind not in kinds:
                continue
            cells = [kind, method, str(kinds[kind]["people"])]
            for name, (_, decimals) in FIGURES.items():
                value = kinds[kind].get(name)
                cell = "" if value is None else f"{value:.{decimals}f}"
                old = table.get(against, {}).get(kind, {}).get(name) if method != against else None
                if value is not None and old and method != INFLATED:
                    cell += f" ({100 * (value / old - 1):+.0f} %)"
                cells.append(cell)
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
