# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the engine is there and fits this version of the add-on. Cheap: asked at every redraw."""

from dataclasses import dataclass
from pathlib import Path

from ... import paths
from ...install.packages import DOWNLOAD_MB, fingerprint
from ...install.torch_builds import installation_mb
from ...protocol import ErrorKind
from ..errors import UserError


@dataclass(frozen=True)
class EngineState:
    """`word` is ready, missing, outdated or broken; `text` says it to the artist; `python` runs the engine."""

    word: str
    text: str
    python: str = ""


_FIXES = {
    "missing": "Install it: it needs the network once.",
    "outdated": "Update it: it needs the network once.",
    "broken": "Repair it: it needs the network once.",
}
_seen: tuple[tuple, EngineState] | None = None


def current() -> EngineState:
    """The state of the engine now."""
    global _seen
    try:
        stat = paths.stamp().stat()
        key = (paths.stamp(), stat.st_mtime_ns, stat.st_size)
    except OSError:
        key = (paths.stamp(), 0, 0)
    if _seen is None or _seen[0] != key:
        _seen = key, _read()
    state = _seen[1]
    if state.word == "ready" and not Path(state.python).exists():
        return EngineState("broken", "The engine's Python is gone.")
    return state


def require() -> EngineState:
    """The state of a ready engine. Raises UserError, with what to do, for any other."""
    state = current()
    if state.word != "ready":
        raise UserError(ErrorKind(f"engine_{state.word}"), state.text, _FIXES[state.word])
    return state


def needs(choices) -> str:
    """What an installation takes, in a sentence; choices: the add-on's preferences."""
    device = "cpu" if choices.device == "auto" else choices.device
    download_mb, disk_mb = installation_mb(device)
    download_gb, disk_gb = f"{(download_mb + DOWNLOAD_MB['engine']) / 1000:.1f}", f"{disk_mb / 1000:.1f}"
    if choices.wheels:
        takes = f"It takes, once, {disk_gb} GB on the disk and some minutes."
    else:
        takes = f"It takes, once, about {download_gb} GB to download, {disk_gb} GB on the disk and some minutes."
    more = ["It takes more for a graphics card."] if choices.device == "auto" else []
    return " ".join(["It makes the humans on this computer, and no photo leaves it.", takes, *more])


def _read() -> EngineState:
    stamp = paths.read_stamp()
    if not stamp:
        if paths.environment().exists():
            return EngineState("missing", "The engine's installation is not finished.")
        return EngineState("missing", "The engine is not installed.")
    if stamp.get("requirements") != fingerprint("engine"):
        return EngineState("outdated", "The engine is of another version of the add-on.", stamp["python"])
    text = f"Ready on {stamp.get('device', 'cpu')}, PyTorch {stamp.get('torch', '')}"
    return EngineState("ready", text, stamp["python"])
