# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainer: one resumable run, from the first step to weights that can be exported.

Curriculum: most steps at the core's size, the rest at full size with the details. Random numbers are all drawn from
(seed, step), and a checkpoint holds weights, average and optimizer, so a resumed run on a finished set of people equals
an uninterrupted one.
"""

import csv
import dataclasses
import json
import logging
import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..data.cache import PeopleSet
from ..native.folders import cache_folder
from .batches import augment, draw_batch
from .courses import CoarseCourse, FineCourse
from .preview import save_preview

log = logging.getLogger(__name__)
LOG_EVERY, PREVIEW_EVERY, SAVE_EVERY_S = 50, 1000, 120
NEW_RATE = 3.0  # times the rate of the rest, which is low: parts that older weights lack begin as nothing


@dataclass(frozen=True)
class Plan:
    """What a run does; a checkpoint can only be resumed under the plan it was begun with, except for `steps`."""

    steps: int = 6000
    batch: int = 16
    points: int = 1200
    core_share: float = 0.7  # part of the steps at the core's resolution
    rate: float = 2.5e-3
    decay_share: float = 0.4  # last part of the steps, over which the rate falls to a fiftieth
    average: float = 0.998
    seed: int = 0
    older_share: float = 0.0  # part of the steps that learn from people of an older generation instead

    def rate_at(self, step: int) -> float:
        """Warm-up over 1 %, constant, linear decay."""
        warm = min(1.0, (step + 1) / max(1.0, 0.01 * self.steps))
        left = (self.steps - step) / max(1.0, self.decay_share * self.steps)
        return self.rate * warm * max(0.02, min(1.0, left))


class Run:
    """One training run in a folder: `checkpoint.pt`, `curves.csv`, `preview_*.png`."""

    def __init__(
        self,
        folder: Path,
        course: CoarseCourse | FineCourse,
        plan: Plan,
        device: str = "cpu",
        begun_from: str | None = None,
    ):
        """Resumes where the folder holds a checkpoint. `begun_from`: sha256 of the weights that the course starts
        with, for the card of what comes out. ValueError where the checkpoint is of another network."""
        self.folder, self.course, self.plan, self.device = folder, course, plan, torch.device(device)
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        self.network: Any = course.network()
        self.network.to(self.device, memory_format=torch.channels_last)
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(self._groups(), lr=plan.rate, weight_decay=1e-3)
        self.step, self.seconds, self.begun_from = 0, 0.0, begun_from
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _groups(self) -> list[dict[str, Any]]:
        """The network's parameters: those that the run begins with, and new ones, which learn faster."""
        given = self.course.given
        named = list(self.network.named_parameters())
        old, new = ([value for name, value in named if (name in given) == known] for known in (True, False))
        return [{"params": old, "times": 1.0}, {"params": new, "times": NEW_RATE if old else 1.0}]

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        if json.loads(state["config"]) != json.loads(json.dumps(dataclasses.asdict(self.course.config))):
            raise ValueError(f"{self.checkpoint} was trained with other network sizes: {state['config']}")
        self.network.load_state_dict(state["weights"])
        self.average, self.step, self.seconds = state["average"], state["step"], state["seconds"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.begun_from = state["begun_from"]
        log.info("resumed at step %d", self.step)

    def save(self) -> None:
        """Write the checkpoint beside the old one, then rename."""
        beside = self.checkpoint.with_suffix(".new")
        torch.save(
            {
                "weights": self.network.state_dict(),
                "average": self.average,
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "begun_from": self.begun_from,
                "config": json.dumps(dataclasses.asdict(self.course.config)),
                "plan": json.dumps(dataclasses.asdict(self.plan)),
            },
            beside,
        )
        os.replace(beside, self.checkpoint)

    def train_step(self, people: PeopleSet, older: PeopleSet | None = None) -> dict[str, float]:
        """One step on samples drawn from those that are made so far; where `older` is given, the plan's share of the
        steps is on that set, whose people lack some of the truth: what they do not have is not learned from them."""
        rng = np.random.default_rng([self.plan.seed, self.step])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        if older is not None and rng.random() < self.plan.older_share:
            people = older
        available = people.available()
        seeds = rng.choice(available, self.plan.batch, replace=len(available) < self.plan.batch)
        size = self.course.size(self.plan, self.step)
        points = self.plan.points if self.course.points else 0
        batch = augment(draw_batch(people, seeds, rng, size, points, self.course.warped), generator)
        batch = {name: value.to(self.device, non_blocking=True) for name, value in batch.items()}
        for group in self.optimizer.param_groups:
            group["lr"] = group["times"] * self.plan.rate_at(self.step)
        self.network.train()
        total, parts = self.course.losses(self.network, batch, self.plan, self.step, generator)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        keep = min(self.plan.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        return {name: float(value.detach()) for name, value in parts.items()}

    def averaged(self) -> nn.Module:
        """A copy with the averaged weights, which are what is shipped."""
        network = self.course.network().to(self.device)
        network.load_state_dict(self.average)
        return network.eval()

    def train(self, people: PeopleSet, held_out: PeopleSet, minutes: float, older: PeopleSet | None = None) -> None:
        """Train until the plan's steps are done, `minutes` are over or the process is asked to end; saves often.
        older: see `train_step`."""
        asked_to_end = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: asked_to_end.append(True))
        begun = saved = logged = time.monotonic()
        seen: dict[str, list[float]] = {}
        since = 0  # steps since the last line of the log
        while self.step < self.plan.steps and time.monotonic() - begun < minutes * 60 and not asked_to_end:
            for name, value in self.train_step(people, older).items():
                seen.setdefault(name, []).append(value)
            since += 1
            now = time.monotonic()
            if self.step % LOG_EVERY == 0:
                rate = self.plan.batch * since / (now - logged)
                means = {name: sum(values) / len(values) for name, values in sorted(seen.items())}
                self._log(
                    {"step": self.step, "people": len(people.available()), "samples_per_s": round(rate, 2), **means}
                )
                self.seconds += now - logged
                seen, since, logged = {}, 0, now
            if self.step % PREVIEW_EVERY == 0 and len(held_out.available()):
                drawn, size = partial(self.course.maps, self.averaged()), self.course.size(self.plan, self.step)
                save_preview(drawn, held_out, size, self.folder / f"preview_{self.step:06d}.png")
            if now - saved > SAVE_EVERY_S:
                self.save()
                saved = now
        self.save()

    def _log(self, row: dict[str, float]) -> None:
        log.info(" ".join(f"{name} {value:.4g}" for name, value in row.items()))
        path = self.folder / "curves.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row.keys())
            if new:
                writer.writeheader()
            writer.writerow(row)


def run_folder(name: str) -> Path:
    """Where a run of this name lies."""
    return cache_folder() / "runs" / name
