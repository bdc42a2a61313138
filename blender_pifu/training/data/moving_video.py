# SPDX-License-Identifier: GPL-3.0-or-later
"""A film of a synthetic person who waves or walks before a camera that stands still, with the truth of every frame."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ..people.body import load_body
from ..people.generation4 import Maker4
from ..people.landmarks import landmarks
from ..people.person import Maker, SyntheticPerson
from ..people.pose import FORWARD, UP, Pose, Rigging, turn
from .backgrounds import KINDS, background
from .daylight import draw_daylight
from .film_file import write_film
from .framing import Framing
from .render import draw_light, render_photo
from .sample import GENERATION

PERSON_PX, FRAME_PX = 448, (448, 576)  # side of the square that is rendered; height and width of the film
SHOWN_M = 2.5  # that a crop's side shows where the person stands
FPS = 24.0
LOWERED_M, STEP_M, STEP_S, LIFT_M = 0.03, 0.55, 0.55, 0.09  # of walking: the hips, and the feet
WAVES_S = 0.8  # from one wave of the hand to the next


@dataclass(frozen=True)
class Take:
    """frames (N, H, W, 3) uint8 sRGB; landmarks (N, 33, 3) of `people.landmarks`, metres, z up, the camera looks along
    +y; planted (N, 2) bool: whether the left and the right foot stand on the floor and do not move; height_m: of the
    person."""

    frames: np.ndarray
    landmarks: np.ndarray
    planted: np.ndarray
    height_m: float

    def write(self, path: Path) -> None:
        """As `write_film`."""
        write_film(path, self.frames, FPS)


@dataclass(frozen=True)
class _Posed:
    """rotations: as of Pose; shift: (3,) metres of the whole person; planted: as of Take."""

    rotations: np.ndarray
    shift: np.ndarray
    planted: tuple[bool, bool]


def film_moving(
    motion: str, seed: int, count: int = 32, heading: float = 0.0, distance: float = 4.0, pitch: float = 0.0,
    generation: int = GENERATION, assets: Path | None = None,
) -> Take:  # fmt: skip
    """The person of a seed of the test split, in `count` frames. motion: of MOTIONS; heading: radians from the
    direction towards the camera to where the person looks, to their left; distance: of the camera, metres; pitch: by
    which it looks down, radians; generation, assets: as `sample.make_scene`."""
    rng = np.random.default_rng([seed, 14])
    light = draw_light(rng) if generation == 3 else draw_daylight(rng)
    behind = background(str(rng.choice(list(KINDS))), rng, *FRAME_PX)
    actor = _Actor(seed, generation, assets)
    height_m = float(np.ptp(actor.person.vertices[:, 2]))
    centre = np.array([0.0, actor.person.vertices[:, 2].min() + 0.5 * height_m, 0.0])
    framing = Framing(2 / SHOWN_M, np.zeros(3), np.full(4, np.inf), distance, centre)
    frames, points, planted = [], [], []
    for index in range(count):
        rig = Rigging(load_body(), actor.person.shape.heads)
        posed = MOTIONS[motion](rig, index / FPS, count / FPS, heading)
        person = actor.posed(posed)
        mesh = replace(person, vertices=framing(_tipped(person.vertices, centre, pitch)))
        rgb, mask = render_photo(mesh, PERSON_PX, light)
        frames.append(_taken(rgb, mask, behind, rng))
        points.append(landmarks(person))
        planted.append(posed.planted)
    return Take(np.stack(frames), np.stack(points), np.array(planted), height_m)


class _Actor:
    """A person made once, standing, and posed by its skin weights: dressing anew for each frame would take long."""

    def __init__(self, seed: int, generation: int, assets: Path | None):
        made: list[np.ndarray] = []

        def pose(maker) -> Pose:
            rig = Rigging(maker.body, maker.shape.heads)
            made.append(_wave(rig, 0.0, 1.0, 0.0).rotations)
            return Pose(made[-1], "stand")

        if generation == 3:
            self.person = type("Standing", (Maker,), {"_pose": pose})(seed, "test").make()
        else:
            self.person = type("Standing", (Maker4,), {"_pose": pose})(seed, "test", assets).make()
        self._before = self._transforms(made[-1])
        body = load_body()
        self._weights = {
            "vertices": self.person.skin_weights(),
            "base": body.weights,
            "joints": np.eye(len(body.bones)),
        }

    def _transforms(self, rotations: np.ndarray) -> np.ndarray:
        rows = load_body().bone_transforms(self.person.shape.heads, rotations)
        return np.concatenate([rows, np.tile([[[0.0, 0, 0, 1]]], (len(rows), 1, 1))], 1)

    def posed(self, posed: "_Posed") -> SyntheticPerson:
        """The person in another pose, in another place."""
        after = self._transforms(posed.rotations)
        moved = {}
        for name, weights in self._weights.items():
            there, here = ((weights @ each.reshape(-1, 16)).reshape(-1, 4, 4) for each in (after, self._before))
            points = np.c_[getattr(self.person, name), np.ones(len(weights))]
            rest = np.linalg.solve(here, points[..., None])
            moved[name] = ((there @ rest)[:, :3, 0] + posed.shift).astype(np.float32)
        return replace(self.person, **moved)


def _wave(rig: Rigging, seconds: float, whole: float, heading: float) -> _Posed:
    """Stands, lifts the right hand beside the head and waves; the trunk leans along a little."""
    lift = np.clip(seconds / (0.3 * whole), 0, 1)
    lift = lift * lift * (3 - 2 * lift)
    swing = np.sin(2 * np.pi * seconds / WAVES_S)
    rig.rotate("root", turn(UP, heading))
    rig.rotate("spine03", Rotation.from_euler("xyz", [2, 3 * lift, 4 * lift], degrees=True).as_matrix())
    trunk = rig.frame("spine01")
    _legs(rig, np.zeros((2, 3)), heading)
    _arm(rig, "L", trunk, 10, 3, 15)
    outward = 10 + 75 * lift
    _arm(rig, "R", trunk, outward, 10, 0)
    upper = trunk @ _towards(-1, outward, 10)
    hand = _towards(-1, 12 + (145 + 22 * swing) * lift, 8)
    rig.point("lowerarm01.R", "wrist.R", (1 - lift) * upper + lift * (trunk @ hand))
    return _Posed(rig.rotations, np.zeros(3), (True, True))


def _walk(rig: Rigging, seconds: float, whole: float, heading: float) -> _Posed:
    """Walks past the middle, feet flat on the floor but for the one that swings."""
    ahead = turn(UP, heading) @ FORWARD
    steps = seconds / STEP_S
    number, within = int(steps), steps % 1
    middle = 0.5 * whole / STEP_S * STEP_M
    along = steps * STEP_M - middle
    bob = 0.012 * np.cos(4 * np.pi * (within - 0.5) / 2)
    shift = along * ahead + (bob - LOWERED_M) * UP
    swings = number % 2  # the foot in the air: 0 left, 1 right
    feet, planted = np.zeros((2, 3)), [True, True]
    for foot in (0, 1):
        # A foot stands for one step and swings over two lengths in the next.
        standing = number if foot != swings else number - 1
        at = (standing + 0.5) * STEP_M
        lift = 0.0
        if foot == swings:
            share = within * within * (3 - 2 * within)
            at, lift = at + 2 * STEP_M * share, LIFT_M * np.sin(np.pi * within) ** 2
            planted[foot] = False
        feet[foot] = (at - middle) * ahead + lift * UP - shift
    swing = np.sin(np.pi * (within - 0.5)) * (1 if swings == 0 else -1)
    rig.rotate("root", turn(UP, heading + 0.06 * swing))
    rig.rotate("spine03", turn(UP, -0.16 * swing))
    _legs(rig, feet, heading)
    trunk = rig.frame("spine01")
    _arm(rig, "L", trunk, 9, -22 * swing, 18)
    _arm(rig, "R", trunk, 9, 22 * swing, 18)
    return _Posed(rig.rotations, shift, (planted[0], planted[1]))


MOTIONS: dict[str, Callable[[Rigging, float, float, float], _Posed]] = {"wave": _wave, "walk": _walk}


def _legs(rig: Rigging, moves: np.ndarray, heading: float) -> None:
    """Bring the feet under the hips, moved by (2, 3) metres, knees ahead, soles level."""
    ahead = turn(UP, heading) @ FORWARD
    aside = turn(UP, heading) @ np.array([1.0, 0, 0])
    for side, sign, move in (("L", 1, moves[0]), ("R", -1, moves[1])):
        upper, lower, foot = f"upperleg01.{side}", f"lowerleg01.{side}", f"foot.{side}"
        hip, rest = rig.position(upper), rig.heads[rig.body.bone[foot]]
        target = np.array([0, 0, rest[2]]) + 0.09 * sign * aside + move
        _bend(rig, upper, lower, foot, target - hip, ahead)
        rig.rotate_world(foot, turn(UP, heading + 0.1 * sign) @ rig.frame(foot).T)


def _bend(rig: Rigging, upper: str, lower: str, end: str, line: np.ndarray, pole: np.ndarray) -> None:
    """Two-bone inverse kinematics: the end by `line` from the upper bone's head, the joint towards `pole`."""
    a, b = (np.linalg.norm(rig.rest_direction(*pair)) for pair in ((upper, lower), (lower, end)))
    distance = min(float(np.linalg.norm(line)), 0.999 * (a + b))
    line = line / np.linalg.norm(line)
    along = (a * a + distance * distance - b * b) / (2 * distance)
    aside = pole - (pole @ line) * line
    joint = along * line + np.sqrt(max(a * a - along * along, 0)) * aside / np.linalg.norm(aside)
    rig.point(upper, lower, joint)
    rig.point(lower, end, distance * line - joint)


