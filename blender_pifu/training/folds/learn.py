# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the network of folds on windows of drawn people: in other light, fewer pixels, noise, JPEG, their size a little
mistaken. What changes light is the line of shape from shading (Horn 1970)."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ...engine.color.light import Light, harmonics
from ...engine.crop_space import blurred_within
from ...engine.folds.network import FoldNetwork, folded
from ...engine.folds.shades import stack_shades
from ...engine.labels import LABELS
from ...engine.srgb import to_linear, to_srgb
from ..drawn.people import STEP, DrawnPeople
from ..drawn.run import DrawnRun
from ..evaluate.measures.normal_bands import unit
from ..learn.losses import half_precision
from ..learn.short_run import Plan

RATE = 1e-3
PHOTOS, WINDOWS, WINDOW = 3, 6, 160  # of a step, of each, and their side, pixels
TRIED, TELLING = (
    24,
    4,
)  # windows of a photo that are looked at, and of the WINDOWS those whose shades tell most of folds
OFF = 30  # pixels that a window's middle lies off its place at most, each way
WORN = ("other_skin", "upper_garment", "lower_garment", "outer_garment")  # where windows are placed
SIZE_SPREAD = 0.15  # of the logarithm of how large a pixel is taken to be: landmarks tell no better
# Channels of `stack_shades`: how much brighter than about it; how light changes; and those that point to the right.
BRIGHTER, LEANING, RIGHT = 7, slice(9, 11), (4, 9)
RELIT, PLAIN_CLOTH = 0.4, 0.6  # share of photos that are lit anew, and of these in which cloths have one colour
HOLLOW_M, DEEP = 0.03, 1.0  # how wide hollows are, and of the logarithm of brightness, how much darker at most
SQUARE, PLAIN, SLOPE = 3.0, 0.3, 0.3  # weights of the losses


class FoldRun(DrawnRun):
    """Learns the folds that the drawn people lack."""

    def __init__(self, folder: Path, people: DrawnPeople, plan: Plan):
        super().__init__(folder, people, plan, FoldNetwork, RATE)

    def loss(self, rng: np.random.Generator) -> Tensor:
        shades, normals, lacking, weight = draw_windows(self.people, np.array(self.picked(rng, PHOTOS)), rng)
        with half_precision(torch.device("cpu")):
            height = self.network(shades)
        return fold_loss(folded(normals, height) - normals, lacking, weight)


