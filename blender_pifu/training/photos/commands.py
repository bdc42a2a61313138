# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: evaluate-reading, fuzz."""

import argparse
from pathlib import Path

import cv2
import torch

from ...engine.errors import OutputError
from ..data.outputs import check_picture
from .advice_check import table as advice_table
from .fuzz import HEADING, fuzz
from .hostile import cases as hostile_files
from .reading import table as reading_table
from .reading_sheet import reading_sheet


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    _add_evaluate_reading(commands)
    _add_fuzz(commands)


def _add_evaluate_reading(commands) -> None:
    command = commands.add_parser("evaluate-reading", help="score how photos are read: who is there, joints, mattes")
    command.add_argument("--people", type=int, nargs="+", default=[1, 2, 3, 4], help="in a photo")
    command.add_argument("--photos", type=int, default=20, help="of each number of people")
    command.add_argument("--advice", action="store_true", help="score what is said of photos instead")
    command.add_argument(
        "--sheet", type=Path, nargs="+", metavar=("FILE", "PHOTO"), help="draw how photos are read into FILE instead"
    )
    command.set_defaults(act=_evaluate_reading)


def _add_fuzz(commands) -> None:
    command = commands.add_parser("fuzz", help="what the command line answers to hostile files, as a table")
    command.add_argument("--only", metavar="WORDS", default="", help="files whose description holds these")
    command.set_defaults(act=_fuzz)


def _evaluate_reading(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.sheet:
        file, *photos = options.sheet
        check_picture(file, photos)
        if file.exists():  # most likely a photo: who gives PHOTO ... alone means no file to be drawn
            raise OutputError(f'"{file}" is there already.', fix="After --sheet comes first the file to draw.")
        cv2.imwrite(str(file), reading_sheet(photos)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
        return
    lines = advice_table() if options.advice else reading_table(options.people, options.photos)
    for line in lines:
        print(line, flush=True)


def _fuzz(options: argparse.Namespace) -> None:
    answers = []
    print(HEADING)
    for answer in fuzz(case for case in hostile_files() if options.only in case[0]):
        answers.append(answer)
        print(str(answer).encode("utf-8", "replace").decode(), flush=True)
    bad = sum(not answer.good for answer in answers)
    most = max((answer.peak_mb for answer in answers), default=0)
    longest = max((answer.seconds for answer in answers), default=0)
    print(f"{len(answers)} files; not answered well: {bad}; at most {most:.0f} MB, {longest:.1f} s")
    if bad:
        raise SystemExit(1)
