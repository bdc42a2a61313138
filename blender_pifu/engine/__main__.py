# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: python -m blender_pifu.engine PHOTO... -o OUT, PHOTO --advise, import-checkpoint, or benchmark."""

import argparse
import gc
import json
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from ..choices import KINDS, OPTIONS, Choices
from .bytecode import keep_bytecode
from .errors import EngineError
from .files.writable import ENDINGS, check_output
from .memory import loading_libraries
from .priority import give_way

IMPORT, BENCHMARK = "import-checkpoint", "benchmark"
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Parser(argparse.ArgumentParser):
    """argparse, with its errors on one line."""

    def error(self, message):
        self.exit(USAGE, f"{self.prog}: {message} (see --help)\n")


def build_parser():
    """The options for making a person."""
    parser = Parser(
        prog="blender_pifu.engine",
        description="Make a 3D person out of one photo, or of each of many.",
        epilog=f"Weights of PIFuHD, PIFu or VRN are first converted for --model: see {IMPORT} --help.",
    )
    parser.add_argument(
        "photo",
        metavar="PHOTO",
        type=Path,
        nargs="*",
        help="image file: PNG, JPEG, WebP, TIFF or BMP; a folder of some",
    )
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument(
        "-o", "--output", metavar="OUT", type=Path, help=f"file to write: {', '.join(ENDINGS)}; of many: a folder"
    )
    task.add_argument(
        "--advise", action="store_true", help="only say who is in the photo and how good it is, as JSON, and stop"
    )
    add_choices(parser)
    parser.add_argument("--device", default="auto", help="auto, cuda, xpu, mps or cpu (default: auto)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line; the last is the summary")
    many = parser.add_argument_group("many photos")
    many.add_argument("--manifest", metavar="FILE", type=Path, help=".csv or .jsonl: photo, name, choices of each")
    many.add_argument(
        "--format", choices=[ending[1:] for ending in ENDINGS], default="glb", help="of the files (default: glb)"
    )
    many.add_argument("--workers", metavar="N", type=int, default=1, help="processes, each about 1 GB (default: 1)")
    many.add_argument(
        "--cluster", metavar="ADDRESS", help='make them on a cluster of Ray: HOST:PORT, "auto", or "local" for a trial'
    )
    many.add_argument("--cores", metavar="N", type=int, default=1, help="of the cluster, for each photo (default: 1)")
    many.add_argument(
        "--results", metavar="URL", help="where a cluster's results go, any place of fsspec (default: the folder)"
    )
    many.add_argument("--resume", action="store_true", help="go on: leave out what the folder's report says is done")
    return parser


def add_choices(parser):
    """An option for each field of Choices."""
    for name, option in OPTIONS.items():
        words = {"dest": name, "default": getattr(Choices, name), "help": option.help}
        if KINDS[name] is bool:
            parser.add_argument(option.flag, action="store_true", **words)
        elif KINDS[name] is tuple:
            parser.add_argument(option.flag, action="append", metavar=option.metavar, **words | {"default": None})
        else:
            words |= {"metavar": option.metavar, "choices": option.values or None}
            parser.add_argument(option.flag, type=KINDS[name], **words)


def choices_of(options):
    """The Choices that parsed options ask for. Raises OptionError."""
    from .pipeline import choose

    given = {name: getattr(options, name) for name in OPTIONS}
    return choose(**{name: tuple(value or ()) if KINDS[name] is tuple else value for name, value in given.items()})


def build_import_parser():
    """The options for converting published weights."""
    parser = Parser(
        prog=f"blender_pifu.engine {IMPORT}",
        description="Convert the published weights of PIFuHD (pifuhd.pt), PIFu (net_G, net_C) or VRN (vrn-unguided.t7) "
        "for --model.",
    )
    parser.add_argument("checkpoint", metavar="FILE", type=Path, help="pifuhd.pt, net_G of PIFu, or vrn-unguided.t7")
    parser.add_argument("--color", metavar="NET_C", type=Path, help="colour network of PIFu")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True, help="file to write: .safetensors")
    parser.add_argument(
        "--load-size", metavar="PX", type=int, help="image side it was trained with (default: the file's, or 512)"
    )
    parser.add_argument(
        "--z-size", metavar="Z", type=float, help="depth range it was trained with (default: the file's, or 200)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line; the last is the card")
    return parser


def build_benchmark_parser():
    """The options for measuring."""
    parser = Parser(
        prog=f"blender_pifu.engine {BENCHMARK}",
        description="Measure evaluations, bytes, seconds of each step and peak memory at 256, 512 and 1024 on the CPU.",
    )
    parser.add_argument("--model", metavar="NAME|FILE", default="human", help="bundled model or .safetensors file")
    parser.add_argument("--photo", metavar="PHOTO", type=Path, help="image file (default: a bundled one)")
    parser.add_argument("--one", metavar="WHAT", help="just one: job, ready, field, dense or level, as in field-512")
    parser.add_argument("--json", action="store_true", help="print one JSON object with everything")
    return parser


