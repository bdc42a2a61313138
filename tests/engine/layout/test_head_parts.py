# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes, teeth and tongue: closed pieces where they belong in any head, that go with its expressions and its maps."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from blender_pifu.engine.layout.animation.template import load_template
from blender_pifu.engine.layout.expressions import without_looks
from blender_pifu.engine.layout.head_parts.head_parts import STRIP, beside_strip, parts_in
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.surface.mesh import check_mesh, split_quads, vertex_normals, volumes
from blender_pifu.result_file import (
    Reconstruction,
    ResultError,
    Rig,
    ShapeKeys,
    Summary,
    Texture,
    npz_bytes,
    read_result,
)
from blender_pifu.training.native.raster import rasterize
from helpers.head_with_parts import CHEEK, head_of, parts, photo_of


def number_of(name):
    return [piece.name for piece in parts().pieces].index(name)


def skin_of(head, moves=0):
    """The skin of a head as the mesh is without an expression, or moved in rest, with room for eyes."""
    template = load_template()
    rows = head.neutral.copy()
    rows[: len(template.labels)] += moves
    skin = template.with_eyes(head.seen(rows))
    normals = vertex_normals(skin, split_quads(template.faces)[0])
    made = PaintedMesh(skin, template.faces, normals, np.zeros((len(skin), 3), np.uint8))
    return parts_in(head, photo_of(head)).behind_eyes(made, template.regions == "socket")


def seen_pixels(head, skin, turn_deg, key=None):
    """Pixels (P + 1,) at which a camera turned about the head sees the skin and each of the pieces."""
    parts = parts_in(head, photo_of(head))
    own = parts._expressions(ShapeKeys((), np.zeros((0, 0, 3)), np.zeros(0)))
    points = parts.mesh.vertices + (own.moves[own.names.index(key)] if key else 0)
    triangles = np.concatenate([split_quads(skin.faces)[0], split_quads(parts.mesh.faces)[0] + len(skin.vertices)])
    counts = [2 * len(skin.faces), *(2 * len(piece.faces) for piece in parts.pieces)]
    owner = np.repeat(np.arange(len(counts)), counts)
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    turned = (np.concatenate([skin.vertices, points]) @ turn.T).astype(np.float32)
    face, _, _ = rasterize(turned, triangles.astype(np.int32), 700)
    return np.bincount(owner[face[face >= 0]], minlength=len(counts))


def test_pieces_are_closed_quads_that_look_outward():
    for piece in parts().pieces:
        check = check_mesh(piece.faces)
        assert check.watertight and check.components == 1, piece.name
        triangles, _ = split_quads(piece.faces)
        assert volumes(piece.vertices, triangles).sum() > 0, piece.name
        assert np.bincount(np.unique(np.sort(np.concatenate(
            [piece.faces[:, [k, (k + 1) % 4]] for k in range(4)]), axis=1), axis=0).ravel()).max() <= 4  # fmt: skip


@pytest.mark.parametrize("identity", range(6))
def test_in_any_head_eyes_show_between_the_lids_and_a_closed_mouth_hides_teeth(identity):
    head = head_of(identity)
    skin = skin_of(head)
    for turn in (-60, 0, 45):
        _, left, right, upper, lower, _ = seen_pixels(head, skin, turn)
        assert left + right > 150
        assert upper + lower <= 8, turn  # the lips are 90 long


def test_an_open_mouth_shows_teeth_and_tongue():
    template, head = load_template(), head_of()
    skin = skin_of(head, template.expressions["jawOpen"])
    _, _, _, upper, lower, tongue = seen_pixels(head, skin, 0, "jawOpen")
    assert min(upper + lower, tongue) > 60


def test_expressions_move_what_they_should():
    own = parts()._expressions(ShapeKeys((), np.zeros((0, 0, 3)), np.zeros(0)))
    starts = np.cumsum([0, *(len(piece.vertices) for piece in parts().pieces)])

    def moved(key, name):
        at = number_of(name)
        return np.linalg.norm(own.moves[own.names.index(key)][starts[at] : starts[at + 1]], axis=1).max() / 5

    assert moved("jawOpen", "lower teeth") > 0.01 > 0.001 > moved("jawOpen", "upper teeth")
    assert moved("tongueOut", "tongue") > 0.01
    assert moved("eyeLookUpLeft", "left eye") > 0.002 and moved("eyeLookUpLeft", "right eye") == 0
    assert sum(name.startswith("eyeLook") for name in own.names) == 8
    at = number_of("left eye")
    up = own.moves[own.names.index("eyeLookUpLeft")][starts[at] : starts[at + 1]]
    ahead = parts().mesh.vertices[starts[at] : starts[at + 1], 2].argmax()
    assert up[ahead, 1] > 0


