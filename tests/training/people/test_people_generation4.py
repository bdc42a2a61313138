# SPDX-License-Identifier: GPL-3.0-or-later
"""People of generation 4 and their truth: what is in a sample agrees with what is seen.

BLENDER_PIFU_ASSETS names the folder of source assets that they are made from.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blender_pifu.engine.errors import InputError
from blender_pifu.training.data.cache import PeopleSet
from blender_pifu.training.data.framing import draw_shot, frame
from blender_pifu.training.data.naked_body import draw_body
from blender_pifu.training.data.render import draw_light, render_person
from blender_pifu.training.data.sample import fields, make_sample, make_scene, person_of
from blender_pifu.training.people.generations import make_person
from blender_pifu.training.people.labels import LABELS
from blender_pifu.training.people.library import LIST, Library, load_library
from blender_pifu.training.people.person import pose_kind
from blender_pifu.training.people.skin.skins import HELD_OUT, photos

ASSETS = Path(os.environ.get("BLENDER_PIFU_ASSETS", ""))
made = pytest.mark.skipif("BLENDER_PIFU_ASSETS" not in os.environ, reason="the source assets are not here")
SEEDS = range(40, 46)
SIZE = 192


@pytest.fixture(scope="module")
def samples():
    return [make_sample(seed, "train", SIZE, 4, ASSETS) for seed in SEEDS]


def test_a_missing_asset_is_named(tmp_path):
    with pytest.raises(InputError, match=r"skins.*\.jpg is missing") as caught:
        Library(tmp_path)
    assert "github.com" in caught.value.fix and "--assets" in caught.value.fix
    with pytest.raises(InputError, match="folder of source assets"):
        make_person(1, "train", 4)


def test_a_changed_asset_is_named(tmp_path):
    first = tmp_path / next(iter(json.loads(LIST.read_text())["files"]))
    first.parent.mkdir(parents=True)
    first.write_bytes(b"something else")
    with pytest.raises(InputError, match="not the file it should be"):
        Library(tmp_path)


def test_half_of_the_photos_show_part_of_a_person():
    rng = np.random.default_rng(0)
    shots = [draw_shot(rng, 4) for _ in range(2000)]
    parts = [shot.shown for shot in shots if shot.shown is not None]
    assert 0.45 < len(parts) / len(shots) < 0.55 and min(parts) < 0.14


def test_people_of_generation_3_are_as_ever(tmp_path):
    """Sets lie beside each other; the older one has none of the newer's fields."""
    old, new = PeopleSet("train", 32, 2, tmp_path), PeopleSet("train", 32, 2, tmp_path, generation=4)
    assert old.folder != new.folder
    assert set(new.arrays) - set(old.arrays) == set(fields(32, 4)) - set(fields(32))
    assert old.make() == 2 and set(old.read(np.array([0]))) == {*fields(32), "landmarks"}


@made
def test_same_seed_same_sample(samples):
    again = make_sample(SEEDS[0], "train", SIZE, 4, ASSETS)
    for name, (shape, kind) in fields(SIZE, 4).items():
        value = np.asarray(samples[0][name])
        assert value.shape == shape and value.dtype == kind, name
        assert np.array_equal(value, again[name], equal_nan=name == "camera"), name


@made
def test_a_set_stores_and_reads_every_field(tmp_path):
    people = PeopleSet("train", 48, 2, tmp_path, 4, ASSETS)
    assert people.make() == 2
    read = PeopleSet("train", 48, 2, tmp_path, 4).read(np.array([0, 1]))
    expected = make_sample(1, "train", 48, 4, ASSETS)
    for name in fields(48, 4):
        assert np.array_equal(read[name][1], expected[name]), name


@made
def test_skins_of_test_people_are_never_trained_on():
    library = load_library(ASSETS)
    train, test = (set(photos(library, split)) for split in ("train", "test"))
    assert test == set(HELD_OUT) and train.isdisjoint(test) and len(train) == 7


@made
def test_the_pose_is_of_the_kind_that_seeds_have():
    for seed in SEEDS[:3]:
        assert make_person(seed, "train", 4, ASSETS).kind == pose_kind(seed)


@made
def test_labels_agree_with_what_is_seen(samples):
    """They end where the person ends; skin is coloured like skin, and nothing but cloth and things is as blue."""
    for sample in samples:
        solid = (sample["front_normals"] != 0).any(2)
        for side in ("front", "back"):
            labels = sample[f"labels_{side}"]
            assert ((labels > 0) == solid).all() and labels.max() < len(LABELS)
            skin = labels == LABELS["other_skin"]
            red, _, blue = sample[f"albedo_{side}"][skin].astype(int).T
            assert not skin.any() or (red > blue).mean() > 0.95
    met = np.unique([np.unique(sample["labels_front"]) for sample in samples][0])
    assert LABELS["face_skin"] in met or LABELS["hair"] in met


