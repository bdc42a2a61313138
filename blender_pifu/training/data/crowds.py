# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of one or several synthetic people of whom every matte and joint is known."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ...engine.reading.landmarks import Landmark as L
from ..people.body import load_body
from ..people.generations import make_person
from .backgrounds import KINDS, background
from .framing import frame
from .render import render_person

PERSON_PX = 640
PHOTO_PX = 960  # height of a photo
SKIN_VERTICES = 13380  # the base mesh's own; helpers follow
# A landmark, the bone whose head it is (S: this side), and where it lies from there: the share of the way to another
# bone's head (O: the other side). MakeHuman's joints lie within the body, the landmark network's points where people
# who label photos click: shoulders higher, hips further in, ankles up the leg. The shares were fitted to people of
# the training split; the people scored are of the test split.
JOINTS = {
    "shoulder": ("upperarm01.S", "head", 0.06),
    "elbow": ("lowerarm01.S", "upperarm01.S", 0.06),
    "wrist": ("wrist.S", "wrist.S", 0.0),
    "hip": ("upperleg01.S", "lowerleg01.O", 0.03),
    "knee": ("lowerleg01.S", "lowerleg01.S", 0.0),
    "ankle": ("foot.S", "lowerleg01.S", 0.08),
}
LANDMARKS = tuple(L[f"{side}_{name}".upper()] for name in JOINTS for side in ("left", "right"))


@dataclass(frozen=True)
class Crowd:
    """rgb: (H, W, 3) uint8; mattes: (n, H, W) float32, what is seen of each person, from left to right;
    joints: (n, 12, 2) photo pixels, in the order of LANDMARKS, where the landmark network means them; bones: the same
    as heads of the bones; heights: (n,) of the people standing upright, pixels; main: index of the largest, front
    person; kind: of the background."""

    rgb: np.ndarray
    mattes: np.ndarray
    joints: np.ndarray
    bones: np.ndarray
    heights: np.ndarray
    main: int
    kind: str


@dataclass(frozen=True)
class Figure:
    """A cut-out person: rgb (h, w, 3) float32 0..1, matte (h, w); joints and bones (12, 2), height: pixels."""

    rgb: np.ndarray
    matte: np.ndarray
    joints: np.ndarray
    bones: np.ndarray
    height: float

    def scaled(self, factor: float) -> "Figure":
        size = [round(self.matte.shape[1] * factor), round(self.matte.shape[0] * factor)]
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        rgb, matte = (cv2.resize(array, size, interpolation=how) for array in (self.rgb, self.matte))
        return Figure(rgb, matte.clip(0, 1), self.joints * factor, self.bones * factor, self.height * factor)


@lru_cache(64)
def figure(seed: int, split: str = "test") -> Figure:
    """One whole person of that seed or one near, cropped to a few pixels; rgb is black outside."""
    while True:
        person = make_person(seed, split)
        framing = frame(person.vertices, np.random.default_rng(seed))
        if np.isinf(framing.visible).all():
            break
        seed += 1000  # cut by the photo's border
    views = render_person(person.seen_through(framing), np.random.default_rng(seed), PERSON_PX)
    heads = (framing(person.joints)[:, :2] * (1, -1) + 1) / 2 * PERSON_PX
    joints, bones = _landmarks(heads)
    rows, columns = (np.flatnonzero((views.mask > 0.5).any(axis)) for axis in (1, 0))
    low = np.maximum(0, np.array([columns[0], rows[0]]) - 2)
    part = np.s_[low[1] : rows[-1] + 3, low[0] : columns[-1] + 3]
    height = np.ptp(person.shape.vertices[:SKIN_VERTICES, 2]) * framing.scale / 2 * PERSON_PX
    matte = views.mask[part]
    rgb = views.rgb_front[part].astype(np.float32) / 255 * matte[..., None]
    return Figure(rgb, matte, joints - low, bones - low, float(height))


def _landmarks(heads):
    """heads: (104, 2) -> joints and bones, (12, 2) each, in the order of LANDMARKS."""
    bone = load_body().bone
    places = []
    for at, towards, share in JOINTS.values():
        for side, other in ("LR", "RL"):
            start, end = (heads[bone[name.replace(".S", f".{side}").replace(".O", f".{other}")]]
                          for name in (at, towards))  # fmt: skip
            places.append((start + share * (end - start), start))
    joints, bones = np.moveaxis(np.array(places), 1, 0)
    return joints, bones


def compose(seed: int, count: int, overlap: float = 0.15, kind: str | None = None) -> Crowd:
    """`count` people side by side, some behind others.

    overlap: share of a person's width that the neighbour's box covers; kind: of the background; None: any.
    """
    rng = np.random.default_rng([seed, count, 3])
    kind = kind or str(rng.choice(list(KINDS)))
    figures = []
    for index in range(count):
        person = figure(seed * 7 + index)
        size = 0.82 if index == 0 else rng.uniform(0.45, 0.65)
        figures.append((person.scaled(PHOTO_PX * size / len(person.matte)), index == 0))
    rng.shuffle(figures)
    lefts, x = [], 60.0
    for person, _ in figures:
        lefts.append(round(x))
        x += person.matte.shape[1] * (1 - overlap)
    last = figures[-1][0].matte.shape[1]
    width = max(round(x + 60 + overlap * last), round(PHOTO_PX * 0.75))
    shift = round((width - 60 - (lefts[-1] + last)) / 2)
    lefts = [left + shift for left in lefts]
    ground = round(PHOTO_PX * 0.93)
    picture = background(kind, rng, PHOTO_PX, width)
    mattes = np.zeros((count, PHOTO_PX, width), np.float32)
    corners = np.zeros((count, 1, 2))
    for index in sorted(range(count), key=lambda index: len(figures[index][0].matte)):  # the small are far
        person, main = figures[index]
        matte = person.matte[..., None]
        top = ground - len(matte) - (0 if main else int(rng.integers(10, 50)))
        place = np.s_[top : top + len(matte), lefts[index] : lefts[index] + matte.shape[1]]
        picture[place] = picture[place] * (1 - matte) + person.rgb
        mattes[(slice(None), *place)] *= 1 - person.matte
        mattes[(index, *place)] = person.matte
        corners[index] = lefts[index], top
    return Crowd(
        np.clip(picture * 255 + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8),
        mattes,
        np.array([person.joints for person, _ in figures]) + corners,
        np.array([person.bones for person, _ in figures]) + corners,
        np.array([person.height for person, _ in figures]),
        [main for _, main in figures].index(True),
        kind,
    )
