# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo's light is taken from the colours, or kept in them, on every side."""

import numpy as np
import pytest

from blender_pifu.engine import reconstruct
from blender_pifu.engine.color.light import Light, Shading
from blender_pifu.engine.srgb import lit
from helpers import silhouette

ACROSS = np.linspace(0.3, 1.7, 64, dtype=np.float32)[None, :, None] * np.ones((64, 1, 3), np.float32)
SHADING = Shading(Light(np.zeros((9, 3))), ACROSS, ACROSS[:, ::-1])


class LitModel(silhouette.AnalyticModel):
    """Finds a light from the right; behind goes on what the cut shows in front."""

    def without_light(self, encoding, cut):
        return encoding, SHADING

    def hidden_side(self, encoding, cut, regions=None):
        return {"back": np.dstack(cut(64)).astype(np.float32)}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """With the photo's light and without; and how far to the side their vertices lie."""
    photo = silhouette.write_cut_out(tmp_path_factory.mktemp("photo") / "person.png")
    kept, bare = (reconstruct(photo, model=LitModel(), resolution=64, keep_light=keep) for keep in (True, False))
    return kept, bare, kept.vertices[:, 0]


def shown(person, across, side):
    where = (person.normals[:, 1] * side > 0.8) & (np.abs(across) < 0.12)
    assert where.sum() > 50
    return person.colors[where].astype(int), across[where]


def test_the_front_under_the_light_again_is_the_photo(people):
    kept, bare, across = people
    colors, _ = shown(kept, across, -1)
    assert np.abs(colors - silhouette.FRONT).max() <= 1
    without, place = shown(bare, across, -1)
    assert np.ptp(without[:, 0]) > 10  # the photo is even, so that its albedo is not
    flat = np.full((64, 64, 3), np.array(silhouette.FRONT) / 255, np.float32)
    albedo = lit(flat, 1 / SHADING.front)
    assert np.abs(255 * lit(np.round(255 * albedo) / 255, SHADING.front) - silhouette.FRONT)[:, 20:].max() <= 1
    middle = without[np.abs(place) < 0.02]
    assert np.abs(middle - 255 * albedo[0, 32]).max() <= 8


def test_what_goes_on_behind_is_laid_without_light_and_lit_where_it_is_kept(people):
    kept, bare, across = people

    def slope(person, side):
        colors, place = shown(person, across, side)
        return np.polyfit(place, colors[:, 0], 1)[0]

    assert abs(slope(kept, -1)) < 5 < 20 < -slope(bare, -1)
    assert slope(bare, 1) == pytest.approx(slope(bare, -1), rel=0.1)
    assert slope(kept, 1) == pytest.approx(2 * slope(bare, -1), rel=0.3)  # darker twice: without light, and in shade
