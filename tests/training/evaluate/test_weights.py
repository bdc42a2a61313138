# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures with known answers."""

import cv2
import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from blender_pifu.engine.errors import InputError
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.training.data.sample import is_whole
from blender_pifu.training.evaluate.baseline import InflatedSilhouette
from blender_pifu.training.evaluate.cases import folder_cases, split_case, split_seeds
from blender_pifu.training.evaluate.measures.align import align
from blender_pifu.training.evaluate.measures.metrics import (
    intersection_over_union,
    normal_views,
    surface_distances,
    views_error_deg,
)
from blender_pifu.training.evaluate.weights import as_markdown, evaluate, score, summarise
from blender_pifu.training.native.folders import cache_folder
from blender_pifu.training.people.generations import make_person
from blender_pifu.training.people.person import pose_kind


def square(z):
    vertices = np.array([[0, 0, z], [1, 0, z], [1, 1, z], [0, 1, z]], np.float32)
    return vertices, np.array([[0, 1, 2], [0, 2, 3]])


def blob(size=1.0):
    """A closed shape that looks different from everywhere, longest along y."""
    ball = trimesh.creation.icosphere(4, 0.3)
    x, y, z = ball.vertices.T
    stretched = np.stack([x + 0.3 * y * y, 2.4 * y + 0.2 * x, z * (1 + y) + 0.1 * x * x], 1)
    return size * stretched, ball.faces.astype(np.int32)


def test_distance_between_two_sheets_is_their_gap():
    found = surface_distances(square(0.25), square(0.0))
    assert found["chamfer"] == pytest.approx(0.25) and found["p2s"] == pytest.approx(0.25)
    assert found["normal_consistency"] == pytest.approx(1)


def test_a_mesh_is_at_no_distance_from_itself_however_it_lies():
    vertices, faces = blob()
    assert surface_distances((vertices, faces), (vertices, faces))["chamfer"] < 1e-12
    moved = 0.8 * vertices @ Rotation.from_euler("xyz", [9, -14, 6], degrees=True).as_matrix().T + [0.3, -0.1, 0.2]
    found = align((moved, faces), (vertices, faces))
    assert np.abs(found(moved) - vertices).max() < 1e-6
    assert found.scale == pytest.approx(1 / 0.8)


def test_intersection_over_union():
    assert intersection_over_union(np.array([1, 1, 0], bool), np.array([0, 1, 1], bool)) == pytest.approx(1 / 3)


def test_four_views_show_four_sides_and_count_what_only_one_covers():
    vertices, faces = blob()
    views = normal_views(vertices, faces)
    assert views_error_deg(views, views) < 0.1
    front, left, back, right = (view[np.abs(view).sum(-1) > 0].mean(0) for view in views)
    assert front[2] > 0.5 and back[2] < -0.5 and left[2] > 0.5 and right[2] < -0.5
    assert np.array_equal(np.abs(views[0]).sum(-1) > 0, np.abs(views[2]).sum(-1) > 0)
    shifted = normal_views(
        vertices + [0.9, 0, 0], faces
    )  # beside, and before from the side: three views apart, one not
    assert 45 < views_error_deg(shifted, views) <= 90


def test_inflated_disc_is_nearly_a_ball():
    """Poisson's equation over a disc of radius r gives a spheroid, r wide and sqrt(3) / 2 r deep."""
    size, radius = 128, 0.6
    centres = (torch.arange(size) + 0.5) / size * 2 - 1
    disc = (centres[None] ** 2 + centres[:, None] ** 2 < radius**2).float()[None, None]
    surface = extract_surface(InflatedSilhouette(disc), 64)
    reach = np.abs(surface.vertices).max(0)
    assert reach[:2] == pytest.approx(radius, abs=0.04)
    assert reach[2] == pytest.approx(radius * 3**0.5 / 2, abs=0.03)


def test_summary_takes_medians_by_pose_class():
    rows = [{"case": i, "kind": kind, "iou": value} for i, (kind, value) in enumerate([("stand", 0.5), ("hard", 0.1)])]
    table = summarise(rows)
    assert table["all"] == {"people": 2, "iou": 0.3} and table["hard"]["iou"] == 0.1 and "step" not in table
    changed = as_markdown({"old": table, "new": summarise([{**row, "iou": 2 * row["iou"]} for row in rows])}, "old")
    assert "0.600 (+100 %)" in changed


def test_hard_split_is_hard_and_whole():
    seeds = [seed for seed, _ in zip(split_seeds("hard"), range(3), strict=False)]
    assert all(pose_kind(seed, "test") == "hard" and is_whole(seed, "test") for seed in seeds)
    assert make_person(seeds[0], "test").kind == "hard"


def test_cached_case_is_the_case_and_scores_its_own_truth_best(tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_PIFU_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    made, again = split_case(1), split_case(1)
    for name in ("rgb", "vertices", "faces", "views", "solid"):
        assert np.array_equal(getattr(made, name), getattr(again, name)), name
    found, _ = score(made, made.vertices, made.faces)
    assert found["chamfer"] < 1e-3 and found["iou"] > 0.95 and found["views_deg"] < 5


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """Two people with known answers: their photos cut out, their meshes in metres in Blender's axes."""
    monkeypatch.setenv("BLENDER_PIFU_CACHE", str(tmp_path))
    for seed in (0, 1):
        case, folder = split_case(seed), tmp_path / f"person{seed}"
        folder.mkdir()
        cv2.imwrite(str(folder / "photo.png"), np.dstack([case.rgb[..., ::-1], case.mask]))
        vertices = np.stack([case.vertices[:, 0], -case.vertices[:, 2], case.vertices[:, 1]], 1) / case.scale
        trimesh.Trimesh(vertices, case.faces, process=False).export(folder / "mesh.ply")
    return tmp_path


def test_folder_of_cases(scans, tmp_path):
    cases = list(folder_cases(scans))
    assert [case.name for case in cases] == ["person0", "person1"]
    for case in cases:
        found, _ = score(case, 0.7 * case.vertices + np.float32([0.1, 0.2, 0]), case.faces)
        assert found["chamfer"] < 1e-2 and found["views_deg"] < 5 and found["iou"] > 0.95
    sheets = tmp_path / "sheets"
    table = evaluate(cases[:1], ["fast"], None, 96, sheets)
    assert table["fast"]["all"]["chamfer"] < table["inflated"]["all"]["chamfer"] < 20
    assert (sheets / "case_person0.png").exists() and (sheets / "scores.json").exists()


def test_a_folder_without_cases_is_refused(tmp_path):
    with pytest.raises(InputError, match="No case"):
        list(folder_cases(tmp_path))
