# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels are learned from drawn people that are moved and dyed; runs resume, and what they export is read."""

import json

import numpy as np
import pytest
import torch

from blender_pifu.engine.errors import ModelError
from blender_pifu.engine.files.tensors import read_tensors
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.parsing.network import CHANNELS
from blender_pifu.engine.parsing.reading import FILE, ParsingReader
from blender_pifu.training.data.cache import READ, PeopleSet
from blender_pifu.training.drawn import changes
from blender_pifu.training.drawn import people as drawn_people
from blender_pifu.training.drawn.people import DrawnPeople
from blender_pifu.training.learn.short_run import Plan
from blender_pifu.training.parsing import export as export_module
from blender_pifu.training.parsing import learn
from blender_pifu.training.parsing.learn import SIDE, ParsingRun, draw
from helpers.short_runs import assert_resumed_equals_whole

SIZE = 512
UPPER, LOWER = LABELS["upper_garment"], LABELS["lower_garment"]


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A red plate over a blue one, with normals to the right and to the left, as if both had been drawn."""
    folder = tmp_path_factory.mktemp("drawn")
    made = PeopleSet("train", SIZE, 1, folder, generation=4)
    inside = np.zeros((SIZE, SIZE), bool)
    inside[60:450, 150:360] = True
    upper = inside & (np.arange(SIZE)[:, None] < 250)
    lower = inside & ~upper
    made.arrays["rgb"][0] = np.array([200, 30, 30]) * upper[..., None] + np.array([30, 30, 200]) * lower[..., None]
    made.arrays["mask"][0] = 255 * inside
    for side in ("front", "back"):
        made.arrays[f"labels_{side}"][0] = UPPER * upper + LOWER * lower
    made.state[0] = READ
    drawn = DrawnPeople(made, folder)
    drawn.drawn[0] = 127 * (np.array([1, 0, 0]) * upper[..., None] - np.array([1, 0, 0]) * lower[..., None])
    drawn.ready[0] = 1
    return drawn


def test_photo_normals_and_labels_move_together(people, monkeypatch):
    monkeypatch.setattr(changes, "DYED", 0.0)
    monkeypatch.setattr(changes, "PRINTED", 0.0)
    for seed in range(8):
        seen, front, back = draw(people, 0, np.random.default_rng(seed))
        assert seen.shape == (CHANNELS, SIDE, SIDE) and front.shape == (SIDE, SIDE)
        upper, lower = front == UPPER - 1, front == LOWER - 1
        assert torch.equal(front, back) and upper.sum() + lower.sum() > 500
        inner, shown = seen[3] > 0.9, []
        for there, sign in ((upper & inner, 1), (lower & inner, -1)):
            if there.sum() > 100:
                shown.append(sign * seen[4:6, there].mean(1))
                assert sign * (seen[0] - seen[2])[there].mean() > -0.02  # unless the photo has become grey
        assert len(shown) < 2 or torch.allclose(shown[0], shown[1], atol=0.15)


def run_steps(folder, people, steps):
    run = ParsingRun(folder, people, Plan(steps=4))
    for _ in range(steps):
        run.train_step()
    run.save()
    return run


def test_a_resumed_run_equals_an_uninterrupted_one_and_its_export_is_read(tmp_path, monkeypatch, people):
    monkeypatch.setattr(drawn_people, "HELD_OUT", 0)
    monkeypatch.setattr(learn, "PHOTOS", 1)
    assert_resumed_equals_whole(lambda folder, steps: run_steps(folder, people, steps), tmp_path)
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    card = export_module.export_parsing("whole", tmp_path / "parsing.safetensors")
    assert card["steps"] == 2 and card["photos"] == 1 and card["name"] == "parsing"
    ParsingReader(path=tmp_path / "parsing.safetensors")


def test_a_run_begins_from_packed_weights_and_its_card_says_so(tmp_path, monkeypatch, people):
    monkeypatch.setattr(drawn_people, "HELD_OUT", 0)
    plan = Plan(steps=4, start=FILE)
    run = ParsingRun(tmp_path / "further", people, plan)
    shipped, card = read_tensors(FILE)[0], json.loads(FILE.with_suffix(".json").read_text())
    for name, value in run.average.items():
        assert torch.equal(value, shipped[name].float()), name
    run.save()
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    ParsingRun(tmp_path / "further", people, plan).save()  # resumed
    further = export_module.export_parsing("further", tmp_path / "parsing.safetensors")
    assert further["begun_from"] == {name: card[name] for name in ("sha256", "steps", "photos")}
    with pytest.raises(ModelError, match="another network"):
        ParsingRun(tmp_path / "other", people, Plan(steps=4, start=FILE.with_name("folds.safetensors")))
