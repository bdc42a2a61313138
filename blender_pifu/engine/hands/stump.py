# SPDX-License-Identifier: GPL-3.0-or-later
"""What a field needs so that hands can be put on its surface: to be empty where it may have hands, and an arm that ends
in a wrist.

It is made empty beyond the wrist, round the fitted hand and as far as nothing else of the body is nearer, so that
pieces of the hand at thigh or trunk go with it, and where the hand will be. Where it has no forearm, as of hands held
before the body, it gets the fitted body's; an arm that has grown together with something is cut free all round before
its wrist.
"""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from ..body.fit import Fit
from ..body.part_cuts import Sheet
from ..interfaces import Field
from .cloth import AROUND_M, CLOTH_M, Cloth
from .wrist import HandSkin, signed

# Metres of a 1.7 m body.
GRID_M = 0.009
CLEAR_M, DENT_M = 0.012, 0.01  # left free round the hand; of that in the other arm's half of what is between them
BEHIND_M = 0.03  # behind a hand before the trunk, what is cloth
ARM_M = 0.06  # half an arm's thickness at most
# Points of a forearm, and round each, by which it is looked whether the surface has one.
AXIS_POINTS, THICK_M = 13, 0.012
MOST = 0.7  # of them: an arm that lies a little beside the fitted one would get a second beside it
FOREARM_M, OVERLAP_M = 0.003, 0.03  # thicker than the skin is one that is made; so far it reaches into what is there
# Before and beyond the wrist, what is cut free, and by so much.
COLLAR_M, COLLAR_BEYOND_M, COLLAR_ROOM_M = 0.03, 0.012, 0.018


def stump(fit: Fit, side: str, vertices: np.ndarray) -> Sheet:
    """What makes a field empty (see `SeparatedField`) where it may have the hand of a side, and where the hand will be;
    vertices (V, 3): of its surface."""
    hand, metre = HandSkin(fit, side), fit.metre
    skin = hand.part(hand.mine)
    grid, shape, low, high = _grid(skin[0], (AROUND_M + 2 * GRID_M) * metre, metre)
    apart, before = signed(*skin, grid) / metre, -hand.wrist.beyond(grid)
    region = np.maximum(before, apart - AROUND_M) * metre
    near = np.flatnonzero(region < GRID_M * metre)
    cloth = Cloth(vertices, grid[near], hand)
    beside, behind = hand.beside(grid[near])[0], _behind(hand, grid[near])
    reached = cloth.thickest + CLOTH_M * metre - beside > region[near]  # elsewhere cloth changes nothing
    near = near[reached]
    region[near] = np.maximum(region[near], cloth.at(grid[near]) + CLOTH_M * metre - beside[reached])
    region[near] = np.maximum(region[near], behind[reached])
    close = np.flatnonzero(apart < CLEAR_M + 3 * GRID_M)  # farther off room changes nothing
    room = np.maximum(apart[close] - CLEAR_M, apart[close] - _from_other_arm(hand, grid[close]) - DENT_M)
    region[close] = np.minimum(region[close], np.maximum(before[close], room) * metre)
    region = gaussian_filter(region.reshape(shape[::-1]), 0.7, mode="nearest").astype(np.float32)
    values = torch.from_numpy(np.stack([np.zeros_like(region), region]))
    return Sheet(f"hand{side}", f"hand{side}", values, region, 0, low, high)


def _behind(hand, points):
    """How far (N,) points are behind what may be left of a hand that lies before the trunk, negative before that or
    where there is no trunk behind it."""
    if not hand.before_trunk:
        return np.full(len(points), -np.inf)
    own = hand.skin[hand.mine]
    return own[cKDTree(own).query(points)[1], 2] - points[:, 2] - BEHIND_M * hand.wrist.metre


def made_wrist(fit: Fit, side: str, field: Field, free: bool) -> list[Sheet]:
    """What makes a field solid from where a forearm ends before its wrist, nothing where it does not; free: also what
    makes an arm's end anew and cuts it free all round, for one that has grown together with something."""
    hand = HandSkin(fit, side)
    wrist, metre = hand.wrist, fit.metre
    axis = wrist.elbow + np.linspace(0, 1, AXIS_POINTS)[:, None] * (wrist.place - wrist.elbow)
    about = THICK_M * metre * np.concatenate([np.zeros((1, 3)), wrist.across, -wrist.across])
    solid = _solid(field, (axis[:, None] + about).reshape(-1, 3)).reshape(AXIS_POINTS, -1).mean(1) > MOST
    if solid[-1] and not free:
        return []
    begin = -COLLAR_M if free else 0.0
    if not solid[-1]:
        after_last = AXIS_POINTS - int(solid[::-1].argmax()) if solid.any() else 0
        begin = min(begin, float(wrist.beyond(axis[after_last, None])[0]))
    skin = hand.part(hand.forearm)
    grid, shape, low, high = _grid(skin[0], (COLLAR_ROOM_M + 2 * GRID_M) * metre, metre)
    beyond, apart = wrist.beyond(grid) * metre, signed(*skin, grid) - FOREARM_M * metre
    limb = f"arm{side}"
    regions = [(np.maximum(apart, (begin - OVERLAP_M) * metre - beyond), True)]
    if free:
        room = np.minimum(COLLAR_ROOM_M, _from_other_arm(hand, grid) + DENT_M) * metre
        room = np.maximum(-apart, apart - room)
        slab = np.maximum(-COLLAR_M * metre - beyond, beyond - COLLAR_BEYOND_M * metre)
        regions.append((np.maximum(room, slab), False))
    made = []
    for region, adds in regions:
        even = gaussian_filter(region.reshape(shape[::-1]), 0.5, mode="nearest").astype(np.float32)
        values = torch.from_numpy(np.stack([np.zeros_like(even), even]))
        made.append(Sheet(f"forearm{side}", limb, values, even, 0, low, high, adds))
    return made


def _from_other_arm(hand, points):
    """Metres (N,) of points from the other arm's skin, negative within."""
    skin, normals = hand.part(hand.other_arm)
    apart = signed(skin, normals, points) / hand.wrist.metre
    return np.where(apart < -ARM_M, -apart, apart)  # beyond the shoulder, where that skin is open


def _solid(field, points):
    """(N,) whether points (N, 3) are in the solid."""
    at = torch.from_numpy(points.astype(np.float32)).to(field.device)
    columns = torch.arange(len(at), device=field.device)
    return field.query_columns(at[:, :2].contiguous(), columns, at[:, 2].contiguous()).cpu().numpy() > 0.5


def _grid(points, reach, metre):
    """Points (N, 3) of a grid round others, its shape (x, y, z), low and high (3,)."""
    step = GRID_M * metre
    low, high = points.min(0) - reach, points.max(0) + reach
    shape = np.ceil((high - low) / step).astype(int) + 1
    high = low + (shape - 1) * step
    axes = [low[k] + step * np.arange(shape[k]) for k in range(3)]
    return np.stack(np.meshgrid(*axes[::-1], indexing="ij")[::-1], -1).reshape(-1, 3), shape, low, high
