# SPDX-License-Identifier: GPL-3.0-or-later
"""What drawn people lack of folds is what is learned; runs resume, and what they export is read."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.folds.laying import FoldReader
from blender_pifu.engine.folds.shades import CHANNELS
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.model import load_model
from blender_pifu.training.data.cache import READ, PeopleSet
from blender_pifu.training.drawn import people as drawn_people
from blender_pifu.training.drawn.people import STEP, DrawnPeople
from blender_pifu.training.folds import export as export_module
from blender_pifu.training.folds import learn
from blender_pifu.training.folds.learn import FoldRun, draw_windows, fold_loss
from blender_pifu.training.learn.short_run import Plan
from helpers.short_runs import assert_resumed_equals_whole

SIZE = 512


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A creased plate in a shirt, drawn by the bundled levels."""
    folder = tmp_path_factory.mktemp("drawn")
    people = PeopleSet("train", SIZE, 2, folder, generation=4)
    across = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    x, y = np.meshgrid(across, -across)
    inside = (np.abs(x) < 0.35) & (np.abs(y) < 0.8)
    along = 2 * np.pi / 0.06
    normals = np.dstack([-0.006 * along * np.cos(along * x), np.zeros_like(x), np.ones_like(x)])
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    people.arrays["front_normals"][0] = np.round(normals * 127 * inside[..., None])
    people.arrays["rgb"][0] = (120 + 100 * normals[..., :1]) * inside[..., None]
    people.arrays["mask"][0] = 255 * inside
    people.arrays["labels_front"][0] = LABELS["upper_garment"] * inside
    people.arrays["scale"][0] = 1.0
    people.state[0], people.state[1] = READ, 2  # nothing was to be seen of the other
    found = DrawnPeople(people, folder)
    assert found.make(load_model("human"), all_of_them=True) == 1 and list(found.available()) == [0]
    return found, inside, normals


def test_what_is_lacking_are_the_folds_that_are_not_drawn(drawn):
    people, inside, normals = drawn
    lacking = people.lacking[0].astype(np.float32) / STEP
    solid = people.weight[0] > 50
    assert solid.sum() > 0.5 * inside.sum() and not people.weight[0][~inside].any()
    assert np.corrcoef(lacking[solid][:, 0], normals[solid][:, 0])[0, 1] > 0.9
    assert np.abs(lacking[solid].mean(0)).max() < 0.02
    assert people.make(load_model("human")) == 0  # kept


def test_mirrored_windows_have_their_light_and_folds_mirrored(drawn, monkeypatch):
    monkeypatch.setattr(learn, "WINDOWS", 12)
    drawn[0].light[0] = np.eye(9)[:, [3, 3, 3]]  # from the right
    shades, normals, lacking, weight = draw_windows(drawn[0], np.array([0]), np.random.default_rng(0))
    assert shades.shape == (12, CHANNELS, 160, 160) and weight.shape == (12, 1, 160, 160)
    brighter = shades[:, 7]
    signs = [float((brighter[i] * lacking[i, 0] * weight[i, 0]).sum()) for i in range(12)]
    assert any(sign > 0 for sign in signs) and any(sign < 0 for sign in signs)
    for i in range(12):
        assert (shades[i, 9] * weight[i, 0]).sum() * signs[i] > 0


def test_nearer_folds_lose_less():
    lacking, weight = torch.randn(2, 3, 16, 16), torch.ones(2, 1, 16, 16)
    losses = [float(fold_loss(share * lacking, lacking, weight)) for share in (0.0, 0.7, 1.0)]
    assert losses[0] > losses[1] > losses[2]


def run_steps(folder, people, steps):
    run = FoldRun(folder, people, Plan(steps=4))
    for _ in range(steps):
        run.train_step()
    run.save()
    return run


def test_a_resumed_run_equals_an_uninterrupted_one_and_its_export_is_read(tmp_path, monkeypatch, drawn):
    monkeypatch.setattr(drawn_people, "HELD_OUT", 0)
    monkeypatch.setattr(learn, "PHOTOS", 1)
    monkeypatch.setattr(learn, "WINDOWS", 2)
    assert_resumed_equals_whole(lambda folder, steps: run_steps(folder, drawn[0], steps), tmp_path)
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    card = export_module.export_folds("whole", tmp_path / "folds.safetensors")
    assert card["steps"] == 2 and card["photos"] == 1
    photo = drawn[0].photo(0)
    height = FoldReader(path=tmp_path / "folds.safetensors").height(photo, np.zeros((SIZE, SIZE, 3)), None, 2 / SIZE)
    assert height.shape == (SIZE, SIZE) and np.isfinite(height).all()