def run_benchmark(options):
    """Measure and print. Raises EngineError."""
    from .benchmark import PHOTO, benchmark, measure

    photo = options.photo or PHOTO
    if options.one:
        print(json.dumps(measure(options.one, options.model, photo)))
        return

    def show(name, found):
        if not options.json:
            print(f"{name:12} {json.dumps(found)}", flush=True)

    found = benchmark(options.model, photo, show)
    if options.json:
        print(json.dumps(found))


def import_weights(options):
    """Convert a checkpoint. Raises EngineError."""
    check_output(options.output, (".safetensors",), (options.checkpoint, options.color))
    show = Progress(options.json)
    from .published.checkpoint import import_checkpoint

    card = import_checkpoint(
        options.checkpoint,
        options.output,
        options.color,
        load_size=options.load_size,
        z_size=options.z_size,
        progress=show,
    )
    if options.json:
        print(json.dumps(card), flush=True)
        return
    for note in card.get("notes", ()):
        print(note)
    print(f"{options.output}: {card['name']}, {card['tensors']} tensors, {card['parameters']} values")
    print(f"Licence of these weights: {card['license']}")


def generate(options):
    """Do what the options ask. Raises EngineError."""
    from .many import generate_many, is_many

    if is_many(options):
        generate_many(options, choices_of(options))
        return
    photo = options.photo[0] if options.photo else None
    check_output(
        options.output,
        inputs=(photo, options.back, *(options.views or ()), options.video, options.motion, options.model),
    )
    show = Progress(options.json)
    with loading_libraries():
        from .files.result import write_result
        from .pipeline import Engine
    choices = choices_of(options)
    result = Engine(options.device).reconstruct(photo, choices, progress=show).written_to(options.output)
    beside = write_result(result, options.output)
    show.summary(result.summary.as_dict() | ({"beside": [str(file) for file in beside]} if beside else {}))


def advise(options):
    """Print what there is to say about the photo. Raises EngineError."""
    from .device import pick_device
    from .reading.photo import load_photo
    from .subject.figure import Figures

    figures = Figures(pick_device(options.device))
    for photo in options.photo:
        found = figures.check(load_photo(photo), options.person or None)
        print(json.dumps(found if len(options.photo) == 1 else {"photo": str(photo), **found}), flush=True)


class Progress:
    """Prints steps as they begin; as JSON also how far the job is, a few times a second."""

    def __init__(self, as_json):
        self._json = as_json
        self._step = None
        self._last = 0.0

    def __call__(self, step, fraction):
        new = step != self._step
        if self._json and (new or time.monotonic() - self._last > 0.2):
            self._last = time.monotonic()
            print(json.dumps({"step": step, "fraction": round(fraction, 4)}), flush=True)
        elif new:
            print(f"{step} ...", flush=True)
        self._step = step

    def summary(self, summary):
        if self._json:
            print(json.dumps(summary), flush=True)
            return
        for note in summary.get("notes", ()):
            print(note)
        print(
            f"{summary['output']}: {summary['vertices']} vertices, {summary['faces']} faces, "
            f"{sum(summary['seconds'].values()):.1f} s on {summary['device']}",
            flush=True,
        )
        if "beside" in summary:
            print(f"beside it: {', '.join(Path(file).name for file in summary['beside'])}", flush=True)


def main(arguments=None):
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == [IMPORT]:
        act, options = import_weights, build_import_parser().parse_args(arguments[1:])
    elif arguments[:1] == [BENCHMARK]:
        act, options = run_benchmark, build_benchmark_parser().parse_args(arguments[1:])
    else:
        parser = build_parser()
        options = parser.parse_intermixed_args(arguments)
        if not options.photo and not options.manifest and (options.advise or not options.video):
            parser.error("the following arguments are required: PHOTO, or --video or --manifest")
        act = advise if options.advise else generate
    try:
        act(options)
    except EngineError as error:
        return _fail(error.exit_code, f"{error} {error.fix}".strip())
    except KeyboardInterrupt:
        return _fail(INTERRUPTED, "Interrupted.")
    except Exception as error:  # noqa: BLE001 (whatever it is, the user gets one line and the code)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return _fail(FAILED, f"Something unforeseen went wrong ({type(error).__name__} at {where}): {error}")
    return DONE


def _fail(code, message):
    print(" ".join(message.split()), file=sys.stderr)
    return code


def run():
    """The console script."""
    keep_bytecode()
    give_way()
    code = main()
    gc.freeze()  # or the interpreter's end takes half a second to look through torch
    _end_at_once(code)
    sys.exit(code)


def _end_at_once(code):
    """End without taking apart what the system takes back anyway, a tenth of a second; not where others' threads or
    processes may still be told of the end."""
    if not {"ray", "multiprocessing.popen_fork", "multiprocessing.popen_spawn_posix"} & set(sys.modules):
        with suppress(OSError, ValueError):  # what cannot be written is told by the interpreter's own end
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    run()
