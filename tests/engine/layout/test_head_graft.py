# SPDX-License-Identifier: GPL-3.0-or-later
"""The person's own head on a reconstructed surface: one closed piece, with its expressions, or none at all."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from blender_pifu.engine import stages
from blender_pifu.engine.body.bones import BONES, INDEX
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.head import Head, load_head
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.body.rigging import Fitted
from blender_pifu.engine.face.own_head import FoundHead
from blender_pifu.engine.futures import Future
from blender_pifu.engine.layout import topologies
from blender_pifu.engine.layout.animation.head_graft import wear
from blender_pifu.engine.layout.animation.template import load_template
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.topologies import TOPOLOGIES
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, split_quads, vertex_normals, volumes
from helpers.analytic import CapsuleField


@lru_cache
def rest_fit():
    pose = load_body().rest_pose()
    return Fit(pose, load_body().pose(pose).numpy(), 0.0, 1.0, "surface", None, np.ones(len(BONES), bool))


@lru_cache
def egg():
    """The surface of a person whose head is an egg: vertices (V, 3), faces (F, 3)."""
    skin = rest_fit().vertices[: load_body().skin_vertices]
    own = skin[(load_head().weight[: len(skin)] > 0.9) & (load_template().regions == "skin")]
    middle, neck = own.mean(0), rest_fit().rows[load_body().head_rows][INDEX["neck"]]
    crown, chin = middle + (0, 0.03, -0.02), middle + (0, -0.04, 0.02)
    field = CapsuleField(
        np.stack([(crown, middle), (middle, chin), (middle, neck), (neck, neck + (0, -0.2, 0))]),
        [0.087, 0.08, 0.058, 0.12],
    )
    surface = extract_surface(field, 256)
    return surface.vertices, surface.faces


@lru_cache
def own_head():
    model = load_head()
    smile = np.zeros(len(model.actions))
    smile[[model.actions.index(f"mouthSmile{side}") for side in ("Left", "Right")]] = 0.5
    return Head(torch.zeros(20), np.zeros(len(model.modes)), smile, np.eye(3), 1.0, np.zeros(3), 0.0, 0.001)


@lru_cache
def worn():
    return wear(own_head(), rest_fit(), *egg())


def quads_of(vertices, faces):
    """Triangles as quads, three each."""
    made = trimesh.Trimesh(vertices, faces, process=False)
    middles = vertices[faces].mean(1)
    edges = len(vertices) + made.faces_unique_edges
    center = len(vertices) + len(made.edges_unique) + np.arange(len(faces))
    quads = [np.stack([faces[:, k], edges[:, k], center, edges[:, k - 1]], 1) for k in range(3)]
    points = np.concatenate([vertices, vertices[made.edges_unique].mean(1), middles])
    return points.astype(np.float32), np.concatenate(quads).astype(np.int32)


@pytest.mark.parametrize("kind", ["triangles", "quads"])
def test_a_mesh_gets_the_head_and_stays_one_closed_piece(kind):
    mesh = egg() if kind == "triangles" else quads_of(*egg())
    vertices, faces = worn().graft(*mesh)
    check = check_mesh(faces)
    assert check.watertight and check.components == 1
    assert volumes(vertices, split_quads(faces)[0]).sum() > 0
    assert (vertices[-len(worn().rows) :] == worn().vertices).all()
    if kind == "quads":
        assert (faces[:, 3] >= 0).mean() > 0.98
    marks = np.flatnonzero(load_head().mark_groups == "nose")
    wanted = worn().head.seen(load_head().at_marks(worn().head.expressed))[marks]
    apart = np.linalg.norm(wanted[:, None] - vertices[None, -len(worn().rows) :], axis=2).min(1)
    assert apart.max() < 0.006, "its nose is where the photo shows it"


def test_expressions_are_keys_that_move_the_head_alone():
    vertices, faces = worn().graft(*egg())
    found = worn().expressions(vertices)
    assert {"jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp"} <= set(found.names)
    moved = np.abs(found.moves).max((0, 2)) > 0
    assert moved[-len(worn().rows) :].any() and not moved[: -len(worn().rows)].any()
    assert found.values[found.names.index("mouthSmileLeft")] == 0.5
    shown = PaintedMesh(vertices, faces, vertex_normals(vertices, faces), np.zeros((len(vertices), 3), np.uint8))
    neutral = found.neutral(shown)
    assert np.abs(neutral.vertices - vertices).max() > 0.003
    keys = found.shape_keys(neutral, lambda points: points)
    again = neutral.vertices + np.tensordot(keys.values, keys.offsets, 1)
    assert np.abs(again - vertices).max() < 2e-4


def test_a_mesh_without_the_head_has_no_expressions():
    assert worn().expressions(egg()[0]) is None


@pytest.mark.parametrize("component", [0, 1, 2])
@pytest.mark.parametrize("taller", [-2.0, 2.0])
def test_where_hair_ends_is_told_on_the_mean_body_of_people_of_any_size(component, taller):
    shape = torch.zeros(20)
    shape[component] = taller
    head = replace(own_head(), shape=shape)
    skin = load_template().rest
    of_head = (load_head().weight[: len(skin)] > 0.5) & (load_template().regions == "skin")
    shown = head.seen(head.neutral[: len(skin)][of_head])
    resting = replace(worn(), head=head).resting(shown)
    assert np.median(np.abs(resting - skin[of_head])) < 0.006


def test_the_head_keeps_its_own_weights():
    vertices, faces = worn().graft(*egg())
    fitted = Fitted(None, [], egg(), rest_fit(), [], head=worn())
    rig = fitted.rig(vertices, faces, lambda points: points)
    nose = len(vertices) - len(worn().rows) + worn().vertices[:, 2].argmax()
    strongest = rig.weight_bones[nose, rig.weights[nose].argmax()]
    assert rig.names[strongest] == "head"


def hair(wider):
    """The egg with hair that stands off above the eyes, to the sides."""
    vertices, faces = egg()
    wide = vertices.copy()
    above = np.clip((vertices[:, 1] - worn().vertices[:, 1].max() + 0.13) / 0.05, 0, 1)
    wide[:, 0] *= 1 + (wider - 1) * above
    return wide, faces


def test_under_much_hair_the_face_alone_is_put_on_and_the_hair_stays():
    vertices, faces = hair(1.8)
    face = wear(own_head(), rest_fit(), vertices, faces)
    assert 0.1 * len(worn().rows) < len(face.rows) < 0.8 * len(worn().rows)
    made, joined = face.graft(vertices, faces)
    check = check_mesh(joined)
    assert check.watertight and check.components == 1
    assert np.ptp(made[:, 0]) > 0.95 * np.ptp(vertices[:, 0]), "the hair is as wide as it was"
    nose, own = face.vertices[:, 2].max(), worn().vertices[:, 2].max()
    assert abs(nose - own) < 0.01 and made[:, 2].max() == pytest.approx(nose, abs=1e-6)
    found = face.expressions(made)
    assert "jawOpen" in found.names and np.abs(found.moves).max() > 0.005
    assert face.of_region("mouth", made).any()


def test_hair_that_stands_off_a_little_grows_out_of_the_temples_without_a_ledge():
    vertices, faces = hair(1.15)
    below = wear(own_head(), rest_fit(), vertices, faces)
    assert below.leaves_crown
    made = trimesh.Trimesh(*below.graft(vertices, faces), process=False)
    rim = below.vertices[below.rim]
    middles = made.vertices[made.face_adjacency_edges].mean(1)
    beside = (cKDTree(rim).query(middles)[0] < 0.015) & (middles[:, 1] > rim[:, 1].max() - 0.05)
    bent = np.degrees(made.face_adjacency_angles[beside])
    assert np.quantile(bent, 0.9) < 40, "ears are bent more"
    assert np.ptp(made.vertices[:, 0]) > 0.97 * np.ptp(vertices[:, 0]), "it is as wide as it was"


def bun():
    """The egg with a knot of hair on the crown: a small share of the head."""
    vertices, faces = egg()
    crown = vertices[vertices[:, 1].argmax()]
    away = np.linalg.norm((vertices - crown)[:, [0, 2]], axis=1)
    high = vertices.copy()
    high[:, 1] += np.where(vertices[:, 1] > crown[1] - 0.06, 0.05 * np.exp(-((away / 0.02) ** 2)), 0)
    return high, faces


def test_a_bun_or_hat_keeps_its_shape_however_small_and_face_ears_and_neck_are_put_on_below():
    vertices, faces = bun()
    below = wear(own_head(), rest_fit(), vertices, faces)
    assert below.leaves_crown and not worn().leaves_crown
    ears = np.flatnonzero(load_template().regions == "ear")
    assert np.isin(ears, below.rows).all()
    made, joined = below.graft(vertices, faces)
    check = check_mesh(joined)
    assert check.watertight and check.components == 1
    assert made[:, 1].max() == pytest.approx(vertices[:, 1].max(), abs=1e-4), "it is as high as it was"
    assert "jawOpen" in below.expressions(made).names


def test_where_the_face_lies_far_off_as_well_the_surface_is_left_and_the_artist_is_told():
    vertices, faces = egg()
    bulged = vertices.copy()
    bulged[(vertices > (0.0, worn().vertices[:, 1].min(), 0.0)).all(1), 2] += 0.16  # as something held before it
    assert wear(own_head(), rest_fit(), bulged, faces) is None
    found = Future(lambda: FoundHead(own_head()))
    left = stages.own_head(TOPOLOGIES["standard"], found, rest_fit(), (bulged, faces))
    assert left.worn is None and left.note == stages.OFF_THE_HEAD
    put_on = stages.own_head(TOPOLOGIES["standard"], found, rest_fit(), egg())
    assert put_on.worn is not None and put_on.note is None


def turned(degrees, **more):
    """A mean head, the body's turned alike."""
    head = replace(own_head(), expression=np.zeros(len(load_head().actions)), **more)
    turn = Rotation.from_euler("y", degrees, degrees=True).as_matrix()
    return replace(head, turn=turn)


