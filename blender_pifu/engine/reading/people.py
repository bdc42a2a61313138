# SPDX-License-Identifier: GPL-3.0-or-later
"""All the people in a photo, from left to right, and which of them is meant."""

import math
from functools import cached_property

import cv2
import numpy as np
import torch

from ..cores import divided
from ..errors import InputError
from ..memory import give_back_memory
from .doubles import real_people
from .face_marks import face_reader
from .graph import DATA, Graph
from .instances import unclaimed
from .landmarks import BodyLandmarks, Landmark, Landmarks, Region, body_region
from .stance import HEIGHT_SHARE, HIPS, SHOULDERS, Facing, facing

GRIDS = ((28, 2), (14, 2), (7, 6))  # of the detector: cells to a side, guesses in each
LEAST_DETECTION = 0.25
CLEAR_FACE = 0.5  # detection below which a face is turned away, or covered, or none at all
LEAST_SCORE, LEAST_FACELESS = 0.5, 0.9  # that the landmarks are a person's, with a clear face and without
# Without a clear face only somebody upright of whom much is seen is believed; trees and water look like people too.
UNLIKELY = 0.3  # score of a glance below which a closer look is vain, and of that below which nobody is there
LEANING = math.radians(45)
MOSTLY_SEEN = 0.7  # mean visibility of the joints
MOST_UPON, MOST_UPON_FACELESS = 0.9, 0.5  # share of the joints that may lie on other people
LEAST_SIDE = 24  # pixels of a region
SAME_FACE = 0.2  # of the body's radius: faces nearer than that are one
SAME_BODY = 0.12  # of the body's size: people whose points are on average nearer than that are one
NEAR = 0.6  # of the longer side: squares in which small people are looked for
TRUNK_WIDTH = 0.5  # half of what the trunk hides, in its lengths
STEP = 0.7  # from one square to the next, in sides
SHARED_JOINTS = 0.3
AS_PROMINENT = 0.8  # in the largest prominence, from which on somebody seen from the front is as likely meant
JOINTS = (0, *range(11, 17), *range(23, 29))  # nose, arms and legs
MOST_PEOPLE, MOST_FACELESS = 12, 8
LEAST_OWN = 0.1  # of that part of the matte that no surer one has; 0.01 in water taken for somebody across a man
LEAST_ON_MATTE = 0.35  # of a person's mask; 0.47 or more in people, 0.2 in wall taken for one
# Of people whom no face gives away:
LEAST_STRANGER = 0.004  # of the photo
SEEN_SHARES = (1.0, 1.7)  # height of the body, in that of what is seen of it
CROWDED = 0.8  # width in heights from which it may be several who stand side by side
GLANCES = 2
PARTLY_SEEN = 0.55  # mean visibility of the joints
LEAST_WITHIN, LEAST_PART = 0.75, 0.3  # of the person's mask that lies there, and of what is there that it is
# Of what a part of the matte and a person's mask cover, what both do: 0.95 to 0.98 of people read well. Where it is
# less than the first, somebody may be taken for a part of themselves, as who wears a coat over dark legs and is seen
# from the side; who is found by looking at all of the part must have the second, and more than before.
FILLS, LEAST_FILLED, MORE_FILLED = 0.85, 0.7, 0.1