@made
def test_head_is_above_shirt_above_trousers_above_shoes():
    seeds, order = (
        [s for s in range(60, 99, 3) if pose_kind(s) == "stand"],
        ("face_skin", "upper_garment", "lower_garment", "shoes"),
    )
    met = set()
    for seed in seeds[:4]:
        person = make_person(seed, "train", 4, ASSETS)
        height = person.vertices[person.faces].mean(1)[:, 2]
        there = [name for name in order if (person.label == LABELS[name]).any()]
        worn = [height[person.label == LABELS[name]].mean() for name in there]
        assert worn == sorted(worn, reverse=True)
        met |= {*there}
    assert met == {*order}


@made
def test_albedo_relit_is_the_picture():
    """The photo is the albedo times the light that the same person painted white receives."""
    person = make_person(41, "train", 4, ASSETS)
    framing = frame(person.vertices, np.random.default_rng(2), 4)
    mesh = person.seen_through(framing)
    light = replace(draw_light(np.random.default_rng(3)), contrast=0.0, knee=0.99, key=0.35)
    dull = np.zeros_like(mesh.gloss)
    lit = render_person(replace(mesh, gloss=dull), np.random.default_rng(0), SIZE, light, truth=True)
    white = _White(mesh, dull)
    received = _linear(render_person(white, np.random.default_rng(0), SIZE, light).rgb_front)
    whole = lit.mask == 1
    relit = _linear(lit.albedo[0])[whole] * received[whole]
    seen = _linear(lit.rgb_front)[whole]
    exposure = np.median(seen[relit > 0.02] / relit[relit > 0.02])
    assert np.abs(relit * exposure - seen).mean() < 0.02
    assert np.corrcoef((relit * exposure).ravel(), seen.ravel())[0, 1] > 0.99


class _White:
    def __init__(self, mesh, gloss):
        self.vertices, self.faces, self.alpha, self.gloss = mesh.vertices, mesh.faces, mesh.alpha, gloss
        self.colors, self.paint = np.full((len(mesh.vertices), 3), 0.8, np.float32), None


def _linear(srgb: np.ndarray) -> np.ndarray:
    value = srgb / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@made
def test_the_body_lies_within_the_clothes(samples):
    for sample in samples:
        both = (sample["front_normals"] != 0).any(2) & (sample["body_front_normals"] != 0).any(2)
        through_front = (sample["body_front"].astype(np.float32) - sample["front_depth"])[both] / sample["scale"]
        through_back = (sample["back_depth"] - sample["body_back"].astype(np.float32))[both] / sample["scale"]
        for through in (through_front, through_back):
            assert np.quantile(through, 0.95) < 0.006, "metres"
        assert both.sum() > 0.6 * (sample["front_normals"] != 0).any(2).sum()


@made
def test_the_lens_can_be_undone(samples):
    """With the camera's numbers a body is as without perspective: limbs as long as they are."""
    seed = next(s for s in SEEDS if np.isfinite(samples[s - SEEDS[0]]["camera"][2]))
    scene = make_scene(seed, "train", SIZE, 4, ASSETS)
    person, framing = scene.person, scene.framing
    x0, y0, distance, z0 = samples[seed - SEEDS[0]]["camera"]
    points = framing(person.base[:2000]) + np.array([0, 0, z0])
    flat = (points[:, :2] - [x0, y0]) * (1 - (points[:, 2] - z0) / distance)[:, None]
    true = person.base[:2000][:, [0, 2]] * samples[seed - SEEDS[0]]["scale"]
    assert np.abs((flat - flat.mean(0)) - (true - true.mean(0))).max() < 1e-3


@made
def test_the_body_is_drawn_where_it_stands():
    person = make_person(40, "train", 4, ASSETS)
    framing = frame(person.vertices, np.random.default_rng(1), 4)
    depths, normals = draw_body(person, framing, 128)
    body = np.isfinite(depths[0])
    assert (depths[0][body] >= depths[1][body]).all() and (np.isfinite(depths[1]) == body).all()
    assert np.allclose(np.linalg.norm(normals[0][body], axis=1), 1, atol=1e-3)
    assert (normals[0][body][:, 2] >= 0).all() and (normals[1][body][:, 2] <= 0).all()


@made
def test_a_person_trained_on_is_photographed_from_several_sides():
    """Three samples show one person, turned, each in a light and a framing of its own; test people have one."""
    assert [person_of(seed, "train", 4)[0] for seed in range(9, 15)] == [3, 3, 3, 4, 4, 4]
    assert [person_of(seed, "test", 4) for seed in range(9, 12)] == [(9, 0.0), (10, 0.0), (11, 0.0)]
    first, second = (make_scene(seed, "train", 32, 4, ASSETS) for seed in (9, 10))
    turn = person_of(10, "train", 4)[1]
    about = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    assert np.allclose(second.person.vertices, first.person.vertices @ about.T, atol=1e-5)
    assert not np.allclose(first.framing.scale, second.framing.scale)
