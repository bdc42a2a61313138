# SPDX-License-Identifier: GPL-3.0-or-later
"""The command of this room: draw-people."""

import argparse
import logging

import torch

from ...engine.model import HumanModel, load_model
from .run import COUNT, drawn_set


def add_commands(commands) -> None:
    """Add the subparser; it has its function as `act`."""
    command = commands.add_parser("draw-people", help="have the bundled levels draw a set of people (generation 4)")
    command.add_argument("--count", type=int, default=COUNT, help="people in the set")
    command.add_argument("--wait", action="store_true", help="also for those that are still being made")
    command.set_defaults(act=_draw)


def _draw(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    model = load_model("human")
    assert isinstance(model, HumanModel)
    logging.info("%d people drawn", drawn_set(options.count).make(model, options.wait))