class People:
    """Finds people. The networks are loaded by the first photo."""

    def __init__(self, device: torch.device | str = "cpu"):
        self._device = device

    @cached_property
    def _detector(self) -> Graph:
        return Graph(DATA / "pose_detection.safetensors", self._device)

    def _shows_face(self, rgb, person):
        return face_reader(self._device).shows_face(rgb, person)

    @cached_property
    def _landmarks(self) -> Landmarks:
        return Landmarks(self._device, self._shows_face)

    def find(
        self,
        rgb: np.ndarray,
        everybody: np.ndarray | None = None,
        by_faces: list[BodyLandmarks] | None = None,
    ) -> list[BodyLandmarks]:
        """All people found, from left to right; possibly none.

        rgb: (H, W, 3) uint8; everybody: `Matting.everybody` of it: without it only those are found whom faces give
        away, and things that look like people to the landmarks alone; by_faces: what `by_faces` gave, if it was asked.
        """
        people = self.by_faces(rgb) if by_faces is None else by_faces
        if everybody is not None:
            people = [person for person in people if _stands_out(person, everybody, rgb.shape)]
            people = self._looked_for_again(rgb, people, everybody)
            people = [person for person in people if _is_apart(person, people, everybody, rgb.shape)]
            for _ in range(MOST_FACELESS):
                if not (person := self._unclaimed(rgb, people, everybody)):
                    break
                people.append(person)
        give_back_memory(always=False)
        return sorted(real_people(people, rgb, self._shows_face), key=lambda person: person.region.center_x)

    def by_faces(self, rgb: np.ndarray) -> list[BodyLandmarks]:
        """Those in rgb (H, W, 3) uint8 whom faces give away, and what looks like somebody."""
        height, width = rgb.shape[:2]
        device, windows = self._detector.device, _windows(height, width)
        found = divided(lambda window: self._detect(rgb[window[0]]) + window[1], windows, device=device)
        faces = merge(np.concatenate(found))
        clear = faces[:, 0] >= CLEAR_FACE
        people: list[BodyLandmarks] = []
        for group in (faces[clear][:MOST_PEOPLE], faces[~clear][:MOST_FACELESS]):
            group = [face for face in group if _region(face).side >= LEAST_SIDE]
            group = [face for face in group if not any(_hides(other, face[1:3]) for other in people)]
            glances = self._glances(rgb, group)
            # Bodies seen whole come before parts of bodies that look like one.
            for index in sorted(range(len(group)), key=lambda index: -group[index][0] - _clearness(glances[index][0])):
                if person := self._read(rgb, group[index], glances[index], people):
                    people.append(person)
        return people

    def _glances(self, rgb, faces):
        """The person of each face and a better region, as `Landmarks.glance` gives them."""
        if not faces:
            return []
        landmarks = self._landmarks  # loaded by one thread
        return divided(lambda face: landmarks.glance(rgb, _region(face)), faces, device=self._detector.device)

    def glance(self, rgb: np.ndarray) -> BodyLandmarks | None:
        """The person of the clearest face in rgb (H, W, 3) uint8, or None: by two looks, in a third of the time that
        `find` takes."""
        found = self.glance_all(rgb, 1)
        return found[0][0] if found else None

    def glance_all(self, rgb: np.ndarray, most: int = 3) -> list[tuple[BodyLandmarks, Region]]:
        """The people of the clearest faces, at most so many, and where to look for each in the next frame."""
        found: list[tuple[BodyLandmarks, Region]] = []
        for face in merge(self._detect(rgb))[:most]:
            _, region = self._landmarks.glance(rgb, _region(face))
            person, region = self._landmarks.glance(rgb, region)
            if person.score >= LEAST_SCORE and not any(_same(person, other) for other, _ in found):
                found.append((person, region))
        return found

    def follow(self, rgb: np.ndarray, region: Region) -> tuple[BodyLandmarks, Region] | None:
        """Somebody who was at a region in the frame before, by one look, and where to look in the next; None where
        nobody is there any more."""
        person, region = self._landmarks.glance(rgb, region)
        return (person, region) if person.score >= LEAST_SCORE else None

    def _read(self, rgb, face, glance, people):
        """The person of a face, (7,) as `_detect` has it, and a glance from there; None when it is nobody, or one of
        the people found already."""
        person, region = glance
        clear = face[0] >= CLEAR_FACE
        if any(_same(person, other) for other in people):
            if any(_hides(other, face[1:3]) for other in people):
                return None
            rgb = _without(rgb, people)  # somebody in front drew the look away from somebody behind
            person, region = self._landmarks.glance(rgb, _region(face))
        sure = person.score
        if not clear and (sure < UNLIKELY or abs(region.angle) > LEANING):
            return None
        person = self._landmarks.read(rgb, region)
        sure = max(sure, person.score) if clear else person.score
        if sure < (LEAST_SCORE if clear else LEAST_FACELESS) or person.score < UNLIKELY:
            return None
        if any(_same(person, other) for other in people):
            return None
        nose = person.points[Landmark.NOSE, :2]
        if not clear and (
            person.visibility[list(JOINTS)].mean() < MOSTLY_SEEN or any(_hides(other, nose) for other in people)
        ):
            return None
        return None if _upon(person, people) > (MOST_UPON if clear else MOST_UPON_FACELESS) else person

    def _looked_for_again(self, rgb, people, everybody):
        """The same people; of a part of the matte that the only one on it, upright, does not fill, whoever does in
        their place: who has somebody beside them, or lies, is read as they were."""
        scale = max(everybody.shape) / max(rgb.shape[:2])
        for part in _parts(everybody > 0.5):
            there = [person for person in people if _lies_on(person, part, scale)]
            if len(there) != 1 or not _stands_upright(there[0]):
                continue
            filled = _filled(there[0], part, scale)
            if filled >= FILLS:
                continue
            least = max(LEAST_FILLED, filled + MORE_FILLED)
            for person in self._fillers(rgb, part, scale):
                if person.score >= LEAST_SCORE and _filled(person, part, scale) >= least:
                    people = [other for other in people if all(other is not one for one in there)] + [person]
                    break
        return people

    def _fillers(self, rgb, part, scale):
        """Whom looks at all of a part of the matte find."""
        for region in _standing(part, scale):
            if region.side < LEAST_SIDE:
                continue
            for _ in range(GLANCES):
                _, region = self._landmarks.glance(rgb, region)
            yield self._landmarks.read(rgb, region)

    def _unclaimed(self, rgb, people, everybody):
        """Somebody of whom no face was found, but what the matte has and nobody claims; or None."""
        strangers, scale = unclaimed(people, rgb.shape, everybody)
        parts = _parts(strangers)
        rest = _without(rgb, people) if parts else rgb
        for part in parts:
            for person in self._fillers(rest, part, scale):
                if (
                    person.score >= LEAST_FACELESS
                    and person.visibility[list(JOINTS)].mean() >= PARTLY_SEEN
                    and _is(person, part, scale)
                    and not any(_same(person, other) for other in people)
                ):
                    return person
        return None

    def _detect(self, rgb):
        """(n, 7) float32: score, face x, y, middle of the hips x, y, point on the body's circle x, y; pixels."""
        side = self._detector.size[0]
        scale = side / max(rgb.shape[:2])
        small = cv2.resize(
            rgb,
            [max(1, round(length * scale)) for length in rgb.shape[1::-1]],
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        )
        top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
        square = np.zeros((side, side, 3), np.uint8)
        square[top : top + small.shape[0], left : left + small.shape[1]] = small
        picture = torch.from_numpy(square).to(self._detector.device).permute(2, 0, 1)[None].float() / 127.5 - 1
        boxes, scores = (output[0].float().cpu().numpy() for output in self._detector(picture))
        scores = 1 / (1 + np.exp(-scores[:, 0].clip(-50, 50)))
        keep = scores >= LEAST_DETECTION
        places = boxes[keep][:, [0, 1, 4, 5, 6, 7]].reshape(-1, 3, 2) + _anchors(side)[keep][:, None]
        places = (places - (left, top)) / scale
        return np.column_stack([scores[keep], places.reshape(-1, 6)]).astype(np.float32)


