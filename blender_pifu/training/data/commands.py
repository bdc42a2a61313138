# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: people."""

import argparse
import logging
import time
from pathlib import Path

import cv2
import torch

from ...engine.networks.coarse import CoarseConfig
from .cache import PeopleSet
from .outputs import check_picture
from .sample import GENERATION, GENERATIONS
from .sheets import people_sheet


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    _add_people(commands)


def _add_people(commands) -> None:
    command = commands.add_parser("people", help="make synthetic people into the cache folder")
    command.add_argument(
        "--maker", type=int, nargs=2, default=(0, 1), metavar=("K", "N"), help="make every Nth seed from K"
    )
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="which kind of people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument("--sheet", type=Path, metavar="FILE", help="draw --count people into a picture instead")
    command.add_argument("--size", type=int, default=CoarseConfig().input_px, help="side of their pictures, pixels")
    command.add_argument("--split", choices=("train", "test"), default="train")
    command.add_argument("--count", type=int, default=10000, help="people in the set")
    command.set_defaults(act=_people)


def _people(options: argparse.Namespace) -> None:
    kind = {"generation": options.generation, "assets": options.assets}
    if options.sheet:
        check_picture(options.sheet)
        cv2.imwrite(str(options.sheet), people_sheet(range(options.count), options.split, **kind)[..., ::-1])
        return
    begun = time.monotonic()
    first, step = options.maker
    torch.set_num_threads(1)
    made = PeopleSet(options.split, options.size, options.count, **kind).make(first, step)
    hours = (time.monotonic() - begun) / 3600
    logging.info("%d people made, %.0f an hour", made, made / max(hours, 1e-9))
