# SPDX-License-Identifier: GPL-3.0-or-later
"""The trainer resumes to the step, and what it exports loads as a model."""

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from blender_pifu.engine.model import load_model
from blender_pifu.engine.networks.coarse import CoarseConfig
from blender_pifu.engine.networks.fine import FineConfig
from blender_pifu.training.data.cache import MADE, PeopleSet
from blender_pifu.training.learn import losses as losses_module
from blender_pifu.training.learn import train as train_module
from blender_pifu.training.learn.batches import draw_batch, walk_round
from blender_pifu.training.learn.courses import CoarseCourse, FineCourse
from blender_pifu.training.learn.train import Plan, Run
from blender_pifu.training.pack import export as export_module

CONFIG = CoarseConfig(core_px=32, widths=(8, 8, 16, 16), wide_features=8, hidden=16, layers=2)
PLAN = Plan(steps=4, batch=2, points=64, core_share=0.5)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    made = PeopleSet("train", 64, 4, tmp_path_factory.mktemp("people"))
    assert made.make() == 4
    return made


def run_steps(folder, people, steps):
    run = Run(folder, CoarseCourse(CONFIG), PLAN)
    for _ in range(steps):
        run.train_step(people)
    run.save()
    return run


def test_resumed_run_equals_uninterrupted(tmp_path, people):
    whole = run_steps(tmp_path / "whole", people, 4)
    run_steps(tmp_path / "parts", people, 2)
    resumed = run_steps(tmp_path / "parts", people, 2)
    assert resumed.step == whole.step == 4
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name


def test_interrupted_making_goes_on(tmp_path):
    assert PeopleSet("train", 32, 3, tmp_path).make(0, 2) == 2
    again = PeopleSet("train", 32, 3, tmp_path)
    assert again.make() == 1
    assert np.array_equal(again.available(), [0, 1, 2])


def test_landmarks_are_read_once_of_everybody_made(tmp_path):
    people = PeopleSet("train", 128, 2, tmp_path)
    people.make()
    read = people.read(np.array([0, 1]))["landmarks"].astype(float)
    assert np.abs(read).max() > 0.1 and (read[..., 3] <= 1).all()
    people.state[0], people.landmarks[0] = MADE, 0  # as left by somebody who was stopped in between
    assert not np.isin(0, people.available()) and people.make() == 1
    assert np.array_equal(people.read(np.array([0]))["landmarks"][0].astype(float), read[0])


def share_between_surfaces(batch):
    """Of the points over solid pixels: how often being between the true surfaces says that they are inside."""
    places = torch.stack([batch["points"][..., 0], -batch["points"][..., 1]], -1)[:, :, None]
    maps = torch.cat([batch["front_depth"], batch["back_depth"], batch["solid"]], 1)
    front, back, solid = torch.nn.functional.grid_sample(maps, places, align_corners=False)[..., 0].unbind(1)
    z, known = batch["points"][..., 2], (solid > 0.99) & (batch["known"] > 0)
    return float(((((z < front) & (z > back)) == (batch["occupancy"] > 0)) & known).sum() / known.sum())


def test_warped_people_are_people(people):
    """Rolled, widened and zoomed, pictures, depth and points still tell of one body with unit normals."""
    plain, warped = (
        draw_batch(people, np.arange(4), np.random.default_rng(0), 64, 2000, share) for share in (0.0, 1.0)
    )
    assert not torch.equal(plain["image"], warped["image"])
    assert share_between_surfaces(warped) > share_between_surfaces(plain) - 0.03
    lengths = warped["front_normals"].norm(dim=1, keepdim=True)[warped["solid"] > 0]
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-3)


def test_exported_weights_load_and_answer(tmp_path, people, monkeypatch):
    run_steps(tmp_path, people, 1)
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path)
    export_module.export("any", target=tmp_path / "tiny.safetensors")
    model = load_model(tmp_path / "tiny.safetensors")
    encoding = model.encode(torch.rand(1, 3, 64, 64) * 2 - 1)
    occupancy = model.query(encoding, torch.rand(100, 3) * 2 - 1)
    assert occupancy.shape == (100,) and bool(((occupancy >= 0) & (occupancy <= 1)).all())
    part = model.query(encoding, torch.zeros(1, 3))
    assert torch.allclose(part, model.query(encoding, torch.zeros(100, 3))[:1], atol=1e-6)


