# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut apart what the photo fused: an arm against the trunk, a hand on the hip, legs side by side.

The cut is made in the field, not on the mesh: half-way between two parts of the fitted body that do not grow together
lies a sheet, and the field is made empty in a thin layer about it and where a web spans the two. Marching cubes then
closes both sides by itself.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from torch import Tensor

from ..cores import divided
from ..futures import Future
from ..interfaces import AnswersOver, Field
from ..surface.mesh import vertex_normals
from .arm_borders import arm_borders, forearm_skin
from .bones import BONES, INDEX, SIDES, part
from .fit import Fit
from .model import load_body
from .webs import web

GAP_STEPS = 1.75  # lattice steps that the layer is thick: at 1.5 single cells bridged it
GRID_M = 0.011
# Shares of the first bone: up to where skin grows together with the trunk (the armpit's crease is at 0.21, the crotch
# at 0.26), and from where on it is cut, level, as skins of arms that hang cross each other in the armpit.
ROOT_SHARE, END_SHARE = {"upper_arm": 0.27, "thigh": 0.3}, {"arm": 0.33, "leg": 0.0}
WHOLE_SHARE = 0.8  # of an upper arm, from where on it is whole with its forearm
END_M = 0.18  # metres round an arm's: farther off what is above it may be a forearm
TAPER_M, TAPER = 0.03, 0.6  # next to the cut's end a web is taken away less and less, by so much a metre
SURFACE_STEP = 3  # every so manieth vertex of the surface tells where its clothes lie
REACH_M = 0.06  # how far from both skins a sheet goes
# Metres between a limb's skin and the surface, on average, up to which it may be cut free, and an arm that the photo
# shows to its end, whose border is told by the surface besides.
MOST_APART_M, MOST_APART_ARM_M = 0.018, 0.03
STOUT_M = 0.036  # metres between a trunk's flanks and the surface, on average: usual ones are up to 0.032
CLOTHES_POINTS, MOST_THICK_M = 8, 0.12  # of the surface, by which clothes are followed inwards; how thick they may be
SKIN_M = 0.01  # round the skin of a forearm whose hand is seen, nothing is cut
BORDER_M = 0.025  # from the surface, where its own border tells the cut more than what is under the clothes
LEAST_POINTS = 6  # grid points of a sheet within the solid from which there is something to cut
# Grid points: legs and crossed arms touch all along, but arms that the photo cuts and that seem to are drawn into the
# trunk.
MOST_ARM, MOST_ARM_CUT, MOST_LEGS = 2500, 800, 1300
OPEN_RIM = 0.2  # share of a sheet's points that may lie where it ends within the solid: there it cuts nothing apart
STEEPEST = 3.0  # how steep a jump is at most that is made even: beyond, holes come into sleeves
SLOPE_STEPS = 1.5  # lattice steps over which the field rises from the layer's edge to full


@dataclass(frozen=True)
class Sheet:
    """One cut.

    name: for the artist; limb: as `bones.part`, or "leg"; values: (2, z, y, x) on a grid over low..high (3,) field
    space: signed distance from the sheet, and how far (negative) a point lies within its extent; or (3, z, y, x), with
    that from a web about it, see `webs`; reach: (z, y, x) the extent without the end where the parts grow together;
    most: grid points of solid that it may cut through; adds: the field is made solid there.
    """

    name: str
    limb: str
    values: Tensor
    reach: np.ndarray
    most: int
    low: np.ndarray
    high: np.ndarray
    adds: bool = False


