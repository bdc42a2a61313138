# SPDX-License-Identifier: GPL-3.0-or-later
"""How far away the legs are: what is drawn of them, judged by how bodies stand, and put right where it cannot be.

Seen from the front a leg swung back looks like one that stands, a little shorter. What a photo tells beside that look
is how high on the floor either foot stands; and legs of one person are equally long, and knees bend one way.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from scipy.interpolate import PchipInterpolator
from scipy.optimize import least_squares

from ..crop_space import pixel_centres, to_pixels, to_points
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import metre_of
from ..subject.lens import Lens
from ..surface.mesh import camera_tilt
from .leg_rift import part_legs
from .maps import Maps

SIDES = (
    (L.LEFT_HIP, L.LEFT_KNEE, L.LEFT_ANKLE, L.LEFT_FOOT),
    (L.RIGHT_HIP, L.RIGHT_KNEE, L.RIGHT_ANKLE, L.RIGHT_FOOT),
)
FEET = ((L.LEFT_ANKLE, L.LEFT_HEEL, L.LEFT_FOOT), (L.RIGHT_ANKLE, L.RIGHT_HEEL, L.RIGHT_FOOT))
SEEN = 0.5  # visibility from which on a landmark counts
# Metres: round a landmark, where drawn depth is read; thicker than a leg at knee or ankle: then one hides the other.
READ_M, THICK_M = 0.02, 0.32
# Who stands or walks: legs straight in the picture, one foot no higher than so many metres above the other.
STRAIGHT, RAISED_M = np.radians(15), 0.15
# Spreads in metres. Of drawn people: how far off an ankle is, a knee against its ankle; how much higher one foot is
# than the floor has it, how much longer than the other one leg is, both by landmarks. Of people: how far apart ankles
# are in depth.
ANKLE_M, KNEE_M, FLOOR_M, LENGTH_M, APART_M = 0.08, 0.03, 0.025, 0.03, 0.2
# How far knees bend to the wrong side as landmarks lie, and the spread of that limit, metres behind hip and ankle.
BACKWARD_M, STIFF_M = 0.02, 0.006
# By how much knees of legs that look straight lie before the line from hip to ankle, and the spread of that; and by how
# much a leg's middle lies before the line between its joints, at those shares of thigh and shin: medians of 150 people.
KNEE_BEND_M, BEND_SPREAD_M = 0.01, 0.02
SHARES = (0.25, 0.5, 0.75)
BOWS_M = ((0.006, 0.011, 0.01), (-0.01, -0.011, -0.006))
# Floor and lengths together, in spreads: true strides drawn as they are have up to 2.6.
IMPLAUSIBLE = 3.0
A_GUESS = (
    "The legs' depth is a guess: as they were drawn first, both feet could not stand on one floor. To A-Pose puts them "
    "straight where they are not as they should be."
)
RADIUS_M = 0.07  # of a leg
EDGE_M = 0.03  # over which one leg's shift goes over into the other's


@dataclass(frozen=True)
class Legs:
    """joints (2, 4, 3): left and right, hip, knee, ankle and toes, field space, as drawn; moved (2, 3): what is added
    to the z of the first three, 0 where they are plausible; straightened (2, 2, 3): what is added besides at SHARES of
    thigh and shin; metre: field units of one; off: by how many spreads they are not those of a body, before and
    after."""

    joints: np.ndarray
    moved: np.ndarray
    straightened: np.ndarray
    metre: float
    off: tuple[float, float]

    @property
    def note(self) -> str | None:
        """What the artist must be told, or None."""
        return A_GUESS if self.off[0] >= IMPLAUSIBLE else None


def find_legs(maps: Maps, mask: torch.Tensor, landmarks: np.ndarray | None, lens: Lens) -> Legs | None:
    """Legs as they are drawn, and where they must be. None where the photo does not show both, or one hides the other.

    mask (1, 1, h, w) 0..1; landmarks (33, 4) as `hints.landmarks_in`.
    """
    if landmarks is None or landmarks[[*SIDES[0], *SIDES[1]], 3].min() < SEEN:
        return None
    unit = metre_of(landmarks)
    front, back, solid = (values[0, 0].float().cpu().numpy() for values in (maps.front_depth, maps.back_depth, mask))
    joints, thick = np.empty((2, 4, 3)), np.zeros((2, 4))
    for side, marks in enumerate(SIDES):
        for joint, mark in enumerate(marks):
            near = _disc(landmarks[mark, :2], READ_M * unit, solid)
            if near is None and mark in marks[:3]:
                return None
            if near is None:  # toes are thin
                joints[side, joint] = (*landmarks[mark, :2], joints[side, 2, 2])
                continue
            joints[side, joint] = (*landmarks[mark, :2], np.median(front[near] + back[near]) / 2)
            thick[side, joint] = np.median(front[near] - back[near])
    if thick[:, 1:3].max() > THICK_M * unit:
        return None
    tilt = camera_tilt(lens.straight(_points(front, back, solid > 0.5)))
    stance = _Stance(joints[:, :3], landmarks, lens, tilt, unit)
    drawn = stance.off(np.zeros(4))
    if drawn < IMPLAUSIBLE:
        return Legs(joints, np.zeros((2, 3)), np.zeros((2, 2, len(SHARES))), unit, (drawn, drawn))
    found = stance.settled()
    moved = np.column_stack([np.zeros(2), found.reshape(2, 2) * unit])
    straightened = stance.unbent(_bows(front + back, solid, joints, unit)) * unit
    return Legs(joints, moved, straightened, unit, (drawn, stance.off(found)))


def _bows(both, solid, joints, unit):
    """(2, 2, n) metres by which a leg's drawn middle lies before the line between its joints, at SHARES of thigh and
    shin; both (h, w): front and back depth together."""
    bows = np.zeros((2, 2, len(SHARES)))
    for side, bone, at in np.ndindex(bows.shape):
        a, b = joints[side, bone], joints[side, bone + 1]
        place = a + SHARES[at] * (b - a)
        near = _disc(place[:2], READ_M * unit, solid)
        if near is not None:
            bows[side, bone, at] = (np.median(both[near]) / 2 - place[2]) / unit
    return bows


def _points(front, back, solid):
    """(N, 3) drawn points of both sides, field space."""
    rows, columns = solid.nonzero()
    x, y = to_points(columns, rows, len(solid))
    return np.concatenate([np.column_stack([x, y, depth[solid]]) for depth in (front, back)])


def _disc(place, reach, solid):
    """Pixels (rows, columns) of the person within `reach` of a place (2,), field units; None where there are none."""
    size = len(solid)
    column, row = to_pixels(place[0], place[1], size)
    reach = max(1.0, reach * size / 2)
    low = np.maximum(np.floor([row - reach, column - reach]).astype(int), 0)
    high = np.minimum(np.ceil([row + reach, column + reach]).astype(int) + 1, size)
    rows, columns = (axis.ravel() for axis in np.mgrid[low[0] : high[0], low[1] : high[1]])
    if not len(rows):
        return None
    there = solid[rows, columns] > 0.5
    return (rows[there], columns[there]) if there.any() else None


class _Stance:
    """What is likely of the depths of knees and ankles, in metres about those that are drawn."""

    def __init__(self, joints, landmarks, lens, tilt, unit):
        self._drawn, self._unit, self._lens = joints, unit, lens
        self._feet = np.array([landmarks[list(foot), 1].mean() for foot in FEET])
        bends = [_angle(knee - hip, ankle - knee) for hip, knee, ankle in joints[..., :2]]
        self._upright = max(bends) < STRAIGHT and abs(np.diff(self._feet)[0]) < RAISED_M * unit
        self._slope = -np.tan(tilt)  # of the floor: what stands nearer stands lower
        across = joints[0, 0] - joints[1, 0]
        self._forward = np.array([-across[2], 0, across[0]]) / max(np.hypot(across[0], across[2]), 1e-9)
        # A front view is now and then read as one from behind, never the other way: then left is right.
        self._forward *= self._forward[2] > 0

    def settled(self):
        """(4,) metres by which knee and ankle of either leg move."""
        return least_squares(lambda moved: np.concatenate([self._body(moved), self._drawing(moved)]), np.zeros(4)).x

    def off(self, moved):
        """By how many spreads legs moved by (4,) are not those of a body."""
        return float(np.linalg.norm(self._body(moved)))

    def _drawing(self, moved):
        """Residuals, in spreads, of what was drawn and of how people stand."""
        knees, ankles = moved.reshape(2, 2).T
        apart = np.diff(self._drawn[:, 2, 2])[0] / self._unit + np.diff(ankles)[0]
        drawn = np.concatenate([ankles / ANKLE_M, (knees - ankles / 2) / KNEE_M, [apart / APART_M]])
        if not self._upright or not self._forward.any():
            return drawn
        return np.concatenate([drawn, (self._shape(moved)[0] - KNEE_BEND_M) / BEND_SPREAD_M])

    def unbent(self, bows):
        """(2, 2, n) metres to be added between the joints of legs that look straight but are drawn with such bows: more
        than flesh makes of straight bones."""
        if not self._upright:
            return np.zeros_like(bows)
        return self._forward[2] * np.array(BOWS_M) - bows

    def _shape(self, moved):
        """By how much knees bend forward (2,), metres, lengths of the legs (2,), and depth of the ankles (2,)."""
        joints = self._drawn.copy()
        joints[:, 1:, 2] += moved.reshape(2, 2) * self._unit
        hip, knee, ankle = self._lens.straight(joints.reshape(-1, 3)).reshape(2, 3, 3).transpose(1, 0, 2) / self._unit
        upper, lower = np.linalg.norm(knee - hip, axis=1), np.linalg.norm(ankle - knee, axis=1)
        bend = knee - hip - (upper / np.maximum(upper + lower, 1e-9))[:, None] * (ankle - hip)
        return bend @ self._forward, upper + lower, ankle[:, 2]

    def _body(self, moved):
        """Residuals, in spreads, of what bodies cannot do: floor, length, knees that bend backward."""
        bend, lengths, ankles = self._shape(moved)
        backward = np.minimum(bend + BACKWARD_M, 0) / STIFF_M
        if not self._upright:
            return backward
        soles = self._feet / self._unit * (1 - self._lens.nearness * ankles * self._unit)
        floor = np.diff(soles)[0] - self._slope * np.diff(ankles)[0]
        return np.concatenate([[floor / FLOOR_M, np.diff(lengths)[0] / LENGTH_M], backward])


def _angle(a, b):
    """Radians between two directions (2,)."""
    return float(np.arctan2(abs(a[0] * b[1] - a[1] * b[0]), a @ b))


def move_legs(maps: Maps, mask: torch.Tensor, legs: Legs) -> Maps:
    """Maps (1, C, h, w) with each leg as far away as it must be, and each closed where the other begins behind it.
    mask (1, 1, h, w) 0..1."""
    front, back, solid = (values[0, 0].float().cpu().numpy() for values in (maps.front_depth, maps.back_depth, mask))
    parted_front, parted_back, rift = part_legs(front, back, solid, legs.joints, legs.metre)
    if not legs.moved.any() and not rift.certain.any():
        return maps
    moved = {}
    for side, depth, inward in (("front", parted_front, -1), ("back", parted_back, 1)):
        drawn, normals = getattr(maps, f"{side}_depth"), getattr(maps, f"{side}_normals")
        axis = depth + inward * RADIUS_M * legs.metre
        depth = torch.from_numpy(depth[None, None]).to(drawn)
        shift, along = (torch.from_numpy(values).to(drawn) for values in _shift(legs, axis, rift))
        moved[f"{side}_depth"] = depth + shift
        lean = torch.cat([-along, torch.zeros_like(shift)], 1)  # a surface z(x, y) looks along (-dz/dx, -dz/dy, 1)
        moved[f"{side}_normals"] = F.normalize(normals + lean * normals[:, 2:], dim=1, eps=1e-4)
    return replace(maps, **moved)


def _shift(legs, axis, rift):
    """What is added to depth, (1, 1, h, w) float32, and its slope along x and y, (1, 2, h, w), by which limb drawn
    points belong to: axis (h, w), their z, as deep under the surface as a leg's middle. Where one leg is drawn beside
    the other the space between them is pulled together with them, so that nothing tears; where it is drawn before it,
    the rift tells whose a pixel is."""
    size = len(axis)
    points = np.dstack([*pixel_centres(size), axis]).reshape(-1, 3)
    apart, shifts, slopes = [], [], []
    for joints, *how in zip(legs.joints, legs.moved, legs.straightened, strict=True):
        course = _course(*how)
        best, along, slope = np.full(len(points), np.inf), np.zeros(len(points)), np.zeros((len(points), 2))
        for bone, (a, b) in enumerate(zip(joints[:-1], joints[1:], strict=True)):
            share = np.clip((points - a) @ (b - a) / max((b - a) @ (b - a), 1e-9), 0, 1)
            off = np.linalg.norm(points - a - share[:, None] * (b - a), axis=1)
            nearer = off < best
            best[nearer], along[nearer] = off[nearer], bone + share[nearer]
            flat = (b - a)[:2]
            slope[nearer] = course(along[nearer], 1)[:, None] * flat / max(flat @ flat, 1e-9)
        apart.append(best)
        shifts.append(course(along))
        slopes.append(slope)
    share = 1 / (1 + np.exp(np.clip((apart[0] - apart[1]) / (EDGE_M * legs.metre), -50, 50)))
    share += rift.certain.ravel() * (rift.left.ravel() - share)
    shift = share * shifts[0] + (1 - share) * shifts[1]
    slope = share[:, None] * slopes[0] + (1 - share[:, None]) * slopes[1]
    return (
        shift.reshape(1, 1, size, size).astype(np.float32),
        slope.T.reshape(1, 2, size, size).astype(np.float32),
    )


def _course(moved, straightened):
    """What is added to the depth of a leg as a function of the place along it: 0 hip, 1 knee, 2 ankle, 3 toes."""
    places, added = [0.0], [moved[0]]
    for bone, extra in enumerate(straightened):
        begin, end = moved[bone], moved[bone + 1]
        places += [*(bone + share for share in SHARES), bone + 1.0]
        added += [*(begin + share * (end - begin) + more for share, more in zip(SHARES, extra, strict=True)), end]
    return PchipInterpolator([*places, 3.0], [*added, moved[2]])
