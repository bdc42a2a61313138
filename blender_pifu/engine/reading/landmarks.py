# SPDX-License-Identifier: GPL-3.0-or-later
"""The body's landmarks of one person, read from a turned square of the photo."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

import cv2
import numpy as np
import torch
from torch import Tensor

from ..cores import divided
from ..crop_space import between_centres
from .crop import Crop
from .graph import DATA, Graph

POINTS = 33
WINDOW = 7  # side of the window of a heat map that moves a point, in its cells
LEAST_HEAT = 0.5
MARGIN = 1.25  # side of a region, in diameters of the circle round the body
# After the glance that finds the region, the person is looked at this often, in so many sides of the region, mirrored
# or not, and the median counts: a single look now and then takes one leg for the other, or loses a hand.
LOOKS = ((1.0, False), (0.92, True), (0.85, False))
# Where all of these see the back; one that then sees the front is believed if there is a face.
MORE_LOOKS = ((1.0, True), (1.1, False), (0.85, True), (0.92, False), (1.1, True))
CLEAR_SIDE = 0.3  # distance of the shoulders, in lengths of the trunk, from which a look tells front from back
# Index of each landmark's twin on the other side.
MIRRORED = (0, 4, 5, 6, 1, 2, 3, *(index + 1 if index % 2 else index - 1 for index in range(7, POINTS)))


class Landmark(IntEnum):
    """All of them, in the order of MediaPipe's pose network; left and right are the person's own."""

    NOSE = 0
    LEFT_EYE_INNER = 1
    LEFT_EYE = 2
    LEFT_EYE_OUTER = 3
    RIGHT_EYE_INNER = 4
    RIGHT_EYE = 5
    RIGHT_EYE_OUTER = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    MOUTH_LEFT = 9
    MOUTH_RIGHT = 10
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_ELBOW = 13
    RIGHT_ELBOW = 14
    LEFT_WRIST = 15
    RIGHT_WRIST = 16
    LEFT_PINKY = 17
    RIGHT_PINKY = 18
    LEFT_INDEX = 19
    RIGHT_INDEX = 20
    LEFT_THUMB = 21
    RIGHT_THUMB = 22
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_FOOT = 31
    RIGHT_FOOT = 32


# Bones by whose length a metre is known, in metres: the one that is shortened least by perspective counts.
RULERS = {
    (Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER): 0.36,
    (Landmark.LEFT_SHOULDER, Landmark.LEFT_HIP): 0.50,
    (Landmark.RIGHT_SHOULDER, Landmark.RIGHT_HIP): 0.50,
    (Landmark.LEFT_HIP, Landmark.LEFT_KNEE): 0.42,
    (Landmark.RIGHT_HIP, Landmark.RIGHT_KNEE): 0.42,
    (Landmark.LEFT_KNEE, Landmark.LEFT_ANKLE): 0.40,
    (Landmark.RIGHT_KNEE, Landmark.RIGHT_ANKLE): 0.40,
}


@dataclass(frozen=True)
class HeadPlace:
    """Where a head's parts lie, each (2,), and `unit`, the distance from the eyes to the mouth: 6.5 cm of an adult."""

    eyes: np.ndarray
    mouth: np.ndarray
    ears: np.ndarray
    unit: float

    @property
    def up(self) -> np.ndarray:
        """(2,) the unit direction from the mouth to the eyes."""
        return (self.eyes - self.mouth) / self.unit

    @property
    def across(self) -> np.ndarray:
        """(2,) the unit direction towards the left of a person who faces the camera."""
        return np.array([self.up[1], -self.up[0]])


def head_place(points: np.ndarray) -> HeadPlace:
    """The HeadPlace of landmarks (33, 2 or more), in their space."""
    eyes, mouth, ears = (
        points[list(pair), :2].astype(np.float64).mean(0)
        for pair in (
            (Landmark.LEFT_EYE, Landmark.RIGHT_EYE),
            (Landmark.MOUTH_LEFT, Landmark.MOUTH_RIGHT),
            (Landmark.LEFT_EAR, Landmark.RIGHT_EAR),
        )
    )
    return HeadPlace(eyes, mouth, ears, max(float(np.hypot(*(eyes - mouth))), 1e-3))


def ears_apart(points: np.ndarray) -> float:
    """How far the left ear lies to the left of the right one, of landmarks (33, 2 or more) in their space: less than
    nothing of a head that is seen from behind."""
    return float((points[Landmark.LEFT_EAR, :2] - points[Landmark.RIGHT_EAR, :2]) @ head_place(points).across)


