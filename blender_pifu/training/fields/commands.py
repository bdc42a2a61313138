# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: octree, dense."""

import argparse
import json
from pathlib import Path

import torch

from ...engine.benchmark import PHOTO
from ...engine.benchmark import encode as encode_photo
from .dense import compare_with_dense
from .octree import compare, depths
from .stand_in import stand_in


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    _add_octree(commands)
    _add_dense(commands)


def _add_octree(commands) -> None:
    command = commands.add_parser("octree", help="our sampling beside that of PIFuHD or PIFu, as JSON")
    command.add_argument("--family", choices=("pifuhd", "pifu"), default="pifuhd")
    command.add_argument("--resolution", type=int, choices=(128, 256, 512), default=256)
    command.add_argument("--repeats", type=int, default=3, help="times that everything is timed")
    command.add_argument("--photo", type=Path, default=PHOTO, help="whose body it is")
    command.set_defaults(act=_octree)


def _add_dense(commands) -> None:
    command = commands.add_parser("dense", help="whether the surface is the one of dense marching cubes, as JSON")
    command.add_argument("--family", choices=("human", "pifuhd", "pifu"), default="human")
    command.add_argument("--resolution", type=int, choices=(128, 256, 512), default=256)
    command.add_argument("--photo", type=Path, default=PHOTO, help="whose body it is")
    command.set_defaults(act=_dense)


def _octree(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    field = stand_in(options.family, *depths(options.photo))
    print(json.dumps(compare(options.family, field, options.resolution, options.repeats)))


def _dense(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.family == "human":
        model, encoding = encode_photo("human", options.photo)
        field = model.field(encoding)
    else:
        field = stand_in(options.family, *depths(options.photo))
    print(json.dumps(compare_with_dense(field, options.resolution)))