def _towards(sign: int, outward: float, forward: float) -> np.ndarray:
    a, f = np.radians(outward), np.radians(forward)
    return np.array([sign * np.sin(a), -np.cos(a) * np.sin(f), -np.cos(a) * np.cos(f)])


def _arm(rig: Rigging, side: str, trunk: np.ndarray, outward: float, forward: float, bend: float) -> None:
    """An arm by degrees: outward from straight down, to the front, and of the elbow."""
    sign = 1 if side == "L" else -1
    upper = trunk @ _towards(sign, outward, forward)
    rig.point(f"upperarm01.{side}", f"lowerarm01.{side}", upper)
    lower = trunk @ _towards(sign, outward, forward + bend)
    rig.point(f"lowerarm01.{side}", f"wrist.{side}", lower)


def _tipped(vertices: np.ndarray, centre: np.ndarray, pitch: float) -> np.ndarray:
    """Metres (V, 3), z up, as a camera sees them that looks down by `pitch` about the centre of what it shows."""
    c, s = np.cos(pitch), np.sin(pitch)
    high = np.array([0, 0, centre[1]])
    return ((vertices - high) @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]]) + high).astype(np.float32)


def _taken(rgb, mask, behind, rng) -> np.ndarray:
    height, width = FRAME_PX
    left = (width - PERSON_PX) // 2
    taken = behind.copy()
    share = mask[..., None]
    taken[:, left : left + PERSON_PX] *= 1 - share
    taken[:, left : left + PERSON_PX] += rgb.astype(np.float32) / 255 * share
    noisy = taken * 255 + rng.normal(0, 2, taken.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)
