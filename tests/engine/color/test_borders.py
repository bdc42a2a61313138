# SPDX-License-Identifier: GPL-3.0-or-later
"""Where two materials meet and nobody sees it, one ends and the other begins: none of their mixtures is anywhere."""

import numpy as np
import pytest

from blender_pifu.engine.color.borders import HELD, Borders, find_materials
from blender_pifu.engine.color.painting import spread
from blender_pifu.engine.color.regions import REGIONS

RED, BLUE, SHADE, PALE = (0.8, 0.1, 0.15), (0.1, 0.15, 0.5), (0.62, 0.075, 0.11), (0.95, 0.95, 0.95)
ROWS, COLUMNS, STEP_MM = 40, 60, 8.0
LEFT, RIGHT = 14, 46  # columns between which nothing is seen


def grid():
    """Vertices (V, 3), metres, and triangles of a strip; rows (V,) and columns (V,)."""
    row, column = (each.ravel() for each in np.mgrid[:ROWS, :COLUMNS])
    vertices = np.column_stack([column, -row, 0 * row]) * STEP_MM / 1000
    a = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).ravel()
    faces = np.concatenate([np.stack(c, 1) for c in ((a, a + COLUMNS, a + 1), (a + 1, a + COLUMNS, a + COLUMNS + 1))])
    return vertices, faces, row, column


def seen(upper=RED, lower=BLUE, left=16, right=24):
    """Colours (V, 3) and trust (V,) of the strip: one material above, the other from a row on that differs."""
    _, _, row, column = grid()
    ends = np.where(column < (LEFT + RIGHT) / 2, left, right)
    colors = np.where((row < ends)[:, None], upper, lower)
    trust = ((column <= LEFT) | (column >= RIGHT)).astype(float)
    return colors * (trust > 0)[:, None], trust


def fill(colors, trust, regions=None, tells=None):
    faces = grid()[1]

    def between(values, weight):
        return spread(values, weight, faces, 400)

    found = find_materials(colors, trust, faces, regions, tells, between)
    assert found is not None
    unsure = np.where(trust < 0.9, HELD * (trust > 0), trust)
    found = found.asked_to_believe(colors, trust, spread(colors, unsure, faces, 400, found))
    return found, spread(colors, trust * found.believed, faces, 400, found)


def off(colors, *materials):
    return np.min([np.linalg.norm(colors - one, axis=-1) for one in materials], 0)


def test_two_materials_stay_two_colours_and_their_border_runs_on_from_one_side_to_the_other():
    _, faces, row, column = grid()
    colors, trust = seen()
    assert (off(spread(colors, trust, faces, 400), RED, BLUE) > 0.1).mean() > 0.1  # mixed, where materials are unknown
    _, painted = fill(colors, trust)
    assert off(painted, RED, BLUE).max() < 0.02
    red = off(painted, RED) < 0.1
    ends = np.array([row[red & (column == each)].max() + 1 for each in range(LEFT, RIGHT + 1)])
    assert ends[0] == 16 and ends[-1] == 24
    assert np.abs(np.diff(ends)).max() <= 2  # rows
    assert np.abs(ends - np.linspace(16, 24, len(ends))).max() <= 6


def test_a_shade_of_one_material_goes_over_smoothly():
    row, column = grid()[2:]
    colors, trust = seen(RED, RED)
    dark = column >= RIGHT
    colors[dark] = SHADE
    found, painted = fill(colors, trust)
    way = painted[row == 20, 0][LEFT : RIGHT + 1]
    assert (np.diff(way) <= 1e-3).all()
    assert np.abs(np.diff(way)).max() < 0.03
    assert found.apart.max() < 1


def test_a_halo_beside_what_is_not_seen_is_not_believed():
    row, column = grid()[2:]
    colors, trust = seen()
    rim = (column > LEFT - 2) & (column <= LEFT)
    colors[rim], trust[rim] = PALE, 0.3
    found, painted = fill(colors, trust)
    assert found.believed[rim].max() < 0.1
    assert found.believed[column < LEFT - 2].min() == 1
    assert off(painted, RED, BLUE)[np.abs(row - 18) > 3].max() < 0.05


def test_what_a_region_tells_edge_on_says_where_a_material_ends():
    row, column = grid()[2:]
    colors, trust = seen()
    regions = np.zeros((len(row), len(REGIONS)))
    ends = np.where(column < 40, 16, 24)
    regions[np.arange(len(row)), np.where(row < ends, REGIONS["upper"], REGIONS["lower"])] = 1
    _, painted = fill(colors, trust, regions, (column < 38).astype(float))
    assert off(painted, BLUE)[(column < 36) & (row > 17)].max() < 0.05


def test_within_triangles_a_border_is_a_line():
    vertices, faces, _, _ = grid()
    found, painted = fill(*seen(left=20, right=20))
    borders = Borders(vertices, faces, painted * 255, found)
    # Down a column, ten places a triangle's side.
    steps = np.arange(0, ROWS - 1, 0.1)
    first = np.floor(steps).astype(int) * (COLUMNS - 1) + 30
    part = (steps % 1)[:, None]
    weights = np.concatenate([1 - part, part, 0 * part], 1).astype(np.float32)
    drawn = np.einsum("nk,nkc->nc", weights, borders.colors[faces[first]])
    assert (off(drawn / 255, RED, BLUE) > 0.1).sum() * STEP_MM / 10 > 5
    borders.draw(drawn, first, weights)
    assert (off(drawn / 255, RED, BLUE) > 0.1).sum() * STEP_MM / 10 < 3


@pytest.mark.parametrize("count", [0, 3])
def test_where_next_to_nothing_is_seen_there_are_no_materials(count):
    _, faces, _, _ = grid()
    trust = np.zeros(ROWS * COLUMNS)
    trust[:count] = 1
    assert find_materials(np.zeros((len(trust), 3)), trust, faces, None, None, lambda values, _: values) is None
