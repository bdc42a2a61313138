# SPDX-License-Identifier: GPL-3.0-or-later
"""The 21 landmarks of each hand of a person, read from the photo at its own resolution by MediaPipe's hand networks.

The body's landmarks say about where a hand is, `hand_recrop` where it is, `hand_landmark_full` where its points are;
a second look is taken at what those say, and further, closer ones where that is not sure of it.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..body.bones import SIDES
from ..reading.graph import DATA, Graph
from ..reading.landmarks import BodyLandmarks, Region
from ..reading.landmarks import Landmark as L

POINTS = 21  # the wrist, then from the thumb on four of each finger, from the root to the tip
WRIST, TIPS = 0, (4, 8, 12, 16, 20)
KNUCKLES = (5, 9, 13, 17)  # of the index, middle, ring and little finger
ROOTS = {".L": (L.LEFT_WRIST, L.LEFT_INDEX, L.LEFT_PINKY), ".R": (L.RIGHT_WRIST, L.RIGHT_INDEX, L.RIGHT_PINKY)}
# As the published graphs cut hands: sides of the regions, how far they are moved up.
ROUGH_SIDE, CLOSE_SIDE, MOVED_UP = 2.7, 2.0, 0.1
LEAST_PX = 12.0  # side of a region from which on it is looked at
LEAST_SEEN = 0.1  # visibility of the wrist
WORTH_A_LOOK, SURE = 0.1, 0.8  # presence from which on a second one is taken, up to which further ones are
# Share of the region that these are at, and how it is turned: of a hand that is half covered the points are guessed to
# spread farther than it does.
CLOSER, CLOSER_TURNS = 0.7, (0.0, math.radians(-30), math.radians(30))


@dataclass(frozen=True)
class HandLandmarks:
    """One hand in a photo.

    points: (21, 2) float64 photo pixels; world: (21, 3) metres about the middle of the hand, along the photo's axes
    turned to those of field space (+x right, +y up, +z towards the camera), shape and turn trustworthy, size roughly;
    presence: 0..1, that a hand is there; right: 0..1, that it is a right one.
    """

    points: np.ndarray
    world: np.ndarray
    presence: float
    right: float

    @property
    def size(self) -> float:
        """The longer side of the box round the points, photo pixels."""
        return float(np.ptp(self.points, axis=0).max())

    def is_of(self, side: str) -> float:
        """0..1, that it is of a side."""
        return self.right if side == ".R" else 1 - self.right


class HandReader:
    """Reads the landmarks of hands. The networks are loaded when they are needed first."""

    def __init__(self, device: torch.device | str = "cpu"):
        self._device = device
        self._networks: tuple[Graph, Graph] | None = None

    def read(self, rgb: np.ndarray, person: BodyLandmarks) -> dict[str, HandLandmarks]:
        """What is at the wrists of a person, by side (".L", ".R"), a hand or not: see `HandLandmarks.presence`.

        rgb: (H, W, 3) uint8. A side is left out whose wrist the photo does not show.
        """
        hands = {}
        for side in SIDES:
            region = rough_region(person, side)
            if region is None or not _touches(region, rgb.shape):
                continue
            hands[side] = self._again(rgb, self.look(rgb, self._closer(rgb, region)), side)
        return hands

    def near(self, rgb: np.ndarray, points: np.ndarray, side: str) -> HandLandmarks | None:
        """What is where the hand of a side may be, points (21, 2) photo pixels; None where the photo does not show that
        place."""
        region = close_region(points)
        if region.side < LEAST_PX or not _touches(region, rgb.shape):
            return None
        return self._again(rgb, self.look(rgb, region), side)

    def _again(self, rgb, hand, side):
        """What a second look at a hand, and where that is not sure of a side's further ones, show."""
        if hand.presence <= WORTH_A_LOOK:
            return hand  # nothing is not made better by it
        region = close_region(hand.points)
        second = self.look(rgb, region)
        if second.presence * second.is_of(side) > SURE:
            return second
        closer = [replace(region, side=CLOSER * region.side, angle=region.angle + turn) for turn in CLOSER_TURNS]
        looks = [second, *(self.look(rgb, each) for each in closer)]
        return max(looks, key=lambda one: one.presence * one.is_of(side))

    def _closer(self, rgb, region):
        """The region of the hand itself."""
        network, size = self._loaded()[0], self._loaded()[0].size[0]
        found = network(self._picture(rgb, region, size))[0].reshape(2, 2).cpu().numpy().astype(np.float64)
        matrix = region.matrix(size)
        center, edge = found @ matrix[:, :2].T + matrix[:, 2]
        x, y = (center - edge).tolist()
        side = 2 * math.hypot(x, y)
        return _moved_up(Region(float(center[0]), float(center[1]), side, math.atan2(x, -y)), 1.0)

    def look(self, rgb: np.ndarray, region: Region) -> HandLandmarks:
        """What a region of the photo, about a hand, fingers up, shows."""
        network, size = self._loaded()[1], self._loaded()[1].size[0]
        found = [out[0].float().cpu().numpy().astype(np.float64) for out in network(self._picture(rgb, region, size))]
        places, presence, right, world = found
        matrix = region.matrix(size)
        points = places.reshape(POINTS, 3)[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        world = world.reshape(POINTS, 3)
        turn = matrix[:, :2] / (region.side / size)
        world = np.column_stack([world[:, :2] @ turn.T, world[:, 2]]) * (1, -1, -1)
        return HandLandmarks(points, world, float(presence.item()), float(right.item()))

    def _picture(self, rgb, region, size):
        cut = torch.from_numpy(region.cut(rgb, size)).to(self._loaded()[0].device)
        return cut.permute(2, 0, 1)[None].float() / 255

    def _loaded(self):
        if self._networks is None:
            recrop, landmarks = (DATA / f"{name}.safetensors" for name in ("hand_recrop", "hand_landmark_full"))
            self._networks = Graph(recrop, self._device), Graph(landmarks, self._device)
        return self._networks


def rough_region(person: BodyLandmarks, side: str) -> Region | None:
    """Where a hand is by the body's landmarks; None where they do not show it."""
    wrist, index, little = ROOTS[side]
    if person.visibility[wrist] < LEAST_SEEN:
        return None
    root, middle = person.points[wrist, :2], person.between(index, index, little)
    x, y = (middle - root).tolist()
    side_px = 2 * math.hypot(x, y)
    if side_px * ROUGH_SIDE < LEAST_PX:
        return None
    return _moved_up(Region(float(middle[0]), float(middle[1]), side_px, math.atan2(x, -y)), ROUGH_SIDE)


def close_region(points: np.ndarray) -> Region:
    """Round a hand's points (21, 2), photo pixels, upright."""
    towards = ((points[6] + points[14]) / 2 + points[10]) / 2 - points[WRIST]
    angle = math.atan2(towards[0], -towards[1])
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    upright = points @ turn
    low, high = upright.min(0), upright.max(0)
    center = turn @ ((low + high) / 2)
    side = max(8.0, float((high - low).max()))
    return _moved_up(Region(float(center[0]), float(center[1]), side, angle), CLOSE_SIDE)


def _moved_up(region, larger):
    """The region moved along its own up by a tenth of its side, then enlarged."""
    x, y = MOVED_UP * region.side * math.sin(region.angle), -MOVED_UP * region.side * math.cos(region.angle)
    return Region(region.center_x + x, region.center_y + y, max(8.0, region.side * larger), region.angle)


def _touches(region, shape):
    reach = region.side / 2
    height, width = shape[:2]
    return -reach < region.center_x < width + reach and -reach < region.center_y < height + reach
