# SPDX-License-Identifier: GPL-3.0-or-later
"""That a chart's outline tells whether the chart lies over itself, as drawing all its triangles does."""

import numpy as np
import pytest

from blender_pifu.engine.layout.texture.outline import is_simple
from blender_pifu.engine.layout.texture.texels import cover


def _band(turn, width=0.3, pieces=120, closed=False):
    """A strip that turns by `turn` (radians) about the origin while its radius stays; closed: its ends are joined."""
    angle = np.linspace(0, turn, pieces, endpoint=not closed)
    rim = np.stack([np.cos(angle), np.sin(angle)], 1)
    places = np.concatenate([rim, (1 + width) * rim])
    inner = np.arange(pieces)
    following = (inner + 1) % pieces if closed else inner + 1
    inner, following = (inner, following) if closed else (inner[:-1], following[:-1])
    triangles = np.concatenate(
        [
            np.stack([inner, inner + pieces, following + pieces], 1),
            np.stack([inner, following + pieces, following], 1),
        ]
    )
    return places, triangles


def _drawn_twice(places, triangles):
    """Whether more pixels of a fine drawing are covered by two triangles than lie on edges that they share."""
    unit = (places - places.min(0)) / np.ptp(places, axis=0).max()
    return (np.bincount(cover(unit[triangles], 500).texel) > 1).sum() > len(places)


@pytest.mark.parametrize(
    ("band", "simple"),
    [
        (_band(1.8 * np.pi), True),
        (_band(2.2 * np.pi), False),  # its end lies over its beginning
        (_band(2 * np.pi, closed=True), True),  # an outline and a hole
        (_band(4 * np.pi, closed=True), False),  # twice round
    ],
    ids=["open", "overlapping", "ring", "twice round"],
)
def test_an_outline_tells_what_a_drawing_of_the_chart_shows(band, simple):
    assert is_simple(*band) == simple
    assert _drawn_twice(*band) != simple


def test_where_the_outline_passes_a_vertex_twice_nothing_is_claimed():
    places = np.array([[0, 0], [2, 0], [2, 1], [-2, 0.1], [-2, -1]], float)
    assert not is_simple(places, np.array([[0, 1, 2], [0, 3, 4]]))
    assert is_simple(places, np.array([[0, 1, 2]]))
