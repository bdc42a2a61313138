# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that learns from drawn people, and the commands that train its network, ship it and score it."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..data.cache import PeopleSet
from ..learn.short_run import Plan, ShortRun
from ..learn.train import run_folder
from .people import DrawnPeople

COUNT, SIZE = 900, 512


class DrawnRun(ShortRun):
    """Learns from all drawn people but the first ones, which scores are told of."""

    def __init__(self, folder: Path, people: DrawnPeople, plan: Plan, network: Callable[[], nn.Module], rate: float):
        self.people = people
        torch.manual_seed(plan.seed)
        made = network()
        super().__init__(folder, made, [{"params": list(made.parameters()), "rate": rate}], plan)

    def learned_from(self) -> int:
        return len(self.people.learned())

    def picked(self, rng: np.random.Generator, count: int) -> list[int]:
        """Seeds of a step's photos."""
        return rng.choice(self.people.learned(), count).tolist()


def drawn_set(count: int) -> DrawnPeople:
    """The first `count` photos of the set that these runs learn from."""
    return DrawnPeople(PeopleSet("train", SIZE, count, generation=4))


def add_run(
    commands,
    name: str,
    network: str,
    steps: int,
    make: Callable[[Path, DrawnPeople, Plan], DrawnRun],
    export: Callable[..., dict],
    score: Callable[..., dict[str, float]] | None = None,
) -> None:
    """Add the subparsers train-NAME, export-NAME and, with a score, evaluate-NAME; network: as a sentence calls it;
    make: of a run's folder, people and plan the run; export: of its name, and of the file to write if not the shipped
    one, its card; score: of people, and of a file of weights if not the shipped one, the figures."""

    def train(options: argparse.Namespace) -> None:
        torch.set_num_threads(1)
        plan = Plan(options.steps, start=options.start)
        make(run_folder(options.run), drawn_set(options.count), plan).train(options.minutes)

    def write(options: argparse.Namespace) -> None:
        print(export(options.run, *([options.out] if options.out else [])))

    command = commands.add_parser(f"train-{name}", help=f"train {network}, resuming the run of this name")
    command.add_argument("--minutes", type=float, default=1e9, help="stop after this long; the same command resumes")
    command.add_argument("--steps", type=int, default=steps)
    command.add_argument("--start", type=Path, help=f"weights to begin from, as export-{name} writes them")
    command.add_argument("--count", type=int, default=COUNT, help="people in the set")
    command.add_argument("--run", default=name, help="name of the run")
    command.set_defaults(act=train)
    command = commands.add_parser(f"export-{name}", help=f"write {network} and its card")
    command.add_argument("--run", default=name, help="name of the run")
    command.add_argument("--out", type=Path, help="file to write (default: the shipped one)")
    command.set_defaults(act=write)
    if score is None:
        return

    def evaluate(options: argparse.Namespace) -> None:
        torch.set_num_threads(1)
        for what, value in score(drawn_set(options.count), *([options.weights] if options.weights else [])).items():
            print(f"{what}: {value:.3f}")

    command = commands.add_parser(f"evaluate-{name}", help=f"score {network} on people held out of what it learned")
    command.add_argument("--count", type=int, default=COUNT, help="people in the set")
    command.add_argument("--weights", type=Path, help="file to score (default: the shipped one)")
    command.set_defaults(act=evaluate)
