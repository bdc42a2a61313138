# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the network of face marks on photos of synthetic heads: resumable, from MediaPipe's trunk on."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ...engine.crop_space import between_centres
from ...engine.face.mark_network import Block, MarkNetwork
from ...engine.files.tensors import read_tensors
from ...engine.reading.graph import DATA
from ..learn.short_run import Plan, ShortRun
from .head_photo import SIZE
from .photo_set import HeadPhotos
from .places import FACE

MARGIN = 1.5  # of the picture about the face's box, as `engine.reading.face_marks` cuts it
BATCH, RATE, TRUNK_RATE = 32, 1e-3, 0.3
FIRST = 0.3  # weight of the marks before they are looked at
HIDDEN = 0.25  # weight of marks on skin that looks away


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


class MarkRun(ShortRun):
    """Learns the marks of heads from photos of them."""

    def __init__(self, folder: Path, photos: HeadPhotos, mirror: np.ndarray, plan: Plan):
        self.draw, self.photos = Draw(photos, mirror), photos
        torch.manual_seed(plan.seed)
        network = MarkNetwork()
        self._size = network.config.size
        load_trunk(network)
        network.mean.data.copy_(self.draw(photos.available()[:300], np.random.default_rng(0), self._size)[1].mean(0))
        for value in (*network.stem.parameters(), *network.levels[0].parameters()):
            value.requires_grad_(False)  # seeing edges needs no learning, and is half of the work
        trunk = list(network.levels[1:].parameters())
        known = {id(value) for value in trunk}
        rest = [value for value in network.parameters() if id(value) not in known and value.requires_grad]
        groups = [{"params": trunk, "rate": TRUNK_RATE * RATE}, {"params": rest, "rate": RATE}]
        super().__init__(folder, network, groups, plan)

    def learned_from(self) -> int:
        return len(self.photos.available())

    def loss(self, rng: np.random.Generator) -> Tensor:
        rows = rng.choice(self.photos.available(), BATCH)
        pictures, marks, weights = self.draw(rows, rng, self._size)
        return mark_loss(self.network(pictures), marks, weights)


def mark_loss(found: tuple[list[Tensor], Tensor], marks: Tensor, weights: Tensor) -> Tensor:
    """Distances of all but the last marks, and the likelihood of the last under their spread (Wood et al. 2022)."""
    steps, spread = found
    share = weights / weights.sum()
    off = [((step - marks).square().sum(2) + 1e-8).sqrt() for step in steps]
    early = sum((FIRST * 30 * (share * one).sum() for one in off[:-1]), torch.zeros(()))
    return early + (share * (off[-1] / spread + 2 * torch.log(spread))).sum()
