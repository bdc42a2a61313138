# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds and hems laid on the drawn maps of a person."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..color.light import Light
from ..color.rim import off_head
from ..cores import beside
from ..crop_space import blurred_within
from ..device import placed
from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors
from ..networks.maps import Maps, as_picture
from ..reading.graph import DATA
from ..reading.landmarks import metre_of
from ..smooth_step import even_step
from .hems import hem_height
from .network import FoldConfig, FoldNetwork, folded
from .shades import stack_shades

FILE = DATA / "folds.safetensors"
BROADEST_M = 0.03  # metres, standard deviation of the blur that is taken off heights: what is broader is no fold
COARSE_M = 0.008  # the same of what is left to the maps, of what is seen in more pixels
TOWARDS = (0.15, 0.45)  # z of drawn normals from which on a surface is moved, and from which on by all of it
SOLID = 0.5  # matte from which on a pixel is the person's


class FoldReader:
    """The network, on one device."""

    def __init__(self, device: torch.device | str = "cpu", path: Path = FILE):
        """Raises ModelError when the file is missing, damaged, or holds no such network."""
        tensors, metadata = read_tensors(path)
        try:
            config = json.loads(metadata["config"])
            self._network = FoldNetwork(FoldConfig(tuple(config["widths"])))
            self._network.load_state_dict({name: value.float() for name, value in tensors.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(f"{path.name} holds no network of folds ({error}).", fix=REINSTALL) from error
        placed(self._network.eval(), device)
        self._device = device

    @torch.inference_mode()
    def height(self, photo: np.ndarray, normals: np.ndarray, light: Light | None, pixel_m: float) -> np.ndarray:
        """How high folds lie over the drawn surface, (n, n) float32 pixels, 0 beyond the person. Arguments: see
        `stack_shades`, squares of n pixels."""
        height = np.zeros(photo.shape[:2], np.float32)
        rows, columns = (np.flatnonzero((photo[..., 3] > SOLID).any(axis)) for axis in (1, 0))
        if not len(rows):
            return height
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        photo, solid = photo[part], (photo[part][..., 3] > SOLID).astype(np.float32)
        shades = stack_shades(photo, normals[part] * solid[..., None], light, pixel_m)
        step = self._network.step
        (down, right) = (-side % step for side in solid.shape)
        shades = np.pad(shades, ((0, 0), (0, down), (0, right)))
        drawn = self._network(torch.from_numpy(shades)[None].to(self._device))[0, 0].cpu().numpy()
        drawn = drawn[: len(solid), : solid.shape[1]]
        height[part] = (drawn - blurred_within(drawn, solid, BROADEST_M / pixel_m)) * solid
        return height


def lay_folds(
    maps: Maps,
    photos: Callable[[int], np.ndarray],
    light: Callable[[], Light | None],
    landmarks: np.ndarray,
    fine_px: int,
    reader: FoldReader,
    labels: Callable[[], tuple[Tensor, Tensor]],
) -> tuple[Maps, np.ndarray]:
    """The maps, n pixels, with the folds that a photo tells of and hems, and its normals (m, m, 3) with finer ones, m =
    fine_px but no fewer than n. photos: the photo at any size m, (m, m, 4), see `stack_shades`; light: finds it there;
    landmarks: (33, 4) as `landmarks_in`, which tell how large the person is, and where the head, which has none;
    labels: gives how likely each is, of what is seen and hidden, (1, L, n, n) each: they are read beside the folds."""
    size = metre_of(landmarks)
    worn = off_head(landmarks)
    drawn = as_picture(maps.front_normals)
    pixel, shown = 2 / len(drawn), photos(len(drawn))
    solid = shown[..., 3] > SOLID
    larger = None
    if fine_px > len(drawn):
        larger = _larger(drawn, fine_px)
        larger /= np.maximum(np.linalg.norm(larger, axis=-1, keepdims=True), 1e-6)
    shown_larger = None if larger is None else photos(fine_px)

    def read_hems():
        told = labels()
        sides = zip(told, (maps.front_depth, -maps.back_depth), (True, False), strict=True)
        return told, [
            _hems(as_picture(shares), as_picture(depth)[..., 0], solid, landmarks, worn, seen)
            for shares, depth, seen in sides
        ]

    def read_folds():
        how = light(), size, worn, reader
        return _height(shown, drawn, *how), None if larger is None else _height(shown_larger, larger, *how)

    (told, hems), (folds, fine) = beside(read_hems, read_folds)
    height, behind = (torch.from_numpy(each)[None, None].to(maps.front_depth) for each in (folds + hems[0], hems[1]))
    through = maps.back_normals.new_tensor([1, 1, -1])[:, None, None]  # as a camera behind has them
    hemmed = F.max_pool2d(behind.abs(), 3, 1, 1) > 0
    maps = replace(
        maps,
        front_normals=folded(maps.front_normals, height),
        front_depth=maps.front_depth + pixel * height,
        back_normals=torch.where(hemmed, folded(maps.back_normals * through, behind) * through, maps.back_normals),
        back_depth=maps.back_depth - pixel * behind,
    )
    if larger is None or shown_larger is None:
        return maps, as_picture(maps.front_normals)
    depth, height = _larger(as_picture(maps.front_depth)[..., 0], fine_px), _larger(folds, fine_px)
    solid = (fine != 0).astype(np.float32)
    height = (
        height * (pixel * fine_px / 2) + (fine - blurred_within(fine, solid, COARSE_M * size * fine_px / 2)) * solid
    )
    solid = shown_larger[..., 3] > SOLID
    height += _hems(as_picture(told[0]), depth, solid, landmarks, worn, True)
    both = (torch.from_numpy(np.ascontiguousarray(each)) for each in (larger.transpose(2, 0, 1), height[None]))
    return maps, as_picture(folded(*(each[None] for each in both)))


def _height(photo, drawn, light, size, worn, reader):
    """The height of folds on drawn normals (n, n, 3), pixels, of a photo (n, n, 4), less where these turn away; worn
    (m, m) 0..1: where there may be any."""
    height = reader.height(photo, drawn, light, 2 / len(drawn) / size)
    height *= _larger(worn, len(drawn))
    return height * even_step(drawn[..., 2], *TOWARDS)


def _hems(shares, depth, solid, landmarks, worn, seen):
    """The height of hems, (n, n) pixels, of labels (m, m, L) on a surface of drawn depth (n, n), field units towards
    its viewer; worn: see `_height`."""
    return hem_height(shares, depth * len(depth) / 2, solid, landmarks, seen) * _larger(worn, len(depth))


def _larger(values, size):
    return cv2.resize(np.ascontiguousarray(values), (size, size), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=1)
def fold_reader(device: torch.device | str = "cpu") -> FoldReader:
    """The network, read once a process. Raises ModelError."""
    return FoldReader(device)
