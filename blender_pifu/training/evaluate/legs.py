# SPDX-License-Identifier: GPL-3.0-or-later
"""Score what the floor and a body's make do to drawn legs: how many could not be, how far knees and ankles are off."""

import logging
from collections.abc import Iterable

import numpy as np

from ...engine.model import load_model
from ...engine.networks.legs import IMPLAUSIBLE, find_legs, move_legs
from ...engine.networks.maps import Maps
from ...engine.subject.lens import usual_lens
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import largest_component
from ..data.sample import KINDS
from .cases import Case
from .weights import score

log = logging.getLogger(__name__)
MARKS = ((23, 25, 27), (24, 26, 28))  # hip, knee, ankle of either side
LENSES = ("told", "usual")
FIGURES = ("judged", "impossible", "impossible_after", "depth_cm", "depth_cm_after", "chamfer", "chamfer_after")


def evaluate_legs(cases: Iterable[Case], weights: str, resolution: int) -> dict[str, list[dict]]:
    """Rows by how the lens is known (told, as by EXIF data, or the usual one), a person each.

    judged: whether the photo shows both legs; impossible: whether drawn ones are no body's, before and after they are
    moved; depth_cm: mean error of the depth of knees and ankles from the hips; chamfer: cm, only of whose legs move or
    are parted.
    """
    model = load_model(weights)
    rows = {lens: [] for lens in LENSES}
    for case in cases:
        assert case.marks is not None and case.lens is not None, "people of a split have both"
        encoding = model.encode(*model.prepare(case.cut))
        truth = case.marks[np.array(MARKS), 2]
        for name, lens in zip(LENSES, (case.lens, usual_lens(1.8)), strict=True):
            legs = find_legs(encoding.maps, encoding.mask, case.landmarks, lens)
            row = {"case": case.name, "kind": case.kind, "judged": legs is not None}
            if legs:
                drawn = legs.joints[:, :3, 2]
                row |= _off("", legs.off[0], drawn, truth, case) | _off(
                    "_after", legs.off[1], drawn + legs.moved, truth, case
                )
                moved = move_legs(encoding.maps, encoding.mask, legs)
                if moved is not encoding.maps:
                    row |= {"chamfer": _chamfer(model, encoding, encoding.maps, case, resolution)}
                    row |= {"chamfer_after": _chamfer(model, encoding, moved, case, resolution)}
            log.info("%s %s", name, row)
            rows[name].append(row)
    return rows


def _off(when, off, found, truth, case):
    error = np.abs((found - found[:, :1]) - (truth - truth[:, :1]))[:, 1:].mean()
    return {f"impossible{when}": off >= IMPLAUSIBLE, f"depth_cm{when}": 100 * float(error) / case.scale}


def _chamfer(model, encoding, maps: Maps, case, resolution):
    surface = extract_surface(model.field(type(encoding)(encoding.image, maps)), resolution)
    return score(case, *largest_component(surface.vertices, surface.faces))[0]["chamfer"]


def legs_table(rows: dict[str, list[dict]]) -> str:
    """One line a pose class and lens: counts, and means over those of whom there is a figure."""
    lines = ["| poses | lens | people | " + " | ".join(FIGURES) + " |", "|" + "---|" * (len(FIGURES) + 3)]
    for kind in ("all", *KINDS):
        for lens, people in rows.items():
            chosen = [row for row in people if kind in ("all", row["kind"])]
            if chosen:
                cells = [_cell(name, [row[name] for row in chosen if name in row]) for name in FIGURES]
                lines.append(f"| {kind} | {lens} | {len(chosen)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(name, values):
    if not values:
        return ""
    return f"{np.mean(values):.2f}" if "cm" in name or "chamfer" in name else str(sum(values))
