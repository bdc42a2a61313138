# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photos: a folder of results, a report line for each, contact sheets, going on where it was interrupted."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..choices import Choices
from ..outputs import replaced_input
from .batch import cluster, queue
from .batch.contact_sheet import save_picture, save_sheets, strip
from .batch.entries import Entry, entries_of, read_manifest
from .batch.report import DONE, Report
from .batch.results import FolderResults, Results, UrlResults
from .errors import EngineError, InputError, OptionError, OutputError
from .files.result import write_result
from .files.writable import ENDINGS, cannot_write

STRIPS = "strips"  # the folder of the contact sheets' parts


class SomeFailed(EngineError):
    """A batch came to its end without a result for some photos."""

    exit_code = 5


def is_many(options: argparse.Namespace) -> bool:
    """Whether parsed options ask for more than one photo, or for what only these may."""
    asked = options.manifest or options.cluster or options.results or options.cores != 1
    alone = len(options.photo) == 1 or not options.photo and options.video
    return bool(asked) or not alone or any(photo.is_dir() for photo in options.photo)


def generate_many(options: argparse.Namespace, choices: Choices) -> None:
    """Make every photo into the folder that the options name. Raises EngineError; SomeFailed at the end."""
    folder, entries = options.output, _entries(options, choices)
    if replaced := replaced_input((entry.output for entry in entries), (entry.photo for entry in entries)):
        raise OutputError(f'A result would replace the photo "{replaced}".', "Choose another folder.")
    try:
        (folder / STRIPS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    results = UrlResults(options.results) if options.results else FolderResults(folder)
    report = Report.begin(folder, entries, options.resume, results)
    left = [entry for entry in entries if not report.is_done(entry)]
    say = _Teller(options.json, len(entries), len(entries) - len(left))
    for entry, answer in _made(left, options, results):
        say(report.add(entry, answer.pop("status"), **answer))
    pages = save_sheets((_strip_of(entry) for entry in entries), folder)
    failed = [entry for entry in entries if not report.is_done(entry)]
    say.end(report.path, pages, len(failed), options.cores if options.cluster else 0)
    if failed:
        raise SomeFailed(
            f"{len(failed)} of {len(entries)} photos failed, the first is {failed[0].photo.name}.",
            f"{report.path.name} says why; mend what is told and add --resume.",
        )


def _made(left: list[Entry], options: argparse.Namespace, results: Results) -> Iterator[tuple[Entry, queue.Answer]]:
    """Each entry with what became of it: made here, or on a cluster, whose results are brought here."""
    if not options.cluster:
        yield from queue.run(left, PhotoMaker(options.device, max(1, options.workers)), options.workers)
        return
    folder = FolderResults(options.output)

    def keep(name: str, data: bytes) -> None:
        """What contact sheets are made of stays in the folder, wherever the rest goes."""
        (folder if name.startswith(f"{STRIPS}/") else results).put(name, data)

    with cluster.joined(options.cluster) as ray:
        yield from cluster.run(left, PhotoMaker(options.device, 1), ray, keep, options.cores, options.device)


@dataclass(frozen=True)
class PhotoMaker:
    """What each process calls once: loads an engine and gives a function that makes an entry and tells its summary."""

    device: str
    workers: int  # processes on this machine

    def __call__(self) -> Callable[[Entry], dict[str, Any]]:
        if self.workers > 1:
            import torch

            torch.set_num_threads(max(1, (os.cpu_count() or 1) // self.workers))
        from .pipeline import Engine
        from .reading.photo import load_photo
        from .video.clips import first_picture

        engine = Engine(self.device)

        def make(entry: Entry) -> dict[str, Any]:
            photo = None if entry.is_film else entry.photo
            person = engine.reconstruct(photo, entry.choices).written_to(entry.output)
            write_result(person, entry.output)
            _strip_of(entry).parent.mkdir(exist_ok=True)
            picture = first_picture(entry.photo) if entry.is_film else load_photo(entry.photo).rgb
            save_picture(strip(picture, person, entry.output.stem), _strip_of(entry))
            return person.summary.as_dict()

        return make


def _strip_of(entry: Entry) -> Path:
    return entry.output.parent / STRIPS / f"{entry.output.stem}.jpg"


def _check_cluster(options: argparse.Namespace) -> None:
    """Raise OptionError where options of a cluster and of this machine do not go together."""
    if options.cluster and options.workers != 1:
        raise OptionError(
            "--workers is for this machine alone.", "A cluster works at as many photos as it has cores for."
        )
    if (options.results or options.cores != 1) and not options.cluster:
        raise OptionError("--results and --cores go with --cluster.", "Leave them out, or name a cluster.")
    if options.cores < 1:
        raise OptionError(f"A photo cannot be made on {options.cores} cores.", "Give --cores 1 or more.")


def _entries(options: argparse.Namespace, choices: Choices) -> list[Entry]:
    _check_cluster(options)
    folder, ending = options.output, f".{options.format}"
    if folder.suffix.lower() in ENDINGS or folder.is_file():
        raise InputError(f'"{folder}" is no folder.', "Of several photos name a folder; --format says which files.")
    if choices.back or choices.person or choices.views or choices.video or choices.motion:
        raise OptionError(
            "Several photos cannot have one back photo, person, film, motion or further photos.",
            "Tell them in a manifest's columns, line by line.",
        )
    if options.manifest and options.photo:
        raise InputError("There are photos beside a manifest.", "Give one or the other.")
    if options.manifest:
        return read_manifest(options.manifest, folder, ending, choices)
    return entries_of(options.photo, folder, ending, choices)


class _Teller:
    """Prints each photo's end, as a line or as JSON."""

    def __init__(self, as_json: bool, total: int, done: int):
        self._json, self._total, self._count = as_json, total, done
        self._seconds, self._made = 0.0, 0
        self._out = sys.stdout  # that of the beginning: a cluster's own talk is led elsewhere
        if done and not as_json:
            print(f"{done} of {total} are there already", flush=True)

    def __call__(self, row: dict[str, Any]) -> None:
        self._count += 1
        self._seconds += row["seconds"]
        self._made += row["status"] == DONE
        if self._json:
            print(json.dumps(row), file=self._out, flush=True)
            return
        told = row["output"] if row["status"] == DONE else f"{row['error']} {row['fix']}".strip()
        where = self._out if row["status"] == DONE else sys.stderr
        photo = Path(row["photo"]).name
        print(f"[{self._count}/{self._total}] {photo}: {told} ({row['seconds']:.1f} s)", file=where, flush=True)

    def end(self, report: Path, pages: list[Path], failed: int, cores: int) -> None:
        """cores: of a cluster, for each photo, 0 where there was none; then it is told what a person costs."""
        cost = {"core_seconds": round(cores * self._seconds / max(1, self._made), 1)} if cores else {}
        if self._json:
            about = {"photos": self._total, "failed": failed, "report": str(report), **cost}
            print(json.dumps({**about, "contact_sheets": [str(page) for page in pages]}), flush=True)
        else:
            print(f"{self._total - failed} made; {report.name}, {', '.join(page.name for page in pages)}", flush=True)
            if cost:
                print(f"{cost['core_seconds']} core seconds a person, loading of networks included", flush=True)
