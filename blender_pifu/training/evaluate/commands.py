# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: evaluate and evaluate-*, rig-check."""

import argparse
import dataclasses
import json
from itertools import islice
from pathlib import Path

import torch

from ...choices import OPTIONS, READY, Choices
from ...engine.layout.presets import QUADS
from ..data.outputs import check_folder
from ..data.sample import GENERATION, GENERATIONS
from .animation import as_table as animation_table
from .animation import evaluate_animation
from .back import as_table, evaluate_back
from .body import evaluate_body
from .cases import SPLITS, folder_cases, split_case, split_seeds
from .face import as_table as face_table
from .face import evaluate_face
from .films import as_table as films_table
from .films import evaluate_films
from .hands import as_table as hands_table
from .hands import evaluate_hands
from .head import as_table as head_table
from .head import as_turned_table, evaluate_head, evaluate_turned
from .legs import evaluate_legs, legs_table
from .lens import evaluate_lens, lens_table
from .motion import as_table as motion_table
from .motion import evaluate_motion
from .rig_check import as_table as rig_table
from .rig_check import rig_check
from .texture import as_table as texture_table
from .texture import evaluate_texture
from .views import COUNTS, SETS, evaluate_views
from .views import as_table as views_table
from .weights import as_markdown, evaluate


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    _add_evaluate(commands)
    _add_evaluate_back(commands)
    _add_evaluate_face(commands)
    _add_evaluate_head(commands)
    _add_evaluate_body(commands)
    _add_evaluate_animation(commands)
    _add_evaluate_hands(commands)
    _add_evaluate_legs(commands)
    _add_evaluate_lens(commands)
    _add_evaluate_texture(commands)
    _add_evaluate_views(commands)
    _add_evaluate_films(commands)
    _add_evaluate_motion(commands)
    _add_rig_check(commands)


def _add_evaluate(commands) -> None:
    command = commands.add_parser("evaluate", help="score weights on people never trained on")
    command.add_argument("--weights", nargs="+", default=["human"], help="bundled names or .safetensors files")
    command.add_argument("--against", help="weights to compare with: figures get their change against these")
    command.add_argument("--split", choices=tuple(SPLITS), default="test")
    command.add_argument("--count", type=int, help="people of the split")
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="which kind of people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument("--cases", type=Path, help="folder of folders with photo.png and mesh.ply, instead of a split")
    command.add_argument("--unread", action="store_true", help="as if nobody were recognised: without landmarks")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--out", type=Path, help="folder for contact sheets and the table")
    command.add_argument("--json", action="store_true", help="print the table as JSON")
    command.set_defaults(act=_evaluate)


def _add_evaluate_back(commands) -> None:
    command = commands.add_parser("evaluate-back", help="score what a photo of the back adds")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=20, help="people of the test split")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--read", action="store_true", help="read its shape even if the weights are not said to")
    command.add_argument("--same-light", action="store_true", help="light the back as the truth is, not anew")
    command.add_argument("--out", type=Path, help="folder for a sheet a person")
    command.set_defaults(act=_evaluate_back)


def _add_evaluate_face(commands) -> None:
    command = commands.add_parser("evaluate-face", help="score the faces laid into the maps")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=24, help="people of the test split who look at the camera")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--out", type=Path, help="folder for a picture a person")
    command.set_defaults(act=_evaluate_face)


def _add_evaluate_head(commands) -> None:
    command = commands.add_parser("evaluate-head", help="score the heads fitted to marks of a face, in millimetres")
    command.add_argument("--count", type=int, default=24, help="people of the test split")
    command.add_argument("--turned", action="store_true", help="heads alone, turned aside by 0 to 60 degrees")
    command.add_argument("--assets", type=Path, metavar="DIR", required=True, help="source assets of generation 4")
    command.set_defaults(act=_evaluate_head)


def _add_evaluate_body(commands) -> None:
    command = commands.add_parser("evaluate-body", help="score the body's fit on people never trained on")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=24, help="people of the test split")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--out", type=Path, help="folder for pictures")
    command.set_defaults(act=_evaluate_body)


def _add_evaluate_animation(commands) -> None:
    command = commands.add_parser("evaluate-animation", help="score the animation mesh: to whom offered, how near")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=20, help="people of the test split")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--out", type=Path, help="folder for a picture a person")
    command.set_defaults(act=_evaluate_animation)


def _add_evaluate_hands(commands) -> None:
    command = commands.add_parser("evaluate-hands", help="score the fingers by hands read in the photo")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=24, help="hands that people of the test split show")
    command.add_argument("--assets", type=Path, help="folder of source assets: people of generation 4")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--out", type=Path, help="folder for a picture a hand")
    command.set_defaults(act=_evaluate_hands)


def _add_evaluate_legs(commands) -> None:
    command = commands.add_parser("evaluate-legs", help="score how legs are judged and moved in depth")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=50, help="people of the test split")
    command.add_argument("--resolution", type=int, default=256)
    command.set_defaults(act=_evaluate_legs)


def _add_evaluate_lens(commands) -> None:
    command = commands.add_parser("evaluate-lens", help="score what taking out the lens's perspective gains")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=50, help="people of the test split")
    command.add_argument("--resolution", type=int, default=256)
    command.set_defaults(act=_evaluate_lens)


def _add_evaluate_texture(commands) -> None:
    command = commands.add_parser("evaluate-texture", help="score quads and their baked texture")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=20, help="people of the test split")
    command.add_argument("--topology", choices=tuple(QUADS), default="standard")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument(
        "--texture", type=int, choices=OPTIONS["texture_px"].values, default=2048, help="side of the texture, pixels"
    )
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="of the test people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument("--out", type=Path, help="folder for a picture a person")
    command.set_defaults(act=_evaluate_texture)