@dataclass(frozen=True)
class Region:
    """A square of the photo, photo pixels (pixel (0, 0) spans 0..1), turned clockwise by `angle` radians."""

    center_x: float
    center_y: float
    side: float
    angle: float

    def scaled(self, factor: float) -> "Region":
        """The same square of the photo in another size."""
        return Region(self.center_x * factor, self.center_y * factor, self.side * factor, self.angle)

    def matrix(self, size: int) -> np.ndarray:
        """(2, 3): from pixels of the cut, `size` to a side, to photo pixels."""
        scale = self.side / size
        cosine, sine = scale * math.cos(self.angle), scale * math.sin(self.angle)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        shift = np.array([self.center_x, self.center_y]) - turn @ np.full(2, size / 2)
        return np.column_stack([turn, shift])

    def cut(self, rgb: np.ndarray, size: int) -> np.ndarray:
        """The square upright, (size, size, 3) uint8, averaged when it shrinks, black outside the photo."""
        fine = size * min(8, max(1, math.ceil(self.side / size)))
        cut = cv2.warpAffine(rgb, between_centres(self.matrix(fine)), (fine, fine),
                             flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)  # fmt: skip
        return cut if fine == size else cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)

    def place(self, x: float, y: float, size: int) -> tuple[int, int]:
        """Column and row, in a cut of that size, of a point of the photo; may lie outside."""
        matrix = self.matrix(size)
        column, row = np.linalg.solve(matrix[:, :2], (x, y) - matrix[:, 2])
        return math.floor(column), math.floor(row)

    def paste(self, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """values: (size, size) float32 over the square -> `shape` over the photo, 0 outside."""
        height, width = shape
        return cv2.warpAffine(
            values, between_centres(self.matrix(len(values))), (width, height), flags=cv2.INTER_LINEAR
        )


@dataclass(frozen=True)
class BodyLandmarks:
    """One person in a photo.

    points: (33, 3) float32; x, y in photo pixels, also where they lie outside the photo or are hidden; z in the same
    unit from the middle of the hips, smaller = nearer, good for order only.
    visibility: (33,) float32 0..1, of being inside the region and not hidden.
    score: 0..1, that this is a person. region: the square that was looked at; mask: (256, 256) float32 0..1 over it,
    roughly the person. solid: (33, 3) float32, where the network has them in space, from the middle of the hips in
    metres of its own usual body: photo axes, z away from the camera.
    """

    points: np.ndarray
    visibility: np.ndarray
    score: float
    region: Region
    mask: np.ndarray
    solid: np.ndarray | None = None

    def between(self, *landmarks: Landmark) -> np.ndarray:
        """(2,) the mean of some landmarks, photo pixels."""
        return self.points[list(landmarks), :2].mean(0)

    def seen(self, *landmarks: Landmark) -> float:
        """The least visibility of some landmarks."""
        return float(self.visibility[list(landmarks)].min())

    def covers(self, x: float, y: float) -> bool:
        """Whether a point of the photo lies on the person, by `mask`."""
        column, row = self.region.place(x, y, len(self.mask))
        return 0 <= min(column, row) and max(column, row) < len(self.mask) and bool(self.mask[row, column] > 0.5)

    def mask_on(self, shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
        """`mask` laid over the photo reduced by `scale`, shape[:2] float32 0..1: roughly the person, 0 elsewhere."""
        return self.region.scaled(scale).paste(self.mask, (shape[0], shape[1]))

    def in_field(self, crop: Crop) -> np.ndarray:
        """The landmarks (33, 3) float64 in the field space of a crop; z from the middle of the hips."""
        points = self.points.astype(np.float64)
        return np.column_stack([crop.to_field(points[:, :2]), -points[:, 2] / (crop.side / 2)])


def landmarks_in(person: BodyLandmarks | None, crop: Crop) -> np.ndarray | None:
    """(33, 4) float32: x, y in field space, z from the middle of the hips in the same unit, visibility 0..1; None for
    nobody."""
    if person is None:
        return None
    return np.column_stack([person.in_field(crop), person.visibility]).astype(np.float32)


def metre(landmarks: Tensor) -> Tensor:
    """Field units of one metre (B,) by landmarks (B, 33, 2 or more) as `landmarks_in`, 0 for nobody."""
    ends = torch.tensor(list(RULERS), device=landmarks.device)
    lengths = (landmarks[:, ends[:, 0], :2] - landmarks[:, ends[:, 1], :2]).norm(dim=-1)
    return (lengths / lengths.new_tensor(list(RULERS.values()))).amax(1)


def metre_of(landmarks: np.ndarray) -> float:
    """As `metre`, of one person's landmarks (33, 2 or more)."""
    return float(metre(torch.from_numpy(landmarks)[None].float())[0])


class Landmarks:
    """Reads the landmarks of people. The network is loaded at once."""

    def __init__(self, device: torch.device | str, shows_face: Callable[[np.ndarray, BodyLandmarks], bool]):
        """shows_face: whether a photo shows the face of somebody who was read, as `FaceReader.shows_face`."""
        self._network = Graph(DATA / "pose_landmark_full.safetensors", device)
        self._shows_face = shows_face

    def glance(self, rgb: np.ndarray, region: Region) -> tuple[BodyLandmarks, Region]:
        """The person by one look, and a better region for `read`.

        rgb: (H, W, 3) uint8; region: about the whole body, its angle such that the body is upright in it.
        """
        return self._look(rgb, region)

    def read(self, rgb: np.ndarray, region: Region) -> BodyLandmarks:
        """The person by several looks at a region, as `glance` takes and gives it."""
        looks = of_one_side(self._looks(rgb, region, LOOKS))
        if max(map(_width, looks)) < -CLEAR_SIDE:
            front = [look for look in self._looks(rgb, region, MORE_LOOKS) if _width(look) > CLEAR_SIDE]
            if front and self._shows_face(rgb, front[0]):
                looks = front
        points = np.median([look.points for look in looks], axis=0)
        # Beyond the photo only the widest look has room to guess.
        beyond = ((looks[0].points[:, :2] < 0) | (looks[0].points[:, :2] >= rgb.shape[1::-1])).any(1)
        points[beyond] = looks[0].points[beyond]
        visibility = np.median([look.visibility for look in looks], axis=0)
        score = float(np.median([look.score for look in looks]))
        return replace(looks[0], points=points, visibility=visibility, score=score)

    def _looks(self, rgb, region, sizes):
        """The person by looks at so many sides of a region, mirrored or not."""

        def look(how):
            size, mirrored = how
            return self._look(rgb, replace(region, side=region.side * size), mirrored)[0]

        return divided(look, sizes, device=self._network.device)

    def _look(self, rgb, region, mirrored=False):
        """The person, and a better region. mirrored: the network gets to see the mirror image."""
        size = self._network.size[0]
        cut = region.cut(rgb, size)
        picture = torch.from_numpy(np.ascontiguousarray(cut[:, ::-1] if mirrored else cut)).to(self._network.device)
        outputs = self._network(picture.permute(2, 0, 1)[None].float() / 255)
        rows, score, mask, heat, solid = (output[0].float().cpu().numpy() for output in outputs)
        rows, solid = rows.reshape(-1, 5), solid.reshape(-1, 3)[:POINTS]
        places = _by_heat(rows[:, :2] / size, _sigmoid(heat)) * size
        if mirrored:
            order = [*MIRRORED, *range(POINTS, len(rows))]
            places, rows, mask = places[order] * (-1, 1) + (size, 0), rows[order], mask[..., ::-1]
            solid = solid[list(MIRRORED)] * np.array([-1, 1, 1], np.float32)
        matrix = region.matrix(size)
        places = (places @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        points = np.column_stack([places[:POINTS], rows[:POINTS, 2] * np.float32(region.side / size)])
        visibility = _sigmoid(rows[:POINTS, 3:]).min(1)
        turn = (matrix[:, :2] * (size / region.side)).astype(np.float32)
        solid = np.column_stack([solid[:, :2] @ turn.T, solid[:, 2]])
        person = BodyLandmarks(points, visibility, float(score[0]), region, _sigmoid(mask[0]), solid)
        return person, body_region(places[POINTS], places[POINTS + 1])


def of_one_side(looks: list[BodyLandmarks]) -> list[BodyLandmarks]:
    """Looks at one person without those from behind, where another clearly sees the front: before a face, hair hides it
    from some looks, but nothing makes a face of the back of a head."""
    widths = [_width(look) for look in looks]
    if max(widths) < CLEAR_SIDE:
        return looks
    return [look for look, width in zip(looks, widths, strict=True) if width > -CLEAR_SIDE]


def _width(look):
    """By how much the left shoulder lies on the upright photo's right, in lengths of the trunk."""
    shoulders, hips = (
        look.points[list(pair), :2]
        for pair in ((Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER), (Landmark.LEFT_HIP, Landmark.RIGHT_HIP))
    )
    across = (shoulders[0] - shoulders[1]) @ (math.cos(look.region.angle), math.sin(look.region.angle))
    return float(across) / max(1e-3, math.dist(shoulders.mean(0), hips.mean(0)))


def body_region(center: np.ndarray, towards_head: np.ndarray) -> Region:
    """center: (2,) middle of the hips; towards_head: (2,) on the circle round the body, beyond the head; photo
    pixels."""
    x, y = (towards_head - center).tolist()
    return Region(float(center[0]), float(center[1]), max(8.0, 2 * MARGIN * math.hypot(x, y)), math.atan2(x, -y))


def _sigmoid(values):
    return (0.5 * (1 + np.tanh(0.5 * values))).astype(np.float32)


def _by_heat(places, heat):
    """places: (39, 2) 0..1, each moved to the middle of its heat map (39, h, w) near it, where that is sure."""
    side = heat.shape[1]
    half = WINDOW // 2
    out = places.copy()
    for index, (x, y) in enumerate((places * side).tolist()):
        column, row = math.floor(x), math.floor(y)
        left, top = max(0, column - half), max(0, row - half)
        window = heat[index, top : max(0, row + half + 1), left : max(0, column + half + 1)]
        if not window.size or window.max() < LEAST_HEAT:
            continue
        rows, columns = np.mgrid[: window.shape[0], : window.shape[1]]
        total = window.sum()
        out[index] = ((columns * window).sum() / total + left) / side, ((rows * window).sum() / total + top) / side
    return out