def draw_windows(people: DrawnPeople, seeds: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, ...]:
    """WINDOWS of each photo: shades (N, CHANNELS, w, w), drawn normals (N, 3, w, w), what these lack, likewise, and the
    weight of each pixel (N, 1, w, w)."""
    drawn: list[list[np.ndarray]] = []
    for seed in seeds:
        whole = _worse_photo(people, int(seed), rng)
        labels = people.raw(seed, "labels_front")["labels_front"]
        shown = whole[3][0] > 0.1
        worn = shown & np.isin(labels, [LABELS[name] for name in WORN])
        rows, columns = np.nonzero(worn if worn.any() else shown)
        tried = []
        for i in rng.integers(0, len(rows), TRIED) if len(rows) else ():
            row, column = (
                int(np.clip(at + rng.integers(-OFF, OFF + 1) - WINDOW // 2, 0, people.people.size - WINDOW)) // 2 * 2
                for at in (rows[i], columns[i])
            )
            tried.append([part[:, row : row + WINDOW, column : column + WINDOW] for part in whole])
        told = sorted(tried[WINDOWS - TELLING :], key=_tells, reverse=True)
        for parts in tried[: WINDOWS - TELLING] + told[:TELLING]:
            drawn.append(_mirrored(parts) if rng.random() < 0.5 else parts)
    return tuple(torch.from_numpy(np.stack(parts).astype(np.float32)) for parts in zip(*drawn, strict=True))


def fold_loss(added: Tensor, lacking: Tensor, weight: Tensor) -> Tensor:
    """How far what is added to normals (B, 3, h, w) is from what they lack, by weight (B, 1, h, w): squares, which
    keep it from guessing, distances, and those of both from pixel to pixel, which keep it sharp."""
    off = added - lacking
    across, down = (weight[..., 1:] * weight[..., :-1], weight[..., 1:, :] * weight[..., :-1, :])
    square = _mean(off.square().sum(1, keepdim=True), weight)
    plain = _mean((off.square().sum(1, keepdim=True) + 1e-4).sqrt(), weight)
    slope = _mean((off[..., 1:] - off[..., :-1]).abs().sum(1, keepdim=True), across)
    slope = slope + _mean((off[..., 1:, :] - off[..., :-1, :]).abs().sum(1, keepdim=True), down)
    return SQUARE * square + PLAIN * plain + SLOPE * slope


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp_min(1.0)


def _worse_photo(people: DrawnPeople, seed: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Of a whole photo, in its own light or another, and worse: what `draw_windows` gives of its windows."""
    normals = unit(people.drawn[seed])
    colors, matte, light = relit(people, seed, rng) if rng.random() < RELIT else _as_taken(people, seed, rng)
    size = len(colors)
    if rng.random() < 0.5:
        fewer = int(size / rng.uniform(1, 2.2))
        colors = cv2.resize(colors, (fewer, fewer), interpolation=cv2.INTER_AREA)
        colors = cv2.resize(colors, (size, size), interpolation=cv2.INTER_LINEAR)
    colors = colors + np.float32(rng.uniform(0, 0.025)) * rng.standard_normal(colors.shape, np.float32)
    picture = (colors.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.6:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    pixel_m = float(np.exp(rng.normal(0, SIZE_SPREAD))) / people.pixels_a_metre(seed)
    photo = np.dstack([picture.astype(np.float32) / 255, matte])
    shades = stack_shades(photo, normals * (matte > 0.5)[..., None], light, pixel_m)
    lacking = people.lacking[seed].astype(np.float32) / STEP
    weight = people.weight[seed].astype(np.float32) / 100
    return [shades, normals.transpose(2, 0, 1), lacking.transpose(2, 0, 1), weight[None]]


def _as_taken(people: DrawnPeople, seed: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Light | None]:
    """Colours (s, s, 3) and matte (s, s) of a photo with other tones, and the light found in it."""
    photo, light, gamma = people.photo(seed), people.light[seed], rng.uniform(0.8, 1.3)
    tint = (rng.uniform(0.8, 1.15) * rng.uniform(0.94, 1.06, 3)).astype(np.float32)
    return photo[..., :3] ** np.float32(gamma) * tint, photo[..., 3], Light(gamma * light) if light.any() else None


def relit(people: DrawnPeople, seed: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Light]:
    """The same of a person in another light than the photo's: from one side, more or less hard, darker in hollows, and
    on cloths of one colour more often than not. Of prints, seams and cast shadows a photo shows so much that what a
    fold looks like would be learned slowly from it alone."""
    names = ("albedo_front", "mask", "front_normals", "front_depth", "labels_front")
    raw = people.raw(seed, *names)
    matte = raw["mask"].astype(np.float32) / 255
    albedo = to_linear((raw["albedo_front"] / np.maximum(raw["mask"], 1)[..., None]).clip(0, 1).astype(np.float32))
    if rng.random() < PLAIN_CLOTH:
        for label in np.unique(raw["labels_front"]):
            of = raw["labels_front"] == label
            albedo[of] += np.float32(rng.uniform(0.8, 1)) * (albedo[of].mean(0) - albedo[of])
    light = _draw_light(rng)
    there = (raw["front_normals"] != 0).any(-1)
    logs = light.leaning(unit(raw["front_normals"]))[..., 0] * there
    depth, solid = raw["front_depth"].astype(np.float32), there.astype(np.float32)
    reach = HOLLOW_M * people.pixels_a_metre(seed)
    about = blurred_within(depth, solid, reach)
    metre = people.pixels_a_metre(seed) * 2 / people.people.size
    logs += rng.uniform(0, DEEP) * ((depth - about) / metre / HOLLOW_M).clip(-1, 0.3)
    colors = to_srgb(albedo * np.exp(logs + rng.normal(0, 0.2))[..., None]).astype(np.float32)
    found = Light(light.harmonics + rng.normal(0, 0.08, (9, 1)))
    return colors * (matte > 0.02)[..., None], matte, found


def _draw_light(rng: np.random.Generator) -> Light:
    """A lamp before the person and to its side, its shine more or less narrow."""
    aside, height = rng.uniform(-1, 1), rng.uniform(-0.4, 0.9)
    towards = np.array([aside, height, rng.uniform(0.3, 1)])
    towards /= np.linalg.norm(towards)
    factors = np.zeros(9)
    factors[[3, 1, 2]] = 2.05 * rng.uniform(0.25, 1.0) * towards
    factors[4:] = rng.normal(0, 0.1, 5)
    factors[0] = -factors[1:] @ harmonics(np.array([0.0, 0, 1]))[1:] / harmonics(np.zeros(3))[0]
    return Light(np.repeat(factors[:, None], 3, 1))


def _tells(parts: list[np.ndarray]) -> float:
    """How well what is lacking of folds, in the photo's light, goes with what is brighter and darker in a window: most
    windows show prints, seams and shadows rather than folds, from which little is learned."""
    shades, _, lacking, weight = parts
    there = weight[0] > 0.5
    if there.sum() < WINDOW:
        return 0.0
    expected = (shades[LEANING] * lacking[:2]).sum(0)[there]
    brighter = shades[BRIGHTER][there]
    spread = expected.std() * brighter.std()
    return float(((expected - expected.mean()) * (brighter - brighter.mean())).mean() / max(spread, 1e-6))


def _mirrored(parts: list[np.ndarray]) -> list[np.ndarray]:
    shades, normals, lacking, weight = (part[..., ::-1].copy() for part in parts)
    for vectors, first in ((normals, 0), (lacking, 0), *((shades, channel) for channel in RIGHT)):
        vectors[first] *= -1
    return [shades, normals, lacking, weight]
