# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: heads, train-marks, export-marks."""

import argparse
import logging
import time
from pathlib import Path

import torch

from ..learn.short_run import Plan
from ..learn.train import run_folder
from .export import export_marks
from .learn import MarkRun
from .photo_set import HeadPhotos
from .places import MarkPlaces, mirror_of

RUN = "marks"
COUNT = 15000


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    command = commands.add_parser("heads", help="make photos of synthetic heads into the cache folder")
    command.add_argument(
        "--maker", type=int, nargs=2, default=(0, 1), metavar=("K", "N"), help="make every Nth person from K"
    )
    command.add_argument("--assets", type=Path, metavar="DIR", required=True, help="source assets of generation 4")
    command.add_argument("--split", choices=("train", "test"), default="train")
    command.add_argument("--count", type=int, default=COUNT, help="photos in the set")
    command.set_defaults(act=_heads)
    command = commands.add_parser("train-marks", help="train the marks of heads, resuming the run of this name")
    command.add_argument("--minutes", type=float, default=1e9, help="stop after this long; the same command resumes")
    command.add_argument("--steps", type=int, default=Plan.steps)
    command.add_argument("--count", type=int, default=COUNT, help="photos in the set")
    command.add_argument("--run", default=RUN, help="name of the run")
    command.set_defaults(act=_train)
    command = commands.add_parser("export-marks", help="write the shipped network of head marks and its card")
    command.add_argument("--run", default=RUN, help="name of the run")
    command.set_defaults(act=lambda options: print(export_marks(options.run)))


def _heads(options: argparse.Namespace) -> None:
    begun = time.monotonic()
    torch.set_num_threads(1)
    made = HeadPhotos(options.split, options.count).make(options.assets, *options.maker)
    logging.info("%d photos made, %.0f an hour", made, made / max((time.monotonic() - begun) / 3600, 1e-9))


def _train(options: argparse.Namespace) -> None:
    photos = HeadPhotos("train", options.count)
    MarkRun(run_folder(options.run), photos, mirror_of(MarkPlaces()), Plan(options.steps)).train(options.minutes)