def choose(people: list[BodyLandmarks], shape: tuple[int, ...], number: int | None = None) -> int:
    """Index of the person meant: `number` counts from 1; without it the largest, most central one, and of some about
    equally so, as the views of a turnaround sheet, one seen from the front.

    people: at least one unless a number is given; shape: (height, width) of the photo. Raises InputError for a number
    that nobody has.
    """
    if number is None:
        weights = [_prominence(person, shape) for person in people]
        return max(
            (index for index, weight in enumerate(weights) if weight >= AS_PROMINENT * max(weights)),
            key=lambda index: (facing(people[index]) is Facing.FRONT, weights[index]),
        )
    if not 1 <= number <= len(people):
        there = {0: "nobody was recognised", 1: "one person was found"}.get(len(people), f"{len(people)} were found")
        raise InputError(
            f"There is no person {number} in the photo: {there}.",
            fix=f"Choose a number from 1 to {len(people)}." if len(people) > 1 else "Leave the choice out.",
        )
    return number - 1


def box_of(person: BodyLandmarks, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """x0, y0, x1, y1 of what the photo, (height, width), shows of the person's landmarks."""
    low, high = person.points[:, :2].min(0), person.points[:, :2].max(0)
    limit = np.array(shape[::-1], np.float32)
    return (*np.clip(low, 0, limit).tolist(), *np.clip(high, 0, limit).tolist())


def merge(found: np.ndarray) -> np.ndarray:
    """found: (n, 7) as `People._detect` returns. One row for each face, weighted by score; best first."""
    found = found[np.argsort(-found[:, 0])]
    merged = []
    while len(found):
        best = found[0]
        radius = np.hypot(*(best[5:7] - best[3:5]))
        same = np.hypot(*(found[:, 1:3] - best[1:3]).T) <= SAME_FACE * radius
        same[0] = True
        group = found[same & (found[:, 0] >= min(best[0], CLEAR_FACE))]
        merged.append(np.append(best[0], np.average(group[:, 1:], axis=0, weights=group[:, 0])))
        found = found[~same]
    return np.array(merged, np.float32).reshape(-1, 7)


def _prominence(person, shape):
    """Size, squared, of the body; up to a half off towards the border."""
    x0, y0, x1, y1 = box_of(person, shape)
    height, width = shape
    off = math.hypot((x0 + x1) / width - 1, (y0 + y1) / height - 1)
    return person.region.side**2 * (1 - 0.5 * min(1.0, off))


def _stands_out(person, everybody, shape):
    """Whether the matte has enough of somebody whom a face gave away."""
    scale = max(everybody.shape) / max(shape)
    mask = person.mask_on(everybody.shape, scale) > 0.5
    return (mask & (everybody > 0.5)).sum() >= LEAST_ON_MATTE * mask.sum()


def _is_apart(person, people, everybody, shape):
    """Whether somebody has a part of the matte to themselves; who has none is another one seen in a wrong way."""
    scale = max(everybody.shape) / max(shape)
    mine = (person.mask_on(everybody.shape, scale) > 0.5) & (everybody > 0.5)
    whole = mine.sum()
    for other in people:
        if other.score > person.score:
            mine &= other.mask_on(everybody.shape, scale) <= 0.5
    return mine.sum() >= LEAST_OWN * whole


def _parts(strangers):
    """Connected parts of (h, w) bool, the largest first, each (h, w) bool."""
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(strangers.astype(np.uint8))
    areas = statistics[1:, cv2.CC_STAT_AREA]
    large = [index for index in np.argsort(-areas)[:MOST_FACELESS] if areas[index] >= LEAST_STRANGER * strangers.size]
    return [parts == index + 1 for index in large]


def _standing(part, scale):
    """Regions of people who stand there: all of one is seen, or the legs are hidden, or several stand side by side."""
    left, top, width, height = cv2.boundingRect(part.astype(np.uint8))
    middles = [left + width / 2]
    if width > CROWDED * height:
        middles += [left + height / 4, left + width - height / 4]
    for middle in middles:
        for share in SEEN_SHARES:
            center = np.array([middle, top + height * share / 2]) / scale
            yield body_region(center, center - (0, height * share / 2 / HEIGHT_SHARE / scale))


def _is(person, part, scale):
    """Whether a person is what a part of the matte shows, or one of those whom it shows."""
    mask = person.mask_on(part.shape, scale) > 0.5
    common = (mask & part).sum()
    return common > LEAST_WITHIN * mask.sum() and common > LEAST_PART * part.sum()


def _lies_on(person, part, scale):
    """Whether most of a person is of a part of the matte."""
    mask = person.mask_on(part.shape, scale) > 0.5
    return 2 * (mask & part).sum() > mask.sum()


def _stands_upright(person):
    """Whether somebody's shoulders are more above than beside the hips."""
    shoulders, hips = (
        person.points[list(pair), :2].mean(0)
        for pair in ((Landmark.LEFT_SHOULDER, Landmark.RIGHT_SHOULDER), (Landmark.LEFT_HIP, Landmark.RIGHT_HIP))
    )
    return hips[1] - shoulders[1] > abs(hips[0] - shoulders[0])


def _filled(person, part, scale):
    """Of what a person and a part of the matte cover, the share that both do."""
    mask = person.mask_on(part.shape, scale) > 0.5
    return (mask & part).sum() / max(1, (mask | part).sum())


def _region(face):
    return body_region(face[3:5], face[5:7])


def _clearness(person):
    """0..1: that it is a person of whom everything is seen."""
    return person.score * person.visibility[list(JOINTS)].mean()


def _upon(person, people):
    """Share of the joints that lie on other people."""
    joints = person.points[list(JOINTS), :2].tolist()
    return sum(any(other.covers(x, y) for other in people) for x, y in joints) / len(joints)


def _hides(person, face):
    """Whether a face, (2,), that lies there must be a mistake: upon the person's mask, or upon the trunk."""
    shoulders, hips = (person.between(*pair) for pair in (SHOULDERS, HIPS))
    along = hips - shoulders
    place = np.clip((face - shoulders) @ along / max(1e-6, along @ along), 0.2, 1)
    return person.covers(*face) or np.hypot(*(face - shoulders - place * along)) < TRUNK_WIDTH * np.hypot(*along)


def _without(rgb, people):
    """The photo with people painted over in grey."""
    rgb = rgb.copy()
    for person in people:
        rgb[person.mask_on(rgb.shape) > 0.5] = 128
    return rgb


def _same(one, other):
    """Whether two are one person, or the smaller is only a part of the other taken for a person."""
    small, large = sorted((one, other), key=lambda person: person.region.side)
    apart = np.hypot(*(small.points[:, None, :2] - large.points[None, :, :2]).transpose(2, 0, 1))
    if np.diagonal(apart).mean() < SAME_BODY * small.region.side:
        return True
    near = apart[np.ix_(JOINTS, JOINTS)].min(1) < 0.5 * SAME_BODY * small.region.side
    return near.mean() > SHARED_JOINTS and large.covers(*small.points[Landmark.NOSE, :2])


def _anchors(side):
    """(2254, 2) middle of each guess's cell, pixels of the square."""
    centres = []
    for cells, guesses in GRIDS:
        rows, columns = np.mgrid[:cells, :cells]
        centres.append(np.repeat((np.column_stack([columns.ravel(), rows.ravel()]) + 0.5) / cells, guesses, axis=0))
    return np.concatenate(centres).astype(np.float32) * side


def _windows(height, width):
    """The whole picture and overlapping squares of it, each with what to add to its detections."""
    yield np.s_[:, :], np.zeros(7, np.float32)
    side = min(round(NEAR * max(height, width)), height, width)
    for y in _starts(height, side):
        for x in _starts(width, side):
            yield np.s_[y : y + side, x : x + side], np.array([0, x, y, x, y, x, y], np.float32)


def _starts(length, side):
    return np.linspace(0, length - side, math.ceil((length - side) / (STEP * side)) + 1).round().astype(int).tolist()
