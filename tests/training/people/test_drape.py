# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloth that hangs lies on the body, keeps its measure, and takes no more steps than a person may cost."""

import numpy as np
import pytest

from blender_pifu.training.people.body import load_body
from blender_pifu.training.people.cloth import drape as drape_module
from blender_pifu.training.people.cloth.drape import FINE, MOVE, SETTLE, Stance, drape, drape_soundly, sound
from blender_pifu.training.people.cloth.dressing import Dresser
from blender_pifu.training.people.cloth.sewing import Garment
from blender_pifu.training.people.clothes.garment_kinds import GARMENT_KINDS
from blender_pifu.training.people.clothes.outfit import Cut
from blender_pifu.training.people.pose import UP, Rigging, turn

SHIRT = Garment("top", Cut(0.97, 0.97, bottom=0.26), ease=0.012, length=1.05, cuff=0.05, layer=1)
TROUSERS = Garment("legs", Cut(top=0.3, bottom=-0.97), ease=0.009, flare=0.02, length=1.04, belted=True)
SKIRT = Garment("skirt", None, Cut(top=0.3, bottom=-0.5), ease=0.004, flare=0.06, gather=1.2, belted=True)
DRESS = Garment("dress", Cut(0.4, 0.96, bottom=0.25), Cut(top=0.238, bottom=-0.5), ease=0.006, flare=0.05)
COAT = Garment(
    "jacket", Cut(0.97, 0.98, bottom=0.25, opening=0.03), Cut(top=0.238, bottom=-0.3, opening=0.03), ease=0.018, layer=3
)


def stance(pose: str) -> Stance:
    """The mean body as it stands, sits, crosses its arms, or holds its legs together."""
    body = load_body()
    rig = Rigging(body, body.mean_heads)
    for side, sign in (("L", 1), ("R", -1)):
        down, ahead = np.array([0.0, 0, -1]), np.array([0.0, -1, 0])
        legs = {"sitting": (ahead, down), "together": (down + [-0.03 * sign, 0, 0], down)}.get(pose)
        if legs is not None:
            rig.point(f"upperleg01.{side}", f"lowerleg01.{side}", legs[0])
            rig.point(f"lowerleg01.{side}", f"foot.{side}", legs[1])
        arms = {"crossed": (down + 0.3 * ahead, np.array([-1.0 * sign, -0.2, 0.1]))}
        upper, lower = arms.get(pose, (down + [0.2 * sign, 0, 0], down + 0.4 * ahead + [0.15 * sign, 0, 0]))
        rig.point(f"upperarm01.{side}", f"lowerarm01.{side}", upper)
        rig.point(f"lowerarm01.{side}", f"wrist.{side}", lower)
    rig.rotate("root", turn(UP, 0.4))
    return Stance(body, body.mean_vertices, body.mean_heads, rig.rotations)


@pytest.fixture(scope="module")
def standing():
    return drape(stance("standing"), [TROUSERS, SHIRT], None, np.random.default_rng(0))


def test_no_cloth_inside_the_body(standing):
    for garment in standing:
        assert (garment.clearance < -0.001).mean() < 0.003 and np.quantile(garment.clearance, 0.02) > 0.0015


def test_threads_keep_their_length(standing):
    for garment in standing:
        assert (np.abs(garment.strain - 1) < 0.05).mean() > 0.85 and np.quantile(garment.strain, 0.99) < 1.2


def test_cloth_folds(standing):
    """What hangs is no inflated body: its surface turns by many degrees within centimetres."""
    shirt = standing[1]
    faces = shirt.pattern.triangles()
    corners = shirt.vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    mean = np.zeros_like(shirt.vertices)
    np.add.at(mean, faces.ravel(), np.repeat(normals, 3, 0))
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    bent = np.degrees(np.arccos(np.clip(np.einsum("tc,tc->t", normals, mean[faces[:, 0]]), -1, 1)))
    assert np.quantile(bent, 0.9) > 4


def test_same_seed_same_drape(standing):
    again = drape(stance("standing"), [TROUSERS, SHIRT], None, np.random.default_rng(0))
    other = drape(stance("standing"), [TROUSERS, SHIRT], None, np.random.default_rng(1))
    for one, two, three in zip(standing, again, other, strict=True):
        assert np.array_equal(one.vertices, two.vertices)
        assert not np.array_equal(one.vertices, three.vertices)


def test_layers_lie_over_each_other(standing):
    """The shirt's hem hangs outside of the trousers that it covers."""
    trousers, shirt = standing
    low = np.quantile(shirt.vertices[:, 2], 0.02)
    band = trousers.vertices[np.abs(trousers.vertices[:, 2] - low - 0.01) < 0.01]
    hem = shirt.vertices[np.abs(shirt.vertices[:, 2] - low - 0.01) < 0.01]
    centre = band.mean(0)
    angle, far = ([way(*(points - centre)[:, :2].T) for points in (band, hem)] for way in (np.arctan2, np.hypot))
    order = np.argsort(angle[1])
    over = np.interp(angle[0], angle[1][order], far[1][order], period=2 * np.pi)
    assert len(band) > 100 and (over < far[0] - 0.002).mean() < 0.05


@pytest.mark.parametrize("pose", ["sitting", "crossed", "together"])
@pytest.mark.parametrize("outfit", [(TROUSERS, SHIRT, COAT), (SKIRT, SHIRT), (DRESS,)], ids=["coat", "skirt", "dress"])
def test_hard_poses_do_not_explode(pose, outfit):
    draped = drape_soundly(stance(pose), list(outfit), None, np.random.default_rng(3))
    assert sound(draped) and len(draped) >= len([garment for garment in outfit if garment is not COAT])
    for garment in draped:
        assert np.isfinite(garment.vertices).all() and np.abs(garment.vertices).max() < 1.2
        assert np.quantile(garment.strain, 0.95) < 1.3


def test_a_person_is_dressed():
    person = Dresser(9, "train").make()
    assert np.isfinite(person.vertices).all() and 0.4 < np.ptp(person.vertices[:, 2]) < 2.8
    weights = person.skin_weights()
    assert weights.min() >= 0 and np.allclose(weights.sum(1), 1, atol=1e-4)
    assert person.garments in GARMENT_KINDS
    worn = person.fabric >= 0
    assert worn.sum() > 40_000 and set(np.unique(person.part[worn])) == set(range(5))


def test_steps_are_counted(monkeypatch):
    done = []
    step = drape_module.Hanging.step
    monkeypatch.setattr(drape_module.Hanging, "step", lambda cloth, number, *rest: done.append(
        (number, len(cloth.rest))) or step(cloth, number, *rest))  # fmt: skip
    drape(stance("standing"), [TROUSERS, SHIRT], None, np.random.default_rng(0))
    assert sum(number for number, _ in done) <= MOVE + SETTLE + FINE
    assert sum(number * threads for number, threads in done) < 8e7
