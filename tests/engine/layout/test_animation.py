# SPDX-License-Identifier: GPL-3.0-or-later
"""The animation mesh: the body's quads on a clothed surface, with all that an animator needs, or a refusal in words."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh

from blender_pifu.engine.body.bones import BONES, INDEX
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.head import Head, load_head
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.errors import InputError
from blender_pifu.engine.layout.animation.template import load_template
from blender_pifu.engine.layout.animation.wrapped_body import animate, check_whole, occluder
from blender_pifu.engine.layout.crossings import crossing_faces
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.texture.texels import cover
from blender_pifu.engine.reading.stance import Framing
from blender_pifu.engine.surface.mesh import check_mesh, split_quads, vertex_normals, volumes

CLOTH_M = 0.012


def fit_of(pose):
    rows = load_body().pose(pose).numpy()
    return Fit(pose, rows, 0.005, 1.0, "surface", None, np.ones(len(BONES), bool))


def clothed(more=None):
    """The mean body in rest, some cloth over all but its face and hands; and `more`, a trimesh, beside it."""
    body, template = load_body(), load_template()
    skin = fit_of(body.rest_pose()).vertices[: body.skin_vertices]
    normals = vertex_normals(skin, body.triangles)
    bare = (template.stiff > 0) | (template.regions != "skin")
    vertices, faces = skin + CLOTH_M * np.where(bare, 0, 1)[:, None] * normals, body.triangles
    if more:
        faces = np.concatenate([faces, np.asarray(more.faces) + len(vertices)])
        vertices = np.concatenate([vertices, more.vertices])
    vertices = vertices.astype(np.float32)
    return PaintedMesh(vertices, faces, vertex_normals(vertices, faces), np.full((len(vertices), 3), 128, np.uint8))


@pytest.fixture(scope="module")
def animated():
    return animate(clothed(), fit_of(load_body().rest_pose()))


def test_the_mesh_is_one_closed_piece_of_quads(animated):
    shape = animated.mesh
    triangles, _ = split_quads(shape.faces)
    check = check_mesh(shape.faces)
    assert check.watertight and check.components == 1 and (shape.faces >= 0).all()
    assert volumes(shape.vertices, triangles).sum() > 0
    a, b, c = shape.vertices[triangles].astype(float).transpose(1, 0, 2)
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-12
    assert crossing_faces(shape.vertices, triangles).mean() < 0.01


def test_it_lies_on_the_cloth_and_keeps_its_features(animated):
    body, template = load_body(), load_template()
    start = fit_of(body.rest_pose()).vertices[: body.skin_vertices]
    assert 100 * animated.distances.surface.mean() < 0.2
    moved = np.linalg.norm(animated.mesh.vertices - start, axis=1)
    soft = (template.stiff == 0) & np.isin(template.labels, [INDEX["chest"], INDEX["thigh.L"], INDEX["shin.R"]])
    assert np.median(moved[soft]) == pytest.approx(CLOTH_M, rel=0.2)
    ear = (template.regions == "ear") & (start[:, 0] > 0)
    assert np.ptp(animated.mesh.vertices[ear], axis=0) == pytest.approx(np.ptp(start[ear], axis=0), rel=0.1)


def test_behind_the_lids_lie_the_fronts_of_the_eyes(animated):
    body, template = load_body(), load_template()
    eye = body.mean[body.skin_vertices : body.vertices].numpy()
    middle = eye[eye[:, 0] > 0].mean(0)
    bag = animated.mesh.vertices[(template.regions == "socket") & (body.mean[: body.skin_vertices, 0].numpy() > 0)]
    assert (bag[:, 2] > middle[2] + 0.003).all(), "no bag is left behind an eye"
    assert np.linalg.norm(bag - middle, axis=1).std() < 0.001


def test_uvs_lie_in_the_unit_square_and_nowhere_overlap(animated):
    uv, (_, corners) = animated.uv, split_quads(animated.mesh.faces)
    assert uv.shape == (*animated.mesh.faces.shape, 2) and uv.min() >= 0 and uv.max() <= 1
    found = cover(uv.reshape(-1, 2)[corners], 2048)
    assert np.bincount(found.texel).max() == 1


def test_weights_are_the_bodys_own_and_fit_any_engine(animated):
    rig = animated.rig(lambda points: points)
    assert rig.weights.shape == (len(animated.mesh.vertices), 4)
    assert np.abs(rig.weights.sum(1) - 1).max() < 1e-4
    assert (np.array(rig.names)[rig.weight_bones[:, 0]] == np.array(BONES)[load_template().labels]).mean() > 0.99
    assert rig.weight_bones.max() < len(rig.names)


def test_expressions_follow_the_face_in_place_and_size(animated):
    plain = animated.shape_keys(lambda points: points)
    assert {"jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp"} <= set(plain.names)
    jaw = plain.offsets[plain.names.index("jawOpen")]
    assert 0.01 < np.abs(jaw).max() < 0.05 and jaw[:, 1].argmin() in np.flatnonzero(
        load_template().labels == INDEX["head"]
    )
    lids = plain.offsets[plain.names.index("eyeBlinkLeft")]
    assert not lids[load_template().regions == "socket"].any(), "the eyes stay when lids close"
    # A head twice as large that looks to its left.
    turn = np.array([[0, 0, 2], [0, 2, 0], [-2, 0, 0]], np.float32)
    larger = replace(animated, mesh=replace(animated.mesh, vertices=animated.mesh.vertices @ turn.T))
    assert np.abs(larger.shape_keys(lambda points: points).offsets - plain.offsets @ turn.T).max() < 1e-4


def test_the_persons_own_head_stays_where_the_photo_shows_it_and_its_smile_is_a_key():
    model, shape = load_head(), torch.zeros(20)
    smile = np.zeros(len(model.actions))
    smile[[model.actions.index(f"mouthSmile{side}") for side in ("Left", "Right")]] = 0.5
    identity = np.random.default_rng(3).normal(size=len(model.modes))
    head = Head(shape, identity, smile, np.eye(3), 1.02, np.array([0.004, 0.0, 0.05]), 0.1, 0.001)
    body = animate(clothed(), fit_of(load_body().rest_pose()), head=head)
    marks = np.flatnonzero(model.mark_groups != "oval")

    def at_marks(vertices):
        return np.einsum("mk,mkc->mc", model.mark_shares, vertices[model.mark_vertices])[marks]

    wanted = head.seen(head.expressed)
    off = np.linalg.norm((at_marks(body.shown.vertices) - at_marks(wanted))[:, :2], axis=1)
    assert np.median(off) < 1e-4 and (off < 0.001).mean() > 0.9
    assert np.linalg.norm((at_marks(body.shown.vertices) - at_marks(wanted))[:, :2], axis=1).max() < 0.005
    depth = (body.shown.vertices - wanted[: len(body.shown.vertices)])[:, 2]
    assert abs(np.median(depth[load_template().face > 0.9]) + 0.05) < 0.02, "in depth it goes where the surface is"
    keys = body.shape_keys(lambda points: points)
    assert keys.values[keys.names.index("mouthSmileLeft")] == 0.5 and keys.values[keys.names.index("jawOpen")] == 0
    smiling = body.mesh.vertices + np.tensordot(keys.values, keys.offsets, 1)
    assert np.abs(smiling - body.shown.vertices).max() < 2e-4
    assert np.abs(body.mesh.vertices - body.shown.vertices).max() > 0.003
    assert check_mesh(body.mesh.faces).watertight


def test_a_skirt_is_refused_with_the_reason_and_what_to_choose():
    skirt = trimesh.creation.cylinder(radius=0.3, height=0.5, sections=96).subdivide().subdivide()
    skirt.apply_transform(trimesh.geometry.align_vectors([0, 0, 1], [0, 1, 0]))
    skirt.apply_translation([0, -0.35, 0])
    with pytest.raises(
        InputError, match=r"% of the surface lies more than 3 cm off, mostly about the (legs|trunk)"
    ) as no:
        animate(clothed(skirt), fit_of(load_body().rest_pose()))
    assert "Standard" in no.value.fix


def test_a_body_that_is_not_believed_or_not_whole_is_refused():
    fit = replace(fit_of(load_body().rest_pose()), source="landmarks", residual_m=0.034)
    with pytest.raises(InputError, match="3.4 cm off"):
        animate(clothed(), fit)
    with pytest.raises(InputError, match="only a part of the person"):
        check_whole(SimpleNamespace(framing=Framing.HALF))
    check_whole(SimpleNamespace(framing=Framing.FULL))


def test_what_hides_others_is_fine_enough_for_the_bake(animated):
    loose = occluder(animated.mesh, 0.01)
    corners = loose.vertices[loose.faces]
    assert np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).max() <= 0.01
    triangles, _ = split_quads(animated.mesh.faces)
    whole = volumes(animated.mesh.vertices, triangles).sum()
    assert volumes(loose.vertices, loose.faces).sum() == pytest.approx(whole, rel=1e-4)
