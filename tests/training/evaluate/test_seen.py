# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of what people see, on shapes and textures with known answers."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from blender_pifu.training.evaluate.cases import PHOTO_PX, split_case
from blender_pifu.training.evaluate.measures.face_error import face_error, face_faces
from blender_pifu.training.evaluate.measures.label_overlap import mean_label_iou
from blender_pifu.training.evaluate.measures.metrics import angle_deg
from blender_pifu.training.evaluate.measures.normal_bands import band_figures, surface_maps
from blender_pifu.training.evaluate.measures.outline import outline_figures
from blender_pifu.training.evaluate.measures.sharpness import painted_front, sharpness
from blender_pifu.training.evaluate.weights import as_markdown, score_maps, summarise
from blender_pifu.training.people.body import load_body

SIZE = 256
SCALE = 1.0  # field units a metre
CENTRES = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
PLATE = np.ones((SIZE, SIZE), bool)
FLAT = np.zeros((SIZE, SIZE))


def normals_of(slope_x, slope_y):
    """Of a surface z(x, y), (SIZE, SIZE, 3), y up."""
    normals = np.dstack([-slope_x, -slope_y, np.ones((SIZE, SIZE))])
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def waved(height, length=0.05, tilt=0.0):
    """Normals of a plate with folds `height` high, `length` apart (metres), tilted by a slope."""
    along = 2 * np.pi / length
    slope = np.broadcast_to(height * along * np.cos(along * CENTRES), (SIZE, SIZE))
    return normals_of(slope, np.full((SIZE, SIZE), tilt))


def bands(ours, truth, depth=FLAT, solid=PLATE):
    return band_figures(ours, truth, depth, solid, SCALE)


def test_folds_half_as_high_have_a_quarter_of_the_energy_and_half_the_error():
    found = bands(waved(0.0005), waved(0.001))
    assert found["folds_energy"] == pytest.approx(0.25, abs=0.01)
    assert found["folds_error"] == pytest.approx(0.5, abs=0.01)
    assert found["folds_correlation"] == pytest.approx(1, abs=0.005) and found["form_deg"] < 0.3


def test_no_folds_have_no_energy_and_all_the_error():
    found = bands(waved(0.0), waved(0.001))
    assert found["folds_error"] == pytest.approx(1, abs=0.01) and found["folds_energy"] < 1e-4
    assert bands(waved(0.001), waved(0.001))["folds_error"] == 0


def test_folds_pressed_in_where_they_should_stand_out_are_worse_than_none():
    found = bands(waved(-0.001), waved(0.001))
    assert found["folds_error"] == pytest.approx(2, abs=0.02) and found["folds_correlation"] == pytest.approx(
        -1, abs=0.01
    )


def test_a_tilt_is_form_and_no_fold():
    found = bands(waved(0.001, tilt=np.tan(np.radians(10))), waved(0.001))
    assert found["form_deg"] == pytest.approx(10, abs=0.2) and found["folds_error"] < 0.1


def test_folds_are_not_judged_at_outlines_nor_where_a_limb_lies_before_another():
    truth = waved(0.001)
    ours = truth.copy()
    ours[:, np.abs(CENTRES) < 0.008] = [0, 0.8, 0.6]  # wrong within the blur's width of the middle
    everywhere = bands(ours, truth)["folds_error"]
    before_another = np.broadcast_to(np.where(CENTRES > 0, 0.1, 0.0), FLAT.shape)
    assert bands(ours, truth, before_another)["folds_error"] < everywhere / 3
    right_half = PLATE & (CENTRES > 0.004)
    assert bands(ours, truth, FLAT, right_half)["folds_error"] < everywhere / 3
    assert bands(ours, truth, FLAT, ~PLATE) == {}


