# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair goes on behind down to the nape, or as far as long hair is seen beside the neck, in its own texture."""

import cv2
import numpy as np
import pytest

from blender_pifu.engine.color.behind_cloth import paint_behind_cloth
from blender_pifu.engine.color.behind_head import paint_behind_face
from blender_pifu.engine.color.hair import Hair, find_hair
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.color.strands import strands_of
from blender_pifu.engine.reading.landmarks import Landmark as L

SIDE = 256
HAIR, SKIN, SHIRT, DRAWN = (0.3, 0.15, 0.05), (0.9, 0.7, 0.6), (0.2, 0.5, 0.8), (0.5, 0.4, 0.35)
EYES, MOUTH, NAPE, COLLAR = 60, 76, 80, 96  # rows
HEAD, NECK, BODY = np.s_[20:88, 106:150], np.s_[88:COLLAR, 114:142], np.s_[COLLAR:250, 70:186]


@pytest.fixture
def landmarks():
    found = np.zeros((33, 4), np.float32)
    for landmark, place in {
        L.LEFT_EYE: (134, EYES), L.RIGHT_EYE: (122, EYES), L.MOUTH_LEFT: (132, MOUTH), L.MOUTH_RIGHT: (124, MOUTH),
        L.LEFT_EAR: (149, 64), L.RIGHT_EAR: (107, 64), L.NOSE: (128, 68),
    }.items():  # fmt: skip
        found[landmark, :2] = (np.array(place) / SIDE * 2 - 1) * (1, -1)
    return found


@pytest.fixture
def photo():
    image = np.zeros((SIDE, SIDE, 4), np.float32)
    for part, color in ((HEAD, SKIN), (NECK, SKIN), (BODY, SHIRT)):
        image[part] = (*color, 1)
    image[20:46, 106:150, :3] = HAIR
    return image


def hidden(photo, landmarks):
    back = np.dstack([np.full((SIDE, SIDE, 3), DRAWN, np.float32), photo[..., 3]])
    return paint_behind_cloth(paint_behind_face(back, photo, landmarks), photo, landmarks)[..., :3]


def test_short_hair_ends_at_the_nape_and_skin_goes_on_below(photo, landmarks):
    behind = hidden(photo, landmarks)
    assert np.allclose(behind[50:74, 118:138].mean((0, 1)), HAIR, atol=0.06)
    assert np.allclose(behind[86:92, 122:134].mean((0, 1)), SKIN, atol=0.1)
    assert np.allclose(behind[130:230, 100:156].mean((0, 1)), SHIRT, atol=0.05)


def test_ears_are_no_hair(photo, landmarks):
    behind = hidden(photo, landmarks)
    assert np.abs(behind[66:72, 108] - SKIN).max() < 0.2


def test_long_hair_covers_neck_and_back_as_far_as_it_is_seen_and_no_further(photo, landmarks):
    for lock in (np.s_[40:130, 96:108], np.s_[40:130, 148:160]):
        photo[lock] = (*HAIR, 1)
    behind = hidden(photo, landmarks)
    assert np.allclose(behind[86:124, 116:140].mean((0, 1)), HAIR, atol=0.06)
    assert np.allclose(behind[150:230, 100:156].mean((0, 1)), SHIRT, atol=0.05)


def test_a_dark_jacket_is_no_long_hair(photo, landmarks):
    photo[BODY][..., :3] = HAIR
    photo[20:46, 106:150, :3] = np.float32(HAIR) + 0.02
    behind = hidden(photo, landmarks)
    assert np.allclose(behind[86:92, 122:134].mean((0, 1)), SKIN, atol=0.1)


