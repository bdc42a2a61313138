# SPDX-License-Identifier: GPL-3.0-or-later
"""The matte: the network answers as the published graph does, and one person with clean colours comes out.

rvm_graph.npz holds what the published TensorFlow.js graph itself, read node by node by another program, says on
man_suit_full_body.jpg reduced to 381 x 360 and at its full size (downsample ratio 0.5), averaged to 64 x 64.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import blender_pifu
from blender_pifu.engine.errors import EngineError, NoPersonError
from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.photo import Photo, load_photo
from blender_pifu.engine.reading.rvm import WEIGHTS, GuidedFilter, load_rvm

PHOTOS = Path(blender_pifu.__file__).parent / "data" / "photos"


@pytest.fixture(scope="module")
def matting():
    return Matting("cpu")


@pytest.fixture(scope="module")
def suit():
    return load_photo(PHOTOS / "man_suit_full_body.jpg")


@pytest.fixture(scope="module")
def suit_matte(matting, suit):
    return matting.matte(suit)


@pytest.fixture(scope="module")
def graph():
    with np.load(Path(__file__).with_name("rvm_graph.npz")) as file:
        return {name: file[name].astype(np.float32) for name in file}


def shrink(values):
    return cv2.resize(values, (64, 64), interpolation=cv2.INTER_AREA)


def picture(rgb, size):
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255


def array(channels):
    return channels[0].clamp(0, 1).permute(1, 2, 0).numpy()


def photo_of(rgb, alpha=None):
    return Photo(np.ascontiguousarray(rgb), alpha, (), "test.png")


@torch.inference_mode()
def test_network_answers_as_the_published_graph(suit, graph):
    small = picture(suit.rgb, (381, 360))  # odd sizes: every halving meets a border
    out = load_rvm(torch.device("cpu"))(small)
    np.testing.assert_allclose(shrink(array(out[:, 3:])), graph["small_alpha"][..., None].squeeze(), atol=1e-3)
    np.testing.assert_allclose(shrink(array(small + out[:, :3])), graph["small_foreground"], atol=1e-3)


@torch.inference_mode()
def test_sharpened_matte_agrees_with_the_published_graph(suit, graph):
    """Not to the digit: here the picture is averaged when reduced, and the filter keeps to the borders."""
    large, small = picture(suit.rgb, (1024, 968)), picture(suit.rgb, (512, 484))
    sharpen = GuidedFilter(small, load_rvm(torch.device("cpu"))(small))
    guide = torch.cat([large, large.mean(1, keepdim=True)], 1)
    found = torch.cat([sharpen.rows(guide[:, :, rows], rows.start, 968) for rows in (np.s_[0:500], np.s_[500:968])], 2)
    difference = np.abs(shrink(array(found[:, 3:])) - graph["alpha"])
    assert difference.mean() < 0.002 and np.quantile(difference, 0.99) < 0.05
    red = large[:, :1] + found[:, :1]
    assert np.abs(shrink(array(red)) - graph["foreground"][..., 0]).mean() < 0.005


def test_weights_are_those_of_the_card():
    card = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["license"] == "GPL-3.0"
    assert card["sha256"][WEIGHTS.name] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [None, b"", b"nonsense" * 100, "half"])
def test_damaged_weights_are_named(tmp_path, content):
    path = tmp_path / "rvm.safetensors"
    if content is not None:
        path.write_bytes(WEIGHTS.read_bytes()[: 10**6] if content == "half" else content)
    with pytest.raises(EngineError, match="rvm.safetensors") as caught:
        load_rvm(torch.device("cpu"), path)
    assert caught.value.fix


def test_matte_of_a_full_figure(suit, suit_matte):
    alpha, foreground = suit_matte.alpha, suit_matte.foreground
    assert alpha.dtype == np.float32 and alpha.shape == suit.rgb.shape[:2] and 0 <= alpha.min() <= alpha.max() <= 1
    assert foreground.dtype == np.uint8 and foreground.shape == suit.rgb.shape
    assert 0.14 < alpha.mean() < 0.18
    body = {"face": (487, 120), "chest": (500, 300), "leg": (590, 700), "hand": (385, 540)}
    body |= {"right shoe": (490, 895), "left shoe": (580, 920)}
    for name, (x, y) in body.items():
        assert alpha[y, x] > 0.85, name
    for name, (x, y) in {"water": (200, 300), "bush": (60, 560), "ground": (700, 940)}.items():
        assert alpha[y, x] < 0.02, name
    solid = alpha > 0.5
    parts = cv2.connectedComponentsWithStats(solid.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    assert parts.max() > 0.999 * solid.sum()
    inside = alpha > 0.98
    assert np.abs(foreground[inside].astype(int) - suit.rgb[inside]).mean() < 4


def test_outline_has_the_suit_s_colour_and_not_the_water_s(suit, suit_matte):
    right = np.s_[330:430, 560:680]  # dark sleeve before white water
    soft = (suit_matte.alpha[right] > 0.2) & (suit_matte.alpha[right] < 0.6)
    assert soft.sum() > 30
    assert suit_matte.foreground[right][soft].mean() < 0.8 * suit.rgb[right][soft].mean()


def test_a_person_far_away_is_looked_at_twice(matting, suit, suit_matte):
    """Pasted small into a wide picture, the person's outline still comes out as from the near picture."""
    size = (458, 433)
    person = cv2.resize(suit.rgb, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(suit_matte.alpha, size, interpolation=cv2.INTER_AREA)
    blobs = np.random.default_rng(1).integers(90, 200, (30, 60, 3), np.uint8)
    wide = cv2.resize(blobs, (2400, 1200), interpolation=cv2.INTER_CUBIC)
    place = np.s_[600:1033, 1000:1458]
    wide[place] = person * alpha[..., None] + wide[place] * (1 - alpha[..., None])
    truth = np.zeros(wide.shape[:2], np.float32)
    truth[place] = alpha
    found = matting.matte(photo_of(wide)).alpha
    both, either = ((found > 0.5) & (truth > 0.5)).sum(), ((found > 0.5) | (truth > 0.5)).sum()
    assert both / either > 0.95


def test_what_was_seen_of_everybody_is_not_asked_for_again(matting, suit, suit_matte, monkeypatch):
    looks, look = [], Matting._look
    monkeypatch.setattr(Matting, "_look", lambda *asked: looks.append(asked[2]) or look(*asked))
    matting.matte(suit)
    alone = len(looks)
    everybody = matting.everybody(suit)
    kept = everybody.copy()
    again = matting.matte(suit)
    assert len(looks) == 2 * alone
    assert (again.alpha == suit_matte.alpha).all() and (again.foreground == suit_matte.foreground).all()
    assert (everybody == kept).all()


def test_of_two_people_the_larger_is_kept(matting, suit):
    smaller = cv2.resize(suit.rgb, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    pair = np.pad(suit.rgb, ((0, 0), (0, smaller.shape[1]), (0, 0)), mode="edge")
    pair[-smaller.shape[0] :, suit.rgb.shape[1] :] = smaller
    alpha = matting.matte(photo_of(pair)).alpha
    assert alpha[300, 500] > 0.9
    assert alpha[:, suit.rgb.shape[1] :].max() == 0


@pytest.mark.parametrize("size", [(64, 64), (64, 500), (97, 83)])
def test_odd_and_tiny_pictures_run(matting, suit, size):
    try:
        matte = matting.matte(photo_of(cv2.resize(suit.rgb, size, interpolation=cv2.INTER_AREA)))
        assert matte.alpha.shape == size[::-1]
    except NoPersonError:
        pass


def scene_without_people(name):
    rng = np.random.default_rng(0)
    return {
        "black": np.zeros((300, 400, 3), np.uint8),
        "noise": rng.integers(0, 256, (400, 500, 3), np.uint8),
        "waterfall": load_photo(PHOTOS / "man_suit_full_body.jpg").rgb[:, :300],
        "street": load_photo(PHOTOS / "man_polo_full_body.jpg").rgb[:, 690:],
    }[name]


@pytest.mark.parametrize("name", ["black", "noise", "waterfall", "street"])
def test_no_person_is_said_with_the_file_s_name(matting, name):
    with pytest.raises(NoPersonError, match="test.png") as caught:
        matting.matte(photo_of(scene_without_people(name)))
    assert caught.value.exit_code == 3 and caught.value.fix


def test_a_portrait_ends_at_its_sleeves(matting):
    """Behind the sleeve hangs a flag, which the network takes for a part of it where the photo ends."""
    photo = load_photo(Path(__file__).parents[2] / "data" / "hopper_portrait.jpg")
    solid = matting.matte(photo).alpha > 0.5
    edges = solid[440:].argmax(1)
    assert edges.max() < 40 and edges.min() > 5
    assert np.diff(edges).min() > -6, "no block sticks out of it"
    assert solid[-1].sum() > 430, "cut by the photo's border"


def cut_out():
    """A red figure on transparent black, with a soft edge, a speck beside it and a pinhole."""
    alpha = np.zeros((200, 300), np.float32)
    alpha[20:180, 100:160] = 1
    alpha[20:180, 160:164] = 0.5
    alpha[100:103, 120:123] = 0
    alpha[10:16, 250:256] = 1
    rgb = np.zeros((200, 300, 3), np.uint8)
    rgb[alpha == 1] = (200, 30, 40)
    rgb[alpha == 0.5] = (100, 15, 20)  # darkened by the black behind it
    return rgb, alpha


def test_given_alpha_is_the_matte_and_the_network_is_not_loaded(monkeypatch):
    loading = "blender_pifu.engine.reading.matte.load_rvm"
    monkeypatch.setattr(loading, lambda device: pytest.fail("the network was loaded"))
    rgb, given = cut_out()
    matte = Matting("cpu").matte(photo_of(rgb, given))
    np.testing.assert_array_equal(matte.alpha[20:180, 140:170], given[20:180, 140:170])
    assert matte.alpha[:, 200:].max() == 0, "specks go"
    assert matte.alpha[101, 121] == 1, "pinholes are filled"
    assert tuple(matte.foreground[50, 110]) == (200, 30, 40)
    edge = matte.foreground[50, 161]
    assert 140 <= edge[0] <= 160, "the edge takes half of its colour from the inside"
    assert tuple(matte.foreground[50, 180]) == (200, 30, 40), "beyond the edge the colour goes on"


@pytest.mark.parametrize("alpha", [0.3, 0.7])
def test_cut_out_without_a_sure_core_is_no_person(alpha):
    rgb, given = cut_out()
    with pytest.raises(NoPersonError, match="transparency"):
        Matting("cpu").matte(photo_of(rgb, given * alpha))


def test_cut_out_that_covers_next_to_nothing_is_no_person():
    given = np.zeros((200, 300), np.float32)
    given[5:20, 5:20] = 1
    with pytest.raises(NoPersonError):
        Matting("cpu").matte(photo_of(np.zeros((200, 300, 3), np.uint8), given))


def test_gap_between_arm_and_body_stays_open_and_a_hairline_does_not_cost_the_hand():
    given = np.zeros((400, 300), np.float32)
    given[20:380, 100:160] = 1  # body
    given[100:260, 180:200] = 1  # arm
    given[100:110, 150:190] = 1  # shoulder
    given[180, 180:200] = 0  # hairline across the arm
    alpha = Matting("cpu").matte(photo_of(np.full((400, 300, 3), 128, np.uint8), given)).alpha
    assert alpha[200, 170] == 0
    assert alpha[250, 190] == 1
