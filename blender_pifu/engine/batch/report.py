# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a batch: one JSON object a line for each photo that was tried, written as soon as it is known."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from .entries import Entry
from .results import FolderResults, Results

NAME = "report.jsonl"
DONE, FAILED = "done", "failed"


@dataclass
class Report:
    """What became of each output so far. Its file lies in the folder of the results."""

    folder: Path
    results: Results
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)  # by the output's name; the last of each counts

    @classmethod
    def begin(cls, folder: Path, entries: list[Entry], resume: bool, results: Results | None = None) -> "Report":
        """A new one, or with `resume` the one that is there; results: where they are, by default in the folder. Raises
        InputError where results would be replaced."""
        report = cls(folder, results or FolderResults(folder))
        if resume:
            report._read()
            return report
        there = [report.path.name] if report.path.exists() else []
        there += [
            entry.output.name for entry in entries if entry.output.exists() or report.results.has(entry.output.name)
        ]
        if there:
            raise InputError(
                f'"{folder}" already holds "{there[0]}".', "Choose another folder, or go on with --resume."
            )
        return report

    @property
    def path(self) -> Path:
        return self.folder / NAME

    def is_done(self, entry: Entry) -> bool:
        """Whether the output is there, of the photo as it is and with these choices."""
        row = self.rows.get(entry.output.name, {})
        return row.get("status") == DONE and self.results.has(entry.output.name) and _told(entry).items() <= row.items()

    def add(self, entry: Entry, status: str, **about: Any) -> dict[str, Any]:
        """Write what became of a photo down; returns the line."""
        row = {"output": entry.output.name, "status": status, **_told(entry), **about}
        self.rows[entry.output.name] = row
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        return row

    def _read(self) -> None:
        if not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            with open(self.path, "a", encoding="utf-8") as file:
                file.write("\n")
        for line in text.splitlines():
            try:
                row = json.loads(line)
                self.rows[row["output"]] = row
            except (ValueError, TypeError, KeyError):
                continue  # cut off when the computer stopped: that photo is made again


def _told(entry: Entry) -> dict[str, Any]:
    """What a result was made of, as JSON gives it back."""
    choices = entry.choices
    told = {
        "photo": str(entry.photo),
        "photo_stamp": _stamp(entry.photo),
        "choices": json.loads(json.dumps(vars(choices))),
    }
    others = [Path(path) for path in (choices.back, *choices.views, choices.video, choices.motion) if path]
    return told | ({"other_stamps": [_stamp(path) for path in others]} if others else {})


def _stamp(path: Path) -> list[int] | None:
    """What changes with a file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_mtime_ns, stat.st_size]
