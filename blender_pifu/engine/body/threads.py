# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads: what still holds an arm that was cut off the body, as a fold of a sleeve that grew together with the shirt.

They are where weights go over from forearm or hand to what is no arm, or from an arm to that so far from the shoulder
that a raised arm tears the surface. There the field is made empty, where that is little and sets the arm free.
"""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from ..surface.mesh import directed_edges
from .bones import BONES, INDEX, part
from .fit import Fit
from .model import load_body
from .part_cuts import Sheet
from .weights import skin_weights

# Metres of a 1.7 m body: from the shoulder on, where a surface tears; by so much; what is cut about such an edge; grid.
ROOT_M, TORN_M, THREAD_M, GRID_M = 0.2, 0.03, 0.014, 0.006
RAISED = 1.9  # how far an arm that goes up moves a point, in distances from the shoulder
MOST_M = 2.0  # of such edges together: more are no thread, but a place where the two are one
ROUNDS, LEFT = 2, 0.3  # in which threads are cut; share of them that may be left of what was worth it


class Threads:
    """The threads of a surface that is cut anew until none is left, or they turn out to be none."""

    def __init__(self, fit: Fit):
        self.sheets: list[Sheet] = []
        self._fit, self._first, self._rounds = fit, 0.0, ROUNDS

    def found(self, vertices: np.ndarray, faces: np.ndarray, cuts: list[Sheet]) -> bool:
        """Whether the surface, vertices (V, 3) and faces (F, 3), of which `cuts` cut arms off, is to be extracted once
        more by `sheets`."""
        arms = [cut for cut in cuts if cut.limb.startswith("arm")]
        if not arms or self._rounds < 0:
            return False
        places, long = _torn(vertices, faces, self._fit, arms)
        self._first = self._first or long
        self._rounds -= 1
        if long > (LEFT * self._first if self.sheets else MOST_M):
            return self.given_up()
        if not len(places) or self._rounds < 0:
            self._rounds = -1
            return False
        self.sheets.append(_about(places, self._fit.metre))
        return True

    def given_up(self) -> bool:
        """Whether there were sheets; now there are none, and none are found."""
        some = bool(self.sheets)
        self.sheets, self._rounds = [], -1
        return some


def _torn(vertices, faces, fit, arms):
    """Middles (N, 3) of the edges by which arms are held, and how many metres these are together."""
    bones, weights = skin_weights(vertices, faces, fit, cuts=arms)
    strongest = bones[np.arange(len(bones)), weights.argmax(1)]
    start, end = directed_edges(faces)  # each edge is there both ways
    middles, long = (vertices[start] + vertices[end]) / 2, np.linalg.norm(vertices[start] - vertices[end], axis=1)
    long = long / fit.metre
    no_arm = np.array([not part(bone).startswith("arm") for bone in BONES])[strongest[end]]
    held, torn = np.zeros((2, len(start)), bool)
    for limb in {sheet.limb for sheet in arms}:
        own = np.array([part(bone) == limb for bone in BONES])
        outer = own & (np.arange(len(BONES)) != INDEX["upper_arm" + limb[-2:]])
        goes = (weights * own[bones]).sum(1)
        shoulder = fit.rows[load_body().head_rows][INDEX["upper_arm" + limb[-2:]]]
        away = np.linalg.norm(middles - shoulder, axis=1) / fit.metre
        held |= outer[strongest[start]] & no_arm
        torn |= (away > ROOT_M) & (RAISED * away * (goes[start] - goes[end]) > TORN_M)
    found = held | torn if long[held | torn].sum() <= MOST_M else held
    return middles[found], float(long[found].sum())


def _about(places, metre):
    """What makes a field empty about places (N, 3)."""
    step, reach = GRID_M * metre, (THREAD_M + 3 * GRID_M) * metre
    low, high = places.min(0) - reach, places.max(0) + reach
    shape = np.ceil((high - low) / step).astype(int) + 1
    high = low + (shape - 1) * step
    axes = [low[k] + step * np.arange(shape[k]) for k in range(3)]
    grid = np.stack(np.meshgrid(*axes[::-1], indexing="ij")[::-1], -1).reshape(-1, 3)
    apart = cKDTree(places).query(grid, distance_upper_bound=reach)[0].clip(max=reach) - THREAD_M * metre
    region = gaussian_filter(apart.reshape(shape[::-1]), 0.5, mode="nearest").astype(np.float32)
    values = torch.from_numpy(np.stack([np.zeros_like(region), region]))
    return Sheet("threads", "thread", values, region, 0, low, high)
