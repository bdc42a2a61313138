# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks of synthetic heads lie on what they name, and the network that learns them begins as MediaPipe's and resumes.

BLENDER_PIFU_ASSETS names the folder of source assets that heads are made from.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from blender_pifu.engine.face.head_marks import HeadMarkReader
from blender_pifu.engine.face.mark_network import MarkNetwork
from blender_pifu.engine.reading.landmarks import Region
from blender_pifu.training.marks import export as export_module
from blender_pifu.training.marks.head_photo import SHOTS, SIZE, head_photos
from blender_pifu.training.marks.learn import Draw, MarkRun, Plan, load_trunk, mark_loss
from blender_pifu.training.marks.photo_set import HeadPhotos
from blender_pifu.training.marks.places import FACE, MARKS, MarkPlaces, mirror_of
from blender_pifu.training.people.body import load_body
from helpers.short_runs import assert_resumed_equals_whole

ASSETS = Path(os.environ.get("BLENDER_PIFU_ASSETS", ""))
made = pytest.mark.skipif("BLENDER_PIFU_ASSETS" not in os.environ, reason="the source assets are not here")
EYE_CORNERS, NOSE_TIP, CHIN = (33, 263), 4, 152


@pytest.fixture(scope="module")
def places():
    return MarkPlaces()


@pytest.fixture(scope="module")
def photos(tmp_path_factory, places):
    """Two photos of noise in which the marks of the mean head lie upright."""
    found = HeadPhotos("train", 6, tmp_path_factory.mktemp("heads"))
    at = places(load_body().mean_vertices)[:, [0, 2]] * [1, -1]
    at = (at - at[:FACE].mean(0)) / np.ptp(at[:FACE], axis=0).max() * SIZE / 1.8 + SIZE / 2
    rng = np.random.default_rng(0)
    for row in range(2):
        found.arrays["rgb"][row] = rng.integers(0, 255, (SIZE, SIZE, 3))
        found.arrays["marks"][row] = at
        found.arrays["facing"][row] = 1
        found.arrays["made"][row] = 1
    return found


def test_every_mark_has_a_mirror_image(places):
    mirror = mirror_of(places)
    assert np.array_equal(mirror[mirror], np.arange(MARKS))
    assert mirror[EYE_CORNERS[0]] == EYE_CORNERS[1] and mirror[NOSE_TIP] == NOSE_TIP


def test_further_marks_lie_on_ears_skull_and_neck_of_both_sides(places):
    at = places(load_body().mean_vertices)
    further = at[FACE:]
    assert len(np.unique(places.vertices[FACE:, 0])) > 0.95 * len(further)
    assert further[:, 2].max() > at[:FACE, 2].max() and further[:, 2].min() < at[CHIN, 2]
    assert np.abs(further[:, 0]).max() > np.abs(at[:FACE, 0]).max()


@made
def test_photos_of_a_head_show_its_face_where_its_marks_lie(places):
    shots = list(head_photos(3, "test", ASSETS, places))
    again = next(iter(head_photos(3, "test", ASSETS, places)))
    assert len(shots) == SHOTS and np.array_equal(shots[0].rgb, again.rgb)
    for shot in shots:
        low, high = shot.marks[:FACE].min(0), shot.marks[:FACE].max(0)
        assert (low > 0.15 * SIZE).all() and (high < 0.85 * SIZE).all()
        assert shot.marks[CHIN, 1] > shot.marks[NOSE_TIP, 1]
        assert 0.2 < (shot.facing > 0).mean() < 0.9


def test_the_trunk_begins_as_mediapipes():
    from blender_pifu.engine.reading.face_marks import face_reader

    graph, network = face_reader()._network, MarkNetwork()
    load_trunk(network)
    picture = torch.rand(1, 3, 192, 192)
    values = {0: picture}
    for run, layer in graph._layers:
        if layer["out"] > 2:
            break
        values[layer["out"]] = run(layer, *(values[index] for index in layer["in"]))
    assert torch.allclose(network.stem(F.pad(picture, (0, 1, 0, 1))), values[2], atol=1e-5)


def test_pictures_are_cut_level_round_the_face_with_their_marks(photos, places):
    pictures, marks, weights = Draw(photos, mirror_of(places))(np.array([0, 1, 0, 1]), np.random.default_rng(1), 192)
    assert pictures.shape == (4, 3, 192, 192) and marks.shape == (4, MARKS, 2) and weights.shape == (4, MARKS)
    for found in marks.numpy():
        assert np.ptp(found[:FACE], axis=0).max() == pytest.approx(2 / 1.5, rel=0.2)
        assert found[EYE_CORNERS[0], 0] < found[EYE_CORNERS[1], 0]  # mirrored ones have their names changed over
        assert abs(found[EYE_CORNERS[0], 1] - found[EYE_CORNERS[1], 1]) < 0.15


def run_steps(folder, photos, places, steps):
    run = MarkRun(folder, photos, mirror_of(places), Plan(steps=4))
    for _ in range(steps):
        run.train_step()
    run.save()
    return run


def test_a_resumed_run_equals_an_uninterrupted_one_and_its_export_is_read(tmp_path, monkeypatch, photos, places):
    monkeypatch.setattr("blender_pifu.training.marks.learn.BATCH", 2)
    assert_resumed_equals_whole(lambda folder, steps: run_steps(folder, photos, places, steps), tmp_path)
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    card = export_module.export_marks("whole", tmp_path / "marks.safetensors")
    assert card["steps"] == 2 and card["photos"] == 2
    read = HeadMarkReader(path=tmp_path / "marks.safetensors").read(photos.arrays["rgb"][0], Region(128, 128, 210, 0))
    assert read.points.shape == (MARKS, 2) and read.further == tuple(places.vertices[FACE:, 0].tolist())
    assert ((read.trust > 0) & (read.trust <= 1)).all()
    marks = np.asarray(photos.arrays["marks"][0])  # it begins at the mean of what it is shown
    assert np.linalg.norm(read.points - marks, axis=1).mean() < 0.05 * SIZE


def test_marks_that_are_nearer_lose_less():
    marks = torch.rand(2, 10, 2)
    weights, spread = torch.ones(2, 10), torch.full((2, 10), 0.05)
    losses = [mark_loss(([marks + off, marks + off], spread), marks, weights) for off in (0.2, 0.05, 0.0)]
    assert losses[0] > losses[1] > losses[2]
