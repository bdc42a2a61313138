# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's private environment: made, resumed, repaired, looked at and removed.

Order keeps it honest: the stamp goes before the first change and comes back after the self-test. What is finished is
noted in the environment itself; a pip that was cut off while it wrote files leaves `busy` there, and the next install
starts over from pip's cache.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from .. import paths
from . import interpreters, lock, packages, selftest, system_libraries, torch_builds
from .process import InstallError, run
from .report import Report

_MARK = "README.txt"
_MARK_TEXT = (
    "PIFu Human (a Blender extension) keeps its engine here.\n"
    "`python vendor_install.py --remove`, or Remove in the extension's preferences, takes it away.\n"
)
_OURS = ("env", "env.json", "env.json.new", "uv", "python", "logs", "jobs", _MARK, "install.lock")
_BEFORE_US = {"logs", "jobs", "models", "install.lock"}  # may lie there before the first install
_PYTHON_MB = 300
_STEPS = {"engine": "Getting the libraries", "blender": "Getting Blender's module", "tests": "Getting the test tools"}


@dataclass(frozen=True)
class Wish:
    """What an install is asked for; `groups` beyond "engine" are "blender" and "tests"."""

    device: str | None = None  # None: as at the last install, "auto" at the first
    python: str | None = None
    wheels: Path | None = None
    groups: tuple[str, ...] = ("engine",)
    system: bool = False


def install(wish: Wish, report: Report) -> dict:
    """Make, resume or repair the environment; return the stamp. Raises InstallError."""
    _claim()
    with lock.hold(paths.home() / "install.lock"):
        return _install(wish, report)


def _install(wish: Wish, report: Report) -> dict:
    report.progress("Looking at this computer", 0.0)
    paths.logs().mkdir(exist_ok=True)
    log = paths.logs() / "install.log"
    log.write_text(f"{datetime.datetime.now().isoformat()} {platform.platform()}\n", encoding="utf-8")
    if wish.system or "blender" in wish.groups:
        _need_libraries(wish.system, report, log)
    stamp, state = _read(paths.stamp()), _read(_state_path())
    asked = wish.device or state.get("asked") or "auto"
    build = torch_builds.choose(asked)
    report.progress("Looking at this computer", 0.01, f"PyTorch for {build.device}: {build.reason}")

    keep = _is_sound(state) and state["build"] == build.label
    if keep and wish.python:
        keep = _base(wish, log).path == Path(state["base"])
    if keep and state["asked"] != asked:
        state["asked"] = asked
        _write(_state_path(), state)
    wanted = {group: packages.fingerprint(group) for group in wish.groups}
    if keep and stamp and wanted.items() <= state["groups"].items() and stamp["requirements"] == wanted["engine"]:
        return stamp

    paths.stamp().unlink(missing_ok=True)
    if not keep:
        state = _make(wish, asked, build, report, log)
    _fill(wish, build, state, wanted, report, log)
    device, torch_version = _prove(build, asked, report, log)
    stamp = {
        "python": str(paths.environment_python()),
        "python_version": state["python"],
        "device": device,
        "torch": torch_version,
        "requirements": wanted["engine"],
        "groups": [group for group in _STEPS if group in state["groups"]],
        "made": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }
    _write(paths.stamp(), stamp)
    return stamp


def status() -> dict:
    """What is there. "status" is ready, missing, installing, unfinished, outdated or broken."""
    home, stamp, state = paths.home(), _read(paths.stamp()), _read(_state_path())
    if lock.is_held(home / "install.lock"):
        word = "installing"
    elif not paths.environment().exists():
        word = "missing"
    elif not stamp:
        word = "unfinished"
    elif stamp["requirements"] != packages.fingerprint("engine"):
        word = "outdated"
    else:
        word = "ready" if _is_sound(state) else "broken"
    found: dict = {"status": word, "home": str(home)}
    found.update({name: stamp[name] for name in ("python", "python_version", "device", "torch", "groups") if stamp})
    found["missing_libraries"] = list(system_libraries.missing())
    return found


def remove() -> list[str]:
    """Take everything of ours away; return the names of what else lies in the folder. Raises InstallError.

    Imported models stay: they are the artist's, and each has a button of its own.
    """
    home = paths.home()
    if not home.exists():
        return []
    if not (home / _MARK).exists():
        raise InstallError(f"{home} was not made by this installer, so nothing in it is removed.")
    with lock.hold(home / "install.lock"):
        for name in _OURS[:-2]:
            _delete(home / name)
        _delete(home / _MARK)
    _delete(home / "install.lock")
    left = sorted(entry.name for entry in home.iterdir())
    if not left:
        home.rmdir()
    return left


