# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks of a head as this program's own network reads them: those of the face, of ears, skull, jaw and neck."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from ..device import placed
from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors
from ..reading.graph import DATA
from ..reading.landmarks import Region
from .mark_network import MarkConfig, MarkNetwork

FILE = DATA / "head_marks.safetensors"
FURTHER = "further"  # the tensor that names vertices
SURE = 0.006  # sides of the square: marks that spread no farther count whole


@dataclass(frozen=True)
class HeadMarks:
    """points (M, 2): photo pixels, the face's 468 and then those of `further`, rows of the body's skin; trust (M,):
    0..1, how much each counts."""

    points: np.ndarray
    trust: np.ndarray
    further: tuple[int, ...]


class HeadMarkReader:
    """The network, on one device."""

    def __init__(self, device: torch.device | str = "cpu", path: Path = FILE):
        """Raises ModelError when the file is missing, damaged, or holds no such network."""
        tensors, metadata = read_tensors(path)
        try:
            self.further = tuple(tensors.pop(FURTHER).tolist())
            self._network = MarkNetwork(MarkConfig(**json.loads(metadata["config"])))
            self._network.load_state_dict({name: value.float() for name, value in tensors.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path.name} holds no marks of heads ({error}).", fix=REINSTALL) from error
        placed(self._network.eval(), device)
        self._device = device

    @torch.inference_mode()
    def read(self, rgb: np.ndarray, region: Region) -> HeadMarks:
        """The marks of the head whose face a square of a photo (H, W, 3) uint8 shows, as `marks.FaceReader` cuts it."""
        size = self._network.config.size
        picture = torch.from_numpy(np.ascontiguousarray(region.cut(rgb, size))).to(self._device)
        found, spread = self._network(picture.permute(2, 0, 1)[None].float() / 255)
        points = (found[-1][0].double().cpu().numpy() + 1) * (size / 2)
        matrix = region.matrix(size)
        trust = np.minimum(1, (2 * SURE / spread[0].double().cpu().numpy()) ** 2)
        return HeadMarks(points @ matrix[:, :2].T + matrix[:, 2], trust, self.further)


@lru_cache(maxsize=1)
def head_mark_reader(device: torch.device | str = "cpu") -> HeadMarkReader:
    """The network, read once a process. Raises ModelError."""
    return HeadMarkReader(device)
