# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo without colours gets none, a sepia one no others than its own, and any other keeps what it has."""

import numpy as np
import pytest
from PIL import Image

from blender_pifu.engine import reconstruct
from blender_pifu.engine.subject.figure import Figures
from blender_pifu.engine.subject.tone import tone_hidden, tone_of, toned
from helpers.altered import faded, grey, photo_of, polo, suit, tinted


@pytest.fixture(scope="module")
def figures():
    return Figures("cpu")


@pytest.fixture(scope="module")
def suit_alpha(figures):
    return figures.cut_out(photo_of(suit())).matte.alpha


def chroma(colors):
    return np.ptp(np.asarray(colors, int), axis=-1)


def test_a_grey_photo_gets_no_colour_anywhere(tmp_path):
    Image.fromarray(grey(polo())[..., 0]).save(tmp_path / "grey.png")
    person = reconstruct(tmp_path / "grey.png", resolution=64)
    back = person.normals[:, 1] > 0.5
    assert chroma(person.colors[back]).max() == 0
    assert chroma(person.colors).max() == 0
    assert np.ptp(person.colors[back].mean(1)) > 60, "light and dark clothes are told apart behind too"


@pytest.mark.parametrize("tint", [(1.07, 0.86, 0.62), (0.9, 1.0, 1.1), (1.0, 1.0, 1.0)])
def test_a_photo_of_one_tone_keeps_that_tone(figures, tint):
    figure = figures.cut_out(photo_of(tinted(suit(), tint)))
    assert figure.tone is not None
    drawn = np.random.default_rng(0).random((40, 40, 4)).astype(np.float32)
    back = tone_hidden({"back": drawn}, figure.tone)["back"]
    light = back[..., :3] @ (0.299, 0.587, 0.114)
    fair = (light > 0.15) & (light < 0.85)  # nothing was clipped there
    expected = np.array(tint) / (np.array(tint) @ (0.299, 0.587, 0.114))
    assert np.abs(back[..., :3] / light[..., None] - expected)[fair].max() < 0.12
    assert np.array_equal(back[..., 3], drawn[..., 3])


def test_a_nearly_grey_photo_is_grey(figures):
    assert chroma(toned(np.random.default_rng(1).random((99, 3)) * 255,
                        figures.cut_out(photo_of(faded(suit(), 0.1))).tone)).max() <= 4  # fmt: skip


def test_photos_in_colour_are_left(figures):
    """The man in the polo shirt stands before a grey background; a suit and a shirt are grey, the face is not."""
    for rgb in (polo(), suit(), faded(suit(), 0.5)):
        assert figures.cut_out(photo_of(rgb)).tone is None


def test_whoever_has_no_colour_gets_none_whatever_is_round_them(suit_alpha):
    """An old print on its mount, and a person before a wall that was left in colour; not the other way round."""
    print_ = grey(suit())
    mounted = np.pad(print_, ((30, 30), (30, 30), (0, 0)))
    mounted[np.pad(np.zeros(suit_alpha.shape, bool), 30, constant_values=True)] = (200, 180, 140)
    assert chroma(tone_of(mounted, np.pad(suit_alpha, 30), cut_out=False)).max() <= 1
    person = suit_alpha[..., None] > 0.02
    assert tone_of(np.where(person, print_, suit()), suit_alpha, cut_out=False) is not None
    assert tone_of(np.where(person, suit(), print_), suit_alpha, cut_out=False) is None


def test_a_flat_colour_is_no_tone():
    red = np.broadcast_to(np.array([200, 40, 40], np.uint8), (64, 64, 3))
    assert tone_of(red, np.ones((64, 64), np.float32), cut_out=True) is None
