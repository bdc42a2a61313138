# SPDX-License-Identifier: GPL-3.0-or-later
"""A face's 468 marks: the custom layers do what their operators do, and marks lie on the face in the photo."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from blender_pifu.engine.errors import ModelError
from blender_pifu.engine.face.head_marks import HeadMarkReader, head_mark_reader
from blender_pifu.engine.reading.attention import ATTENTION
from blender_pifu.engine.reading.face_marks import face_reader, head_region
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.people import People
from blender_pifu.engine.reading.photo import load_photo
from helpers.couple import POLO

LAYER = {
    "left_rotation_idx": 0, "right_rotation_idx": 1, "subset_idxs": [0, 1, 2, 3], "scale_x": 1.5, "scale_y": 1.5,
    "output_width": 16, "output_height": 16,
}  # fmt: skip
UPPER_LIP, LOWER_LIP, MOUTH_CORNERS = 13, 14, (61, 291)


@pytest.fixture(scope="module")
def polo():
    photo = load_photo(POLO)
    return photo.rgb, People("cpu").find(photo.rgb)[0].points


def turned(points, angle):
    cosine, sine = math.cos(angle), math.sin(angle)
    return points @ torch.tensor([[cosine, sine], [-sine, cosine]])


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.0])
def test_a_square_lies_level_over_the_box_of_its_points(angle):
    level = torch.tensor([[-8.0, 0], [8, 0], [0, -4], [0, 4]])
    points = torch.cat([turned(level, angle) + torch.tensor([24.0, 20.0]), torch.zeros(4, 1)], 1)[None]
    matrix = ATTENTION["Landmarks2TransformMatrix"](LAYER, points)
    corners = torch.tensor([[[0.0, 0.0], [16.0, 16.0], [8.0, 8.0]]])
    found = ATTENTION["TransformLandmarks"]({}, corners, matrix)[0]
    wanted = turned(torch.tensor([[-12.0, -6.0], [12, 6], [0, 0]]), angle) + torch.tensor([24.0, 20.0])
    assert torch.allclose(found, wanted, atol=1e-4)


def test_what_is_cut_out_are_the_features_there_and_nothing_beyond_them():
    rows, columns = torch.meshgrid(torch.arange(48) + 0.5, torch.arange(48) + 0.5, indexing="ij")
    features = torch.stack([columns, rows])[None]
    points = torch.tensor([[[16.0, 20, 0], [32, 20, 0], [24, 12, 0], [24, 28, 0]]])
    matrix = ATTENTION["Landmarks2TransformMatrix"](LAYER, points)
    cut = ATTENTION["TransformTensorBilinear"](LAYER, features, matrix)
    assert torch.allclose(cut[0, 0, 5], 12 + 1.5 * (torch.arange(16) + 0.5), atol=1e-3)
    assert torch.allclose(cut[0, 1, :, 3], 8 + 1.5 * (torch.arange(16) + 0.5), atol=1e-3)
    beyond = matrix.clone()
    beyond[:, :2, 3] = 100
    assert not ATTENTION["TransformTensorBilinear"](LAYER, features, beyond).any()


def test_marks_lie_on_the_face_of_the_photo(polo):
    rgb, landmarks = polo
    marks = face_reader().read(rgb, landmarks)
    assert marks.score > 0.9 and 60 < marks.width_px < 120
    eyes, mouth = marks.irises[:, 0], marks.points[list(MOUTH_CORNERS)]  # the person's right first
    assert np.abs(eyes - landmarks[[L.RIGHT_EYE, L.LEFT_EYE], :2]).max() < 0.12 * marks.width_px
    assert np.abs(mouth - landmarks[[L.MOUTH_RIGHT, L.MOUTH_LEFT], :2]).max() < 0.2 * marks.width_px
    assert -1 < (marks.points[LOWER_LIP] - marks.points[UPPER_LIP])[1] < 0.1 * marks.width_px


def test_a_photo_turned_and_enlarged_has_its_marks_turned_and_enlarged(polo):
    rgb, landmarks = polo
    plain = face_reader().read(rgb, landmarks)
    aside = np.ascontiguousarray(np.rot90(rgb).repeat(2, 0).repeat(2, 1))

    def turn(points):
        return np.stack([2 * points[..., 1], 2 * (rgb.shape[1] - points[..., 0])], -1)

    marks = face_reader().read(aside, turn(landmarks[:, :2]))
    assert np.linalg.norm(marks.points - turn(plain.points), axis=1).max() < 0.06 * marks.width_px


def test_where_no_face_is_or_too_few_pixels_no_marks_are(polo):
    rgb, landmarks = polo
    assert face_reader().read(rgb, landmarks + (0, 400, 0)) is None  # the trousers
    small = np.ascontiguousarray(rgb[::3, ::3])
    assert face_reader().read(small, landmarks / 3) is None
    assert head_region(np.zeros((33, 2))) is None
    square = head_region(landmarks[:, :2])
    assert abs(replace(square, angle=0).center_x - landmarks[L.NOSE, 0]) < 0.2 * square.side


def test_own_marks_lie_on_the_face_and_on_both_ears(polo):
    rgb, landmarks = polo
    general = face_reader().read(rgb, landmarks)
    marks = head_mark_reader().read(rgb, general.region)
    face, ears = marks.points[:468], marks.points[468:]
    assert len(face) + len(marks.further) == len(marks.points) == len(marks.trust)
    near = np.linalg.norm(face - general.points, axis=1)
    assert np.median(near) < 0.04 * general.width_px
    assert near[list(MOUTH_CORNERS)].max() < 0.05 * general.width_px
    low, high = ears[:, 0].min(), ears[:, 0].max()
    assert low < face[:, 0].min() + 2 and high > face[:, 0].max() - 2
    assert 0 < marks.trust.min() < 0.5 < marks.trust.max() <= 1


def test_a_damaged_file_of_marks_is_told(tmp_path):
    (tmp_path / "head_marks.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"head_marks.safetensors"):
        HeadMarkReader(path=tmp_path / "head_marks.safetensors")
    save_file({"further": torch.zeros(3, dtype=torch.int32)}, tmp_path / "none.safetensors", {"config": "{}"})
    with pytest.raises(ModelError, match="no marks of heads"):
        HeadMarkReader(path=tmp_path / "none.safetensors")
