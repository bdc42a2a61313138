# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of several synthetic people whose mattes and joints are known, and how well the engine reads them.

python -m blender_pifu.training.crowds [--people 1 2 3 4] [--photos 6]
"""

import argparse
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ..engine.landmarks import Landmark
from ..engine.matte import Matting
from ..engine.people import People, choose
from ..engine.photo import Photo
from ..engine.stance import ANKLES, SHOULDERS
from .framing import frame
from .people.landmarks import landmarks
from .people.noise import smooth_noise
from .people.person import make_person
from .render import render_person

PERSON_PX = 640
PHOTO_PX = 960  # height of a photo
# Both shoulders, elbows, wrists, knees and ankles.
JOINTS = [Landmark(k) for k in (11, 12, 13, 14, 15, 16, 25, 26, 27, 28)]


@dataclass(frozen=True)
class Crowd:
    """rgb: (H, W, 3) uint8; mattes: (n, H, W) float32, what is seen of each person, from left to right;
    joints: (n, 10, 2) photo pixels, in the order of JOINTS; heights: (n,) pixels; main: index of the largest, front
    person."""

    rgb: np.ndarray
    mattes: np.ndarray
    joints: np.ndarray
    heights: np.ndarray
    main: int


@lru_cache(64)
def figure(seed: int):
    """One cut-out person, cropped to a few pixels: rgb (h, w, 3) float32 0..1, matte (h, w), joints (10, 2)."""
    while True:
        person = make_person(seed, "test")
        framing = frame(person.vertices, np.random.default_rng(seed))
        if np.isinf(framing.visible).all():
            break
        seed += 1000  # cut by the photo's border
    views = render_person(person.seen_through(framing), np.random.default_rng(seed), PERSON_PX)
    joints = framing(landmarks(person)[JOINTS])[:, :2] * (1, -1)
    joints = (joints + 1) / 2 * PERSON_PX
    rows, columns = (np.flatnonzero((views.mask > 0.5).any(axis)) for axis in (1, 0))
    low = np.array([columns[0], rows[0]]) - 2
    part = np.s_[max(0, low[1]) : rows[-1] + 3, max(0, low[0]) : columns[-1] + 3]
    return views.rgb_front[part].astype(np.float32) / 255, views.mask[part], joints - np.maximum(low, 0)


def compose(seed: int, count: int, overlap: float = 0.15) -> Crowd:
    """`count` people side by side before a random background, some behind others.

    overlap: share of a person's width that the neighbour's box covers.
    """
    rng = np.random.default_rng([seed, count, 3])
    figures = []
    for index in range(count):
        rgb, matte, joints = figure(seed * 7 + index)
        size = PHOTO_PX * (0.82 if index == 0 else rng.uniform(0.5, 0.72)) / len(rgb)
        shape = [round(matte.shape[1] * size), round(matte.shape[0] * size)]
        figures.append(
            (cv2.resize(rgb * matte[..., None], shape), cv2.resize(matte, shape).clip(0, 1), joints * size, index == 0)
        )
    rng.shuffle(figures)
    lefts, x = [], 60.0
    for _, matte, _, _ in figures:
        lefts.append(round(x))
        x += matte.shape[1] * (1 - overlap)
    width = max(round(x + 60 + overlap * figures[-1][1].shape[1]), round(PHOTO_PX * 0.75))
    shift = round((width - 120 - (lefts[-1] + figures[-1][1].shape[1] - 60)) / 2)
    lefts = [left + shift for left in lefts]
    ground = round(PHOTO_PX * 0.93)
    picture = background(rng, PHOTO_PX, width)
    mattes = np.zeros((count, PHOTO_PX, width), np.float32)
    joints = []
    for index in sorted(range(count), key=lambda index: len(figures[index][1])):  # the small are far
        rgb, matte, points, main = figures[index]
        top = ground - len(matte) - (0 if main else int(rng.integers(10, 50)))
        place = np.s_[top : top + len(matte), lefts[index] : lefts[index] + matte.shape[1]]
        picture[place] = picture[place] * (1 - matte[..., None]) + rgb
        mattes[(slice(None), *place)] *= 1 - matte
        mattes[(index, *place)] = matte
        joints.append((index, points + (lefts[index], top)))
    rgb = np.clip(picture * 255 + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
    return Crowd(
        rgb,
        mattes,
        np.array([points for _, points in sorted(joints, key=lambda pair: pair[0])]),
        np.array([len(matte) for _, matte, _, _ in figures]),
        [main for *_, main in figures].index(True),
    )


def background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width, 3) float32 0..1: a wall and a floor of smooth noise, with boxes before the wall."""
    rows, columns = np.mgrid[:height, :width] / PHOTO_PX
    points = np.stack([columns, rows, np.zeros_like(rows)], -1).reshape(-1, 3).astype(np.float32)
    noise = sum(smooth_noise(points, rng, 2.0 * 3**octave) / 2**octave for octave in range(4)).reshape(height, width)
    wall, floor = rng.uniform(0.15, 0.9, (2, 3))
    horizon = rng.uniform(0.6, 0.8)
    picture = np.where((rows < horizon)[..., None], wall, floor).astype(np.float32)
    for _ in range(8):
        x, y = rng.uniform(0, width), rng.uniform(0, height * horizon)
        w, h = rng.uniform(40, 300, 2)
        picture[round(y) : round(min(y + h, height * horizon)), round(x) : round(x + w)] = rng.uniform(0.1, 0.95, 3)
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 4))
    return np.clip(picture + rng.uniform(0.02, 0.1) * noise[..., None], 0, 1)


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Of two mattes, at one half."""
    found, truth = found > 0.5, truth > 0.5
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def measure(crowd: Crowd, people: People, matting: Matting) -> dict:
    """Of each person: matte against truth, and mean distance of joints in heights; whether all and the main were
    found."""
    found = people.find(crowd.rgb)
    photo = Photo(crowd.rgb, None, (), "crowd")
    partners = [_partner(points, found) for points in crowd.joints]
    chosen = choose(found, crowd.rgb.shape[:2]) if found else None
    ious, joints = [], []
    for number, partner in enumerate(partners):
        if partner is None:
            continue
        points = found[partner].points[JOINTS, :2]
        joints.append(np.hypot(*(points - crowd.joints[number]).T).mean() / crowd.heights[number])
        ious.append(iou(matting.matte(photo, found, partner).alpha, crowd.mattes[number]))
    return {
        "there": len(partners),
        "found": len({partner for partner in partners if partner is not None}),
        "extra": len(found) - len({partner for partner in partners if partner is not None}),
        "main": chosen is not None and chosen == partners[crowd.main],
        "iou": ious,
        "joints": joints,
    }


def _partner(joints, found):
    """Index of the person found whose shoulders and ankles are nearest to these joints', if near at all."""
    ends = np.array([joints[:2].mean(0), joints[-2:].mean(0)])
    found_ends = [np.array([person.between(*SHOULDERS), person.between(*ANKLES)]) for person in found]
    distances = [np.hypot(*(pair - ends).T).mean() for pair in found_ends]
    near = 0.2 * np.hypot(*(ends[1] - ends[0]))
    return int(np.argmin(distances)) if distances and min(distances) < near else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--photos", type=int, default=6, help="of each number of people")
    args = parser.parse_args()
    people, matting = People(), Matting("cpu")
    print("people  found  extra  main   IoU median/worst   joints median/worst (share of the height)")
    for count in args.people:
        results = [measure(compose(seed, count), people, matting) for seed in range(args.photos)]
        ious, joints = (np.concatenate([result[key] for result in results]) for key in ("iou", "joints"))
        there, found, extra, right = (
            sum(result[key] for result in results) for key in ("there", "found", "extra", "main")
        )
        print(f"{count:6d} {found:3d}/{there:<3d} {extra:5d} {right:3d}/{len(results):<3d} {np.median(ious):8.3f}/"
              f"{ious.min():.3f} {np.median(joints):16.4f}/{joints.max():.4f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
