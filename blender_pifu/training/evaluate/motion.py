# SPDX-License-Identifier: GPL-3.0-or-later
"""How right a motion read from a film is: synthetic people who wave and walk, against the truth of every frame."""

import logging
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from ...choices import Choices
from ...engine.motion.capture import fit
from ...engine.motion.dummy import TO_FIELD, dummy_of
from ...engine.motion.solve import Solver
from ...engine.motion.track import track
from ...engine.pipeline import Engine
from ...engine.reading.landmarks import Landmark as L
from ..data.moving_video import FPS, Take, film_moving

log = logging.getLogger(__name__)
# Motion, seed of the person, heading and pitch of the camera in degrees. By the first four the weights were chosen.
CLIPS = (
    ("wave", 5, 15, 4),
    ("wave", 11, -25, 2),
    ("walk", 8, 40, 4),
    ("walk", 11, -80, 8),
    ("wave", 4, 30, 10),
    ("walk", 4, -40, 0),
    ("walk", 5, 60, 6),
    ("walk", 6, 150, 3),
)
FRAMES = 36
RAW, FITTED = "each frame by itself", "as it is handed over"
HIPS = [L.LEFT_HIP, L.RIGHT_HIP]
JOINTS = [
    *(L.LEFT_SHOULDER, L.RIGHT_SHOULDER, L.LEFT_ELBOW, L.RIGHT_ELBOW, L.LEFT_WRIST, L.RIGHT_WRIST),
    *(*HIPS, L.LEFT_KNEE, L.RIGHT_KNEE, L.LEFT_ANKLE, L.RIGHT_ANKLE),
]
FEET = ((L.LEFT_HEEL, L.LEFT_FOOT), (L.RIGHT_HEEL, L.RIGHT_FOOT))
FIGURES = {
    "joints_cm": "joints from the truth, against the middle of the hips, cm",
    "hips_cm": "hips from the truth, against their mean place, cm",
    "jitter": "acceleration of joints against the hips, median, m/s2",
    "slide_cm": "farthest that a planted foot slides, mean over its stands, cm",
}


def evaluate_motion(folder: Path | None = None) -> list[dict]:
    """One row a clip of CLIPS: `clip`, `true_jitter`, and of RAW and FITTED the figures of FIGURES. The skeleton is
    what the engine makes of one frame. That and the films go into `folder` if given. Raises EngineError."""
    engine, rows = Engine("cpu"), []
    for motion, seed, heading, pitch in CLIPS:
        take = film_moving(motion, seed, FRAMES, np.radians(heading), pitch=np.radians(pitch))
        with tempfile.TemporaryDirectory() as place:
            kept = folder or Path(place)
            kept.mkdir(parents=True, exist_ok=True)
            name = f"{motion}-{seed}"
            take.write(kept / f"{name}.mp4")
            Image.fromarray(take.frames[FRAMES // 2 if motion == "walk" else 0]).save(kept / f"{name}.png")
            choices = Choices(rig=True, resolution=128, height_m=take.height_m)
            person = engine.reconstruct(kept / f"{name}.png", choices)
            assert person.rig is not None
            seen = track(kept / f"{name}.mp4", engine.people, lambda _share: None)
        dummy = dummy_of(person.rig)
        raw = dummy.place(Solver(dummy, seen).start())[2]
        poses, planted = fit(dummy, seen)
        stands = planted.stands.reshape(-1, 2, 2).any(2) & take.planted
        row = {"clip": name, "true_jitter": _jitter(_truth(take))}
        for way, marks in ((RAW, raw), (FITTED, dummy.place(poses)[2])):
            row[way] = _figures(marks, _truth(take), stands)
        rows.append(row)
        log.info("%s", row)
    return rows


def _truth(take: Take) -> np.ndarray:
    """Landmarks (T, 33, 3) of a take in field axes."""
    return take.landmarks @ TO_FIELD.T


def _figures(marks: np.ndarray, truth: np.ndarray, stands: np.ndarray) -> dict[str, float]:
    own, true = (_joints(each) for each in (marks, truth))
    hips, true_hips = (each[:, HIPS].mean(1) for each in (marks, truth))
    hips, true_hips = hips - hips.mean(0), true_hips - true_hips.mean(0)
    return {
        "joints_cm": 100 * float(np.linalg.norm(own - true, axis=2).mean()),
        "hips_cm": 100 * float(np.linalg.norm(hips - true_hips, axis=1).mean()),
        "jitter": _jitter(marks),
        "slide_cm": 100 * float(np.mean(_slides(marks, stands))),
    }


def _joints(marks: np.ndarray) -> np.ndarray:
    return marks[:, JOINTS] - marks[:, HIPS].mean(1, keepdims=True)


def _jitter(marks: np.ndarray) -> float:
    return float(np.median(np.linalg.norm(np.diff(_joints(marks), 2, axis=0), axis=2))) * FPS**2


def _slides(marks: np.ndarray, stands: np.ndarray) -> list[float]:
    """Metres by which each foot's middle lies from its first place at most, while it stands."""
    found = []
    for foot, ends in enumerate(FEET):
        frames = np.flatnonzero(stands[:, foot])
        for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
            if len(run) > 2:
                places = marks[run][:, list(ends)].mean(1)
                found.append(float(np.linalg.norm(places - places[0], axis=1).max()))
    return found


def as_table(rows: list[dict]) -> str:
    """The clips side by side, as markdown: each frame by itself, then as handed over."""
    lines = [f"| | {' | '.join(row['clip'] for row in rows)} |", "|---" * (len(rows) + 1) + "|"]
    for name, heading in FIGURES.items():
        cells = [f"{row[RAW][name]:.1f} -> {row[FITTED][name]:.1f}" for row in rows]
        lines.append(f"| {heading} | {' | '.join(cells)} |")
    lines.append(f"| the same of the truth | {' | '.join(format(row['true_jitter'], '.1f') for row in rows)} |")
    return "\n".join(lines)
