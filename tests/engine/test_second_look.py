# SPDX-License-Identifier: GPL-3.0-or-later
"""A fitted body is drawn where it is, and only for weights that read it."""

from dataclasses import replace

import numpy as np
import torch

from blender_pifu.engine import second_look
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.crop_space import pixels_at
from blender_pifu.engine.model import HumanModel
from blender_pifu.engine.networks.body_maps import BODY_PX, CHANNELS, mirrored_body
from blender_pifu.engine.networks.coarse import CoarseConfig, CoarseLevel
from blender_pifu.engine.reading.crop import Crop
from blender_pifu.engine.reading.matte import Matte
from blender_pifu.engine.reading.person_cut import PersonCut

TINY = CoarseConfig(core_px=32, widths=(8, 8, 16, 16), wide_features=8, hidden=16, layers=2)


def standing():
    pose = replace(load_body().rest_pose(), translation=torch.tensor([0.1, 0.0, 0.2]))
    return Fit(pose, load_body().pose(pose).numpy(), 0.01, 1.0, "surface", None, np.ones(52, bool))


def test_a_body_is_drawn_where_it_is():
    fit = standing()
    body = second_look.draw_body(fit)
    assert body.shape == (1, CHANNELS, BODY_PX, BODY_PX)
    column, row = pixels_at(fit.vertices[:, 0], fit.vertices[:, 1], BODY_PX)
    there, front, back = body[0, :3]
    assert there[row, column].mean() > 0.93  # vertices of the outline lie in pixels it covers in part
    z = torch.from_numpy(fit.vertices[:, 2])
    inside = there[row, column] > 0
    assert (front[row, column] > z - 0.03)[inside].float().mean() > 0.97
    assert (back[row, column] < z + 0.03)[inside].float().mean() > 0.97
    assert (body[0, 5][there > 0] >= 0).float().mean() > 0.99 and (body[0, 8][there > 0] <= 0).float().mean() > 0.99
    assert torch.equal(mirrored_body(mirrored_body(body)), body)


def test_limbs_that_do_not_fit_are_not_shown():
    fit = standing()
    parts = load_body().parts
    limb = sorted(set(parts))[0]
    whole, without = second_look.draw_body(fit), second_look.draw_body(replace(fit, limbs_m={limb: 0.2}))
    lost = (whole[0, 0] > 0) & (without[0, 0] == 0)
    column, row = pixels_at(*fit.vertices[parts == limb, :2].mean(0), BODY_PX)
    assert 0 < lost.sum() < 0.6 * (whole[0, 0] > 0).sum() and bool(lost[row, column])


def test_only_weights_that_read_a_body_are_shown_one(monkeypatch):
    matte = Matte(np.ones((64, 64), np.float32), np.full((64, 64, 3), 128, np.uint8))
    cut = PersonCut(matte, Crop(32, 32, 64), np.random.default_rng(0).uniform(-0.9, 0.9, (33, 4)).astype(np.float32))
    asked = []
    monkeypatch.setattr(second_look, "_body", lambda *_: asked.append(1) or second_look.draw_body(standing()))
    blind, seeing = (HumanModel(CoarseLevel(replace(TINY, body=body)), "tiny") for body in (False, True))
    second_look.draw(blind, cut)
    assert not asked
    torch.nn.init.normal_(seeing.level.encoder.further.draw.weight)
    seen = second_look.draw(seeing, cut)
    assert asked and not torch.equal(seen.front_depth, seeing.encode(*seeing.prepare(cut)).front_depth)