def test_maps_of_a_surface_show_it_from_before_and_behind():
    ball = trimesh.creation.icosphere(5, 0.5)
    maps = surface_maps(ball.vertices, ball.faces.astype(np.int32), SIZE)
    x, y = np.meshgrid(CENTRES, -CENTRES)
    on = x**2 + y**2 < 0.45**2
    z = np.sqrt(0.25 - (x**2 + y**2)[on])
    assert np.abs(maps["front_depth"][on] - z).max() < 2e-3 and np.abs(maps["back_depth"][on] + z).max() < 2e-3
    assert angle_deg(maps["front_normals"][on], np.column_stack([x[on], y[on], z])) < 1
    assert angle_deg(maps["back_normals"][on], np.column_stack([x[on], y[on], -z])) < 1


def test_a_blurred_texture_is_less_sharp_and_a_sharpened_one_more():
    truth = np.random.default_rng(0).uniform(0.2, 0.8, (SIZE, SIZE, 3)).astype(np.float32)
    truth = cv2.GaussianBlur(truth, (0, 0), 1.5)
    soft = cv2.GaussianBlur(truth, (0, 0), 3)
    assert sharpness(truth, truth, PLATE) == 1
    assert sharpness(0.5 + (truth - 0.5) / 2, truth, PLATE) == pytest.approx(0.25, rel=1e-4)
    assert sharpness(soft, truth, PLATE) < 0.1 and sharpness(truth + (truth - soft), truth, PLATE) > 2
    assert sharpness(truth, np.full_like(truth, 0.5), PLATE) is None


def test_sharpness_leaves_out_the_outline():
    inside = (np.abs(CENTRES) < 0.5) & (np.abs(CENTRES) < 0.5)[:, None]
    stripes = np.broadcast_to(np.sin(20 * CENTRES)[None, :, None], (SIZE, SIZE, 3))
    assert sharpness(stripes * inside[..., None], stripes, inside) == pytest.approx(1)