@pytest.mark.parametrize("turned", [0.65, 0.75, 0.85, 0.95])
def test_hair_of_a_head_that_is_half_turned_is_no_veil(photo, landmarks, turned):
    """Long hair lay half transparent over a jacket's shoulders: labels and the face's place were mixed."""
    for lock in (np.s_[40:130, 96:108], np.s_[40:130, 148:160]):
        photo[lock] = (*HAIR, 1)
    landmarks[L.NOSE, 0] += turned * (landmarks[L.LEFT_EAR, 0] - landmarks[L.RIGHT_EAR, 0]) / 2
    names = np.where(np.abs(photo[..., :3] - HAIR).max(-1) < 0.1, REGIONS["hair"], REGIONS["skin"])
    names[COLLAR:, 108:148] = REGIONS["upper"]
    behind = np.full((SIDE, SIDE), REGIONS["upper"])
    behind[:COLLAR] = REGIONS["hair"]
    of_label = np.eye(len(REGIONS), dtype=np.float32)
    hair = find_hair(photo, landmarks, Regions(of_label[names], of_label[behind]))
    assert hair is not None
    half = (hair.behind > 0.15) & (hair.behind < 0.85)
    assert half.sum() < 0.1 * (hair.behind > 0.5).sum()


def test_the_rim_of_dark_glasses_gives_a_nape_no_black(photo, landmarks):
    """Beside the eye of a turned head it was taken for hair."""
    rim = np.s_[56:64, 144:150]
    photo[rim][..., :3] = (0.03, 0.03, 0.03)
    names = np.where(np.abs(photo[..., :3] - HAIR).max(-1) < 0.1, REGIONS["hair"], REGIONS["skin"])
    names[rim], names[COLLAR:] = REGIONS["hair"], REGIONS["upper"]
    shares = np.eye(len(REGIONS), dtype=np.float32)[names]
    hair = find_hair(photo, landmarks, Regions(shares, shares))
    assert hair is not None
    whole = np.zeros((SIDE, SIDE))
    whole[hair.where] = hair.seen
    assert whole[rim].max() < 0.1 < whole[24:40, 120:136].min()


def seen(band, where):
    """Hair seen at `where` (h, w) bool of a band (h, w, 3)."""
    whole = np.s_[: len(where), : where.shape[1]]
    return Hair(whole, where.astype(float), where, where.astype(float), 0 * where, 0 * where, unit=60.0)


@pytest.fixture
def strands():
    """Of straight hair, combed to the side: its grain runs along rows."""
    rng = np.random.default_rng(1)
    band = np.repeat(rng.normal(0, 0.04, (200, 1, 1)), 3, 2) * np.ones((1, 200, 1))
    shown = np.zeros((200, 200), bool)
    shown[20:60, 40:160] = True
    return strands_of(seen(band, shown), band.astype(np.float32)), band[shown].std()


def test_grain_of_a_scalp_is_as_loud_as_what_is_shown_and_runs_down_from_the_whorl(strands):
    found, loud = strands
    aside, down = np.meshgrid(np.linspace(-0.05, 0.05, 200), np.linspace(0, 0.1, 200))
    rest = np.stack([aside.ravel(), 0.61 + down.ravel(), np.full(aside.size, -0.06)], 1)
    grain = found.on_scalp(rest, np.full((len(rest), 3), 0.5)).reshape(200, 200, 3)
    assert 0.6 < grain.std() / loud < 1.4
    assert np.abs(np.diff(grain, axis=0)).mean() < 0.6 * np.abs(np.diff(grain, axis=1)).mean()


def test_grain_has_no_seam_round_the_head(strands):
    round_ = np.linspace(-np.pi, np.pi, 4001)
    rest = np.stack([0.09 * np.sin(round_), np.full(4001, 0.66), 0.03 + 0.09 * np.cos(round_)], 1)
    steps = np.abs(np.diff(strands[0].on_scalp(rest, np.full((4001, 3), 0.5))[:, 0]))
    assert steps.max() < 8 * steps.mean()


def test_grain_is_that_of_curls_where_hair_has_them(strands):
    rng = np.random.default_rng(2)
    band = cv2.GaussianBlur(rng.normal(0, 0.1, (200, 200, 3)).astype(np.float32), (0, 0), 2.0)
    curls = strands_of(seen(band, np.ones((200, 200), bool)), band)
    down, across = (np.abs(np.diff(curls.tile, axis=axis)).mean() for axis in (0, 1))
    assert down > 0.5 * across


def test_grain_is_not_told_of_who_shows_no_hair():
    assert strands_of(seen(None, np.zeros((200, 200), bool)), np.zeros((200, 200, 3), np.float32)) is None
    assert strands_of(None, np.zeros((200, 200, 3), np.float32)) is None
