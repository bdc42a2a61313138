# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: train."""

import argparse
import dataclasses
import hashlib
import subprocess
import sys
import time

import torch

from ...engine.memory import keep_memory
from ...engine.model import HumanModel, load_model, weights_file
from ...engine.networks.coarse import CoarseConfig
from ...engine.networks.fine import FineConfig
from ..data.cache import PeopleSet
from .courses import CoarseCourse, FineCourse
from .train import Plan, Run, run_folder

HELD_OUT = 8


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    _add_train(commands)


def _add_train(commands) -> None:
    command = commands.add_parser("train", help="train, resuming the run of this name")
    command.add_argument("--minutes", type=float, default=1e9, help="stop after this long; the same command resumes")
    command.add_argument("--level", choices=("coarse", "fine"), default="coarse")
    command.add_argument(
        "--start", metavar="NAME|FILE", help="weights to begin from; a fine level's coarse one (default: random ones)"
    )
    command.add_argument("--rate", type=float, default=Plan.rate, help="highest learning rate")
    command.add_argument("--steps", type=int, default=Plan.steps)
    command.add_argument("--deep", type=int, help="further blocks at the lowest resolutions (default: as --start)")
    command.add_argument("--hints", action="store_true", help="let it see the landmarks (default: as --start)")
    command.add_argument("--batch", type=int, default=Plan.batch)
    command.add_argument(
        "--core-share", type=float, default=Plan.core_share, help="part of the steps at the core's size"
    )
    command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    command.add_argument("--makers", type=int, default=1, help="processes that make people meanwhile")
    command.add_argument("--count", type=int, default=10000, help="people in the set")
    command.add_argument("--run", help="name of the run (default: the level's)")
    command.set_defaults(act=_train)


def _train(options: argparse.Namespace) -> None:
    start = load_model(options.start) if options.start else None
    if start is not None and not isinstance(start, HumanModel):
        raise SystemExit("Training goes on from weights of this trainer alone.")
    if options.level == "fine":
        if start is None:
            raise SystemExit("The fine level stands on a coarse one: give its weights with --start.")
        config = start.fine.config if start.fine else FineConfig()
        course = FineCourse(start.level, config, start.fine)
        size = 2 * start.level.config.input_px
    else:
        config = start.level.config if start else CoarseConfig()
        if options.deep is not None:
            config = dataclasses.replace(config, deep=options.deep)
        config = dataclasses.replace(config, hints=config.hints or options.hints)
        course, size = CoarseCourse(config, start.level if start else None), config.input_px
    keep_memory()
    people, held_out = PeopleSet("train", size, options.count), PeopleSet("test", size, HELD_OUT)
    make = [sys.executable, "-m", __name__.rpartition(".learn.")[0], "people", "--size", str(size), "--count"]
    makers = [
        subprocess.Popen([*make, str(options.count), "--maker", str(k), str(options.makers)])
        for k in range(options.makers)
    ]
    subprocess.run([*make, str(HELD_OUT), "--split", "test"], check=True)
    try:
        while len(people.available()) < options.batch:
            time.sleep(1)
        plan = Plan(steps=options.steps, batch=options.batch, core_share=options.core_share, rate=options.rate)
        begun_from = hashlib.sha256(weights_file(options.start).read_bytes()).hexdigest() if start else None
        run = Run(run_folder(options.run or options.level), course, plan, options.device, begun_from)
        run.train(people, held_out, options.minutes)
    finally:
        for maker in makers:
            maker.terminate()
