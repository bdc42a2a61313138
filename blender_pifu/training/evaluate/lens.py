# SPDX-License-Identifier: GPL-3.0-or-later
"""Score what taking the lens's perspective out of the shape gains, against people in their true proportions."""

import logging
from collections.abc import Iterable

import numpy as np

from ...engine.model import load_model
from ...engine.subject.lens import Lens, usual_lens
from ...engine.surface.extraction import extract_surface
from ...engine.surface.fairing import fair_walls
from ...engine.surface.mesh import camera_tilt, largest_component, tilt_back
from ..data.sample import KINDS
from ..native.raster import rasterize
from .cases import Case
from .measures.align import align
from .measures.metrics import surface_distances
from .weights import summarise

log = logging.getLogger(__name__)
VIEW_PX = 256
SOLE_M, ABOVE_SOLE_M, BIN_M = 0.075, 0.03, 0.015  # metres: round the foot's line; below the ankle; along the foot
LEFT, RIGHT = (27, 29, 31), (28, 30, 32)  # landmarks of a foot: ankle, heel, toes
METHODS = ("left in", "usual", "told")
CAMERAS = {"within 5 m": (0.0, 5.0), "5 to 10 m": (5.0, 10.0), "farther": (10.0, np.inf)}
FIGURES = {"chamfer": 2, "normal_consistency": 3, "side_iou": 3, "sole_deg": 1, "sole_upright_deg": 1, "tilt_deg": 1}


def evaluate_lens(cases: Iterable[Case], weights: str, resolution: int) -> dict[str, dict[str, dict[str, float]]]:
    """Medians by method and pose class, as `weights.summarise`, or CAMERAS, of people with a known lens.

    Methods: perspective left in the shape; taken out with the usual distance; with the true one, as EXIF data tell it.
    Every mesh is laid over the true shape by rotation, shift and scale. Chamfer in cm at true height; `side_iou`: of
    the outlines from the side; `sole_deg`: by how much soles dip towards the toes more than the true ones, mean of both
    feet; `sole_upright_deg`: how far they are from level, unsigned, once the body is stood upright as the pipeline does
    it, and `tilt_deg` by how much that was.
    """
    model = load_model(weights)
    rows = {method: [] for method in (*METHODS, "truth")}
    for case in cases:
        assert case.marks is not None and case.lens is not None, "people of a split have both"
        surface = extract_surface(model.field(model.encode(*model.prepare(case.cut))), resolution)
        vertices, faces = largest_component(surface.vertices, surface.faces)
        vertices = fair_walls(vertices, faces)
        truth = case.lens.straight(case.vertices), case.faces
        lenses = Lens(0.0), usual_lens(float(np.ptp(vertices[:, 1]))), case.lens
        for method, lens in zip(METHODS, lenses, strict=True):
            row = score((lens.straight(vertices), faces), truth, lens.straight(case.marks), case)
            rows[method].append(row)
            log.info("%s %s %s %s", case.name, case.kind, method, row)
        marks = case.lens.straight(case.marks)
        rows["truth"].append(score(truth, truth, marks, case))
    return {method: summarise(found) | _by_camera(found) for method, found in rows.items()}


def _by_camera(rows):
    table = {}
    for name, (least, most) in CAMERAS.items():
        if chosen := [row for row in rows if least <= row["camera_m"] < most]:
            table[name] = summarise(chosen)["all"]
    return table


def score(ours: tuple, truth: tuple, marks: np.ndarray, case: Case) -> dict:
    """Figures of `evaluate_lens` of one mesh; marks (33, 3): true landmarks in its space, of which x and y count."""
    assert case.marks is not None and case.lens is not None
    moved = align(ours, truth)(ours[0]).astype(np.float32)
    found = surface_distances((moved, ours[1]), truth)
    true_marks = case.lens.straight(case.marks)
    tilt = camera_tilt(ours[0])
    upright = tilt_back(ours[0], tilt), tilt_back(marks, tilt)
    return {
        "case": case.name,
        "kind": case.kind,
        "camera_m": 1 / (case.lens.nearness * case.scale) if case.lens.nearness else np.inf,
        "chamfer": found["chamfer"] * 100 / case.scale,
        "normal_consistency": found["normal_consistency"],
        "side_iou": side_iou((moved, ours[1]), truth),
        "sole_deg": dip_of_soles(moved, marks, case.scale) - dip_of_soles(truth[0], true_marks, case.scale),
        "sole_upright_deg": abs(dip_of_soles(*upright, case.scale)),
        "tilt_deg": np.degrees(tilt),
    }


def side_iou(ours: tuple, truth: tuple) -> float:
    """Intersection over union of two meshes' outlines seen from the side."""
    mine, theirs = (
        rasterize(np.ascontiguousarray(v[:, [2, 1, 0]] * (1, 1, -1), np.float32), f, VIEW_PX)[0] >= 0
        for v, f in (ours, truth)
    )
    return float((mine & theirs).sum() / (mine | theirs).sum())


def dip_of_soles(vertices: np.ndarray, marks: np.ndarray, metre: float) -> float:
    """Degrees by which soles fall towards the toes, mean of both feet; nan where none shows.

    vertices (V, 3), y up; marks (33, 3): ankles, heels and toes where the feet are; metre: units of one."""
    found = [_dip(vertices, marks[a], marks[b], marks[c], metre) for a, b, c in (LEFT, RIGHT)]
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _dip(vertices, ankle, heel, toe, metre):
    along = (toe - heel)[[0, 2]]
    along = along / max(np.linalg.norm(along), 1e-9)
    share = np.clip((vertices[:, 0] - heel[0]) / (toe[0] - heel[0] + 1e-9), 0, 1)
    aside = np.abs(vertices[:, 0] - (heel[0] + share * (toe[0] - heel[0])))
    foot = vertices[(aside < SOLE_M * metre) & (vertices[:, 1] < ankle[1] - ABOVE_SOLE_M * metre)]
    if len(foot) < 50:
        return np.nan
    place = np.floor(foot[:, [0, 2]] @ along / (BIN_M * metre)).astype(int)
    place -= place.min()
    low = np.full(place.max() + 1, np.inf)
    np.minimum.at(low, place, foot[:, 1])
    bins = np.flatnonzero(np.isfinite(low))[1:-1]  # heel and toes are round
    if len(bins) < 5:
        return np.nan
    return float(-np.degrees(np.arctan(np.polyfit(bins * BIN_M * metre, low[bins], 1)[0])))


def lens_table(table: dict) -> str:
    """The table of `evaluate_lens`, one line a pose class, or camera, and method."""
    lines = ["| which | perspective | people | " + " | ".join(FIGURES) + " |", "|" + "---|" * (len(FIGURES) + 3)]
    for kind in ("all", *KINDS, *CAMERAS):
        for method, kinds in table.items():
            if kind in kinds:
                cells = [f"{kinds[kind][name]:.{decimals}f}" for name, decimals in FIGURES.items()]
                lines.append(f"| {kind} | {method} | {kinds[kind]['people']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
