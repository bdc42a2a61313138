# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine's command line answers to hostile files: each in a process of its own, timed and weighed."""

import contextlib
import json
import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from ...engine.__main__ import main as engine
from ...engine.reading.photo import load_photo
from ...engine.subject.figure import Figures
from .hostile import Case, photo

MOST_SECONDS = 120  # of processor time; beyond that it hangs
MOST_MB = 1000
ANSWERS = (0, 2, 3)  # exit codes that are one: done, bad input, no person
HEADING = "code seconds    MB  input -> answer"
CRASHED = 99
WIDTH = 110  # characters of an answer in the table


@dataclass(frozen=True)
class Answer:
    """Of one case: exit code (negative: the signal that ended it), seconds of processor time, peak memory, and what was
    said."""

    name: str
    code: int
    seconds: float
    peak_mb: float
    words: str

    @property
    def good(self) -> bool:
        return self.code in ANSWERS and self.seconds < MOST_SECONDS and self.peak_mb < MOST_MB and bool(self.words)

    def __str__(self) -> str:
        mark = "" if self.good else "  <-- NOT GOOD"
        words = self.words if len(self.words) <= WIDTH else self.words[: WIDTH - 3] + "..."
        return f"{self.code:4d} {self.seconds:7.1f} {self.peak_mb:5.0f}  {self.name} -> {words}{mark}"


def fuzz(cases: Iterator[Case]) -> Iterator[Answer]:
    """Run `PHOTO --advise` on each. The networks are loaded once; every case runs in a fork, so that nothing of one is
    left for the next, and its memory is counted with all that was loaded before."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "warm.png"
        photo().save(small)
        Figures("cpu").cut_out(load_photo(small))
        for name, make in cases:
            place = Path(tempfile.mkdtemp(dir=folder))
            yield _answer(name, place, _in_fork(lambda make=make, place=place: str(make(place)), place)[3])
            shutil.rmtree(place)


def _answer(name, place, path):
    code, seconds, peak, words = _in_fork(lambda: engine([path, "--advise", "--device", "cpu"]), place)
    if code == 0:
        report = json.loads(words)
        kinds = [advice["kind"] for advice in report["advice"]]
        words = " ".join(
            ["read, {} x {}, people: {}".format(*report["size"], len(report["people"])), *kinds, *report["notes"]]
        )
    return Answer(name, code, seconds, peak, " ".join(words.replace(str(place), "...").split()))


def _in_fork(act, folder):
    """Exit code, seconds, peak in MB, and what was printed."""
    import resource  # Windows has none

    said = Path(f"{folder}.said")
    child = os.fork()
    if child == 0:
        code = CRASHED
        with contextlib.suppress(SystemExit), open(said, "w", errors="surrogateescape") as out:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders have their own say there
                resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
                try:
                    answer = act()
                    code = answer if isinstance(answer, int) else 0
                    if isinstance(answer, str):
                        out.write(answer)
                except Exception:  # noqa: BLE001 (in a fork: whatever it is must not reach the parent's code)
                    traceback.print_exc()
        os._exit(code)
    end = time.monotonic() + 5 * MOST_SECONDS
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > end:  # it sleeps
            os.kill(child, 9)
        time.sleep(0.01)
    words = said.read_text(errors="surrogateescape")
    said.unlink()
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, words
