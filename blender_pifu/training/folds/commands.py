# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: draw-people, train-folds, export-folds."""

import argparse
import logging
from pathlib import Path

import torch

from ...engine.model import HumanModel, load_model
from ..data.cache import PeopleSet
from ..learn.short_run import Plan
from ..learn.train import run_folder
from .drawn_people import DrawnPeople
from .export import export_folds
from .learn import FoldRun

RUN = "folds"
COUNT, SIZE, STEPS = 900, 512, 5000


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    command = commands.add_parser("draw-people", help="have the bundled levels draw a set of people (generation 4)")
    command.add_argument("--count", type=int, default=COUNT, help="people in the set")
    command.add_argument("--wait", action="store_true", help="also for those that are still being made")
    command.set_defaults(act=_draw)
    command = commands.add_parser("train-folds", help="train the network of folds, resuming the run of this name")
    command.add_argument("--minutes", type=float, default=1e9, help="stop after this long; the same command resumes")
    command.add_argument("--steps", type=int, default=STEPS)
    command.add_argument("--count", type=int, default=COUNT, help="people in the set")
    command.add_argument("--run", default=RUN, help="name of the run")
    command.set_defaults(act=_train)
    command = commands.add_parser("export-folds", help="write a network of folds and its card")
    command.add_argument("--run", default=RUN, help="name of the run")
    command.add_argument("--out", type=Path, help="file to write (default: the shipped one)")
    command.set_defaults(act=_export)


def _people(count: int) -> DrawnPeople:
    return DrawnPeople(PeopleSet("train", SIZE, count, generation=4))


def _draw(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    model = load_model("human")
    assert isinstance(model, HumanModel)
    logging.info("%d people drawn", _people(options.count).make(model, options.wait))


def _train(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    FoldRun(run_folder(options.run), _people(options.count), Plan(options.steps)).train(options.minutes)


def _export(options: argparse.Namespace) -> None:
    print(export_folds(options.run, *([options.out] if options.out else [])))
