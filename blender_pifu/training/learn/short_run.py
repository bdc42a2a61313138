# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of one of the small networks: resumable, its weights averaged; what it learns from is its subclass's."""

import json
import logging
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...engine.errors import ModelError
from ...engine.files.tensors import read_tensors

log = logging.getLogger(__name__)
AVERAGE = 0.998
WARM, FLOOR = 200, 0.02  # steps in which the rate rises; what is left of it at the end
SAVE_EVERY_S, LOG_EVERY = 120, 50


@dataclass(frozen=True)
class Plan:
    """steps: of the whole run; seed: of its random numbers; start: packed weights to begin from, None: at random."""

    steps: int = 12000
    seed: int = 0
    start: Path | None = None

    def rate(self, step: int) -> float:
        """Share of the rates at a step: warm up, then half a cosine."""
        return min(1, (step + 1) / WARM) * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / self.steps)))


class ShortRun:
    """One run in a folder: `checkpoint.pt`. Resumes where the folder holds one. Random numbers come from (seed, step),
    so a resumed run on a finished set equals a whole one."""

    def __init__(self, folder: Path, network: nn.Module, groups: list[dict[str, Any]], plan: Plan):
        """groups: of parameters to learn, each with its `rate`."""
        self.folder, self.plan, self.network, self.step = folder, plan, network, 0
        folder.mkdir(parents=True, exist_ok=True)
        self.optimizer = torch.optim.AdamW(groups, weight_decay=1e-3)
        self.begun_from: dict = {}
        if plan.start and not self.checkpoint.exists():
            self._begin_from(plan.start)
        self.average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def loss(self, rng: np.random.Generator) -> Tensor:
        """The loss of what a step draws by random numbers."""
        raise NotImplementedError

    def learned_from(self) -> int:
        """How many photos there are to learn from, for the card."""
        raise NotImplementedError

    def train_step(self) -> float:
        """One step; the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * self.plan.rate(self.step)
        loss = self.loss(np.random.default_rng([self.plan.seed, self.step]))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        keep = min(AVERAGE, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        return float(loss.detach())

    def train(self, minutes: float) -> None:
        """Train until the plan's steps are done or the minutes are over; saves often."""
        begun = saved = time.monotonic()
        losses: list[float] = []
        while self.step < self.plan.steps and time.monotonic() - begun < 60 * minutes:
            losses.append(self.train_step())
            if self.step % LOG_EVERY == 0:
                log.info("step %d, loss %.4f, at most %.4f", self.step, np.mean(losses), max(losses))
                losses = []
            if time.monotonic() - saved > SAVE_EVERY_S:
                self.save()
                saved = time.monotonic()
        self.save()

    def save(self) -> None:
        """Write the checkpoint beside the old one, then rename."""
        beside = self.checkpoint.with_suffix(".new")
        state = {"weights": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        told = {"average": self.average, "step": self.step, "photos": self.learned_from(), "from": self.begun_from}
        torch.save(state | told, beside)
        os.replace(beside, self.checkpoint)

    def _begin_from(self, packed: Path) -> None:
        """Take the weights of a packed file, and remember by its card which they were. Raises ModelError where they are
        another network's."""
        tensors, _ = read_tensors(packed)
        try:
            self.network.load_state_dict({name: value.float() for name, value in tensors.items()})
        except RuntimeError as error:
            raise ModelError(f"{packed.name} holds another network ({error}).", fix="Choose another file.") from error
        card = json.loads(packed.with_suffix(".json").read_text("utf-8"))
        self.begun_from = {name: card[name] for name in ("sha256", "steps", "photos")}

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average, self.step, self.begun_from = state["average"], state["step"], state.get("from", {})
        log.info("resumed at step %d", self.step)
