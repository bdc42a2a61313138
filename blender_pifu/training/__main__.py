# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m blender_pifu.training people | train | evaluate | evaluate-back | evaluate-body |
evaluate-face | evaluate-reading | evaluate-texture | rig-check | export`: make people, train, score, ship weights."""

import argparse
import dataclasses
import hashlib
import json
import logging
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import cv2
import torch

from ..choices import OPTIONS, READY, Choices
from ..engine.benchmark import PHOTO
from ..engine.benchmark import encode as encode_photo
from ..engine.errors import EngineError
from ..engine.layout.presets import QUADS
from ..engine.memory import keep_memory
from ..engine.model import load_model, weights_file
from ..engine.networks.coarse import CoarseConfig
from ..engine.networks.fine import FineConfig
from .data.cache import PeopleSet
from .evaluate.animation import as_table as animation_table
from .evaluate.animation import evaluate_animation
from .evaluate.back import as_table, evaluate_back
from .evaluate.body import evaluate_body
from .evaluate.cases import SPLITS, folder_cases, split_case, split_seeds
from .evaluate.face import as_table as face_table
from .evaluate.face import evaluate_face
from .evaluate.rig_check import as_table as rig_table
from .evaluate.rig_check import rig_check
from .evaluate.sheets import people_sheet
from .evaluate.texture import as_table as texture_table
from .evaluate.texture import evaluate_texture
from .evaluate.weights import as_markdown, evaluate
from .fields.dense import compare_with_dense
from .fields.octree import compare, depths
from .fields.stand_in import stand_in
from .learn.courses import CoarseCourse, FineCourse
from .learn.train import Plan, Run, run_folder
from .pack.export import BUNDLED_FILE, export
from .photos.advice_check import table as advice_table
from .photos.fuzz import HEADING, fuzz
from .photos.hostile import cases as hostile_files
from .photos.reading import table as reading_table
from .photos.reading_sheet import reading_sheet

HELD_OUT = 8


def main() -> None:
    """Parse and run one command."""
    parser = argparse.ArgumentParser(prog="python -m blender_pifu.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    people = commands.add_parser("people", help="make synthetic people into the cache folder")
    people.add_argument(
        "--maker", type=int, nargs=2, default=(0, 1), metavar=("K", "N"), help="make every Nth seed from K"
    )
    people.add_argument("--sheet", type=Path, metavar="FILE", help="draw --count people into a picture instead")
    train = commands.add_parser("train", help="train, resuming the run of this name")
    train.add_argument("--minutes", type=float, default=1e9, help="stop after this long; the same command resumes")
    train.add_argument("--level", choices=("coarse", "fine"), default="coarse")
    train.add_argument(
        "--start", metavar="NAME|FILE", help="weights to begin from; a fine level's coarse one (default: random ones)"
    )
    train.add_argument("--rate", type=float, default=Plan.rate, help="highest learning rate")
    train.add_argument("--steps", type=int, default=Plan.steps)
    train.add_argument("--deep", type=int, help="further blocks at the lowest resolutions (default: as --start)")
    train.add_argument("--hints", action="store_true", help="let it see the landmarks (default: as --start)")
    train.add_argument("--batch", type=int, default=Plan.batch)
    train.add_argument("--core-share", type=float, default=Plan.core_share, help="part of the steps at the core's size")
    train.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    train.add_argument("--makers", type=int, default=1, help="processes that make people meanwhile")
    judge = commands.add_parser("evaluate", help="score weights on people never trained on")
    judge.add_argument("--weights", nargs="+", default=["human"], help="bundled names or .safetensors files")
    judge.add_argument("--against", help="weights to compare with: figures get their change against these")
    judge.add_argument("--split", choices=tuple(SPLITS), default="test")
    judge.add_argument("--count", type=int, help="people of the split")
    judge.add_argument("--cases", type=Path, help="folder of folders with photo.png and mesh.ply, instead of a split")
    judge.add_argument("--unread", action="store_true", help="as if nobody were recognised: without landmarks")
    judge.add_argument("--resolution", type=int, default=256)
    judge.add_argument("--out", type=Path, help="folder for contact sheets and the table")
    judge.add_argument("--json", action="store_true", help="print the table as JSON")
    behind = commands.add_parser("evaluate-back", help="score what a photo of the back adds")
    behind.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    behind.add_argument("--count", type=int, default=20, help="people of the test split")
    behind.add_argument("--resolution", type=int, default=256)
    behind.add_argument("--read", action="store_true", help="read its shape even if the weights are not said to")
    behind.add_argument("--same-light", action="store_true", help="light the back as the truth is, not anew")
    behind.add_argument("--out", type=Path, help="folder for a sheet a person")
    faced = commands.add_parser("evaluate-face", help="score the faces laid into the maps")
    faced.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    faced.add_argument("--count", type=int, default=24, help="people of the test split who look at the camera")
    faced.add_argument("--resolution", type=int, default=256)
    faced.add_argument("--out", type=Path, help="folder for a picture a person")
    rig = commands.add_parser("evaluate-body", help="score the body's fit on people never trained on")
    rig.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    rig.add_argument("--count", type=int, default=24, help="people of the test split")
    rig.add_argument("--resolution", type=int, default=256)
    rig.add_argument("--out", type=Path, help="folder for pictures")
    animate = commands.add_parser("evaluate-animation", help="score the animation mesh: to whom offered, how near")
    animate.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    animate.add_argument("--count", type=int, default=20, help="people of the test split")
    animate.add_argument("--resolution", type=int, default=256)
    animate.add_argument("--out", type=Path, help="folder for a picture a person")
    reading = commands.add_parser("evaluate-reading", help="score how photos are read: who is there, joints, mattes")
    reading.add_argument("--people", type=int, nargs="+", default=[1, 2, 3, 4], help="in a photo")
    reading.add_argument("--photos", type=int, default=20, help="of each number of people")
    reading.add_argument("--advice", action="store_true", help="score what is said of photos instead")
    reading.add_argument(
        "--sheet", type=Path, nargs="+", metavar=("FILE", "PHOTO"), help="draw how photos are read into FILE instead"
    )
    wear = commands.add_parser("evaluate-texture", help="score quads and their baked texture")
    wear.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    wear.add_argument("--count", type=int, default=20, help="people of the test split")
    wear.add_argument("--topology", choices=tuple(QUADS), default="standard")
    wear.add_argument("--resolution", type=int, default=256)
    wear.add_argument(
        "--texture", type=int, choices=OPTIONS["texture_px"].values, default=2048, help="side of the texture, pixels"
    )
    wear.add_argument("--out", type=Path, help="folder for a picture a person")
    hostile = commands.add_parser("fuzz", help="what the command line answers to hostile files, as a table")
    hostile.add_argument("--only", metavar="WORDS", default="", help="files whose description holds these")
    ready = commands.add_parser("rig-check", help="check what stands between results and rigging, in Blender")
    ready.add_argument("photos", type=Path, nargs="*", metavar="PHOTO|FOLDER", help="beside the bundled photos")
    ready.add_argument("--weights", default="human", help="bundled name or .safetensors file")
    ready.add_argument("--count", type=int, default=20, help="people of the test split")
    ready.add_argument("--topology", choices=OPTIONS["topology"].values[1:], default="standard")
    ready.add_argument("--resolution", type=int, default=256)
    ready.add_argument("--out", type=Path, required=True, help="folder for results and pictures of them posed")
    ship = commands.add_parser("export", help="write a run's averaged weights and card to blender_pifu/data")
    ship.add_argument("--scores", type=Path, help="table that evaluate wrote into its folder, for the card")
    ship.add_argument("--reads-back", action="store_true", help="evaluate-back --read found the back's normals better")
    ship.add_argument("--blend", nargs=2, metavar=("FILE", "SHARE"), help="older weights, and their share of the mean")
    octree = commands.add_parser("octree", help="our sampling beside that of PIFuHD or PIFu, as JSON")
    octree.add_argument("--family", choices=("pifuhd", "pifu"), default="pifuhd")
    octree.add_argument("--resolution", type=int, choices=(128, 256, 512), default=256)
    octree.add_argument("--repeats", type=int, default=3, help="times that everything is timed")
    dense = commands.add_parser("dense", help="whether the surface is the one of dense marching cubes, as JSON")
    dense.add_argument("--family", choices=("human", "pifuhd", "pifu"), default="human")
    dense.add_argument("--resolution", type=int, choices=(128, 256, 512), default=256)
    for command in (octree, dense):
        command.add_argument("--photo", type=Path, default=PHOTO, help="whose body it is")
    people.add_argument("--size", type=int, default=CoarseConfig().input_px, help="side of their pictures, pixels")
    people.add_argument("--split", choices=("train", "test"), default="train")
    for command in (people, train):
        command.add_argument("--count", type=int, default=10000, help="people in the set")
    train.add_argument("--run", help="name of the run (default: the level's)")
    ship.add_argument("--run", default="coarse", help="name of the coarse level's run")
    ship.add_argument("--fine", metavar="RUN", help="name of the fine level's run (default: none is shipped)")
    ship.add_argument("--out", type=Path, default=BUNDLED_FILE, help="file to write (default: the bundled one)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    commands = {
        "people": _people,
        "train": _train,
        "evaluate": _evaluate,
        "evaluate-animation": _evaluate_animation,
        "evaluate-back": _evaluate_back,
        "evaluate-body": _evaluate_body,
        "evaluate-face": _evaluate_face,
        "evaluate-reading": _evaluate_reading,
        "evaluate-texture": _evaluate_texture,
        "rig-check": _rig_check,
        "export": _export,
        "fuzz": _fuzz,
        "octree": _octree,
        "dense": _dense,
    }
    try:
        commands[options.command](options)
    except EngineError as error:
        raise SystemExit(f"{error} {error.fix}".strip()) from error


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


def _export(options: argparse.Namespace) -> None:
    blend = (Path(options.blend[0]), float(options.blend[1])) if options.blend else None
    export(options.run, options.fine, options.out, options.scores, options.reads_back, blend)


def _evaluate_back(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test"), options.count)
    rows = evaluate_back(seeds, options.weights, options.read, not options.same_light, options.resolution, options.out)
    print(as_table(rows))


def _evaluate_face(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    print(face_table(evaluate_face(options.weights, options.count, options.resolution, options.out)))


def _evaluate_texture(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test"), options.count)
    rows = evaluate_texture(seeds, options.weights, options.topology, options.resolution, options.texture, options.out)
    print(texture_table(rows))


def _rig_check(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    who = options.photos, options.count, options.out
    asked = {"model": options.weights, "resolution": options.resolution, "topology": options.topology}
    choices = Choices(**{**READY, **asked})
    reports = rig_check(*who, choices)
    print(rig_table(reports))


def _evaluate_animation(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    seeds = islice(split_seeds("test"), options.count)
    print(animation_table(evaluate_animation(seeds, options.weights, options.resolution, options.out)))


def _evaluate_body(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    for kind, figures in evaluate_body(options.weights, options.count, options.resolution, options.out).items():
        print(f"{kind:6}", "  ".join(f"{name} {value}" for name, value in figures.items()))


def _evaluate_reading(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.sheet:
        file, *photos = options.sheet
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


def _evaluate(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    if options.cases:
        cases = folder_cases(options.cases)
    else:
        cases = map(split_case, islice(split_seeds(options.split), options.count or SPLITS[options.split]))
    if options.unread:
        cases = (dataclasses.replace(case, landmarks=None) for case in cases)
    table = evaluate(cases, options.weights, options.against, options.resolution, options.out)
    against = Path(options.against).stem if options.against else None  # what its model is called
    print(json.dumps(table) if options.json else as_markdown(table, against))


def _people(options: argparse.Namespace) -> None:
    if options.sheet:
        cv2.imwrite(str(options.sheet), people_sheet(range(options.count), options.split)[..., ::-1])
        return
    begun = time.monotonic()
    first, step = options.maker
    torch.set_num_threads(1)
    made = PeopleSet(options.split, options.size, options.count).make(first, step)
    hours = (time.monotonic() - begun) / 3600
    logging.info("%d people made, %.0f an hour", made, made / max(hours, 1e-9))


def _train(options: argparse.Namespace) -> None:
    start = load_model(options.start) if options.start else None
    if options.level == "fine":
        if start is None:
            raise SystemExit("The fine level stands on a coarse one: give its weights with --start.")
        config = start.fine.config if start.fine else FineConfig()
        course = FineCourse(start.level, config, start.fine)
        size = 2 * start.level.config.input_px
    else:
        config = start.level.config if start else CoarseConfig()
        if options.deep is not None:
            config = dataclasses.replace(config, deep=options.deep)
        config = dataclasses.replace(config, hints=config.hints or options.hints)
        course, size = CoarseCourse(config, start and start.level), config.input_px
    keep_memory()
    people, held_out = PeopleSet("train", size, options.count), PeopleSet("test", size, HELD_OUT)
    make = [sys.executable, "-m", __package__, "people", "--size", str(size), "--count"]
    makers = [
        subprocess.Popen([*make, str(options.count), "--maker", str(k), str(options.makers)])
        for k in range(options.makers)
    ]
    subprocess.run([*make, str(HELD_OUT), "--split", "test"], check=True)
    try:
        while len(people.available()) < options.batch:
            time.sleep(1)
        plan = Plan(steps=options.steps, batch=options.batch, core_share=options.core_share, rate=options.rate)
        begun_from = hashlib.sha256(weights_file(options.start).read_bytes()).hexdigest() if start else None
        run = Run(run_folder(options.run or options.level), course, plan, options.device, begun_from)
        run.train(people, held_out, options.minutes)
    finally:
        for maker in makers:
            maker.terminate()


if __name__ == "__main__":
    main()
