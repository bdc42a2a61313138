# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the network of face marks on photos of synthetic heads: resumable, from MediaPipe's trunk on."""

import json
import logging
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ...engine.crop_space import between_centres
from ...engine.face.mark_network import Block, MarkNetwork
from ...engine.files.tensors import read_tensors
from ...engine.reading.graph import DATA
from .head_photo import SIZE
from .photo_set import HeadPhotos
from .places import FACE

log = logging.getLogger(__name__)
MARGIN = 1.5  # of the picture about the face's box, as `engine.reading.face_marks` cuts it
BATCH, RATE, TRUNK_RATE, AVERAGE = 32, 1e-3, 0.3, 0.998
WARM, FLOOR = 200, 0.02  # steps in which the rate rises; what is left of it at the end
FIRST = 0.3  # weight of the marks before they are looked at
HIDDEN = 0.25  # weight of marks on skin that looks away
SAVE_EVERY_S, LOG_EVERY = 120, 50


@dataclass(frozen=True)
class Plan:
    """steps: of the whole run; seed: of its random numbers."""

    steps: int = 12000
    seed: int = 0

    def rate(self, step: int) -> float:
        """Share of the rates at a step: warm up, then half a cosine."""
        return min(1, (step + 1) / WARM) * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / self.steps)))


def load_trunk(network: MarkNetwork) -> None:
    """Put the weights of MediaPipe's trunk into a network's. Raises ModelError."""
    tensors, metadata = read_tensors(DATA / "face_landmark_with_attention.safetensors")
    layers = [layer for layer in json.loads(metadata["graph"])["layers"] if "weight" in layer]
    wanted = [
        *(part for part in network.stem if hasattr(part, "weight")),
        *(
            part
            for block in network.levels.modules()
            if isinstance(block, Block)
            for part in (block.depth, block.point, block.slope)
        ),
    ]
    for part, layer in zip(wanted, layers, strict=False):
        part.weight.data.copy_(tensors[layer["weight"]].float().view_as(part.weight))
        if "bias" in layer:
            part.bias.data.copy_(tensors[layer["bias"]].float())