class SeparatedField(AnswersOver):
    """A field made empty in layers about sheets, or solid within some."""

    def __init__(self, field: Field, sheets: list[Sheet], spacing: float):
        """sheets: in their order; spacing: of the lattice on which it will be extracted, field units."""
        super().__init__(field)
        self._spacing = spacing
        self._sheets = [
            (
                sheet.values[None].to(field.device),
                *(torch.from_numpy(e).float().to(field.device) for e in (sheet.low, sheet.high)),
                sheet.adds,
            )
            for sheet in sheets
        ]

    def over(self, occupancy: Tensor, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As the field's own, at most what the layers leave."""
        points = torch.cat([xy[column], z[:, None]], 1)
        for values, low, high, adds in self._sheets:
            place = (points - low) / (high - low) * 2 - 1
            there = (place.abs() <= 1).all(1).nonzero()[:, 0]  # few: a sheet's grid is as large as what it cuts
            found = F.grid_sample(
                values, place[there][None, None, None].to(values.dtype), mode="bilinear", padding_mode="border",
                align_corners=True,
            )[0, :, 0, 0]  # fmt: skip
            outside = torch.maximum(found[0].abs() - GAP_STEPS / 2 * self._spacing, found[1])
            if len(found) > 2:
                outside = torch.minimum(outside, torch.maximum(found[2], found[1]))
            left = (0.5 + outside / (2 * SLOPE_STEPS * self._spacing)).clamp(0, 1)
            left, before = left.to(occupancy.dtype), occupancy[there]
            after = torch.maximum(before, 1 - left) if adds else torch.minimum(before, left)
            occupancy = occupancy.index_copy(0, there, after)
        return occupancy


def possible_sheets(fit: Fit, surface: tuple[np.ndarray, np.ndarray]) -> list[Sheet]:
    """The cuts between parts of the body that are near each other; surface: vertices (V, 3) and faces (F, 3) of it."""
    borders = Future(lambda: {} if _is_stout(fit) else arm_borders(fit, *surface))
    parts = _Parts(fit, surface[0], borders)
    *arms, legs = parts.pairs()
    legs, *arms = divided(lambda pair: parts.sheet(*pair), [legs, *arms])  # those need no borders, for which arms wait
    return [sheet for sheet in (*arms, legs) if sheet]


def find_sheets(field: Field, fit: Fit, possible: list[Sheet]) -> tuple[list[Sheet], list[str]]:
    """Those of the possible cuts that the field needs, and a note for each pair of parts that must stay as they are."""
    sheets, notes = [], []
    for sheet in possible:
        name, limb = sheet.name, sheet.limb
        inside, rim = _within(field, sheet)
        if inside < LEAST_POINTS:
            continue
        off = _off(limb, fit)
        if rim > OPEN_RIM:
            notes.append(f"{name} cannot be separated: clothes or hair join them.")
        elif off > (MOST_APART_ARM_M if _is_whole_arm(limb, fit) else MOST_APART_M):
            notes.append(f"{name} cannot be separated: the body does not fit closely there.")
        elif inside > sheet.most:
            notes.append(f"{name} cannot be separated: the surface shows no border between them.")
        elif off > MOST_APART_M and _is_stout(fit):
            sheets.append(replace(sheet, values=sheet.values[:2]))  # what seems a web may be the trunk's own cloth
        else:
            sheets.append(sheet)
    return sheets, notes


def _is_whole_arm(limb, fit):
    """Whether a limb is an arm that the photo shows to its end."""
    return limb.startswith("arm") and bool(fit.seen[INDEX["hand" + limb[-2:]]])


def _is_stout(fit):
    """Whether the surface has a belly that the fitted body has not: what seems an arm's border there may be a fold of
    its cloth, and what seems a web that cloth."""
    return fit.flanks_m > STOUT_M


def _off(limb, fit):
    """Metres between a limb's skin and the surface, on average; what of an arm the surface lacks is not cut there."""
    limbs = {**fit.limbs_m, **fit.covered_m}
    return max((apart for part, apart in limbs.items() if part.startswith(limb)), default=0.0)


def _even(apart, step):
    """Signed distances (z, y, x) from a sheet, on a grid of that step, made to rise less where they jump, as from one
    skin to the next: the layer would be too thin there to part anything."""
    return apart / np.clip(np.linalg.norm(np.gradient(apart, step), axis=0), 1, STEEPEST).astype(np.float32)


def side_of(sheet: Sheet, points: np.ndarray) -> np.ndarray:
    """On which side of a cut points (N, 3) lie: (N,) 1 on the limb's, -1 on the other, 0 where nothing is cut."""
    place = (points - sheet.low) / (sheet.high - sheet.low) * 2 - 1
    at = torch.from_numpy(place.astype(np.float32))[None, None, None]
    apart, beyond = F.grid_sample(sheet.values[None, :2], at, align_corners=True)[0, :, 0, 0].numpy()
    return np.where((np.abs(place) < 1).all(1) & (beyond < 0), -np.sign(apart), 0).astype(int)


class _Parts:
    """The fitted skin by what may be cut from what."""

    def __init__(self, fit: Fit, surface: np.ndarray, borders: Future[dict[str, np.ndarray]]):
        body = load_body()
        self.metre, self.surface = fit.metre, surface[::SURFACE_STEP]
        self._borders = borders
        self.skin = fit.vertices[: body.skin_vertices]
        self.normals = vertex_normals(self.skin, body.triangles)
        labels = body.labels[: body.skin_vertices]
        names = np.array([part(bone) for bone in BONES])[labels]
        heads = body.mean[body.head_rows].numpy()
        rest = body.mean[: body.skin_vertices].numpy()
        self.head = names == "head"
        self.fore = {"arm" + side: forearm_skin(side) for side in SIDES}
        self.whole = {"arm" + side: self.fore["arm" + side].copy() for side in SIDES if side not in fit.hidden}
        self.shown = [arm for arm in ("arm" + side for side in SIDES) if _is_whole_arm(arm, fit)]
        self.limb, self.root, self.ends = {}, {}, {}
        for kind, first, follower in (("arm", "upper_arm", "forearm"), ("leg", "thigh", "shin")):
            for side in SIDES:
                begin, end = heads[INDEX[first + side]], heads[INDEX[follower + side]]
                joint, next_joint = (fit.rows[body.head_rows][INDEX[bone + side]] for bone in (first, follower))
                self.ends[kind + side] = joint + END_SHARE[kind] * (next_joint - joint), next_joint - joint
                along = (rest - begin) @ (end - begin) / ((end - begin) @ (end - begin))
                near = (along < ROOT_SHARE[first]) & (labels == INDEX[first + side])
                if kind + side in self.whole:
                    self.whole[kind + side] |= (along > WHOLE_SHARE) & (labels == INDEX[first + side])
                self.limb[kind + side] = (names == kind + side) & ~near
                self.root[kind + side] = near | ((labels == INDEX["shoulder" + side]) if kind == "arm" else False)

    def pairs(self):
        """(name, limb, first, second, root): masks of skin; where the root is nearest, the two grow together."""
        for side, word in zip(SIDES, ("left", "right"), strict=True):
            arm, root = self.limb["arm" + side], self.root["arm" + side]
            yield f"The {word} arm and the body", "arm" + side, arm, ~arm & ~root, root
        legs, roots = ([kind["leg" + side] for side in SIDES] for kind in (self.limb, self.root))
        yield "The legs", "leg", *legs, ~legs[0] & ~legs[1] | roots[0] | roots[1]

    def sheet(self, name, limb, first, second, root) -> Sheet | None:
        """The sheet between two masks of skin; None where they are far apart."""
        step, reach = GRID_M * self.metre, REACH_M * self.metre
        low, high = self.skin[first].min(0) - reach, self.skin[first].max(0) + reach
        shape = np.ceil((high - low) / step).astype(int) + 1
        high = low + (shape - 1) * step
        axes = [low[k] + step * np.arange(shape[k]) for k in range(3)]
        grid = np.stack(np.meshgrid(*axes[::-1], indexing="ij")[::-1], -1).reshape(-1, 3)
        near = np.flatnonzero(np.isfinite(cKDTree(self.skin[first]).query(grid, distance_upper_bound=2 * reach)[0]))
        near = near[np.isfinite(cKDTree(self.skin[second]).query(grid[near], distance_upper_bound=2 * reach)[0])]
        if not len(near):
            return None
        places = grid[near]
        a, b = self._signed(first, places), self._signed(second, places)
        half, between = (a - b) / 2, self._web(first, second, places, (a, b), (low, high))
        clothes = self._clothed(limb, first, second, places, a, b)
        if clothes:
            a, b, half = clothes
        reached = np.maximum(a, b) - reach
        grown = np.minimum(np.abs(a), np.abs(b)) - cKDTree(self.skin[root]).query(places)[0]
        end = np.maximum(np.maximum(grown, self._before_end(limb, places)), self._at_head(limb, second, places))
        between += TAPER * np.maximum(end + TAPER_M * self.metre, 0)
        apart, beyond, between, reached = (
            self._smooth(values, near, shape) for values in (half, np.maximum(reached, end), between, reached)
        )
        apart = _even(apart, step)
        most = MOST_LEGS if limb == "leg" else MOST_ARM if limb in self.shown else MOST_ARM_CUT
        return Sheet(name, limb, torch.from_numpy(np.stack([apart, beyond, between])), reached, most, low, high)

    def _clothed(self, limb, first, second, points, a, b):
        """Signed distances (N,) of points (N, 3) from what covers an arm and what covers the rest, and from half-way
        between them, which meets the surface where its border is; None where the surface has none. a, b: from the skin
        of either."""
        covered = None if limb == "leg" else self._borders.result().get(limb)
        if covered is None:
            return None
        low, high = points.min(0) - REACH_M * self.metre, points.max(0) + REACH_M * self.metre
        near = ((self.surface > low) & (self.surface < high)).all(1)
        mine, around = covered[::SURFACE_STEP][near], self.surface[near]
        if min(mine.sum(), (~mine).sum()) < CLOTHES_POINTS:
            return None
        covers, distances = [], []
        for skin, apart, some in ((first, a, mine), (second, b, ~mine)):
            surface = around[some]
            thick = np.clip(self._signed(skin, surface), 0, MOST_THICK_M * self.metre)
            away, near = cKDTree(surface).query(points, k=CLOTHES_POINTS)
            covers.append(apart - thick[near].mean(1))
            distances.append(away[:, 0])
        half, border = ((one - other) / 2 for one, other in (covers, distances))
        share = np.exp(-((np.minimum(*distances) / (BORDER_M * self.metre)) ** 2))
        half = share * border + (1 - share) * half
        # A forearm whose hand is seen is whole, of two that cross each as far as it is nearer.
        room = SKIN_M * self.metre
        own = self._forearm(limb, points) if limb in self.whole else np.full(len(points), np.inf)
        others = [self._forearm(name, points) for name in self.whole if name != limb]
        other = others[0] if others else np.full(len(points), np.inf)
        nearer, both = np.where(np.isfinite(own), -0.5, 0.5), np.isfinite(own) & np.isfinite(other)
        nearer[both] = (own[both] - other[both]) / 2
        half = np.minimum(half, np.maximum(own - room, nearer))
        half = np.maximum(half, np.minimum(room - other, nearer))
        return *covers, half

    def _forearm(self, limb, points):
        """Signed distance (N,) of points from the skin of a forearm and its hand, positive within the upper arm."""
        skin = np.flatnonzero(self.limb[limb])
        apart, near = cKDTree(self.skin[skin]).query(points)
        near = skin[near]
        inside = ((points - self.skin[near]) * self.normals[near]).sum(1) < 0
        return np.where(inside & self.whole[limb][near], -apart, apart)

    def _before_end(self, limb, points):
        """How far (N,) points lie before the place along a limb from which on it is cut, of an arm beside its upper
        part: a forearm that is raised before the trunk is cut off that as far as it goes."""
        if limb not in self.ends:
            return np.full(len(points), -np.inf)
        end, along = self.ends[limb]
        off = end - points
        found = np.minimum(off @ along / np.linalg.norm(along), END_M * self.metre - np.linalg.norm(off, axis=1))
        if limb in self.fore:
            upper, fore = (
                cKDTree(self.skin[mask]).query(points)[0]
                for mask in (self.limb[limb] & ~self.fore[limb], self.fore[limb])
            )
            found = np.minimum(found, fore - upper)
        return found

    def _at_head(self, limb, second, points):
        """How much nearer (N,) points are to head and neck than to the rest of what an arm is cut off, where nobody
        sees its hand: before the neck that is a guess, and its cut would leave a hollow there."""
        if limb == "leg" or limb in self.whole:
            return np.full(len(points), -np.inf)
        head, rest = (cKDTree(self.skin[some]).query(points)[0] for some in (second & self.head, second & ~self.head))
        return rest - head

    def _web(self, first, second, points, gaps, box):
        near = ((self.surface > box[0]) & (self.surface < box[1])).all(1)
        surface = self.surface[near]
        return web(points, gaps, surface, (self._signed(first, surface), self._signed(second, surface)), self.metre)

    def _smooth(self, values, near, shape):
        """Values (N,) of a grid's points `near` on the grid (z, y, x) of that shape, far off elsewhere."""
        grid = np.full(np.prod(shape), 3 * REACH_M * self.metre)
        grid[near] = values
        return gaussian_filter(grid.reshape(shape[::-1]), 0.8, mode="nearest").astype(np.float32)

    def _signed(self, mask, points):
        """Distance (N,) of points from some skin, negative within the body, of which arms are apart, as they may lie in
        it."""
        arms = [mask & self.limb["arm" + side] for side in SIDES]
        parts = [part for part in (mask & ~arms[0] & ~arms[1], *arms) if part.any()]
        return np.min([self._signed_part(part, points) for part in parts], 0)

    def _signed_part(self, mask, points):
        apart, near = cKDTree(self.skin[mask]).query(points)
        inward = ((points - self.skin[mask][near]) * self.normals[mask][near]).sum(1) < 0
        return np.where(inward, -apart, apart)


def _within(field, sheet):
    """How many grid points on the sheet lie in the solid, and the share of them at the sheet's own end."""
    apart, beyond = sheet.values.numpy()[:2]
    shape = np.array(apart.shape[::-1])
    step = float((sheet.high - sheet.low)[0] / (shape[0] - 1))
    z, y, x = np.nonzero((np.abs(apart) < 0.6 * step) & (beyond < 0))
    if not len(x):
        return 0, 0.0
    points = torch.from_numpy((sheet.low + np.stack([x, y, z], 1) * step).astype(np.float32)).to(field.device)
    columns = torch.arange(len(points), device=field.device)
    solid = field.query_columns(points[:, :2].contiguous(), columns, points[:, 2].contiguous()).cpu().numpy() > 0.5
    ends = sheet.reach[z, y, x] > -1.5 * step
    return int(solid.sum()), float((solid & ends).sum() / max(1, solid.sum()))
