# SPDX-License-Identifier: GPL-3.0-or-later
"""What a film of somebody who turns is worth: the same people made of one photo, and of it and a film, against the
truth."""

import logging
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...engine import stages
from ...engine.model import load_model
from ...engine.subject.figure import Figures
from ...engine.video.picking import pick_frames
from ..data.turning_video import film_turning
from ..people.person import pose_kind
from .cases import split_case
from .views import FIGURES, Photographed, front_of, measured, read, save_sheet, true_sides

log = logging.getLogger(__name__)
PHOTO, FILM = "photo", "film"


def evaluate_films(
    seeds: Iterable[int],
    weights: str,
    resolution: int,
    *,
    frames: int = 7,
    moving_arms: bool = False,
    generation: int = 3,
    assets: Path | None = None,
    folder: Path | None = None,
) -> list[dict]:
    """One row a person: `seed`, `kind`; the figures of FIGURES by PHOTO and FILM; `used`: frames that were used of
    those `chosen`, with their sides; `why_not`: of the others. frames: at most so many of the film are chosen;
    moving_arms, generation, assets: as `film_turning`. Pictures go into `folder` if given. Raises EngineError."""
    model, figures = load_model(weights), Figures("cpu")
    rows = []
    for seed in seeds:
        case = split_case(seed, generation, assets)
        film = film_turning(seed, moving_arms=moving_arms, generation=generation, assets=assets)
        with tempfile.TemporaryDirectory() as place:
            film.write(Path(place, f"{seed}.mp4"))
            picked = pick_frames(Path(place, f"{seed}.mp4"), figures.people, frames, beside=True)
        views = {photo.name: stages.cut_out_view(figures, photo) for photo in picked.photos}
        person = Photographed(case, true_sides(seed, generation, assets), front_of(case, figures), views)
        row = {"seed": seed, "kind": pose_kind(seed, "test"), "chosen": list(picked.sides), "notes": picked.notes}
        readings, cells = read(model, person), []
        for name, views in ((PHOTO, ()), (FILM, person.views)):
            encoded, row[name], seen = measured(model, person, readings, views, resolution)
            cells.append(seen)
        row["used"] = [verdict.side for verdict in encoded.verdicts if not verdict.why_not]
        row["why_not"] = [verdict.why_not for verdict in encoded.verdicts if verdict.why_not]
        rows.append(row)
        log.info("%s", row)
        if folder:
            save_sheet(folder / f"{seed:05d}.png", person, cells)
    return rows


def as_table(rows: list[dict]) -> str:
    """Means over the people of both ways, as markdown, and how many frames were used."""
    lines = [f"| mean of {len(rows)} | one photo | with the film |", "|---|---|---|"]
    for name, (heading, decimals) in FIGURES.items():
        one, more = (np.mean([row[way][name] for row in rows]) for way in (PHOTO, FILM))
        lines.append(f"| {heading} | {one:.{decimals}f} | {more:.{decimals}f} ({100 * (more / one - 1):+.0f} %) |")
    used, chosen = (sum(len(row[name]) for row in rows) for name in ("used", "chosen"))
    worse = sum(row[FILM]["chamfer"] > row[PHOTO]["chamfer"] for row in rows)
    told = (
        f"worse than one photo by Chamfer: {worse} of {len(rows)}",
        f"chosen frames that were used: {used} of {chosen}",
    )
    return "\n".join([*lines, "", *told])
