# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is too small in the photo for the network to draw a face gets one, in the right place; everybody else none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from blender_pifu.engine.face.head_crop import close_up
from blender_pifu.engine.face.mean_face import MARKS, Place, find_face, lay_face, template
from blender_pifu.engine.model import load_model
from blender_pifu.engine.networks.maps import Maps
from blender_pifu.engine.reading.crop import Crop
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.matte import Matte
from blender_pifu.engine.reading.person_cut import PersonCut
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.subject.figure import Figures
from helpers.couple import POLO

METRE = 1.06  # field units, of a whole person
MAPS_PX = 512


def place_at(x, y, yaw=0.0, metre=METRE):
    turn = Rotation.from_euler("y", yaw, degrees=True).as_matrix()
    return Place(turn, metre, np.array([x, y, 0]) - metre * turn @ template().middle)


def landmarks_of(place):
    """(33, 4) of a face that is seen."""
    marks = np.ones((33, 4), np.float32)
    marks[:, :3] = 0
    marks[list(MARKS), :3] = place(template().marks)
    return marks


def flat_maps(size=MAPS_PX):
    """A wall that looks at the camera, before another one that looks away."""
    ahead = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1).expand(1, 3, size, size)
    plain = torch.zeros(1, 1, size, size)
    return Maps(ahead, -ahead, plain + 0.1, plain - 0.1, ahead, plain, plain)


def seen_by(place, center, half, size=256):
    """The face's normals on a square of the field."""
    turned = replace(place, scale=place.scale / half, shift=(place.shift - (*center, 0)) / half)
    return lay_face(flat_maps(size), torch.ones(1, 1, size, size), turned).front_normals[0].permute(1, 2, 0).numpy()


def cut_at(landmarks, photo_px=1024):
    """A photo that is the person's crop, all of it person."""
    matte = Matte(np.ones((photo_px, photo_px), np.float32), np.full((photo_px, photo_px, 3), 128, np.uint8))
    return PersonCut(matte, Crop(photo_px / 2, photo_px / 2, photo_px), landmarks)


def test_a_face_is_found_though_landmarks_are_a_centimetre_off():
    truth, center, half = place_at(0.05, 0.72, yaw=12), np.array([0.05, 0.7]), 0.28
    marks = landmarks_of(truth)
    marks[:, :2] += (0.01 * METRE, -0.008 * METRE)
    found = find_face(marks, seen_by(truth, center, half), center, half)
    off = np.linalg.norm((found(template().marks) - truth(template().marks))[:, :2], axis=1) / METRE
    assert off.max() < 0.005


def test_no_face_is_found_in_what_is_none():
    marks = landmarks_of(place_at(0.05, 0.72))
    aslant = np.broadcast_to(np.array([0.8, 0.0, 0.6], np.float32), (256, 256, 3)).copy()
    assert find_face(marks, aslant, np.array([0.05, 0.7]), 0.28) is None
    aside = landmarks_of(place_at(0.05, 0.72, yaw=75))
    assert find_face(aside, aslant, np.array([0.05, 0.7]), 0.28) is None


def test_the_nose_stands_out_and_all_but_the_front_of_the_head_stays():
    place, maps = place_at(0.05, 0.72), flat_maps()
    faced = lay_face(maps, torch.ones(1, 1, MAPS_PX, MAPS_PX), place)
    depth = faced.front_depth[0, 0].numpy()

    def at(x, y):
        return depth[int((1 - y) / 2 * MAPS_PX), int((x + 1) / 2 * MAPS_PX)]

    nose, mouth = (place(template().marks)[[list(MARKS).index(mark)]][0] for mark in (L.NOSE, L.MOUTH_LEFT))
    assert at(*nose[:2]) - at(*mouth[:2]) > 0.01 * METRE
    changed = np.argwhere(depth != maps.front_depth[0, 0].numpy())
    assert np.ptp(changed, axis=0).max() / MAPS_PX * 2 / METRE < 0.26  # metres
    assert depth.max() - 0.1 < 0.05 * METRE
    for name in ("back_normals", "back_depth", "back_rgb", "fine", "wide"):
        assert getattr(faced, name) is getattr(maps, name)


@pytest.mark.parametrize("place", [(0.98, 0.72), (0.05, 0.99), (3.0, 0.7)])
def test_a_face_at_the_border_or_beyond_is_cut_off(place):
    faced = lay_face(flat_maps(), torch.ones(1, 1, MAPS_PX, MAPS_PX), place_at(*place))
    assert torch.isfinite(faced.front_depth).all() and torch.isfinite(faced.front_normals).all()
    close_up(cut_at(landmarks_of(place_at(*place))), MAPS_PX)


def test_a_close_up_shows_head_and_shoulders():
    marks = landmarks_of(place_at(0.05, 0.72))
    near = close_up(cut_at(marks), MAPS_PX)
    assert 0.2 < near.half < 0.45
    back = near.cut.landmarks[:, :2] * near.half + near.center
    assert np.allclose(back, marks[:, :2], atol=1e-5)
    assert np.abs(near.cut.landmarks[list(MARKS), :2]).max() < 1


def test_who_needs_none_gets_no_close_up():
    marks = landmarks_of(place_at(0.05, 0.72))
    assert close_up(cut_at(None), MAPS_PX) is None
    assert close_up(cut_at(marks), 128) is None  # maps so coarse that no face has room
    assert close_up(cut_at(marks, photo_px=256), MAPS_PX) is None
    hidden, behind = marks.copy(), marks * (-1, 1, 1, 1)
    hidden[L.NOSE, 3] = 0.2
    assert close_up(cut_at(hidden), MAPS_PX) is None
    assert close_up(cut_at(behind.astype(np.float32)), MAPS_PX) is None
    portrait = landmarks_of(place_at(0.0, 0.3, metre=4.0))
    assert close_up(cut_at(portrait), MAPS_PX) is None


def test_a_whole_person_in_a_photo_gets_a_face_and_their_portrait_stays_as_it_was():
    model, cut = load_model("human"), Figures("cpu").cut_out(load_photo(POLO)).cut
    encoding = model.encode(*model.prepare(cut))
    faced = model.with_face(encoding, model.face_in(cut))
    added = (faced.front_depth - encoding.front_depth)[0, 0].numpy()
    rows, columns = np.nonzero(np.abs(added) > 1e-4)
    nose = cut.landmarks[L.NOSE, :2]
    assert abs(columns.mean() / MAPS_PX * 2 - 1 - nose[0]) < 0.05
    assert abs(1 - rows.mean() / MAPS_PX * 2 - nose[1]) < 0.05
    assert torch.equal(model.with_face(encoding, model.face_in(cut)).front_depth, faced.front_depth)
    near = close_up(cut, MAPS_PX).cut
    portrait = model.encode(*model.prepare(near))
    assert model.with_face(portrait, model.face_in(near)) is portrait
