# SPDX-License-Identifier: GPL-3.0-or-later
"""Every criterion of a person that is ready to be rigged, on photos and on people never trained on, as a table.

The engine makes them as the panel's button does, without a choice changed; Blender, in a process of its own, brings
them in, measures what the panel's Check measures, and takes them to T-pose.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from ...choices import Choices
from ...engine.benchmark import PHOTO
from ...engine.body.bones import SIDES
from ...engine.errors import EngineError
from ...engine.files.result import write_result
from ...engine.pipeline import Engine
from ...engine.surface.mesh import split_quads
from ...result_file import Reconstruction
from ..data.outputs import check_folder
from ..data.sample import GENERATION, KINDS, make_scene
from ..data.sheets import shaded
from .cases import split_seeds
from .repose import POSES, repose
from .rig_measures import measure
from .shown_hands import HIDDEN, sides_shown

log = logging.getLogger(__name__)
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
CHECK = [sys.executable, "-m", f"{__name__.partition('.training')[0]}.addon.criteria"]
PERSON_PX = 1024  # of a synthetic person's photo: small beside a camera's, large enough for a face to be read
SHEET_PX, POSED_SIZE = 480, 0.62  # arms held up must fit in
STATES = ("OK", "WARNING", "ERROR")


def rig_check(
    photos: list[Path],
    count: int,
    out: Path,
    choices: Choices,
    generation: int = GENERATION,
    assets: Path | None = None,
) -> list[dict]:
    """The report (see `addon.criteria`) of each person, with the lines of `rig_measures`, `case` and `kind`, in order.

    photos: files, or folders of photos; count: people of the test split after them, of that generation (assets: the
    folder that generation 4 needs); choices: what they are made as.
    Leaves results (.npz), photos of the synthetic people and a picture of each posed (.png) in `out`. Who is no whole
    person in the photo is left out. Raises EngineError.
    """
    check_folder(out, [PHOTO, *photos])
    out.mkdir(parents=True, exist_ok=True)
    engine, cases, further = Engine("cpu"), {}, []
    synthetic = _synthetic(count, out, generation, assets)
    given = (("photo", path, sorted({*SIDES} - {*HIDDEN.get(path.stem, ())})) for path in find_photos(photos))
    for kind, photo, shown in [*given, *synthetic]:
        result, begun = out / f"{photo.stem}.npz", time.process_time()
        try:
            made = engine.reconstruct(photo, choices)
        except EngineError as error:
            log.warning("%s: %s", photo.name, error)
            continue
        if kind == "photo" and made.summary.framing != "full":
            log.info("%s shows no whole person and is left out", photo.name)
            continue
        log.info("%s made in %.1f seconds of the processor", photo.name, time.process_time() - begun)
        write_result(made, result)
        cases[result] = kind
        further.append(measure(made, shown))
        cv2.imwrite(str(out / f"{photo.stem}_posed.png"), posed_sheet(made)[..., ::-1])
    done = subprocess.run([*CHECK, *map(str, cases)], capture_output=True, text=True, check=False)
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or len(reports) != len(cases):
        raise EngineError(f"Blender could not check the results: {done.stderr.strip()[-500:]}")
    for report, lines in zip(reports, further, strict=True):
        report["lines"] += lines
    return [{"case": path.stem, "kind": kind} | one for (path, kind), one in zip(cases.items(), reports, strict=True)]


def find_photos(given: list[Path]) -> Iterator[Path]:
    """Each photo once by its name, the bundled ones first, then those of files and folders."""
    seen = set()
    for path in [PHOTO.parent, *given]:
        for photo in sorted(path.iterdir()) if path.is_dir() else [path]:
            if photo.suffix.lower() in ENDINGS and photo.name not in seen:
                seen.add(photo.name)
                yield photo


def _synthetic(
    count: int, out: Path, generation: int, assets: Path | None
) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    """(kind of pose, file, sides whose hand is shown) of the first whole people of the test split, cut out."""
    for seed in islice(split_seeds("test", generation), count):
        scene = make_scene(seed, "test", PERSON_PX, generation, assets)
        sample = scene.sample
        path = out / f"person_{seed:05d}.png"
        cv2.imwrite(str(path), np.dstack([sample["rgb"][..., ::-1], sample["mask"]]))
        yield KINDS[int(sample["kind"])], path, sides_shown(scene)


def posed_sheet(made: Reconstruction) -> np.ndarray:
    """As it came and in each of `repose.POSES`, from the front and, below, from the side; uint8 RGB."""
    triangles, _ = split_quads(made.faces)
    rig = made.rig
    assert rig is not None  # it was asked for
    turn = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float32)  # to field axes: y up, z to the camera
    size = POSED_SIZE * 2 / made.summary.height_m
    low = np.array([0, made.summary.height_m / 2, 0], np.float32)
    points, heads, tails = (size * (part @ turn.T - low) for part in (made.vertices, rig.heads, rig.tails))
    bones = replace(rig, heads=heads, tails=tails)
    poses = [points, *(repose(points, bones, rig.weight_bones, rig.weights, pose) for pose in POSES.values())]
    faces = triangles.astype(np.int32)
    rows = [[shaded(pose.astype(np.float32), faces, view, SHEET_PX) for pose in poses] for view in (0, 90)]
    return np.concatenate([np.concatenate(row, 1) for row in rows], 0)


def as_table(reports: list[dict]) -> str:
    """Two tables, as markdown: criteria by how many people meet them, and people by which criteria they miss."""
    lines = ["| criterion | OK | warning | error | worst measured |", "|---|---|---|---|---|"]
    for id_ in dict.fromkeys(line["id"] for report in reports for line in report["lines"]):
        found = [(line, report["case"]) for report in reports for line in report["lines"] if line["id"] == id_]
        counts = [sum(line["state"] == state for line, _ in found) for state in STATES]
        worst, case = max(found, key=lambda one: (STATES.index(one[0]["state"]), abs(one[0]["measured"])))
        clean = counts[0] == len(found)
        where = "" if clean else f", {case}"
        lines.append(f"| {worst['label']} | {' | '.join(map(str, counts))} | {worst['value']}{where} |")
    lines += ["", "| person | pose | not OK | body off | torn in T-pose |", "|---|---|---|---|---|"]
    for report in reports:
        missed = [f"{line['label']}: {line['value']}" for line in report["lines"] if line["state"] != "OK"]
        torn = report.get("torn", {"edges": 0, "parts": []})
        parts = ", ".join(" / ".join(pair) for pair in torn["parts"][:2])
        lines.append(
            f"| {report['case']} | {report['kind']} | {'; '.join(missed) or 'nothing'} | "
            f"{report['summary'].get('residual_cm', '-')} cm | {torn['edges'] or 'nothing'} {parts} |"
        )
    return "\n".join(lines)
