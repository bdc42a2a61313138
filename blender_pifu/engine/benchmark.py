# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reconstruction costs: evaluations, bytes, seconds of each step, peak memory, and how near the surface is.

Each measurement runs in a process of its own, so that its peak memory is its own. Seconds of the field are CPU seconds
on one thread, which a busy machine disturbs least; those of a job are what a clock on the wall shows.
"""

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..choices import READY, Choices
from .errors import EngineError, InputError
from .interfaces import Field, FieldOver
from .model import load_model
from .pipeline import Engine
from .reading.photo import load_photo
from .subject.figure import Figures
from .surface.extraction import Surface, extract_surface
from .surface.lattice import Lattice

PHOTO = Path(__file__).parents[1] / "data" / "photos" / "man_polo_full_body.jpg"
RESOLUTIONS = 256, 512, 1024
DENSE = 256
NAME = __name__.rpartition(".engine.")[0]


class Metered(FieldOver):
    """A field that counts what it is asked and the CPU seconds it takes, also in low precision."""

    def __init__(self, field: Field):
        super().__init__(field)
        self.meter = {"points": 0, "columns": 0, "cpu_s": 0.0}

    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As the field's."""
        start = time.process_time()
        values = self._field.query_columns(xy, column, z)
        self.meter["cpu_s"] += time.process_time() - start
        self.meter["points"] += len(z)
        self.meter["columns"] += len(xy)
        return values


def measure_field(field: Field, resolution: int, exact: bool = False) -> dict:
    """Points, columns, CPU seconds of the field and bytes kept, for one surface, and how many corners the cells have
    that it passes: the fewest evaluations that can give it."""
    metered = Metered(field)
    surface = extract_surface(metered, resolution, exact=exact)
    kept = surface.vertices.nbytes + surface.faces.nbytes + 12 * (surface.evaluations - len(surface.vertices))
    asked = {"evaluations": surface.evaluations, "corners": _corners_passed(surface, resolution)}
    return {**metered.meter, **asked, "bytes": kept, "low_precision": surface.lowered}


def _corners_passed(surface: Surface, resolution: int) -> int:
    """Distinct corners of the cells that a surface's triangles lie in."""
    middles = surface.vertices[surface.faces].mean(1, dtype=np.float64)
    lattice = Lattice(resolution)
    cells = np.unique(lattice.keys(np.floor((middles + 1) / lattice.spacing).astype(np.int64)))
    return len(np.unique(cells[:, None] + lattice.corner_offsets))


def measure_dense(field: Field, resolution: int = DENSE, sample: int = 65536) -> dict:
    """The same for all points of the cube, timed on a sample of whole columns."""
    steps = torch.arange(resolution, dtype=torch.float32) * Lattice(resolution).spacing - 1
    columns = max(1, sample // resolution)
    xy = torch.rand(columns, 2, generator=torch.Generator().manual_seed(0)).to(field.device) * 1.9 - 0.95
    metered = Metered(field)
    for part in xy.split(max(1, 8192 // resolution)):
        column = torch.arange(len(part), device=field.device).repeat_interleave(resolution)
        metered.query_columns(part, column, steps.to(field.device).repeat(len(part)))
    count = resolution**3
    return {"evaluations": count, "cpu_s": metered.meter["cpu_s"] * count / (columns * resolution), "bytes": 4 * count}


def measure_level(field: Field, resolution: int) -> dict:
    """How far vertices lie from where the field is 0.5, along its gradient, in cells: mean and 99th percentile."""
    vertices = torch.from_numpy(extract_surface(field, resolution).vertices)[::7]
    cell = 2 / resolution

    def logit(points):
        index = torch.arange(8192)
        parts = [field.query_columns(p[:, :2], index[: len(p)], p[:, 2]) for p in points.split(8192)]
        return torch.logit(torch.cat(parts).double(), eps=1e-9)

    moves = torch.eye(3) * cell / 4
    slope = torch.stack([logit(vertices + move) - logit(vertices - move) for move in moves], 1) * 2  # a cell
    away = (logit(vertices).abs() / slope.norm(dim=1).clamp_min(1e-9)).clamp_max(2).numpy()
    return {"mean_cells": float(away.mean()), "p99_cells": float(np.percentile(away, 99))}


def measure_job(model, photo, resolution, **options):
    """Seconds of each step of a warm job, and the process's peak memory; options: of Choices."""
    engine, choices = Engine("cpu"), Choices(model=str(model), resolution=resolution, **options)
    for _ in range(2):
        summary = engine.reconstruct(photo, choices).summary.as_dict()
    names = "seconds", "evaluations", "peak_memory_mb", "faces", "low_precision"
    return {name: summary[name] for name in names if name in summary}


def encode(model, photo):
    """A model by name or file, and its encoding of the person in a photo."""
    model = load_model(model)
    figure = Figures(torch.device("cpu")).cut_out(load_photo(photo), None)
    return model, model.encode(*model.prepare(figure.cut))


OF_FIELD = {"field": measure_field, "dense": measure_dense, "level": measure_level}
OF_JOB = {"job": {}, "ready": READY}


def measure(what, model, photo):
    """One measurement: a name of `OF_JOB` or `OF_FIELD` and a resolution, as in field-512; InputError for others."""
    kind, _, resolution = what.partition("-")
    if kind not in OF_JOB | OF_FIELD or not resolution.isdecimal():
        raise InputError(
            f'There is no measurement "{what}".',
            fix=f"Name one of {', '.join(OF_JOB | OF_FIELD)} and a resolution, as in field-512.",
        )
    if kind in OF_JOB:
        return measure_job(model, photo, int(resolution), **OF_JOB[kind])
    with torch.inference_mode():
        torch.set_num_threads(1)
        model, encoding = encode(model, photo)
        return OF_FIELD[kind](model.field(encoding), int(resolution))


def benchmark(model, photo, show):
    """All measurements, by name; `show(name, found)` gets each as it comes. Raises EngineError where one fails."""
    found = {}
    kinds = [f"job-{r}" for r in RESOLUTIONS] + ["ready-256"] + [f"field-{r}" for r in RESOLUTIONS] + [f"dense-{DENSE}"]
    for name in [*kinds, "level-256", "level-512"]:
        command = ["engine", "benchmark", "--one", name, "--model", str(model), "--photo", str(photo)]
        found[name] = _in_process(command)
        show(name, found[name])
    ours, dense = found[f"field-{DENSE}"], found[f"dense-{DENSE}"]
    found["ratios"] = {f"dense/ours {what}": round(dense[what] / ours[what], 1) for what in dense}
    show("ratios", found["ratios"])
    # In a source checkout the trainer's room has the other schemes to compare with.
    if importlib.util.find_spec(f"{NAME}.training"):
        for name in ("pifuhd-256", "pifuhd-512", "pifu-256", "pifu-512"):
            family, resolution = name.split("-")
            options = ["--family", family, "--resolution", resolution, "--photo", str(photo), "--repeats", "1"]
            found[name] = _in_process(["training", "octree", *options])
            show(name, found[name])
    return found


def _in_process(arguments):
    room, *rest = arguments
    done = subprocess.run([sys.executable, "-m", f"{NAME}.{room}", *rest], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(f"A measurement failed: {done.stderr.strip()}", fix="Run it again on a machine at rest.")
    return json.loads(done.stdout.splitlines()[-1])
