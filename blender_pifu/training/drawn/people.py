# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bundled levels draw of a set of people, and which folds that lacks: kept on disk, since drawing takes longer
than learning from it.

Lies in the cache folder (see native/folders.py) and may be deleted.
"""

import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from ...engine.back_photo.relief import RELIEF_PX
from ...engine.color.light import find_light
from ...engine.crop_space import blurred_within
from ...engine.folds.shades import BLUR_M
from ...engine.labels import LABELS
from ...engine.model import HumanModel
from ...engine.networks.limb_maps import draw_hints
from ...engine.networks.maps import enlarged
from ..data.cache import PeopleSet
from ..evaluate.measures.normal_bands import JUMP_M, away_from_outlines, unit
from ..native.folders import cache_folder, mapped

STEP = 100  # of what is lacking in a unit normal
BESIDE = 0.15  # weight of what is near an outline, where limbs turn away within the width of a fold
WEIGHTS = {LABELS["hair"]: 0.3, LABELS["face_skin"]: 0.5}  # of what other parts of this program shape
WAIT_S = 10.0
HELD_OUT = 30  # first seeds of the set, which are not learned from


class DrawnPeople:
    """Of each of a set's people that is `ready`: `drawn (s, s, 3)` int8 normals, unit = 127; `light (9, 3)` as
    `Light.harmonics`, 0 where none was found; `lacking (s, s, 3)` int8, the true normals' finer band less the drawn
    ones', unit = STEP; `weight (s, s)` uint8, 100 = 1."""

    def __init__(self, people: PeopleSet, folder: Path | None = None):
        self.people, size = people, people.size
        self.folder = (folder or cache_folder()) / f"drawn_{people.split}_{size}_g{people.generation}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.drawn = self._map("drawn", (size, size, 3), np.int8)
        self.light = self._map("light", (9, 3), np.float32)
        self.lacking = self._map("lacking", (size, size, 3), np.int8)
        self.weight = self._map("weight", (size, size), np.uint8)
        self.ready = self._map("ready", (), np.uint8)

    def _map(self, name: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        return mapped(self.folder, name, self.people.count, shape, kind)

    def make(self, model: HumanModel, all_of_them: bool = False) -> int:
        """Draw everybody made so far; all_of_them: and wait for those that are being made. Returns how many."""
        done = 0
        while True:
            missing = [seed for seed in self.people.available() if not self.ready[seed]]
            for seed in missing:
                self._draw(model, int(seed))
                done += 1
            if not missing and (not all_of_them or (np.asarray(self.people.state) > 1).all()):
                return done
            if not missing:
                time.sleep(WAIT_S)

    def available(self) -> np.ndarray:
        """Seeds drawn so far, ascending."""
        return np.flatnonzero(np.asarray(self.ready))

    def learned(self) -> np.ndarray:
        """Seeds drawn so far that runs learn from, ascending."""
        seeds = self.available()
        return seeds[seeds >= HELD_OUT]

    def held_out(self) -> list[int]:
        """Seeds drawn so far that scores are told of, ascending."""
        return [int(seed) for seed in self.available() if seed < HELD_OUT]

    def raw(self, seed: int, *names: str) -> dict[str, np.ndarray]:
        """Arrays of one person as `PeopleSet.read` has them."""
        return {name: values[0] for name, values in self.people.read(np.array([seed]), names).items()}

    def landmarks(self, seed: int) -> np.ndarray | None:
        """(33, 4) as `landmarks_in`, None where nobody was recognised."""
        known = self.raw(seed, "landmarks")["landmarks"].astype(np.float32)
        return known if known.any() else None

    def _draw(self, model: HumanModel, seed: int) -> None:
        photo, true = self.photo(seed), self._true(seed)
        normals = _drawn_normals(model, photo, self.raw(seed, "landmarks")["landmarks"][None])
        small = [cv2.resize(each, (RELIEF_PX, RELIEF_PX), interpolation=cv2.INTER_AREA) for each in (photo, normals)]
        light = find_light(small[0], unit(small[1]))
        normals = unit(normals)
        there = np.abs(true).sum(-1) > 0
        solid = there & (photo[..., 3] > 0.5)
        reach = BLUR_M * self.pixels_a_metre(seed)
        lacking = (true - normals) * solid[..., None]
        lacking -= blurred_within(lacking, solid.astype(np.float32), reach)
        raw = self.raw(seed, "front_depth", "labels_front", "scale")
        inner = away_from_outlines(raw["front_depth"], solid, JUMP_M * float(raw["scale"]), reach)
        weight = np.where(inner, 1, BESIDE) * solid
        for label, share in WEIGHTS.items():
            weight[raw["labels_front"] == label] *= share
        self.drawn[seed] = np.round(normals * 127)
        self.light[seed] = 0 if light is None else light.harmonics
        self.lacking[seed] = np.round(lacking * solid[..., None] * STEP).clip(-127, 127)
        self.weight[seed] = np.round(weight * 100)
        self.ready[seed] = 1

    def photo(self, seed: int) -> np.ndarray:
        """(s, s, 4) float32: colours without the background's share, sRGB, and matte, 0..1."""
        raw = self.raw(seed, "rgb", "mask")
        rgb, matte = (raw[name].astype(np.float32) / 255 for name in ("rgb", "mask"))
        colors = (rgb / np.maximum(matte, 0.01)[..., None]).clip(0, 1) * (matte > 0.02)[..., None]
        return np.dstack([colors, matte])

    def pixels_a_metre(self, seed: int) -> float:
        """How many pixels of its photo a metre of a person takes."""
        return float(self.raw(seed, "scale")["scale"]) * self.people.size / 2

    def _true(self, seed: int) -> np.ndarray:
        normals = self.raw(seed, "front_normals")["front_normals"].astype(np.float32)
        return unit(normals)


@torch.inference_mode()
def _drawn_normals(model: HumanModel, photo: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """(s, s, 3), by both levels; the photo is looked at once, not also in a mirror, which takes half the time."""
    assert model.fine is not None
    values = torch.from_numpy(photo).permute(2, 0, 1)[None]
    image = torch.cat([(values[:, :3] * 2 - 1) * values[:, 3:], values[:, 3:]], 1)
    marks = torch.from_numpy(landmarks.astype(np.float32))
    hints = draw_hints(marks) if marks.any() else None
    maps = model.fine(image, enlarged(model.level(F.avg_pool2d(image, 2), hints, None)))
    return maps.front_normals[0].permute(1, 2, 0).numpy()