def test_irises_have_the_photos_colour_and_dark_glasses_hide_eyes():
    eyes = parts().eyes
    assert eyes.seen and eyes.iris.argmax() == 2
    head = head_of()
    hidden = parts_in(head, photo_of(head, (30, 28, 28), (40, 36, 36)))
    assert not hidden.eyes.seen
    assert [piece.name for piece in hidden.pieces] == ["upper teeth", "lower teeth", "tongue"]
    skin = skin_of(head)
    assert hidden.behind_eyes(skin, load_template().regions == "socket") is skin
    closed = head_of(eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    assert parts_in(closed, photo_of(closed, CHEEK, CHEEK)).eyes.seen


def test_a_head_whose_face_is_not_seen_has_no_eyeballs():
    head = replace(head_of(), face_seen=False)
    found = parts_in(head, photo_of(head))
    assert not found.eyes.seen and {piece.name for piece in found.pieces} == {"upper teeth", "lower teeth", "tongue"}


def test_eyes_look_where_the_photos_do_and_lids_stay_where_it_shows_them():
    head = replace(head_of(), gaze=(0.1, -0.05))
    names = ("eyeLookOutLeft", "eyeLookInRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookUpLeft", "jawOpen")
    offsets = np.random.default_rng(0).normal(0, 0.001, (len(names), 50, 3)).astype(np.float32)
    vertices = np.random.default_rng(1).normal(0, 1, (50, 3)).astype(np.float32)
    keys = ShapeKeys(names, offsets, np.array([0, 0, 0, 0, 0, 0.3], np.float32))
    looking, still = parts_in(head, photo_of(head))._looking(keys, vertices)
    assert (looking.values[:4] > 0.1).all() and looking.values[4] == 0 and looking.values[5] == np.float32(0.3)
    shown = [at + np.tensordot(of.values, offsets, 1) for at, of in ((vertices, keys), (still, looking))]
    assert np.abs(shown[0] - shown[1]).max() < 1e-5
    hidden = parts_in(head, photo_of(head, (30, 28, 28), (40, 36, 36)))._looking(keys, vertices)
    assert np.array_equal(hidden[0].values, keys.values) and np.array_equal(hidden[1], vertices)


def test_maps_have_the_parts_in_a_strip_of_their_own():
    uv = parts()._uv
    assert uv[..., 1].min() > 1 - STRIP and uv[..., 1].max() < 1 and uv[..., 0].min() > 0 and uv[..., 0].max() < 1
    assert beside_strip(np.ones((1, 4, 2)))[..., 1].max() <= 1 - STRIP
    size = 1024
    grey = np.full((size, size, 3), 128, np.uint8)
    color, rough, flat = parts().painted(grey), parts().rough(grey), parts().flat(grey)
    rows = round(STRIP * size)
    for made in (color, rough, flat):
        assert (made[rows:] == 128).all() and made.shape == grey.shape

    def at(picture, name, face=0):
        u, v = uv[sum(len(piece.faces) for piece in parts().pieces[: number_of(name)]) + face].mean(0)
        return picture[int((1 - v) * size), int(u * size)].astype(int)

    assert at(rough, "left eye")[1] < 40 < at(rough, "tongue")[1]
    assert at(color, "tongue")[0] > at(color, "tongue")[1] + 40
    # No two pieces, and no two faces of one, share a texel.
    drawn = np.zeros((2048, 2048), np.int32)
    for quad in uv:
        one = np.zeros((2048, 2048), np.uint8)
        cv2.fillConvexPoly(one, np.round(quad * 2048).astype(np.int32), (1,))
        drawn += cv2.erode(one, np.ones((3, 3), np.uint8))
    assert drawn.max() == 1
    eye = np.concatenate([piece.uv for piece in parts().pieces if "eye" in piece.name])
    a, b, c = eye.reshape(-1, 2)[split_quads(np.arange(4 * len(eye)).reshape(-1, 4))[0]].transpose(1, 0, 2)
    one, two = b - a, c - a
    assert (one[:, 0] * two[:, 1] > one[:, 1] * two[:, 0]).all(), "no half of a quad lies over its neighbours"


def person():
    """A quad with a skeleton and a key, as a skin."""
    rig = Rig(
        ("hips", "head"), np.array([-1, 0], np.int32), np.zeros((2, 3), np.float32), np.eye(2, 3, dtype=np.float32),
        np.zeros((4, 4), np.int32), np.eye(1, 4, dtype=np.float32).repeat(4, 0),
    )  # fmt: skip
    keys = ShapeKeys(("jawOpen", "eyeLookUpLeft"), np.ones((2, 4, 3), np.float32), np.array([0.5, 0], np.float32))
    texture = Texture(np.zeros((1, 4, 2), np.float32), b"\x89PNG")
    quad = np.eye(4, 3, dtype=np.float32)
    summary = Summary(topology="standard", vertices=4, faces=1, components=1)
    return Reconstruction(
        quad, np.arange(4, dtype=np.int32)[None], quad, np.zeros((4, 3), np.uint8), summary, texture, rig, keys
    )


def test_a_person_with_parts_goes_through_the_result_file(tmp_path):
    skin, place = person(), lambda points: points.astype(np.float32)
    keys, vertices = parts().keyed(skin.shape_keys, skin.vertices, place)
    whole = parts().added_to(replace(skin, vertices=vertices, shape_keys=keys), place, lambda _, normals: normals)
    count, skin = len(parts().mesh.vertices), 4
    assert len(whole.vertices) == skin + count and (whole.shape_keys.offsets[:2, :skin] == 1).all()
    assert (whole.rig.weight_bones[skin:, 0] == 1).all() and (whole.rig.weights[skin:, 0] == 1).all()
    assert set(whole.shape_keys.names) >= {"jawOpen", "tongueOut", "eyeLookInRight"}
    assert (whole.parts.faces == 0).sum() == 1 and whole.summary.faces == len(whole.faces)
    path = tmp_path / "person.npz"
    path.write_bytes(npz_bytes(whole))
    again = read_result(path)
    assert again.parts.names == whole.parts.names and np.array_equal(again.parts.faces, whole.parts.faces)
    for faces in (whole.parts.faces + 9, whole.parts.faces[:-1]):
        path.write_bytes(npz_bytes(replace(whole, parts=replace(whole.parts, faces=faces.astype(np.uint8)))))
        with pytest.raises(ResultError):
            read_result(path)


def test_without_eyeballs_nothing_turns_eyes():
    assert without_looks(person().shape_keys).names == ("jawOpen",)
