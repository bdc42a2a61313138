# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory and seconds of one job in two checkouts, side by side: python tests/golden/measure.py OLD NEW [-- OPTION ...]

Runs `python -m blender_pifu.engine` on the bundled photo of each checkout (a folder), each time in a process of its
own, the checkouts in turn, so that what else the machine does meets both alike. Options after -- go to the engine
(default: none, the default job). Prints for each step the least seconds of all times (`--times`, 3), then what the
process took in all: seconds of the clock, seconds of the processor, and its peak memory in MiB. One checkout is enough.
Linux and macOS only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PHOTO = Path("blender_pifu") / "data" / "photos" / "man_polo_full_body.jpg"
CLOCK, PROCESSOR, MEMORY = "whole process", "processor", "peak memory, MiB"


def measure(checkout, options):
    """What one job takes: {step: seconds}, with CLOCK and PROCESSOR, and MEMORY in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "person.npz"
        command = [sys.executable, "-s", "-m", "blender_pifu.engine", str(PHOTO), "-o", str(out)]
        start = time.perf_counter()
        process = subprocess.Popen([*command, "--device", "cpu", *options], cwd=checkout, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - start
        if status:
            raise SystemExit(f"The engine in {checkout} failed.")
        with np.load(out) as file:
            summary = json.loads(str(file["summary"]))
    spent = {CLOCK: took, PROCESSOR: usage.ru_utime + usage.ru_stime, MEMORY: summary["peak_memory_mb"]}
    return summary["seconds"] | spent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="+", type=Path, metavar="CHECKOUT", help="one folder, or two")
    parser.add_argument("--times", type=int, default=3, help="runs of each (default: 3)")
    given = sys.argv[1:]
    end = given.index("--") if "--" in given else len(given)
    chosen, options = parser.parse_args(given[:end]), given[end + 1 :]
    checkouts = [folder.resolve() for folder in chosen.checkouts]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    runs = [[] for _ in checkouts]
    for turn in range(chosen.times):
        order = list(zip(checkouts, runs, strict=True))
        for checkout, done in order[:: -1 if turn % 2 else 1]:
            done.append(measure(checkout, options))
    _print_table(chosen.checkouts, runs)


def _print_table(checkouts, runs):
    steps = list(dict.fromkeys(step for done in runs for run in done for step in run))
    steps.sort(key=lambda step: step in (CLOCK, PROCESSOR, MEMORY))
    width = max(map(len, steps))
    both = len(checkouts) == 2
    print(" " * width, *(f"{folder.name[-12:]:>12}" for folder in checkouts), *(["   by factor"] if both else []))
    for step in steps:
        least = [min(run.get(step, float("nan")) for run in done) for done in runs]
        factor = [f"{least[1] / least[0]:12.2f}"] if both and least[0] else []
        print(f"{step:{width}}", *(f"{value:12.2f}" for value in least), *factor)


if __name__ == "__main__":
    main()