def test_a_mean_head_is_put_on_where_there_is_no_own_and_the_artist_is_told():
    found = Future(lambda: FoundHead(mean=turned(0)))
    left = stages.own_head(TOPOLOGIES["standard"], found, rest_fit(), egg())
    assert left.worn is not None and left.head is None and left.note == stages.MEAN_HEAD
    assert not left.worn.expressions(left.worn.graft(*egg())[0]).values.any()
    bodys = stages.own_head(TOPOLOGIES["animation"], found, rest_fit(), egg())
    assert bodys == stages.OwnHead(), "the body's own mesh has a face as it is"
    doubted = Future(lambda: FoundHead(note="why", mean=turned(0)))
    assert stages.own_head(TOPOLOGIES["standard"], doubted, rest_fit(), egg()).note == "why"


def from_behind(vertices, faces):
    """What a surface whose back the camera sees has for a head, and its vertices."""
    vertices, fit = (vertices * (-1, 1, -1)).astype(np.float32), rest_fit()
    behind = replace(fit, rows=fit.rows * np.array((-1, 1, -1), np.float32))
    return wear(turned(180, face_seen=False, shift=-worn().head.shift), behind, vertices, faces), vertices


def test_of_who_is_seen_from_behind_the_whole_head_is_put_on_with_its_face_away_from_the_camera():
    faces = egg()[1]
    put_on, vertices = from_behind(*egg())
    assert not put_on.leaves_crown and not put_on.shows_face and put_on.faces_away
    made, joined = put_on.graft(vertices, faces)
    check = check_mesh(joined)
    assert check.watertight and check.components == 1
    nose = made[-len(put_on.rows) :][:, 2].min()
    assert nose == pytest.approx(-worn().vertices[:, 2].max(), abs=0.012)


