# SPDX-License-Identifier: GPL-3.0-or-later
"""Training on people of generation 4: bodies, labels and albedo among what is read, drawn and resumed."""

import dataclasses

import numpy as np
import pytest
import torch

from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.model import load_model
from blender_pifu.engine.networks.coarse import CoarseConfig, CoarseLevel
from blender_pifu.engine.networks.fine import FineConfig, FineLevel
from blender_pifu.engine.networks.maps import enlarged
from blender_pifu.training.data.cache import READ, PeopleSet
from blender_pifu.training.data.sample import POINT_COUNT
from blender_pifu.training.learn import losses as losses_module
from blender_pifu.training.learn.bands import disagreement, parted, slopes, texture_error
from blender_pifu.training.learn.batches import augment, draw_batch, walk_round
from blender_pifu.training.learn.body_noise import fitted
from blender_pifu.training.learn.courses import CoarseCourse, FineCourse
from blender_pifu.training.learn.train import Plan, Run
from blender_pifu.training.pack import export as export_module

OLD = CoarseConfig(core_px=32, widths=(8, 8, 16, 16), wide_features=8, hidden=16, layers=2)
NEW = dataclasses.replace(OLD, body=True, labels=len(LABELS), shading=True)
OLD_FINE = FineConfig(widths=(8, 8))
NEW_FINE = FineConfig(widths=(8, 8, 16), deep=1, labels=len(LABELS), shading=True)
PLAN = Plan(steps=2, batch=2, points=64, core_share=0.5)
SIZE = 128


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Two balls with a smaller one as the body inside, a cap of hair on the upper half."""
    made = PeopleSet("train", SIZE, 2, tmp_path_factory.mktemp("people"), generation=4)
    across = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    x, y = np.meshgrid(across, -across)
    for seed, radius in enumerate((0.6, 0.7)):
        for side, sign in (("front", 1), ("back", -1)):
            for r, depth, normals in (
                (radius, f"{side}_depth", f"{side}_normals"),
                (0.8 * radius, f"body_{side}", f"body_{side}_normals"),
            ):
                inside = x**2 + y**2 < r**2
                z = np.sqrt(np.clip(r**2 - x**2 - y**2, 0, None)) * inside
                made.arrays[depth][seed] = sign * z
                made.arrays[normals][seed] = np.round(np.dstack([x, y, sign * z]) / r * 127 * inside[..., None])
            inside = x**2 + y**2 < radius**2
            hair = np.where(y > 0, LABELS["hair"], LABELS["face_skin"])
            made.arrays[f"labels_{side}"][seed] = hair * inside
            made.arrays[f"albedo_{side}"][seed] = (200 if side == "front" else 60) * inside[..., None]
        made.arrays["rgb"][seed] = np.clip(100 + 50 * np.dstack([x, y, x * y]), 0, 255) * inside[..., None]
        made.arrays["back_rgb"][seed] = 50 * inside[..., None]
        made.arrays["mask"][seed] = 255 * inside
        points = np.random.default_rng(seed).uniform(-1, 1, (POINT_COUNT, 3))
        made.arrays["points"][seed], made.arrays["scale"][seed] = points, 1.0
        made.arrays["occupancy"][seed] = np.linalg.norm(points, axis=1) < radius
        made.state[seed] = READ
    return made


@pytest.fixture(scope="module")
def older_people(people, tmp_path_factory):
    """The same balls as people of generation 3, at half the size: without bodies, labels, albedo."""
    made = PeopleSet("train", SIZE // 2, 2, tmp_path_factory.mktemp("older"), generation=3)
    for name, array in made.arrays.items():
        values = people.arrays[name]
        array[:] = values[:, ::2, ::2] if values.shape[1:2] == (SIZE,) else values
    made.state[:] = READ
    return made


def batch_of(people, size=SIZE, warped=0.0):
    return draw_batch(people, np.arange(2), np.random.default_rng(0), size, 100, warped)


def test_what_is_read_small_is_what_is_read_large(people):
    """Depth does not fade towards the outline, normals stay unit, labels are never mixed."""
    large, small = batch_of(people), batch_of(people, 32)
    where = torch.nn.functional.avg_pool2d(large["solid"], 4) == 1
    for name in ("front_depth", "albedo_back"):
        reduced = torch.nn.functional.avg_pool2d(large[name], 4)
        assert torch.allclose(reduced[:, :1][where], small[name][:, :1][where], atol=0.01), name
    solid = small["solid"] > 0
    assert torch.allclose(small["front_normals"].norm(dim=1, keepdim=True)[solid], torch.ones(()), atol=1e-3)
    assert set(small["labels_front"].unique().tolist()) == {0, LABELS["hair"], LABELS["face_skin"]}
    assert torch.equal(large["body"], small["body"])


def test_warped_bodies_stay_in_warped_people(people):
    for share in (0.0, 1.0):
        batch = batch_of(people, warped=share)
        there = (batch["body"][:, :1] > 0) & (batch["solid"] > 0)
        assert there.sum() > 0.55 * (batch["solid"] > 0).sum()
        assert (batch["front_depth"] - batch["body"][:, 1:2])[there].min() > 0.03
        assert torch.allclose(batch["body"][:, 3:6].norm(dim=1, keepdim=True)[there], torch.ones(()), atol=1e-3)


def test_from_behind_everything_is_on_the_other_side(people):
    batch, behind = batch_of(people), torch.tensor([True, True])
    seen = walk_round(batch, behind)
    assert torch.equal(seen["albedo_front"], batch["albedo_back"])
    assert torch.equal(seen["body"][:, 1], -batch["body"][:, 2])
    assert all(torch.equal(values, batch[name]) for name, values in walk_round(seen, behind).items() if name == "body")


def test_half_of_the_bodies_are_left_out_and_the_others_are_off(people):
    body = batch_of(people)["body"][:1].repeat(64, 1, 1, 1)
    noisy = fitted(body, torch.ones(64), torch.Generator().manual_seed(0))
    given = noisy[:, 0].flatten(1).amax(1) > 0
    assert 20 < int(given.sum()) < 44
    both = (noisy[:, :1] > 0) & (body[:, :1] > 0)
    apart = (noisy[:, 1:2] - body[:, 1:2])[both].abs().mean()
    assert 0.02 < float(apart) < 0.07
    assert torch.allclose(noisy[:, 3:6].norm(dim=1, keepdim=True)[both], torch.ones(()), atol=1e-3)


def test_a_network_that_draws_more_begins_by_drawing_what_the_older_one_drew(people):
    torch.manual_seed(0)
    old, old_fine = CoarseLevel(OLD), FineLevel(OLD_FINE, 8)
    torch.nn.init.normal_(old_fine.draw.weight, std=0.1)
    new = CoarseCourse(NEW, old).network()
    new_fine = FineCourse(new, NEW_FINE, old_fine).network()
    batch = batch_of(people, 64)
    with torch.no_grad():
        before, after = old(batch["image"]), new(batch["image"], None, batch["body"])
        assert torch.equal(before.front_depth, after.front_depth)
        larger = torch.nn.functional.interpolate(batch["image"], scale_factor=2)
        before, after = old_fine(larger, enlarged(before)), new_fine(larger, enlarged(after))
    for name in ("front_normals", "back_depth", "back_rgb"):
        assert torch.allclose(getattr(before, name), getattr(after, name), atol=1e-6), name
    assert after.front_labels.shape == (2, len(LABELS), 128, 128)
    assert torch.allclose(after.front_labels.sum(1), torch.ones(()), atol=1e-5)


def test_both_levels_resume_to_the_step_and_ship_with_labels_and_albedo(tmp_path, people, monkeypatch):
    monkeypatch.setattr(losses_module, "WINDOW", 64)
    coarse = CoarseCourse(NEW, CoarseLevel(OLD))
    averages = {}

    def run_steps(folder, course, counts):
        for count in counts:
            run = Run(tmp_path / folder, course, PLAN)
            for _ in range(count):
                run.train_step(people)
            run.save()
        return run.average

    for name, counts in (("whole", [2]), ("parts", [1, 1])):
        torch.manual_seed(0)
        averages[name] = run_steps(f"coarse_{name}", coarse, counts)
    assert all(torch.equal(value, averages["parts"][name]) for name, value in averages["whole"].items())
    fine = FineCourse(Run(tmp_path / "coarse_whole", coarse, PLAN).averaged(), NEW_FINE)
    for name, counts in (("whole", [2]), ("parts", [1, 1])):
        averages[name] = run_steps(f"fine_{name}", fine, counts)
    assert all(torch.equal(value, averages["parts"][name]) for name, value in averages["whole"].items())

    monkeypatch.setattr(export_module, "run_folder", lambda name: tmp_path / name)
    export_module.export("coarse_whole", "fine_whole", tmp_path / "tiny.safetensors")
    model = load_model(tmp_path / "tiny.safetensors")
    image = torch.rand(1, 3, SIZE, SIZE) * 2 - 1
    encoding = model.encode(image, body=batch_of(people)["body"][:1])
    assert encoding.front_labels.shape[1] == len(LABELS) and encoding.back_albedo.shape == (1, 3, SIZE, SIZE)
    assert not torch.equal(encoding.front_depth, model.encode(image).front_depth)


def test_what_is_learned_goes_down_where_it_should(people):
    """Each loss is least for the truth, and the texture's tells a smooth back from a rough one."""
    batch = augment(batch_of(people, 64), torch.Generator().manual_seed(0))
    solid, normals, depth = batch["solid"], batch["front_normals"], batch["front_depth"]
    base, detail = parted(depth, solid, torch.full((2,), 32.0))
    assert torch.allclose(base + detail, depth * solid, atol=1e-6) and detail.abs().mean() < 0.3 * base.abs().mean()
    own = disagreement(depth, normals, normals, solid, 2 / 64, 1)
    leaning = disagreement(depth + 0.5 * torch.linspace(-1, 1, 64), normals, normals, solid, 2 / 64, 1)
    assert own < 0.1 < leaning
    assert slopes(torch.ones_like(depth), solid) == 0
    rough = normals + 0.2 * torch.randn(normals.shape, generator=torch.Generator().manual_seed(0))
    other = normals + 0.2 * torch.randn(normals.shape, generator=torch.Generator().manual_seed(1))
    assert texture_error(rough, other, solid) < 0.5 * texture_error(normals, other, solid)


def test_a_run_learns_from_people_of_an_older_generation_as_well(tmp_path, people, older_people):
    """Their share of the steps is on them, labels and albedo are learned from the others, and resuming changes none."""
    plan = dataclasses.replace(PLAN, steps=12, older_share=0.5)
    learned: dict[int, list[set[str]]] = {}
    runs = {}
    for counts in ([12], [5, 7]):
        for count in counts:
            torch.manual_seed(0)
            run = Run(tmp_path / str(len(counts)), CoarseCourse(NEW, CoarseLevel(OLD)), plan)
            steps = [set(run.train_step(people, older_people)) for _ in range(count)]
            learned.setdefault(len(counts), []).extend(steps)
            run.save()
        runs[len(counts)] = run.average
    assert learned[1] == learned[2] and 2 < sum("labels" in parts for parts in learned[1]) < 10
    assert all("occupancy" in parts for parts in learned[1])
    assert all(torch.equal(value, runs[2][name]) for name, value in runs[1].items())
