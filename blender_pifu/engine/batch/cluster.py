# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the entries of a batch on many machines, as tasks of Ray: one photo each, whole again elsewhere where a machine
is lost in the middle of it.

Photos and results travel as bytes, so the machines need not share a disk, and few at once, so that Ray's object store
stays small. A result is written by the machine that gave the order, when its task has answered, hence once.
"""

import contextlib
import dataclasses
import functools
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...protocol import ErrorKind
from ..errors import InputError
from .entries import Entry
from .queue import Answer, Make, attempt, failed

RETRIES = 5  # of a task whose machine or process was lost: machines that are let cheaply go often
MEMORY = 1_300_000_000  # bytes that a task asks of its machine
UNDER_WAY = 2  # tasks for each that can run: the next one's photo is there when one ends
WAIT_S = 5.0  # after which it is looked again how much the cluster can run
Ray = Any  # the module, which is there for whoever has a cluster
Keep = Callable[[str, bytes], None]
NOT_INSTALLED = "Ray is not installed."


@dataclass(frozen=True)
class Order:
    """An entry on its way to a machine, with the bytes of its photo and, by path, of others that its choices name."""

    entry: Entry
    photo: bytes
    others: dict[str, bytes]


@contextlib.contextmanager
def joined(address: str) -> Iterator[Ray]:
    """Ray, with the cluster at `address` ("auto": the one that this machine is part of; "local": one of its own). What
    it says of lost machines goes to stderr: on stdout it would stand between the lines of the answers. Raises
    InputError where there is none, or no Ray."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")  # one try at a wrong address takes 40 s
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise InputError(NOT_INSTALLED, 'Install it: pip install "blender-pifu[cluster]".') from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=None)
    except (OSError, RuntimeError, ValueError, RayError) as error:
        raise InputError(
            f'There is no cluster at "{address}": {str(error).splitlines()[0].rstrip(".")}.',
            "Start one with ray start, or see its address.",
        ) from error
    with contextlib.redirect_stdout(sys.stderr):
        try:
            yield ray
        finally:
            ray.shutdown()


def run(
    entries: list[Entry], maker: Callable[[], Make], ray: Ray, keep: Keep, cores: int, device: str
) -> Iterator[tuple[Entry, Answer]]:
    """Each entry with what became of it, as they end; its files are kept before that is told.

    keep: takes the name and the bytes of a file, once of each;
    maker: called once in each process of the cluster, of a module there, and hashable; cores: for each photo; device:
    as the engine's, where "auto" takes the cluster's GPUs if it has any. Raises OutputError.
    """
    gpus = int(device != "cpu" and ray.cluster_resources().get("GPU", 0) > 0)
    task = ray.remote(num_cpus=cores, num_gpus=gpus, memory=MEMORY, max_retries=RETRIES)(_make_one)
    waiting, under_way = list(reversed(entries)), {}
    while waiting or under_way:
        most = UNDER_WAY * max(1, _slots(ray.cluster_resources(), cores, gpus))
        while waiting and len(under_way) < most:
            entry = waiting.pop()
            try:
                order = _order(entry)
            except OSError as error:
                yield entry, _unread(error)
                continue
            under_way[task.remote(maker, order)] = entry
        ended, _ = ray.wait(list(under_way), num_returns=1, timeout=WAIT_S) if under_way else ([], [])
        for each in ended:
            entry = under_way.pop(each)
            try:
                answer, files = ray.get(each)
            except ray.exceptions.RayError as error:
                yield entry, _lost(error)
                continue
            for name, data in files.items():
                keep(name, data)
            yield entry, answer


def _slots(resources: dict[str, float], cores: int, gpus: int) -> int:
    """How many photos a cluster can work at."""
    slots = [resources.get("CPU", 0) / cores, resources.get("memory", 0) / MEMORY]
    return int(min([*slots, resources.get("GPU", 0) / gpus] if gpus else slots))


def _order(entry: Entry) -> Order:
    choices = entry.choices
    others = [Path(path) for path in (choices.back, *choices.views, choices.video, choices.motion) if path]
    files = [file for path in others for file in ([path] if not path.is_dir() else sorted(path.iterdir()))]
    photo = b"" if entry.is_film else entry.photo.read_bytes()
    return Order(entry, photo, {str(file): file.read_bytes() for file in files if file.is_file()})


def _make_one(maker: Callable[[], Make], order: Order) -> tuple[Answer, dict[str, bytes]]:
    """On a machine of the cluster: what became of the photo, and the files that were made, by their names."""
    with tempfile.TemporaryDirectory(prefix="human-") as folder:
        entry, (photo, out) = order.entry, (Path(folder, name) for name in ("photo", "out"))
        for place in (photo, out):
            place.mkdir()
        photo /= entry.photo.name
        choices = entry.choices
        here = _unpacked(order.others, (choices.video, choices.motion), Path(folder))
        views = tuple(here[path] for path in choices.views)
        films = {"video": here[choices.video], "motion": here[choices.motion]}
        choices = dataclasses.replace(choices, back=here[choices.back], views=views, **films)
        if entry.is_film:
            photo = Path(choices.video)
        else:
            photo.write_bytes(order.photo)
        answer = attempt(_begun(maker), Entry(photo, out / entry.output.name, choices))
        made = [path for path in out.rglob("*") if path.is_file()] if answer["status"] == "done" else []
        return answer, {path.relative_to(out).as_posix(): path.read_bytes() for path in made}


def _unpacked(others: dict[str, bytes], films: tuple[str, ...], folder: Path) -> dict[str, str]:
    """Write files into folders of their own, those of a folder of frames together; where each path lies here."""
    here = {"": ""}
    for number, (path, data) in enumerate(others.items()):
        film = next((film for film in films if film and Path(path).parent == Path(film)), "")
        place = (f"film {films.index(film)}", Path(film).name) if film else (str(number),)
        there = Path(folder, *place, Path(path).name)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(data)
        here[path] = str(there)
        if film:
            here[film] = str(there.parent)
    for film in films:
        here.setdefault(film, film)  # of a folder without files
    return here


@functools.cache
def _begun(maker: Callable[[], Make]) -> Make:
    """What makes photos in this process, whose networks are loaded once."""
    return maker()


def _unread(error: OSError) -> Answer:
    name = Path(str(error.filename)).name
    what = f'"{name}" cannot be read: {error.strerror or error}.'
    return failed(what, "See that the file is there.", ErrorKind.INPUT)


def _lost(error: Exception) -> Answer:
    what = f"The machines or processes that made it were lost {RETRIES + 1} times ({type(error).__name__})."
    return failed(what, "Give the machines more memory, or choose a lower --resolution.", ErrorKind.ENGINE_KILLED)