def _claim() -> None:
    home = paths.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        if (home / _MARK).exists():
            return
        strangers = sorted(entry.name for entry in home.iterdir() if entry.name not in _BEFORE_US)
        if strangers:
            raise InstallError(
                f"{home} already holds other things ({', '.join(strangers[:3])}) and was not made by this installer.",
                "Set BLENDER_PIFU_HOME to an empty or a new folder.",
            )
        (home / _MARK).write_text(_MARK_TEXT, encoding="utf-8")
    except OSError as error:
        raise InstallError(
            f"The engine's folder {home} cannot be written: {error.strerror}.",
            "Set BLENDER_PIFU_HOME to a folder of yours.",
        ) from error


def _need_libraries(may_install: bool, report: Report, log: Path) -> None:
    absent = system_libraries.missing()
    if absent and may_install:
        report.progress("Getting system libraries", 0.0, ", ".join(absent.values()))
        system_libraries.install(list(absent.values()), log)
        absent = system_libraries.missing()
    if absent:
        raise system_libraries.explain(absent)


def _make(wish: Wish, asked: str, build: torch_builds.Build, report: Report, log: Path) -> dict:
    free_mb = shutil.disk_usage(paths.home()).free / 1e6
    need_mb = _PYTHON_MB + build.disk_mb + (1500 if "blender" in wish.groups else 0)
    if free_mb < need_mb:
        raise InstallError(
            f"{paths.home()} has {free_mb / 1000:.1f} GB free; the engine needs about {need_mb / 1000:.1f} GB.",
            "Free some room, or set BLENDER_PIFU_HOME to a folder on another disk.",
        )
    report.progress("Preparing Python", 0.02)
    base = _base(wish, log)
    report.progress("Preparing Python", 0.04, f"{base.full_version}, {base.path}")
    _delete(paths.environment())
    code, lines = run([base.path, "-I", "-m", "venv", paths.environment()], log=log, timeout_s=300)
    if code:
        raise InstallError(f"{base.path} could not make an environment: {lines[-1] if lines else code}", f"See {log}.")
    state = {"asked": asked, "build": build.label, "base": str(base.path), "python": base.full_version, "groups": {}}
    _write(_state_path(), state)
    return state


def _base(wish: Wish, log: Path) -> interpreters.Interpreter:
    return interpreters.choose(wish.python, paths.home(), log, offline=wish.wheels is not None, system=wish.system)


def _fill(wish: Wish, build, state: dict, wanted: dict[str, str], report: Report, log: Path) -> None:
    version = state["python"].rpartition(".")[0]
    if "blender" in wish.groups and version != interpreters.PREFERRED:
        raise InstallError(
            f"Blender's module is for Python {interpreters.PREFERRED}, and the engine's is {version}.",
            f"Install Python {interpreters.PREFERRED}, or name one with --python PATH.",
        )

    def note(busy: bool, **finished: str) -> None:
        state["busy"] = busy
        state["groups"].update(finished)
        _write(_state_path(), state)

    pip = packages.Pip(paths.environment_python(), wish.wheels, log, lambda: note(busy=True))
    if "pip" not in state["groups"]:
        pip.renew()
        note(busy=False, pip=packages.PIP)
    if "torch" not in state["groups"]:
        say = packages.bar(report, f"Getting PyTorch for {build.device}", 0.08, 0.6, build.download_mb)
        pip.install_torch(torch_builds.wheel_choices(build.label, platform.system(), wish.wheels is not None), say)
        note(busy=False, torch=torch_builds.TORCH)
    start, share = 0.6, 0.3 / len(wanted)
    for group, fingerprint in wanted.items():
        end = start + share
        if state["groups"].get(group) != fingerprint:
            pip.install(group, packages.bar(report, _STEPS[group], start, end, packages.DOWNLOAD_MB[group]))
            note(busy=False, **{group: fingerprint})
        start = end


def _prove(build, asked: str, report: Report, log: Path) -> tuple[str, str]:
    """(device that computes, torch's version); with "auto" a card that does not compute gives way to the processor."""
    python, device = paths.environment_python(), build.device
    report.progress("Testing", 0.92, f"computing on {device}")
    try:
        version = selftest.run_kernel(python, device, log)
    except InstallError as error:
        if asked != "auto" or device == "cpu":
            raise
        report.progress("Testing", 0.93, f"{error} Using the processor instead.")
        device, version = "cpu", selftest.run_kernel(python, "cpu", log)
    report.progress("Testing", 0.95, "reconstructing the bundled photo")
    selftest.reconstruct(python, device, log)
    return device, version


def _is_sound(state: dict) -> bool:
    """Whether the environment was left whole and its Python still runs (a system upgrade can take it away)."""
    if not state or state.get("busy") or not paths.environment_python().exists():
        return False
    try:
        return run([paths.environment_python(), "-I", "-c", ""], timeout_s=60)[0] == 0
    except InstallError:
        return False


def _state_path() -> Path:
    return paths.environment() / "blender_pifu.json"


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # cut off or never written: the same as not there
        return {}


def _write(path: Path, item: dict) -> None:
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(item, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise InstallError(
            f"{error.filename or path} cannot be removed: {error.strerror}.",
            "Close Blender and other programs that use the engine, then try again.",
        ) from error