def test_a_run_draws_held_out_people_as_it_goes(tmp_path, people, monkeypatch):
    monkeypatch.setattr(train_module, "PREVIEW_EVERY", 1)
    monkeypatch.setattr(train_module.signal, "signal", lambda *_: None)
    coarse = Run(tmp_path / "coarse", CoarseCourse(CONFIG), dataclasses.replace(PLAN, steps=1))
    coarse.train(people, people, minutes=1)
    monkeypatch.setattr(losses_module, "WINDOW", 32)
    course = FineCourse(coarse.averaged(), FineConfig(widths=(8, 8)))
    Run(tmp_path / "fine", course, dataclasses.replace(PLAN, steps=1)).train(people, people, minutes=1)
    for name, size in (("coarse", CONFIG.input_px), ("fine", 2 * CONFIG.input_px)):
        assert cv2.imread(str(tmp_path / name / "preview_000001.png")).shape == (4 * size, 9 * size, 3)


def test_a_deeper_network_begins_by_drawing_what_the_other_drew(tmp_path, people):
    trained = run_steps(tmp_path, people, 2).averaged()
    deeper = CoarseCourse(dataclasses.replace(CONFIG, deep=2), trained).network()
    assert len(deeper.state_dict()) > len(trained.state_dict())
    image = torch.rand(1, 4, 64, 64)
    with torch.no_grad():
        assert torch.equal(deeper(image).front_depth, trained(image).front_depth)


def test_weights_are_shipped_blended_with_older_ones(tmp_path, people, monkeypatch):
    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    old = run_steps(tmp_path / "old", people, 1)
    course = CoarseCourse(dataclasses.replace(CONFIG, deep=1), old.averaged())
    new = Run(tmp_path / "new", course, PLAN)
    new.train_step(people)
    new.save()
    export_module.export("old", target=tmp_path / "old.safetensors")
    export_module.export("new", target=tmp_path / "all_old.safetensors", blend=(tmp_path / "old.safetensors", 1.0))
    image = torch.rand(1, 3, 64, 64) * 2 - 1
    before, after = (load_model(tmp_path / f"{name}.safetensors").encode(image) for name in ("old", "all_old"))
    assert torch.allclose(before.front_depth, after.front_depth, atol=1e-5)


def test_a_sample_seen_from_behind_is_a_sample(people):
    batch = draw_batch(people, np.array([0, 1]), np.random.default_rng(0), 64, 200)
    behind = walk_round(batch, torch.tensor([True, False]))
    for name, values in behind.items():
        assert torch.equal(values[1], batch[name][1]), name
    solid = batch["solid"][0, 0] > 0
    assert (behind["front_depth"] > behind["back_depth"])[0, 0][solid].float().mean() > 0.99
    assert (behind["front_normals"][0, 2][solid] >= 0).all() and (behind["back_normals"][0, 2][solid] <= 0).all()
    shown = (behind["image"][0, :3] / behind["image"][0, 3:].clamp_min(1e-3) + 1) / 2
    inner = batch["image"][0, 3] == 1
    assert torch.allclose(shown[:, inner], batch["back_rgb"][0][:, inner], atol=1e-5)
    again = walk_round(behind, torch.tensor([True, False]))
    for name in ("front_normals", "back_depth", "points"):
        assert torch.allclose(again[name], batch[name]), name


def test_the_fine_level_learns_on_windows_and_ships_above_the_coarse_one(tmp_path, people, monkeypatch):
    monkeypatch.setattr(losses_module, "WINDOW", 32)
    coarse = run_steps(tmp_path / "coarse", people, 1)
    course = FineCourse(coarse.averaged(), FineConfig(widths=(8, 8)))
    larger = PeopleSet("train", 128, 2, tmp_path / "larger")
    larger.make()

    def run_fine(folder, steps):
        run = Run(folder, course, PLAN)
        for _ in range(steps):
            run.train_step(larger)
        run.save()
        return run

    whole = run_fine(tmp_path / "fine", 2)
    run_fine(tmp_path / "parts", 1)
    resumed = run_fine(tmp_path / "parts", 1)
    assert all(torch.equal(value, resumed.average[name]) for name, value in whole.average.items())

    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    export_module.export("coarse", "fine", tmp_path / "tiny.safetensors")
    model = load_model(tmp_path / "tiny.safetensors")
    photo = torch.rand(1, 3, 128, 128) * 2 - 1
    assert model.encode(photo).front_normals.shape == (1, 3, 128, 128)
    assert model.without_fine().encode(photo).front_normals.shape == (1, 3, 64, 64)
