# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: train-parsing, export-parsing."""

import argparse
from pathlib import Path

import torch

from ..data.cache import PeopleSet
from ..folds.drawn_people import DrawnPeople
from ..learn.short_run import Plan
from ..learn.train import run_folder
from .export import export_parsing
from .learn import ParsingRun

RUN = "parsing"
COUNT, SIZE, STEPS = 900, 512, 4000


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    command = commands.add_parser(
        "train-parsing", help="train the network of human parsing, resuming the run of this name"
    )
    command.add_argument("--minutes", type=float, default=1e9, help="stop after this long; the same command resumes")
    command.add_argument("--steps", type=int, default=STEPS)
    command.add_argument("--count", type=int, default=COUNT, help="people in the set")
    command.add_argument("--run", default=RUN, help="name of the run")
    command.set_defaults(act=_train)
    command = commands.add_parser("export-parsing", help="write a network of human parsing and its card")
    command.add_argument("--run", default=RUN, help="name of the run")
    command.add_argument("--out", type=Path, help="file to write (default: the shipped one)")
    command.set_defaults(act=_export)


def _train(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    people = DrawnPeople(PeopleSet("train", SIZE, options.count, generation=4))
    ParsingRun(run_folder(options.run), people, Plan(options.steps)).train(options.minutes)


def _export(options: argparse.Namespace) -> None:
    print(export_parsing(options.run, *([options.out] if options.out else [])))
