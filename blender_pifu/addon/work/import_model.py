# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Import Checkpoint: the engine's command line converts it, then the file joins the models."""

import glob
import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import bpy

from ... import child, paths
from ...outputs import free_place
from ...protocol import ErrorKind
from ..errors import UserError
from . import engine_state, models, session
from .job import Outcome

_KEEP_S = 24 * 3600.0  # what a crashed Blender left is swept away after this


def log_path() -> Path:
    """What the newest import had to say."""
    return paths.logs() / "import.log"


class ImportTask:
    """One conversion of a published checkpoint. Raises UserError if it cannot begin."""

    title, first_step = "Import Checkpoint", "Starting the engine"
    belongs_to_file = False
    importing = False

    def __init__(self, source: str, color: str = "") -> None:
        """source: pifuhd.pt, PIFu's net_G, or vrn-unguided.t7; color: its net_C, or empty."""
        if not source:
            raise UserError(
                ErrorKind.IMPORT_FAILED,
                "No checkpoint was chosen.",
                "Choose pifuhd.pt, net_G of PIFu, or vrn-unguided.t7.",
            )
        python = engine_state.require().python
        source = Path(bpy.path.abspath(source))
        self._name = (re.sub(r"[^\w\-. ]", "_", source.stem).strip(". ") or "model") + models.ENDING
        self._cancelled = False
        try:
            for folder in (paths.models(), paths.logs()):
                folder.mkdir(parents=True, exist_ok=True)
            _sweep()
            # Beside its place, so that a rename brings it there.
            self._folder = Path(tempfile.mkdtemp(prefix=".import-", dir=paths.models()))
            command = [python, "-s", "-P", "-m", "blender_pifu.engine", "import-checkpoint", source.absolute()]
            command += ["-o", self._folder / self._name, "--json"]
            command += ["--color", Path(bpy.path.abspath(color)).absolute()] if color else []
            with open(self._folder / "output.jsonl", "wb") as stdout, open(log_path(), "wb") as stderr:
                self._process = child.start(
                    command,
                    cwd=self._folder,
                    stdout=stdout,
                    stderr=stderr,
                    env=child.clean_environment(PYTHONPATH=str(child.ROOT)),
                )
        except OSError as error:
            raise UserError(
                ErrorKind.IMPORT_FAILED,
                f"The import cannot be started: {error}.",
                "Free some room on the disk, or try again.",
            ) from error
        self._tail = child.Tail(self._folder / "output.jsonl")
        self._card: dict = {}

    def poll(self, show) -> Outcome | None:
        """Pass its progress on; see how it ended."""
        code = self._process.poll()
        for line in self._tail.lines():
            item = json.loads(line)
            if "step" not in item:
                self._card = item
            elif not self._cancelled:
                show(item["step"], item["fraction"])
        if code is None:
            return None
        try:
            return self._outcome(code)
        finally:
            self._clean()

    def cancel(self) -> None:
        """Stop it; nothing of it stays."""
        self._cancelled = True
        self._process.kill()

    def abort(self) -> None:
        """Stop at once."""
        self._process.kill()
        self._process.wait(timeout=10)
        self._clean()

    def _outcome(self, code: int) -> Outcome:
        if self._cancelled:
            return Outcome("CANCELLED", "Cancelled.")
        if code or not self._card:
            how = f"The import stopped unexpectedly ({child.describe_exit(code)})."
            return Outcome("FAILED", child.last_words(log_path()) or how, ErrorKind.IMPORT_FAILED)
        session.release()  # the engine may hold an older file of that name
        try:
            place = self._place()
            card = self._card | {"sha256": {place.name + models.ENDING: self._card["sha256"][self._name]}}
            text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
            (self._folder / self._name).with_suffix(".json").write_text(text, encoding="utf-8")
            for ending in (".json", models.ENDING):
                os.replace((self._folder / self._name).with_suffix(ending), place.with_name(place.name + ending))
        except OSError as error:
            fix = "Unload the engine, which may be using a model of that name, and try again."
            return Outcome(
                "FAILED", f"{self._name} cannot be put in place: {error.strerror}.", ErrorKind.IMPORT_FAILED, fix
            )
        notes = " ".join(map(str, self._card.get("notes", ())))
        return Outcome("DONE", f"{self._card['name']} can be chosen in the panel now. {notes}".strip())

    def _place(self) -> Path:
        """Where the model goes, without an ending: in place of one made of the same checkpoint, or where none is."""
        wanted = paths.models() / Path(self._name).stem
        made_of = self._card["source_sha256"]
        for card in sorted(paths.models().glob(f"{glob.escape(wanted.name)}*.json")):
            try:
                if json.loads(card.read_text(encoding="utf-8"))["source_sha256"] == made_of:
                    return card.with_suffix("")
            except (ValueError, KeyError, TypeError):
                continue  # no card
        return free_place(wanted, lambda _place: dict.fromkeys((".json", models.ENDING)))

    def _clean(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)  # what Windows still holds is swept by a later import


def _sweep() -> None:
    for entry in paths.models().glob(".import-*"):
        if entry.stat().st_mtime < time.time() - _KEEP_S:
            shutil.rmtree(entry, ignore_errors=True)
