# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: export, pack-face, pack-head-parts, pack-skin-charts."""

import argparse
from pathlib import Path

from .export import BUNDLED_FILE, export
from .head import pack_head
from .head_parts import pack_head_parts
from .skin_charts import pack_skin_charts


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    _add_export(commands)
    _add_pack_face(commands)
    _add_pack_head_parts(commands)
    _add_pack_skin_charts(commands)


def _add_pack_face(commands) -> None:
    command = commands.add_parser("pack-face", help="write the heads that are fitted to blender_pifu/data")
    command.add_argument("--assets", type=Path, metavar="DIR", required=True, help="source assets of generation 4")
    command.set_defaults(act=lambda options: print(pack_head(options.assets)))


def _add_pack_head_parts(commands) -> None:
    command = commands.add_parser("pack-head-parts", help="write teeth and tongue to blender_pifu/data")
    command.set_defaults(act=lambda options: print(pack_head_parts()))


def _add_pack_skin_charts(commands) -> None:
    command = commands.add_parser("pack-skin-charts", help="write head and hands laid flat to blender_pifu/data")
    command.set_defaults(act=lambda options: print(pack_skin_charts()))


def _add_export(commands) -> None:
    command = commands.add_parser("export", help="write a run's averaged weights and card to blender_pifu/data")
    command.add_argument("--scores", type=Path, help="table that evaluate wrote into its folder, for the card")
    command.add_argument(
        "--reads-back", action="store_true", help="evaluate-back --read found the back's normals better"
    )
    command.add_argument(
        "--blend", nargs=2, metavar=("FILE", "SHARE"), help="older weights, and their share of the mean"
    )
    command.add_argument("--run", default="coarse", help="name of the coarse level's run")
    command.add_argument("--fine", metavar="RUN", help="name of the fine level's run (default: none is shipped)")
    command.add_argument("--out", type=Path, default=BUNDLED_FILE, help="file to write (default: the bundled one)")
    command.set_defaults(act=_export)


def _export(options: argparse.Namespace) -> None:
    blend = (Path(options.blend[0]), float(options.blend[1])) if options.blend else None
    export(options.run, options.fine, options.out, options.scores, options.reads_back, blend)
