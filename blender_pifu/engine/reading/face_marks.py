# SPDX-License-Identifier: GPL-3.0-or-later
"""The 468 points of MediaPipe's face mesh and two irises, read from the photo at its own resolution."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from .attention import ATTENTION
from .graph import DATA, Graph
from .landmarks import BodyLandmarks, Region
from .landmarks import Landmark as L

POINTS = 468
FACE = 4.2  # sides of the first square, in distances from the eyes to the mouth; the points' own box by MARGIN later
MARGIN = 1.5
EYE_CORNERS = 33, 263  # outer ones: the person's right, left
LOOKS = 3  # each at the square that the one before it found
LEAST_SCORE = 0.5
DOUBTFUL = 0.1  # score from which on a second look is worth it
HEADS = 0.6, 0.45, 0.35  # sides of squares in which a face may lie, in lengths of the trunk
LEAST_WIDTH_PX = 40.0  # of the face in the photo
EYES, MOUTH = [L.LEFT_EYE, L.RIGHT_EYE], [L.MOUTH_LEFT, L.MOUTH_RIGHT]


@dataclass(frozen=True)
class FaceMarks:
    """points: (468, 2) float64, photo pixels; irises: (2, 5, 2) of the person's right and left eye: centre and ring;
    score: 0..1, that this is a face; width_px: of the face in the photo; region: the square that they fill."""

    points: np.ndarray
    irises: np.ndarray
    score: float
    width_px: float
    region: Region


class FaceReader:
    """The network, on one device."""

    def __init__(self, device: torch.device | str = "cpu"):
        """Raises ModelError."""
        self._network = Graph(DATA / "face_landmark_with_attention.safetensors", device, ATTENTION)
        # Lips and both eyes, in the order of the outputs: which of the 468 are found anew.
        self._refined = [layer["subset_idxs"] for layer in self._network.options("Landmarks2TransformMatrix")]

    def read(self, rgb: np.ndarray, landmarks: np.ndarray) -> FaceMarks | None:
        """The marks of the face that a body's landmarks (33, 2 or more), photo pixels, show in a photo (H, W, 3) uint8;
        None where there is none, or it is too small."""
        region = head_region(landmarks[:, :2])
        return None if region is None else self.read_in(rgb, region)

    def read_in(self, rgb: np.ndarray, region: Region) -> FaceMarks | None:
        """The marks of the face that a square of a photo shows; None where there is none, or it is too small."""
        for _ in range(LOOKS):
            points, irises, score = self._look(rgb, region)
            if score < LEAST_SCORE:
                return None
            region, width = _region_of(points)
        if width < LEAST_WIDTH_PX:
            return None
        return FaceMarks(points, irises, score, width, region)

    def shows_face(self, rgb: np.ndarray, person: BodyLandmarks) -> bool:
        """Whether the photo, (H, W, 3) uint8, shows a face where somebody's head is: of backs of heads the network says
        0.02 at most, of faces behind hair mostly 0.7 and more."""
        region = head_region(person.points[:, :2])
        regions = [] if region is None else [replace(region, angle=person.region.angle)]
        trunk = math.dist(person.between(L.LEFT_SHOULDER, L.RIGHT_SHOULDER), person.between(L.LEFT_HIP, L.RIGHT_HIP))
        x, y = person.between(L.NOSE, L.LEFT_EAR, L.RIGHT_EAR).tolist()
        regions += [Region(x, y, size * trunk, person.region.angle) for size in HEADS]
        for region in regions:
            points, _, score = self._look(rgb, region)
            if DOUBTFUL < score < LEAST_SCORE:  # once more, at the square that this one found
                _, _, score = self._look(rgb, _region_of(points)[0])
            if score >= LEAST_SCORE:
                return True
        return False

    def _look(self, rgb, region):
        """Points and irises in photo pixels, and the score."""
        size = self._network.size[0]
        picture = torch.from_numpy(np.ascontiguousarray(region.cut(rgb, size))).to(self._network.device)
        outputs = self._network(picture.permute(2, 0, 1)[None].float() / 255)
        mesh, *parts, flag = (output.flatten().double().cpu().numpy() for output in outputs)
        points = mesh.reshape(POINTS, 3)[:, :2].copy()
        for rows, part in zip(self._refined, parts[:3], strict=True):
            points[rows] = part.reshape(-1, 2)
        matrix = region.matrix(size)
        both = np.concatenate([points, parts[3].reshape(5, 2), parts[4].reshape(5, 2)])
        both = both @ matrix[:, :2].T + matrix[:, 2]
        return both[:POINTS], both[POINTS:].reshape(2, 5, 2), float(1 / (1 + np.exp(-flag[0])))


def head_region(landmarks: np.ndarray) -> Region | None:
    """The square round the face that landmarks (33, 2) show, upright with it; None where they show none."""
    eyes, mouth = landmarks[EYES].mean(0), landmarks[MOUTH].mean(0)
    across = landmarks[L.LEFT_EYE] - landmarks[L.RIGHT_EYE]
    unit = max(math.dist(eyes, mouth), float(np.hypot(*across)))
    if not unit > 1:
        return None
    down = mouth - eyes
    x, y = ((eyes + mouth) / 2).tolist()
    return Region(x, y, FACE * unit, math.atan2(-down[0], down[1]))


def _region_of(points):
    """The square round a face's points, level with its eyes, and the width of their box."""
    right, left = points[list(EYE_CORNERS)]
    angle = math.atan2(*(left - right)[::-1].tolist())
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    level = points @ turn
    low, high = level.min(0), level.max(0)
    x, y = (turn @ ((low + high) / 2)).tolist()
    width, height = (high - low).tolist()
    return Region(x, y, MARGIN * max(width, height), angle), width


@lru_cache(maxsize=1)
def face_reader(device: torch.device | str = "cpu") -> FaceReader:
    """The network, read once a process. Raises ModelError."""
    return FaceReader(device)
