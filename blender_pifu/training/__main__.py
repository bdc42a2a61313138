# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m blender_pifu.training COMMAND: make people, train, score, ship weights. --help lists the commands."""

import argparse
import logging
import sys

from ..engine.errors import EngineError
from .data import commands as data
from .drawn import commands as drawn
from .evaluate import commands as evaluate
from .fields import commands as fields
from .folds import commands as folds
from .learn import commands as learn
from .marks import commands as marks
from .pack import commands as pack
from .parsing import commands as parsing
from .photos import commands as photos
from .shading import commands as shading


def main() -> None:
    """Parse and run one command."""
    parser = argparse.ArgumentParser(prog="python -m blender_pifu.training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for room in (data, learn, marks, drawn, folds, parsing, shading, evaluate, photos, fields, pack):
        room.add_commands(commands)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        options.act(options)
    except EngineError as error:
        raise SystemExit(f"{error} {error.fix}".strip()) from error


if __name__ == "__main__":
    main()
