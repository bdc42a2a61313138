# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job will take on this computer, told before it is begun: by a table, and by how the last job took against it.

The last job's pace is kept in the engine's folder, since it is the computer's and not a file's.
"""

import json
import logging

from ... import paths, steps
from ...outputs import write_whole
from .scene_choices import chosen
from .timing import clock

log = logging.getLogger(__name__)
_BEGIN_S = 3.0  # a process that has not been started yet
_STEP_S = ((20, 5), (120, 10), (float("inf"), 30))  # below so many seconds in steps of so many
_USUAL = (0.05, 50.0)  # paces out of this are no computer's: a clock was set, or it slept
_pace: tuple[tuple, float | None] = ((), None)


def words(settings, warm: bool) -> str:
    """For the panel: "About 0:40, 0.9 GB of memory". warm: whether the engine is loaded already."""
    choices, known = chosen(settings), pace()
    views = sum(view.image is not None for view in settings.views)
    seconds = _table_s(choices, views) * (known or 1.0) + (0 if warm else _BEGIN_S)
    step = next(step for most, step in _STEP_S if seconds < most)
    told = clock(max(step, round(seconds / step) * step))
    memory = steps.memory_mb(choices["resolution"]) / 1000
    if known:
        return f"About {told}, {memory:.1f} GB of memory"
    return f"About {told}, {memory:.1f} GB of memory; better known after the first human"


def learn(choices: dict, seconds: dict[str, float], views: int = 0) -> None:
    """Keep how long a job took, by its steps, against the table; views: of how many further photos."""
    told = _table_s(choices, views)
    measured = sum(seconds.values()) / told if told else 0.0
    if not _USUAL[0] < measured < _USUAL[1]:
        return
    try:
        write_whole(_file(), json.dumps({"pace": round(measured, 3)}))
    except OSError as error:  # a forecast is not worth a message
        log.info("the pace of this computer is not kept: %s", error)


def pace() -> float | None:
    """How many times as long as the table says the last job took; None before the first one. Cheap: asked at every
    redraw."""
    global _pace
    try:
        stat = _file().stat()
    except OSError:
        return None
    stamp = (_file(), stat.st_mtime_ns)
    if _pace[0] != stamp:
        try:
            kept = float(json.loads(_file().read_text(encoding="utf-8"))["pace"])
            _pace = stamp, kept if _USUAL[0] < kept < _USUAL[1] else None
        except (OSError, ValueError, KeyError, TypeError):
            _pace = stamp, None
    return _pace[1]


def _file():
    return paths.home() / "pace.json"


def _table_s(choices: dict, views: int) -> float:
    names = ("topology", "rig", "texture_px", "resolution")
    return sum(steps.seconds_of(*(choices[name] for name in names), views).values())
