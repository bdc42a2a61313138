# SPDX-License-Identifier: GPL-3.0-or-later
"""A seed determines a person for ever, and the person is whole."""

import numpy as np
import pytest

from blender_pifu.engine.reading.landmarks import Landmark
from blender_pifu.training.data.framing import draw_shot
from blender_pifu.training.data.sample import fields, make_sample, make_scene
from blender_pifu.training.people.body import load_body
from blender_pifu.training.people.clothes.fabric import PATTERNS, Fabric, lay_panels
from blender_pifu.training.people.clothes.outfit import Cut, Garment
from blender_pifu.training.people.clothes.pieces import HELD_OUT, names
from blender_pifu.training.people.clothes.tailor import load_tailor
from blender_pifu.training.people.generations import make_person
from blender_pifu.training.people.landmarks import landmarks
from blender_pifu.training.people.person import pose_kind
from blender_pifu.training.people.pose import sample_pose


def test_same_seed_same_person():
    first, second = make_person(11), make_person(11)
    for name in ("vertices", "faces", "colors", "alpha", "fabric", "rest", "joints"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    points = first.rest[first.faces[:, 0]]
    for one, two in zip(first.fabrics, second.fabrics, strict=True):
        assert np.array_equal(one(points, first.part), two(points, second.part))
    assert len(make_person(12).vertices) != len(first.vertices)


def test_test_people_wear_what_training_never_sees():
    for kind, held_out in HELD_OUT.items():
        assert held_out.isdisjoint(names(kind, "", "train"))
        assert held_out & set(names(kind, "", "test"))
    assert set(PATTERNS["train"]) & set(PATTERNS["test"]) == {"plain"}


@pytest.mark.parametrize("seed", range(4))
def test_person_is_finite_and_of_human_size(seed):
    person = make_person(seed)
    assert np.isfinite(person.vertices).all() and np.isfinite(person.colors).all()
    assert person.colors.min() >= 0 and person.colors.max() <= 1
    assert 0.4 < np.ptp(person.vertices[:, 2]) < 2.8
    assert person.faces.max() < len(person.vertices)
    assert person.kind == pose_kind(seed)


@pytest.mark.parametrize("split", PATTERNS)
def test_every_pattern_is_a_colour_everywhere(split):
    body = load_body()
    panels, rng = lay_panels(body, body.mean_heads), np.random.default_rng(0)
    points = body.mean_vertices[::7]
    met = set()
    while met != set(PATTERNS[split]):
        fabric = Fabric(rng, panels, split)
        met.add(fabric.kind)
        colors = fabric(points, rng.integers(0, 5, len(points)))
        assert colors.shape == points.shape and colors.min() >= 0 and colors.max() <= 1, fabric.kind


def test_hems_are_level():
    """Of a shirt on the body at rest: all of its lower border at one height, whatever the mesh."""
    body = load_body()
    shirt = Garment("top", Cut(sleeve=0.6, bottom=0.2), ease=0.01, wrinkle=0.0, drape=9)
    vertices, faces, _ = load_tailor().sew(shirt, [], body.mean_vertices, body.mean_vertices, np.random.default_rng(0))
    sides = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    edges, count = np.unique(sides, axis=0, return_counts=True)
    border = vertices[np.unique(edges[count == 1])]
    hem = border[(border[:, 2] < np.quantile(vertices[:, 2], 0.1)) & (np.abs(border[:, 0]) < 0.2)]
    assert len(hem) > 50 and hem[:, 2].std() < 0.008


def test_weights_and_landmarks_follow_the_body():
    person = make_person(1)
    weights = person.skin_weights()
    assert weights.shape == (len(person.vertices), 104) and np.allclose(weights.sum(1), 1, atol=1e-5)
    points, bones = landmarks(person), load_body().bone
    assert np.allclose(points[Landmark.LEFT_KNEE], person.joints[bones["lowerleg01.L"]])
    nose, eyes, ears = points[Landmark.NOSE], points[[2, 5]].mean(0), points[[7, 8]].mean(0)
    head = person.joints[bones["head"]] - person.joints[bones["neck01"]]
    assert (eyes - nose) @ head > 0 and np.linalg.norm(nose - ears) > np.linalg.norm(eyes - ears)
    heel, toe, ankle = points[[Landmark.LEFT_HEEL, Landmark.LEFT_FOOT, Landmark.LEFT_ANKLE]]
    assert (toe - heel) @ (ankle - heel) > 0 and heel[2] < ankle[2]


def test_scene_tells_what_the_photo_shows():
    whole = next(seed for seed in range(9) if np.isinf(make_scene(seed, "train", 64).framing.visible).all())
    scene = make_scene(whole, "train", 64)
    marks = scene.landmarks[scene.seen]
    assert len(marks) > 15 and np.abs(marks[:, :2]).max() < 1
    column, row = ((marks[:, 0] + 1) * 32).astype(int), ((1 - marks[:, 1]) * 32).astype(int)
    assert (scene.sample["mask"][row, column] > 0).mean() > 0.8


def test_a_fifth_of_the_photos_show_part_of_a_person():
    rng = np.random.default_rng(0)
    shots = [draw_shot(rng) for _ in range(2000)]
    parts = [shot.shown for shot in shots if shot.shown is not None]
    assert 0.16 < len(parts) / len(shots) < 0.24 and min(parts) < 0.3 and max(parts) > 0.7


def test_standing_knees_are_straight():
    body = load_body()
    heads = body.mean_heads
    bends = []
    for seed in range(60):
        pose = sample_pose(body, heads, np.random.default_rng(seed))
        if pose.kind != "stand":
            continue
        moved = body.bone_transforms(heads, pose.rotations)
        joints = np.einsum("bij,bj->bi", moved[:, :, :3], heads) + moved[:, :, 3]
        hip, knee, ankle = (joints[body.bone[f"{name}.L"]] for name in ("upperleg01", "lowerleg01", "foot"))
        thigh, shin = knee - hip, ankle - knee
        bends.append(np.degrees(np.arccos(thigh @ shin / np.linalg.norm(thigh) / np.linalg.norm(shin))))
    assert len(bends) > 30 and np.median(bends) < 10


def test_sample_fits_its_description_and_repeats():
    sample, again = make_sample(3, "train", 64), make_sample(3, "train", 64)
    for name, (shape, kind) in fields(64).items():
        assert np.asarray(sample[name]).shape == shape and np.asarray(sample[name]).dtype == kind, name
        assert np.array_equal(sample[name], again[name]), name


def test_points_lie_between_the_drawn_surfaces():
    sample = make_sample(7, "train", 128)
    points, inside = sample["points"].astype(np.float32), sample["occupancy"] == 1
    column = np.clip(((points[:, 0] + 1) * 64).astype(int), 0, 127)
    row = np.clip(((1 - points[:, 1]) * 64).astype(int), 0, 127)
    solid = sample["mask"][row, column] == 255
    front, back = (sample[name][row, column].astype(np.float32) for name in ("front_depth", "back_depth"))
    within = (points[:, 2] < front + 0.03) & (points[:, 2] > back - 0.03)
    assert inside.any() and within[inside & solid].mean() > 0.98
