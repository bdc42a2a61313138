# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin weights for a surface over the body: valid, of the right limb, and moving nothing along that hangs elsewhere."""

import numpy as np
import pytest

from blender_pifu.engine.body.bones import BONES, INDEX, part
from blender_pifu.engine.body.fit import fit_body
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.body.weights import skin_weights
from blender_pifu.engine.surface.mesh import vertex_normals


@pytest.fixture(scope="module")
def dressed():
    """The body under its own surface swollen by a centimetre, as by clothes."""
    body = load_body()
    skin = body.pose(body.rest_pose()).numpy()[: body.skin_vertices]
    vertices = (skin + 0.01 * vertex_normals(skin, body.triangles)).astype(np.float32)
    fit = fit_body(skin, body.triangles)
    return body, fit, vertices


def dense(bones, weights):
    """(V, 52)."""
    full = np.zeros((len(bones), len(BONES)))
    np.put_along_axis(full, bones, weights, 1)
    return full


@pytest.mark.parametrize("quads", [False, True])
def test_weights_are_valid_and_near_the_true_ones(dressed, quads):
    body, fit, vertices = dressed
    faces = body.faces[(body.faces < body.skin_vertices).all(1)] if quads else body.triangles
    bones, weights = skin_weights(vertices, faces, fit)
    assert bones.shape == weights.shape == (len(vertices), 4)
    assert np.abs(weights.sum(1) - 1).max() < 1e-5 and weights.min() >= 0
    assert (bones >= 0).all() and (bones < len(BONES)).all() and (bones[weights == 0] == 0).all()
    truth = body.weights[: body.skin_vertices].numpy()
    spread = np.zeros((len(vertices), len(BONES)))
    for slot in range(4):
        np.add.at(spread, (np.arange(len(vertices)), bones[:, slot]), weights[:, slot])
    assert np.abs(spread - truth).sum(1).mean() < 0.2


def test_a_limb_takes_nothing_of_another_along(dressed):
    body, fit, vertices = dressed
    bones, weights = skin_weights(vertices, body.triangles, fit)
    far = np.array([part(bone) for bone in BONES])
    arms = np.char.startswith(far, "arm")
    legs = np.char.startswith(far, "leg")
    parts = body.parts[: body.skin_vertices]
    share = lambda which: (weights * which[bones]).sum(1)  # noqa: E731
    assert share(arms)[np.char.startswith(parts, "leg")].max() < 0.01
    assert share(legs)[np.char.startswith(parts, "arm")].max() < 0.01
    shin = body.labels[: body.skin_vertices] == INDEX["shin.L"]
    assert share(far == "leg.R")[shin].max() < 0.01


def test_what_hangs_on_bones_left_out_follows_the_next(dressed):
    body, fit, vertices = dressed
    stands_for = np.arange(len(BONES))
    stands_for[INDEX["hand.L"]] = INDEX["forearm.L"]
    bones, weights = skin_weights(vertices, body.triangles, fit, stands_for)
    assert not ((bones == INDEX["hand.L"]) & (weights > 0)).any()
    assert np.abs(weights.sum(1) - 1).max() < 1e-5
