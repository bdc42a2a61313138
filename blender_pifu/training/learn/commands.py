# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: train."""

import argparse
import dataclasses
import hashlib
import subprocess
import sys
import time
from pathlib import Path

import torch

from ...engine.labels import LABELS
from ...engine.memory import keep_memory
from ...engine.model import HumanModel, load_model, weights_file
from ...engine.networks.coarse import CoarseConfig
from ...engine.networks.fine import FineConfig
from ..data.cache import PeopleSet
from ..data.sample import GENERATION, GENERATIONS
from .courses import CoarseCourse, FineCourse
from .train import Plan, Run, run_folder

HELD_OUT = 8
OLDER_SHARE = 1 / 3
WIDER = 96  # channels of the further resolution that fine levels of generation 4 begin with


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
    flag = argparse.BooleanOptionalAction
    command.add_argument("--body", action=flag, help="let it see a fitted body (default: with generation 4)")
    command.add_argument("--labels", action=flag, help="let it draw labels and shading (default: with generation 4)")
    command.add_argument("--batch", type=int, default=Plan.batch)
    command.add_argument(
        "--core-share", type=float, default=Plan.core_share, help="part of the steps at the core's size"
    )
    command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    command.add_argument("--makers", type=int, default=1, help="processes that make people meanwhile")
    command.add_argument("--count", type=int, default=10000, help="people in the set")
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="which kind of people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument(
        "--older", type=int, default=0, metavar="COUNT", help="people of generation 3 to learn from as well"
    )
    command.add_argument(
        "--older-share", type=float, default=OLDER_SHARE, help="part of the steps that are on those (default: a third)"
    )
    command.add_argument("--run", help="name of the run (default: the level's)")
    command.set_defaults(act=_train)


def _train(options: argparse.Namespace) -> None:
    start = load_model(options.start) if options.start else None
    if start is not None and not isinstance(start, HumanModel):
        raise SystemExit("Training goes on from weights of this trainer alone.")
    course, size = _course(options, start)
    older = _older(options, course)
    keep_memory()
    kind = {"generation": options.generation, "assets": options.assets}
    people = PeopleSet("train", size, options.count, **kind)
    held_out = PeopleSet("test", size, HELD_OUT, **kind)
    make = [sys.executable, "-m", __name__.rpartition(".learn.")[0], "people", "--size", str(size)]
    make += ["--generation", str(options.generation)]
    make += ["--assets", str(options.assets)] if options.assets else []
    makers = [
        subprocess.Popen([*make, "--count", str(options.count), "--maker", str(k), str(options.makers)])
        for k in range(options.makers)
    ]
    if len(held_out.available()) < HELD_OUT:
        subprocess.run([*make, "--count", str(HELD_OUT), "--split", "test"], check=True)
    try:
        while len(people.available()) < options.batch:
            time.sleep(1)
        plan = Plan(
            steps=options.steps,
            batch=options.batch,
            core_share=options.core_share,
            rate=options.rate,
            older_share=options.older_share if older else 0.0,
        )
        begun_from = hashlib.sha256(weights_file(options.start).read_bytes()).hexdigest() if start else None
        run = Run(run_folder(options.run or options.level), course, plan, options.device, begun_from)
        run.train(people, held_out, options.minutes, older)
    finally:
        for maker in makers:
            maker.terminate()


def _older(options: argparse.Namespace, course: CoarseCourse | FineCourse) -> PeopleSet | None:
    """The set of generation 3 that is learned from as well, at the largest size that the course asks for."""
    if not options.older:
        return None
    if options.generation == 3:
        raise SystemExit("--older goes with --generation 4: those of generation 3 are the older ones.")
    size = course.size(Plan(steps=1, core_share=0.0), 0)
    older = PeopleSet("train", size, options.older, generation=3)
    if len(older.available()) < options.batch:
        raise SystemExit(f"{older.folder} holds too few people. Make them first: people --size {size} --count N")
    return older


def _course(options: argparse.Namespace, start: HumanModel | None) -> tuple[CoarseCourse | FineCourse, int]:
    """What is learned, and the side of the pictures it is learned from: those of generation 4 serve both levels."""
    newer = options.generation > 3
    if options.level == "fine":
        if start is None:
            raise SystemExit("The fine level stands on a coarse one: give its weights with --start.")
        below = start.level.config
        config = start.fine.config if start.fine else FineConfig()
        if newer:
            widths = config.widths if len(config.widths) > 3 else (*config.widths, WIDER)
            config = dataclasses.replace(config, widths=widths, deep=max(config.deep, 1))
        config = dataclasses.replace(config, labels=below.labels, shading=below.shading)
        return FineCourse(start.level, config, start.fine), 2 * below.input_px
    config = start.level.config if start else CoarseConfig()
    told = {} if options.deep is None else {"deep": options.deep}
    body = newer if options.body is None else options.body
    labels = newer if options.labels is None else options.labels
    config = dataclasses.replace(
        config,
        **told,
        hints=config.hints or options.hints,
        body=config.body or body,
        labels=max(config.labels, len(LABELS) * labels),
        shading=config.shading or labels,
    )
    return CoarseCourse(config, start.level if start else None), config.input_px * (2 if newer else 1)
