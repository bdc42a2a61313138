# SPDX-License-Identifier: GPL-3.0-or-later
"""Shading is learned from drawn people in other colours and shadows; runs resume, and what they export is read."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.shading.network import CHANNELS
from blender_pifu.engine.shading.reading import ShadingReader
from blender_pifu.training.data.cache import READ, PeopleSet
from blender_pifu.training.drawn import people as drawn_people
from blender_pifu.training.drawn.people import DrawnPeople
from blender_pifu.training.learn.short_run import Plan
from blender_pifu.training.shading import export as export_module
from blender_pifu.training.shading import learn
from blender_pifu.training.shading.learn import SIDE, ShadingRun, draw, shading_loss
from helpers.short_runs import assert_resumed_equals_whole

SIZE = 512


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A plate of one cloth, of which the upper half is lit."""
    folder = tmp_path_factory.mktemp("drawn")
    made = PeopleSet("train", SIZE, 1, folder, generation=4)
    inside = np.zeros((SIZE, SIZE), bool)
    inside[60:450, 150:360] = True
    lit = inside & (np.arange(SIZE)[:, None] < 250)
    made.arrays["albedo_front"][0] = 150 * inside[..., None]
    made.arrays["rgb"][0] = 180 * lit[..., None] + 90 * (inside & ~lit)[..., None]
    made.arrays["mask"][0] = 255 * inside
    for side in ("front", "back"):
        made.arrays[f"labels_{side}"][0] = LABELS["upper_garment"] * inside
    made.state[0] = READ
    drawn = DrawnPeople(made, folder)
    drawn.drawn[0] = 127 * np.array([0, 0, 1]) * inside[..., None]
    drawn.ready[0] = 1
    return drawn


def test_what_is_lacking_is_the_shadow_whatever_the_cloth(people, monkeypatch):
    monkeypatch.setattr(learn, "SHADOWED", 0.0)
    steps = []
    for seed in range(12):
        seen, lacking, solid = draw(people, 0, np.random.default_rng(seed))
        assert seen.shape == (CHANNELS, SIDE, SIDE) and lacking.shape == (3, SIDE, SIDE)
        there = solid[0] > 0.5
        low, high = (float(np.quantile(lacking[1][there].numpy(), share)) for share in (0.02, 0.98))
        steps.append(high - low)
    # Of 180 to 90 in sRGB, linear; parts that show one half alone have none.
    assert max(steps) == pytest.approx(np.log(0.456 / 0.102), abs=0.35)


def test_a_gain_is_no_error_and_what_changes_is():
    solid = torch.ones(1, 1, 32, 32)
    true = torch.randn(1, 3, 32, 32)
    gained = shading_loss(true + torch.tensor([0.5, -0.2, 0.1])[:, None, None], true, solid)
    assert float(gained) < 1e-5 < float(shading_loss(torch.zeros_like(true), true, solid))


def run_steps(folder, people, steps):
    run = ShadingRun(folder, people, Plan(steps=4))
    for _ in range(steps):
        run.train_step()
    run.save()
    return run


def test_a_resumed_run_equals_an_uninterrupted_one_and_its_export_is_read(tmp_path, monkeypatch, people):
    monkeypatch.setattr(drawn_people, "HELD_OUT", 0)
    monkeypatch.setattr(learn, "PHOTOS", 1)
    assert_resumed_equals_whole(lambda folder, steps: run_steps(folder, people, steps), tmp_path)
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    card = export_module.export_shading("whole", tmp_path / "shading.safetensors")
    assert card["steps"] == 2 and card["photos"] == 1 and card["name"] == "shading"
    ShadingReader(path=tmp_path / "shading.safetensors")
