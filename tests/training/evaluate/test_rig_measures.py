# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a rigged result beside what the panel's Check measures: it tells what is wrong, and only that."""

from dataclasses import replace

import numpy as np
import pytest

from blender_pifu.result_file import read_result
from blender_pifu.training.evaluate.rig_measures import measure
from helpers.posed_body import posed_body


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("measured") / "Ann.npz"
    np.savez(path, **posed_body(pose=False))
    return read_result(path)


def lines(made):
    return {line["id"]: line for line in measure(made)}


def nearest(made, bone, other):
    """The vertex that `other` moves most nearest to those that `bone` does."""
    strongest = made.rig.weight_bones[np.arange(len(made.vertices)), made.rig.weights.argmax(1)]
    mine, theirs = (np.flatnonzero(strongest == made.rig.names.index(name)) for name in (bone, other))
    apart = np.linalg.norm(made.vertices[mine][:, None] - made.vertices[theirs][None], axis=2)
    return mine[apart.min(1).argmin()], theirs[apart.min(0).argmin()]


def moved_by(made, vertex, bone):
    bones, weights = made.rig.weight_bones.copy(), made.rig.weights.copy()
    bones[vertex], weights[vertex] = made.rig.names.index(bone), (1, 0, 0, 0)
    return replace(made, rig=replace(made.rig, weight_bones=bones, weights=weights))


def test_a_body_with_its_own_fingers_is_right_but_for_the_face_that_it_lacks(made):
    found = lines(made)
    assert found["fingers"]["state"] == found["fingers_alone"]["state"] == found["arms_up"]["state"] == "OK"
    assert found["fingers"]["measured"] == 2
    assert found["face_loops"]["state"] == "WARNING" and "mouth" not in found


def test_a_hand_without_fingers_is_told_unless_the_photo_hides_it(made):
    bones = made.rig.weight_bones.copy()
    fingers = [k for k, name in enumerate(made.rig.names) if name.endswith(".L") and name[-3] in "123"]
    bones[np.isin(bones, fingers)] = made.rig.names.index("hand.L")
    mitten = replace(made, rig=replace(made.rig, weight_bones=bones))
    told, hidden = lines(mitten)["fingers"], {line["id"]: line for line in measure(mitten, (".R",))}["fingers"]
    assert told["state"] == "WARNING" and told["measured"] == hidden["measured"] == 1
    assert hidden["state"] == "OK" and hidden["value"] == "1 hands, 1 hidden"


def test_a_thigh_that_follows_a_finger_is_told(made):
    thigh, _ = nearest(made, "thigh.L", "hand.L")
    bones, weights = made.rig.weight_bones.copy(), made.rig.weights.copy()
    bones[thigh, :2], weights[thigh] = (
        [made.rig.names.index(name) for name in ("thigh.L", "index_1.L")],
        (0.6, 0.4, 0, 0),
    )
    found = lines(replace(made, rig=replace(made.rig, weight_bones=bones, weights=weights)))
    assert found["fingers_alone"]["state"] == "ERROR" and found["fingers_alone"]["measured"] > 0.01


def test_a_piece_of_the_thigh_that_goes_up_with_the_arm_is_told(made):
    thigh, _ = nearest(made, "thigh.L", "hand.L")
    found = lines(moved_by(made, thigh, "forearm.L"))
    assert found["arms_up"]["state"] == "ERROR" and found["arms_up"]["measured"] >= 3


def test_fingers_that_hang_together_are_none(made):
    one, other = nearest(made, "index_3.L", "middle_3.L")
    faces = np.concatenate([made.faces, [[one, other, one + 1, -1]]]).astype(made.faces.dtype)
    assert lines(replace(made, faces=faces))["fingers"]["measured"] == 1


def test_a_fan_is_a_pole(made):
    middle, faces = int(made.faces[0, 0]), made.faces
    fan = [[middle, int(faces[k, 0]), int(faces[k, 1]), -1] for k in range(500, 540, 5)]
    before, after = (lines(replace(made, faces=each))["poles"]["measured"] for each in (
        faces, np.concatenate([faces, fan]).astype(faces.dtype)))  # fmt: skip
    assert after == before + 1