def _add_evaluate_views(commands) -> None:
    command = commands.add_parser("evaluate-views", help="score what further photos, from other sides, add")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=5, help="people of the test split")
    command.add_argument(
        "--photos", type=int, nargs="+", choices=tuple(SETS), default=list(COUNTS), help="how many, each"
    )
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--sway", type=float, default=1.0, help="how much poses differ; 0: not at all")
    command.add_argument("--first", type=int, default=0, help="so many people of the split are left out before")
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="of the test people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument("--out", type=Path, help="folder for a sheet and a row a person; what is there is kept")
    command.set_defaults(act=_evaluate_views)


def _add_evaluate_films(commands) -> None:
    command = commands.add_parser("evaluate-films", help="score what a film of somebody who turns adds to one photo")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=2, help="people of the test split")
    command.add_argument("--first", type=int, default=0, help="so many people of the split are left out before")
    command.add_argument("--resolution", type=int, default=128)
    command.add_argument("--frames", type=int, default=7, help="at most so many of a film are chosen")
    command.add_argument("--moving-arms", action="store_true", help="the arms do not keep still")
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="of the test people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument("--out", type=Path, help="folder for a sheet a person")
    command.set_defaults(act=_evaluate_films)


def _add_evaluate_motion(commands) -> None:
    command = commands.add_parser("evaluate-motion", help="score motions read from films of people who wave and walk")
    command.add_argument("--out", type=Path, help="folder for the films, and the frames of which skeletons are made")
    command.set_defaults(act=_evaluate_motion)


def _add_rig_check(commands) -> None:
    command = commands.add_parser("rig-check", help="check what stands between results and rigging, in Blender")
    command.add_argument("photos", type=Path, nargs="*", metavar="PHOTO|FOLDER", help="beside the bundled photos")
    command.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    command.add_argument("--count", type=int, default=20, help="people of the test split")
    command.add_argument("--topology", choices=OPTIONS["topology"].values[1:], default="standard")
    command.add_argument("--resolution", type=int, default=256)
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=GENERATION, help="of the test people")
    command.add_argument("--assets", type=Path, metavar="DIR", help="source assets that generation 4 is made from")
    command.add_argument("--out", type=Path, required=True, help="folder for results and pictures of them posed")
    command.set_defaults(act=_rig_check)


def _evaluate(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.cases:
        check_folder(options.out, [options.cases, *options.cases.glob("*/")])
        cases = folder_cases(options.cases)
    else:
        seeds = islice(split_seeds(options.split, options.generation), options.count or SPLITS[options.split])
        cases = (split_case(seed, options.generation, options.assets) for seed in seeds)
    if options.unread:
        cases = (dataclasses.replace(case, landmarks=None) for case in cases)
    table = evaluate(cases, options.weights, options.against, options.resolution, options.out)
    against = Path(options.against).stem if options.against else None  # what its model is called
    print(json.dumps(table) if options.json else as_markdown(table, against))


def _evaluate_back(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test"), options.count)
    rows = evaluate_back(seeds, options.weights, options.read, not options.same_light, options.resolution, options.out)
    print(as_table(rows))


def _evaluate_face(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    print(face_table(evaluate_face(options.weights, options.count, options.resolution, options.out)))


def _evaluate_head(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.turned:
        print(as_turned_table(evaluate_turned(options.count, options.assets)))
    else:
        print(head_table(evaluate_head(options.count, options.assets)))


def _evaluate_body(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    for kind, figures in evaluate_body(options.weights, options.count, options.resolution, options.out).items():
        print(f"{kind:6}", "  ".join(f"{name} {value}" for name, value in figures.items()))


def _evaluate_animation(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test"), options.count)
    print(animation_table(evaluate_animation(seeds, options.weights, options.resolution, options.out)))


def _evaluate_hands(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    print(hands_table(evaluate_hands(options.count, options.weights, options.resolution, options.assets, options.out)))


def _evaluate_legs(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    cases = map(split_case, islice(split_seeds("test"), options.count))
    print(legs_table(evaluate_legs(cases, options.weights, options.resolution)))


def _evaluate_lens(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    cases = map(split_case, islice(split_seeds("test"), options.count))
    print(lens_table(evaluate_lens(cases, options.weights, options.resolution)))


def _evaluate_texture(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test", options.generation), options.count)
    how = options.weights, options.topology, options.resolution, options.texture, options.out, options.generation
    rows = evaluate_texture(seeds, *how, options.assets)
    print(texture_table(rows))


def _evaluate_views(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test", options.generation), options.first, options.first + options.count)
    asked = {"generation": options.generation, "assets": options.assets, "folder": options.out}
    asked["counts"] = sorted({1, *options.photos})
    print(views_table(evaluate_views(seeds, options.weights, options.resolution, options.sway, **asked)))


def _evaluate_films(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test", options.generation), options.first, options.first + options.count)
    rows = evaluate_films(
        seeds,
        options.weights,
        options.resolution,
        frames=options.frames,
        moving_arms=options.moving_arms,
        generation=options.generation,
        assets=options.assets,
        folder=options.out,
    )
    print(films_table(rows))


def _evaluate_motion(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    print(motion_table(evaluate_motion(options.out)))


def _rig_check(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    who = options.photos, options.count, options.out
    asked = {"model": options.weights, "resolution": options.resolution, "topology": options.topology}
    choices = Choices(**{**READY, **asked})
    reports = rig_check(*who, choices, options.generation, options.assets)
    print(rig_table(reports))
