# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads by what light, shadows and highlights multiply a photo's colours."""

import json
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from ..color.light import Light
from ..color.rim import off_head
from ..crop_space import blurred_within
from ..device import placed
from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors
from ..networks.maps import as_picture
from ..reading.graph import DATA
from ..reading.landmarks import metre_of
from .network import ShadingConfig, ShadingNetwork, stack_lit

FILE = DATA / "shading.safetensors"
LEAST, MOST = 1 / 6, 3.0  # of what colours are multiplied by
BROAD_M = 0.03  # metres, standard deviation of the blur that leaves broad shadows on a head
SOLID = 0.5  # matte from which on a pixel is the person's


class ShadingReader:
    """The network, on one device."""

    def __init__(self, device: torch.device | str = "cpu", path: Path = FILE):
        """Raises ModelError when the file is missing, damaged, or holds no such network."""
        tensors, metadata = read_tensors(path)
        try:
            config = json.loads(metadata["config"])
            self._network = ShadingNetwork(ShadingConfig(tuple(config["widths"])))
            self._network.load_state_dict({name: value.float() for name, value in tensors.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path.name} holds no network of shading ({error}).", fix=REINSTALL) from error
        placed(self._network.eval(), device)
        self._device = device

    @torch.inference_mode()
    def read(
        self, photo: np.ndarray, normals: np.ndarray, light: Light, landmarks: np.ndarray | None = None
    ) -> np.ndarray:
        """By what linear colours are multiplied, (n, n, 3) float32: photo (n, n, 4), sRGB and matte 0..1, of surfaces
        with unit normals (n, n, 3), in the light that was found; landmarks: (33, 4) as `landmarks_in`, None where
        nobody was recognised. What is added leaves the head, or else the person, neither brighter nor darker. On a head
        only broad shadows are told: brows, lids and lips are darker than skin in any light."""
        found = light.shading(normals)
        seen = stack_lit(photo, normals, found)[None].to(self._device)
        size, step = seen.shape[-1], self._network.step
        over = -size % step
        added = as_picture(self._network(F.pad(seen, (0, over, 0, over)))[..., :size, :size])
        told = photo[..., 3] > SOLID
        if landmarks is not None:
            broad = blurred_within(added, photo[..., 3], BROAD_M * metre_of(landmarks) * size / 2)
            body = cv2.resize(off_head(landmarks), (size, size), interpolation=cv2.INTER_LINEAR)
            added = broad + body[..., None] * (added - broad)
            head = told & (body < SOLID)
            told = head if head.any() else told
        if told.any():
            added = added - added[told].mean(0)
        return (found * np.exp(added)).clip(LEAST, MOST).astype(np.float32)


@lru_cache(maxsize=1)
def shading_reader(device: torch.device | str = "cpu") -> ShadingReader:
    """The network, read once a process. Raises ModelError."""
    return ShadingReader(device)