def test_vertices_painted_from_a_photo_show_it_a_little_softer():
    steps = np.linspace(-0.6, 0.6, 161)
    x, y = np.meshgrid(steps, steps)
    plate = trimesh.creation.box((1.2, 1.2, 0.1)).subdivide().subdivide().subdivide().subdivide().subdivide()
    photo = np.ones((SIZE, SIZE, 4), np.float32)
    photo[..., :3] = (0.5 + 0.3 * np.sin(25 * CENTRES))[None, :, None]
    seen = painted_front(plate.vertices, plate.faces.astype(np.int32), 1 / 32, photo)
    there = seen[..., 3] > 0
    assert there[SIZE // 2, SIZE // 2] and not there[0, 0]
    assert 0.5 < sharpness(seen[..., :3], photo[..., :3], there) < 1.05


def wavy_grid(height, side=0.16, count=161):
    """A square sheet (vertices, faces) with waves across, metres."""
    x, y = np.meshgrid(*(np.linspace(-side / 2, side / 2, count),) * 2)
    z = height * np.cos(2 * np.pi * x / 0.04)
    index = np.arange(count * count).reshape(count, count)
    a, b, c, d = (
        index[rows, columns].ravel() for rows in (slice(-1), slice(1, None)) for columns in (slice(-1), slice(1, None))
    )
    return np.column_stack([x.ravel(), y.ravel(), z.ravel()]), np.concatenate(
        [np.stack([a, b, d], 1), np.stack([a, d, c], 1)]
    )


def test_a_flat_face_is_off_by_the_mean_height_of_the_true_one():
    truth, _ = wavy_grid(0.003)
    found = face_error(*wavy_grid(0.0, 0.3), truth, 1.0)
    assert found == pytest.approx(1000 * 0.003 * 2 / np.pi, rel=0.03)


def test_where_a_face_is_and_how_it_is_turned_does_not_count():
    body = load_body()
    rest, faces = body.mean_vertices[:, [0, 2, 1]] * [1, 1, -1], body.group_faces("body")
    face = rest[np.unique(face_faces())]
    turn = Rotation.from_euler("xyz", [4, 8, -3], degrees=True).as_matrix()
    moved = (rest - face.mean(0)) @ turn.T + face.mean(0) + [0.015, -0.01, 0.02]
    assert face_error(moved, faces, face, 1.0) < 0.1 < 1 < face_error(np.round(moved, 2), faces, face, 1.0)
    assert face_error(1.1 * moved, faces, 1.1 * face, 1.1) == pytest.approx(
        face_error(moved, faces, face, 1.0), abs=0.05
    )


def test_the_face_is_what_shows_of_it():
    body = load_body()
    corners = body.mean_vertices[face_faces()]
    wide, deep, high = np.ptp(corners.reshape(-1, 3), 0)
    assert 0.11 < wide < 0.16 and 0.13 < high < 0.2 and deep < 0.12
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    assert 0.025 < area < 0.033, "no mouth, nostrils or sockets within"


def test_overlap_of_labels_is_the_mean_over_those_there_are():
    truth = np.repeat([[1, 1, 3, 3]], 4, 0)
    drawn = np.repeat([[1, 3, 3, 5]], 4, 0)
    assert mean_label_iou(drawn, truth, np.ones((4, 4), bool)) == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert mean_label_iou(truth, truth, truth == 3) == 1
    assert mean_label_iou(drawn, truth, np.zeros((4, 4), bool)) is None


def test_labels_are_scored_where_they_are_known_and_drawn(tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_PIFU_CACHE", str(tmp_path))
    case = split_case(1)
    assert case.garments == "skirt" and len(case.face) > 600 and "labels_front" not in case.maps

    def planes(picture):
        return torch.from_numpy(np.atleast_3d(picture).astype(np.float32)).permute(2, 0, 1)[None]

    drawn = {name: planes(value) for name, value in case.maps.items() if name != "back_rgb"}
    encoding = SimpleNamespace(**drawn, back_rgb=planes(case.maps["back_rgb"] / 255))
    found = score_maps(encoding, case)
    assert found["back_sharpness"] == pytest.approx(1) and found["drawn_front_folds_error"] < 1e-3
    assert "labels_iou" not in found
    left = np.arange(PHOTO_PX)[None] < PHOTO_PX // 2
    case.maps["labels_front"] = np.where(left, 4, 5) * np.ones((PHOTO_PX, 1), np.uint8)
    assert "labels_iou" not in score_maps(encoding, case)
    encoding.front_labels = planes(np.eye(8)[case.maps["labels_front"]])
    assert score_maps(encoding, case)["labels_iou"] == 1


def test_tables_tell_garments_apart_and_leave_out_what_nobody_has():
    rows = [
        {"case": "a", "kind": "stand", "garments": "skirt", "chamfer": 1.0, "side_iou": 0.8, "face_mm": 5.0},
        {"case": "b", "kind": "stand", "garments": "coat", "chamfer": 2.0, "side_iou": 0.6},
    ]
    table = summarise(rows)
    assert table["all"] == {"people": 2, "chamfer": 1.5, "side_iou": 0.7, "face_mm": 5.0}
    assert table["skirt"]["chamfer"] == 1 and table["coat"] == {"people": 1, "chamfer": 2.0, "side_iou": 0.6}
    surface, seen = as_markdown({"new": table}, None).split("\n\n")
    assert "Chamfer" in surface and "| side IoU | face mm |" in seen and "labels" not in seen and "folds" not in seen
    assert "| coat | new | 1 | 0.600 |  |" in seen


@pytest.mark.parametrize("more", [-0.004, 0.0, 0.002])
def test_an_outline_is_as_far_outside_as_it_was_grown(more):
    """A ball on a picture of 512 pixels, in whose mask pixels on the edge are covered in part."""
    ball = trimesh.creation.icosphere(4, radius=0.5 + more)
    rows, columns = (np.mgrid[:2048, :2048] + 0.5) / 1024 - 1
    mask = cv2.resize(np.uint8(255 * (np.hypot(rows, columns) < 0.5)), (512, 512), interpolation=cv2.INTER_AREA)
    found = outline_figures(ball.vertices, ball.faces.astype(np.int32), mask, 2.0)
    assert found["outline_mm"] == pytest.approx(500 * more, abs=0.4)
    assert found["outline_off_mm"] == pytest.approx(500 * abs(more), abs=0.4)
    assert outline_figures(ball.vertices + 5, ball.faces.astype(np.int32), mask, 2.0) == {}