class Draw:
    """Batches from a set: squares cut round the face as the engine cuts them, a little off, in worse photos."""

    def __init__(self, photos: HeadPhotos, mirror: np.ndarray):
        self.photos, self.mirror = photos, mirror

    def __call__(self, rows: np.ndarray, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures (N, 3, size, size) 0..1, marks (N, M, 2) from -1 to 1, and the weight (N, M) of each."""
        cut = [self._one(int(row), rng, size) for row in rows]
        pictures, marks, facing = (np.stack(values) for values in zip(*cut, strict=True))
        weights = HIDDEN + (1 - HIDDEN) * (facing.astype(np.float32) / 0.25).clip(0, 1)
        return (
            torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255,
            torch.from_numpy(marks),
            torch.from_numpy(weights),
        )

    def _one(self, row: int, rng: np.random.Generator, size: int):
        arrays = self.photos.arrays
        rgb, marks, facing = (np.asarray(arrays[name][row]) for name in ("rgb", "marks", "facing"))
        if rng.random() < 0.5:
            rgb, marks, facing = rgb[:, ::-1], (marks * [-1, 1] + [SIZE, 0])[self.mirror], facing[self.mirror]
        low, high = marks[:FACE].min(0), marks[:FACE].max(0)
        side = MARGIN * (high - low).max() * np.exp(rng.normal(0, 0.05))
        middle = 0.5 * (low + high) + side * rng.normal(0, 0.02, 2)
        across = marks[263] - marks[33]
        level = math.atan2(across[1], across[0]) if np.hypot(*across) > 0.15 * side else 0.0
        angle, zoom = level + rng.normal(0, 0.06), size / side
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]) * zoom
        matrix = np.column_stack([turn, size / 2 - turn @ middle])
        picture = cv2.warpAffine(
            np.ascontiguousarray(rgb), between_centres(matrix), (size, size), borderMode=cv2.BORDER_REFLECT
        )
        placed = marks @ turn.T + matrix[:, 2]
        return _worse(picture, rng), (2 * placed / size - 1).astype(np.float32), facing


def _worse(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fewer pixels, blur, noise, JPEG, other light and colours, something before the face."""
    size = len(picture)
    if rng.random() < 0.35:
        fewer = int(size * rng.uniform(0.25, 0.9))
        picture = cv2.resize(picture, (fewer, fewer), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC if rng.random() < 0.5 else 1)
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0))
    values = picture.astype(np.float32)
    values *= rng.uniform(0.6, 1.35) * (1 + rng.normal(0, 0.06, 3).astype(np.float32))
    values = 255 * (values.clip(1, 255) / 255) ** rng.uniform(0.7, 1.4)
    if rng.random() < 0.12:
        values[:] = values.mean(2, keepdims=True)
    if rng.random() < 0.2:
        x, y = rng.integers(0, size, 2)
        w, h = (size * rng.uniform(0.06, 0.3, 2)).astype(int)
        values[y : y + h, x : x + w] = rng.uniform(0, 255, 3)
    if rng.random() < 0.5:
        values += rng.normal(0, rng.uniform(1, 12), values.shape).astype(np.float32)
    picture = np.clip(values, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture


class MarkRun:
    """One run in a folder: `checkpoint.pt`. Resumes where the folder holds one."""

    def __init__(self, folder: Path, photos: HeadPhotos, mirror: np.ndarray, plan: Plan):
        self.folder, self.plan, self.draw, self.photos = folder, plan, Draw(photos, mirror), photos
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        self.network = MarkNetwork()
        load_trunk(self.network)
        self.network.mean.data.copy_(self._mean())
        for value in (*self.network.stem.parameters(), *self.network.levels[0].parameters()):
            value.requires_grad_(False)  # seeing edges needs no learning, and is half of the work
        trunk = list(self.network.levels[1:].parameters())
        known = {id(value) for value in trunk}
        rest = [value for value in self.network.parameters() if id(value) not in known and value.requires_grad]
        self.optimizer = torch.optim.AdamW(
            [{"params": trunk, "times": TRUNK_RATE}, {"params": rest, "times": 1.0}], lr=RATE, weight_decay=1e-3
        )
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.step = 0
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def _mean(self) -> Tensor:
        rows = self.photos.available()[:300]
        return self.draw(rows, np.random.default_rng(0), self.network.config.size)[1].mean(0)

    def _resume(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average, self.step = state["average"], state["step"]
        log.info("resumed at step %d", self.step)

    def save(self) -> None:
        """Write the checkpoint beside the old one, then rename."""
        beside = self.checkpoint.with_suffix(".new")
        state = {"weights": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        told = {"average": self.average, "step": self.step, "photos": len(self.photos.available())}
        torch.save(state | told, beside)
        os.replace(beside, self.checkpoint)

    def train_step(self) -> float:
        """One step; the loss."""
        rng = np.random.default_rng([self.plan.seed, self.step])
        available = self.photos.available()
        pictures, marks, weights = self.draw(rng.choice(available, BATCH), rng, self.network.config.size)
        for group in self.optimizer.param_groups:
            group["lr"] = group["times"] * RATE * self.plan.rate(self.step)
        loss = mark_loss(self.network(pictures), marks, weights)
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
                log.info("step %d, loss %.4f", self.step, np.mean(losses[-LOG_EVERY:]))
            if time.monotonic() - saved > SAVE_EVERY_S:
                self.save()
                saved = time.monotonic()
        self.save()


def mark_loss(found: tuple[list[Tensor], Tensor], marks: Tensor, weights: Tensor) -> Tensor:
    """Distances of all but the last marks, and the likelihood of the last under their spread (Wood et al. 2022)."""
    steps, spread = found
    share = weights / weights.sum()
    off = [((step - marks).square().sum(2) + 1e-8).sqrt() for step in steps]
    early = sum((FIRST * 30 * (share * one).sum() for one in off[:-1]), torch.zeros(()))
    return early + (share * (off[-1] / spread + 2 * torch.log(spread))).sum()
