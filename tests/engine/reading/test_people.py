# SPDX-License-Identifier: GPL-3.0-or-later
"""People in photos: all found, the right one taken, landmarks on the joints, and the matte of that one alone."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from blender_pifu.engine import cores
from blender_pifu.engine.errors import InputError
from blender_pifu.engine.reading.doubles import real_people
from blender_pifu.engine.reading.face_marks import face_reader
from blender_pifu.engine.reading.landmarks import MIRRORED, Landmarks, Region, of_one_side
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.people import People, choose
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.subject.figure import Figures
from helpers import altered
from helpers.couple import BEFORE, BESIDE, POLO, SUIT, couple


@pytest.fixture(scope="module")
def people():
    return People("cpu")


def test_landmarks_lie_on_the_joints(people):
    (man,) = people.find(load_photo(SUIT).rgb)
    places = {  # looked up in the photo
        L.NOSE: (480, 138), L.LEFT_SHOULDER: (583, 222), L.RIGHT_SHOULDER: (415, 236), L.RIGHT_WRIST: (380, 505),
        L.LEFT_KNEE: (583, 705), L.LEFT_ANKLE: (590, 880), L.RIGHT_ANKLE: (528, 850),
    }  # fmt: skip
    for landmark, place in places.items():
        assert np.hypot(*(man.points[landmark, :2] - place)) < 0.03 * 900, landmark.name
    assert man.visibility.min() > 0.5 and man.score > 0.9
    assert man.points.shape == (33, 3) and man.mask.shape == (256, 256)


def test_a_look_that_sees_the_back_counts_for_nothing_where_another_sees_the_front(people):
    """Hair before the face hides it from some looks; whoever is seen from behind by all of them stays so."""
    (man,) = people.find(load_photo(SUIT).rgb)
    behind = replace(man, points=man.points[list(MIRRORED)])
    assert of_one_side([behind, man, behind]) == [man]
    assert of_one_side([man, man, man]) == [man, man, man]
    assert of_one_side([behind, behind, behind]) == [behind, behind, behind]
    aside = replace(man, points=man.points * (0.2, 1, 1))
    assert of_one_side([aside, behind, aside]) == [aside, behind, aside], "from the side nothing tells"


@pytest.mark.parametrize("face", [True, False])
@pytest.mark.parametrize("fronts", [(), (4,), (3, 6)])
def test_one_look_at_the_front_is_believed_where_there_is_a_face(people, monkeypatch, face, fronts):
    """Where the first three looks see the back there are more of them."""
    rgb = load_photo(SUIT).rgb
    (man,) = people.find(rgb)
    behind = replace(man, points=man.points[list(MIRRORED)])
    landmarks, seen = Landmarks("cpu", lambda rgb, person: face), []

    def look(rgb, region, mirrored=False):
        seen.append(region)
        return (man if len(seen) - 1 in fronts else behind), region

    monkeypatch.setattr(landmarks, "_look", look)
    right = man if fronts and face else behind
    np.testing.assert_array_equal(landmarks.read(rgb, man.region).points, right.points)
    assert len(seen) == 8


@pytest.mark.parametrize("path", [SUIT, POLO], ids=["suit", "polo"])
def test_a_face_is_seen_in_the_photo_and_none_where_there_is_none(people, path):
    rgb = load_photo(path).rgb
    (man,) = people.find(rgb)
    reader = face_reader("cpu")
    assert reader.shows_face(rgb, man)
    down = man.points + np.float32((0, 0.35 * man.region.side, 0))  # at the thighs
    assert not reader.shows_face(rgb, replace(man, points=down))


@pytest.mark.parametrize("path", [SUIT, POLO], ids=["suit", "polo"])
def test_a_look_at_the_mirror_image_has_the_same_mask(people, path):
    """It lay upside down: of whom only such a look saw the front, the crown of the hair was taken for a rock."""
    rgb = load_photo(path).rgb
    (man,) = people.find(rgb)
    mirrored = Landmarks("cpu", lambda rgb, person: True)._look(rgb, man.region, mirrored=True)[0]
    masks = [each.mask_on(rgb.shape) > 0.5 for each in (man, mirrored)]
    assert (masks[0] & masks[1]).sum() > 0.95 * (masks[0] | masks[1]).sum()
    assert all(mirrored.covers(*mirrored.points[joint, :2]) for joint in (L.NOSE, L.LEFT_SHOULDER, L.LEFT_ANKLE))


def test_a_leg_is_no_second_person(people):
    assert len(people.find(load_photo(POLO).rgb)) == 1


def find(people, rgb):
    photo = altered.photo_of(rgb)
    return people.find(photo.rgb, Matting("cpu").everybody(photo))


def test_the_shorts_of_a_grey_photo_are_no_second_person(people):
    assert len(find(people, altered.grey(altered.polo()))) == 1


@pytest.mark.parametrize(("left", "top", "size"), [(590, 330, 0.28), (455, 230, 0.22), (380, 380, 0.3)],
                         ids=["doll in the arm", "print on a shirt", "doll before the hip"])  # fmt: skip
def test_dolls_and_prints_are_nobody(people, left, top, size):
    doll = Matting("cpu").matte(load_photo(SUIT))
    assert len(find(people, altered.pasted(altered.polo(), doll, left, top, size))) == 1


def test_water_behind_somebody_is_nobody(people):
    """Broadened, the man in a suit has somebody lying across him, as large as the waterfall, for the landmarks."""
    assert len(find(people, altered.broadened(altered.suit(), middle=420, half=170, more=0.6))) == 1


def test_a_reflection_is_nobody(people):
    suit = altered.suit()[:, 150:700]
    assert len(find(people, np.hstack([suit, suit[:, ::-1]]))) == 1
    polo = altered.polo()
    water = cv2.addWeighted(polo[::-1], 0.7, np.full_like(polo, 150), 0.3, 0)
    assert len(find(people, np.vstack([polo, water]))) == 1


def shrunk(man, size, score):
    """The same person, so much smaller, on his own hips and legs."""
    at = man.between(L.LEFT_KNEE, L.RIGHT_KNEE) - (0, 0.05 * man.region.side)
    points = man.points.copy()
    points[:, :2] = at + size * (points[:, :2] - points[:, :2].mean(0))
    return replace(man, points=points, score=score)


@pytest.mark.parametrize(("score", "face", "kept"), [(0.82, False, 1), (0.82, True, 2), (0.99, False, 2)],
                         ids=["bent legs", "a child with a face", "a child turned away"])  # fmt: skip
def test_bent_legs_are_no_second_person(people, score, face, kept):
    rgb = load_photo(SUIT).rgb
    (man,) = people.find(rgb)
    both = [man, shrunk(man, 0.5, score)]
    assert len(real_people(both, rgb, lambda rgb, person: face)) == kept


def test_who_is_taken_for_a_part_of_themselves_is_looked_for_again(people, monkeypatch):
    """From the side a coat was taken for a whole person, and the dark legs below it for nothing: half as tall, and cut
    off in the matte, yet "full"."""
    photo = load_photo(SUIT)
    everybody = Matting("cpu").everybody(photo)
    (man,) = people.find(photo.rgb, everybody)
    square = man.region
    above = Region(square.center_x, square.center_y - 0.2 * square.side, square.side / 2, square.angle)
    moved = np.float32((above.center_x - square.center_x / 2, above.center_y - square.center_y / 2, 0))
    half = replace(man, region=above, points=man.points / 2 + moved)
    monkeypatch.setattr(people, "_read", lambda rgb, face, glance, others: None if others else half)
    (found,) = people.find(photo.rgb, everybody)
    assert np.hypot(*(found.points - man.points)[:, :2].T).max() < 0.04 * np.ptp(man.points[:, 1])


def test_of_a_turnaround_sheet_the_front_is_taken(people):
    (man,) = people.find(load_photo(SUIT).rgb)
    behind = replace(man, points=man.points[list(MIRRORED)])
    larger = replace(behind, region=replace(man.region, side=1.08 * man.region.side))
    much_larger = replace(behind, region=replace(man.region, side=1.5 * man.region.side))
    assert choose([larger, man, behind], (1024, 1024)) == 1
    assert choose([much_larger, man], (1024, 1024)) == 0, "a mirror behind somebody shows a smaller front"
    assert choose([behind, larger], (1024, 1024)) == 1


def test_nobody_is_found_where_nobody_is(people):
    assert people.find(load_photo(SUIT).rgb[:, :300]) == []
    assert people.find(np.zeros((64, 300, 3), np.uint8)) == []


@pytest.mark.parametrize("place", [BESIDE, BEFORE])
def test_of_two_who_touch_each_can_be_cut_out_alone(people, place):
    photo, truth = couple(*place)
    found = people.find(photo.rgb)
    assert len(found) == 2
    assert choose(found, photo.rgb.shape[:2]) == 0, "the taller man, nearer to the middle"
    matting = Matting("cpu")
    for number, wanted in enumerate(truth):
        alpha = matting.matte(photo, found, choose(found, photo.rgb.shape[:2], number + 1)).alpha
        common = ((alpha > 0.5) & (wanted > 0.5)).sum() / ((alpha > 0.5) | (wanted > 0.5)).sum()
        strange = ((alpha > 0.5) & (truth[1 - number] > 0.9)).sum() / (wanted > 0.5).sum()
        print(f"person {number + 1}: IoU {common:.3f}, pixels of the other {strange:.3f}")
        assert common > 0.9
        assert strange < 0.03


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_number_nobody_has_is_told(people, number):
    found = people.find(load_photo(SUIT).rgb)
    with pytest.raises(InputError, match="one person"):
        choose(found, (968, 1024), number)
    with pytest.raises(InputError, match="nobody"):
        choose([], (968, 1024), number)


def test_a_cut_out_of_two_is_divided_too(people):
    photo, truth = couple(*BESIDE)
    found = people.find(photo.rgb)
    given = type(photo)(photo.rgb, truth.sum(0).clip(0, 1), (), "couple.png")
    alpha = Matting("cpu").matte(given, found, 1).alpha
    assert alpha[truth[1] > 0.9].mean() > 0.97
    assert alpha[truth[0] > 0.9].mean() < 0.03


def test_a_region_cuts_and_pastes_in_the_same_place():
    rng = np.random.default_rng(0)
    photo = np.repeat(rng.integers(0, 255, (20, 20, 3), np.uint8), 10, 0).repeat(10, 1)
    region = Region(90, 110, 120, 0.4)
    pasted = region.paste(region.cut(photo, 240)[..., 0].astype(np.float32), (200, 200))
    middle = np.s_[75:145, 55:125]
    assert np.abs(pasted[middle] - photo[middle][..., 0]).mean() < 6
    assert region.place(90.1, 110.1, 240) == (120, 120)
    assert pasted[0, 0] == 0


def test_a_person_is_cut_out_the_same_on_one_core_and_on_two(monkeypatch):
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(cores.FreeCores, "threads", threads)
        found.append(Figures("cpu").cut_out(load_photo(POLO)))
    one, other = found
    assert np.array_equal(one.matte.alpha, other.matte.alpha)
    assert np.array_equal(one.matte.foreground, other.matte.foreground)
    assert np.array_equal(one.person.points, other.person.points)
