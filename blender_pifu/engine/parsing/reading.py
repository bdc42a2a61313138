# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads which label each pixel of a person has, and which the hidden side has behind it."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..device import placed
from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors
from ..networks.limb_maps import draw_hints
from ..reading.graph import DATA
from ..reading.landmarks import POINTS, metre_of
from .ends import close_ends
from .network import MATTE, WORN, ParsingConfig, ParsingNetwork, stack_seen
from .recoloring import recolored
from .stray_hair import without_hair_before_chin, without_stray_hair
from .stray_pieces import without_stray_pieces

FILE = DATA / "parsing.safetensors"
SOLID = 0.5  # matte from which on a pixel is the person's
LIMB_M = 0.06  # metres from the outline, up to which what is seen is a limb
EVEN = 0.008  # field units, standard deviation of the blur that evens labels out
SCALES = (1.0, 0.5)  # of the picture in which it is looked at: near for borders, from afar for what garments are


@dataclass(frozen=True)
class Parsing:
    """What is read of a photo, on its crop's pixels: how likely each of `labels.LABELS` is, (1, L, n, n) half,
    sum 1, of what is seen and of what is behind it."""

    front_labels: Tensor
    back_labels: Tensor
    ends: np.ndarray | None = None  # (n, n) bool, beside which a garment is seen to end, see `ends.py`


class ParsingReader:
    """The network, on one device."""

    def __init__(self, device: torch.device | str = "cpu", path: Path = FILE):
        """Raises ModelError when the file is missing, damaged, or holds no such network."""
        tensors, metadata = read_tensors(path)
        try:
            config = json.loads(metadata["config"])
            self._network = ParsingNetwork(ParsingConfig(tuple(config["widths"])))
            self._network.load_state_dict({name: value.float() for name, value in tensors.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path.name} holds no network of human parsing ({error}).", fix=REINSTALL) from error
        placed(self._network.eval(), device)

    @torch.inference_mode()
    def read(
        self, image: Tensor, normals: Tensor, landmarks: np.ndarray | None, thickness: Tensor | None = None
    ) -> Parsing:
        """image: (1, 4, n, n) as `network_input` gives it; normals: (1, 3, n, n), as they are drawn; landmarks: (33, 4)
        as `landmarks_in`, None where nobody was recognised; thickness: (1, 1, n, n) field units between both sides, by
        which what lies behind a limb is told from that, if known."""
        photo = torch.cat([image[:, :3] / 2 + 0.5, image[:, 3:]], 1)
        known = torch.zeros(1, POINTS, 4) if landmarks is None else torch.from_numpy(landmarks)[None].float()
        hints = draw_hints(known).to(photo)
        size, read = photo.shape[-1], []
        for scale in SCALES:
            side = max(self._network.step, round(scale * size / self._network.step) * self._network.step)
            seen = stack_seen(_resized(photo, side), _resized(normals, side), hints)
            rows, columns = (self._reach(seen[0, MATTE].amax(axis)) for axis in (1, 0))
            beyond = columns.start, side - columns.stop, rows.start, side - rows.stop
            drawn = self._network(seen[..., rows, columns])
            read.append([_resized(F.pad(each.softmax(1), beyond), size) for each in drawn])
        solid = photo[0, 3] > SOLID
        front, back = (
            torch.stack(both).mean(0)[0][:, solid].T.float().cpu().numpy() for both in zip(*read, strict=True)
        )
        inside = solid.cpu().numpy()
        wide = 0.0 if landmarks is None else LIMB_M * metre_of(landmarks) * size / 2
        limb = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)[inside] < wide
        told = recolored(front, back, photo[0, :3][:, solid].T.float().cpu().numpy(), limb)
        told = without_stray_hair(*(_evened(shares, inside) for shares in told), inside)
        ends = np.zeros(inside.shape, bool)
        if landmarks is not None:
            told = [without_stray_pieces(shares, inside, landmarks) for shares in told]
            told[1] = without_hair_before_chin(told[1], inside, landmarks)
            deep = np.zeros(len(told[0]), np.float32) if thickness is None else thickness[0, 0, solid].cpu().numpy()
            colors = photo[0, :3][:, solid].T.float().cpu().numpy()
            ends[inside] = close_ends(told[0], told[1], colors, deep, inside, landmarks)
        labels = [torch.cat([~solid[None], photo.new_zeros(WORN, size, size)]) for _ in told]
        for each, shares in zip(labels, told, strict=True):
            each[1:, solid] = torch.from_numpy(shares.T).to(each)
        return Parsing(labels[0][None].half(), labels[1][None].half(), ends)  # as they are kept: 10 megabytes less

    def _reach(self, most: Tensor) -> slice:
        """Of rows or columns with a matte of at most (n,) those that show a person and a step of the network about: its
        norms ask how much of a picture is empty."""
        there, step = torch.nonzero(most > 0).ravel().cpu(), self._network.step
        if not len(there):
            return slice(0, step)
        first, last = int(there[0]) // step - 1, int(there[-1]) // step + 2
        return slice(max(first * step, 0), min(last * step, len(most)))


def _evened(shares, inside):
    """Shares (N, L) of the pixels inside (n, n) bool, evened out among those: of single pixels colours tell little."""
    picture = np.zeros((*inside.shape, shares.shape[1]), np.float32)
    picture[inside] = shares
    even = cv2.GaussianBlur(picture, (0, 0), EVEN / 2 * len(inside))[inside]
    return even / even.sum(1, keepdims=True)


def _resized(values: Tensor, side: int) -> Tensor:
    if values.shape[-1] == side:
        return values
    return F.interpolate(values, (side, side), mode="bilinear", antialias=True, align_corners=False)


@lru_cache(maxsize=1)
def parsing_reader(device: torch.device | str = "cpu") -> ParsingReader:
    """The network, read once a process. Raises ModelError."""
    return ParsingReader(device)