def test_of_who_is_seen_from_behind_under_much_hair_the_face_is_put_on():
    faces = hair(1.8)[1]
    put_on, vertices = from_behind(*hair(1.8))
    assert put_on.leaves_crown and put_on.faces_away
    made, joined = put_on.graft(vertices, faces)
    check = check_mesh(joined)
    assert check.watertight and check.components == 1
    assert made[:, 2].min() == pytest.approx(-worn().vertices[:, 2].max(), abs=0.012), "its nose is the foremost"
    assert made[:, 2].max() == pytest.approx(vertices[:, 2].max(), abs=0.01), "the hair that the camera sees stays"


def test_a_head_that_lies_elsewhere_is_not_put_on():
    far = replace(worn(), around=worn().around + (0, 0.5, 0))
    assert far.graft(*egg()) is None


def test_a_mesh_that_could_not_take_the_head_says_so(monkeypatch):
    vertices, faces = egg()
    monkeypatch.setattr(topologies, "quads", lambda *_: (*quads_of(vertices, faces), 0.0))
    dense = PaintedMesh(vertices, faces, vertex_normals(vertices, faces), np.zeros((len(vertices), 3), np.uint8))
    source = topologies.Source(dense, None, 256, lambda _: (vertices, faces), None, None, worn=worn())
    laid = topologies.TOPOLOGIES["game"].make(source, lambda: None)
    assert topologies.NOT_JOINED in laid.notes and laid.expressions is None


def test_where_a_hand_finds_no_sound_wrist_the_head_is_put_on_nevertheless(monkeypatch):
    vertices, faces = egg()
    asked = []
    monkeypatch.setattr(
        topologies, "quads", lambda count, *_: (asked.append(count), *quads_of(vertices, faces), 0.0)[1:]
    )
    dense = PaintedMesh(vertices, faces, vertex_normals(vertices, faces), np.zeros((len(vertices), 3), np.uint8))
    hands = {".L": lambda *_: None}
    fitted = Fitted(None, [], egg(), rest_fit(), [], hands, 1600, worn())
    source = topologies.Source(dense, None, 256, lambda _: (vertices, faces), fitted, None, worn=worn())
    laid = topologies.TOPOLOGIES["standard"].make(source, lambda: None)
    assert laid.expressions is not None and "jawOpen" in laid.expressions.names and not laid.notes
    assert asked[1] > asked[0], "what the hands would have had is the surface's"
