# SPDX-License-Identifier: GPL-3.0-or-later
"""One body for several photos, a pose for each, and where each camera stood: bundle adjustment over the body's skin.

A body fitted to one photo lies right where the camera could see it, sideways and in height, and is a guess in depth.
Each fitted body is therefore taken as points that are sure across the line of sight and unsure along it, in that
photo's perspective; cameras (a similarity and a lens each), how each photo's joints stand otherwise (`joints`) and one
body in one pose are sought in turns that explain them all. Points that still disagree count less.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..body.fit import thinned
from ..body.model import BodyModel, Pose, load_body, rotation
from ..body.priors import ACTIVE, pose_prior
from ..crop_space import pixels_at
from ..subject.lens import Lens
from ..surface.mesh import vertex_normals
from .joints import SPREAD, TURNS, Joints, joints_of
from .one_photo import OnePhoto

STEP_M = 0.045  # between points of the skin that are compared
ACROSS_M, ALONG_M = 0.02, 0.06  # spread of a fitted body's points across the line of sight and along it
GUESS_M = 0.08  # off along it from which points count less: limbs are guessed wrong as a whole
HIDDEN = 4.0  # so many times that of what the photo does not show
# Metres off across the line of sight from which points count less, as the person moved: first, and at last, as what
# the other photos guessed in depth is right by then.
SOFT_M = (0.2, 0.04)
POINTS = 250  # as many independent points as a photo counts for
MOST = 0.8  # share of the seen skin that has to fit
ROUNDS, CAMERA_STEPS = 12, 4
NEARER = 0.5  # spread of how near cameras stood, over that of somebody usual
STIFF = 3  # rounds in which all photos show one pose
# Photos from which on they keep to it: how each sways is lost in their mean, and its turns would hide the rest.
MANY = 5
BUFFER_PX, THICK_M = 96, 0.05  # of the picture that tells which skin is hidden behind other skin


# Radians: spread of how cameras are held aslant, against the first one, about their own axes: nodding, and rolling.
# How far somebody leans away from the first camera only a level camera at the side tells: so these are taken for level
# more firmly than people hold them.
NOD, ROLL = 0.025, 0.005
LEVEL = 300.0  # what that counts against the points of a photo


@dataclass(frozen=True)
class Camera:
    """A similarity from the shared space to a photo's: x -> scale * turn @ x + shift."""

    turn: np.ndarray
    scale: float
    shift: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) of the shared space in the photo's."""
        return self.scale * points @ self.turn.T + self.shift

    @property
    def slant(self) -> tuple[float, float]:
        """How far it is turned about its own first and third axis, radians, so that the shared space's up is not its
        own."""
        up = self.turn[:, 1]
        return float(np.arcsin(up[2])), float(np.arcsin(-up[0]))

    @property
    def towards(self) -> np.ndarray:
        """(3,) unit: where the camera stands, in the shared space."""
        return self.turn[2]


@dataclass(frozen=True)
class SharedBody:
    """pose, rows (N, 3): the one body, in the first photo's space without perspective; of each photo: cameras; lenses;
    turns: rotation vectors of its joints against that pose, as `joints.Joints.moved` takes them; off_m: metres up to
    which its own fitted body lies off the shared one, without these, across its line of sight, with MOST of the skin
    that it sees."""

    pose: Pose
    rows: np.ndarray
    cameras: tuple[Camera, ...]
    lenses: tuple[Lens, ...]
    turns: tuple[np.ndarray, ...]
    off_m: tuple[float, ...]

    @property
    def metre(self) -> float:
        """Field units of a metre of a 1.7 m body."""
        return float(self.pose.scale)


def share_body(photos: list[OnePhoto]) -> SharedBody:
    """The body that explains several photos, the first of which gives the space."""
    body = load_body()
    rows = _compared_rows(body)
    points = [_Seen(photo, body, rows) for photo in photos]
    pose = photos[0].fit.pose
    cameras = [Camera(np.eye(3), 1.0, np.zeros(3))]
    cameras += [similarity(points[0].places, each.places, points[0].sure * each.sure) for each in points[1:]]
    turns = [np.zeros(TURNS) for _ in photos]
    for step, soft in enumerate(np.geomspace(*SOFT_M, ROUNDS)):
        posed = body.pose(pose).double().numpy()
        placed, joints = posed[rows], joints_of(posed, rows)
        for k in range(1, len(photos)):
            sways = turns[k], STIFF <= step and len(photos) < MANY
            cameras[k], turns[k] = _better(cameras[k], placed, points[k], soft, joints, sways)
        swayed = [joints.moved(placed, each) - placed for each in turns]
        pose = _step(body, pose, rows, list(zip(cameras, points, swayed, strict=True)), soft)
    posed = body.pose(pose).double().numpy()
    off = [seen.off_m(camera, posed[rows]) for camera, seen in zip(cameras, points, strict=True)]
    lenses = tuple(seen.lens for seen in points)
    return SharedBody(pose, posed.astype(np.float32), tuple(cameras), lenses, tuple(turns), tuple(off))


def similarity(source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Camera:
    """The similarity that brings source (N, 3) nearest to target (N, 3), robustly (Umeyama 1991)."""
    robust = weight.astype(np.float64)
    for _ in range(8):
        share = robust / robust.sum()
        from_, to = share @ source, share @ target
        matrix = (target - to).T @ ((source - from_) * share[:, None])
        left, size, right = np.linalg.svd(matrix)
        sign = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
        turn = (left * sign) @ right
        scale = float((size * sign).sum() / (share @ ((source - from_) ** 2).sum(1)))
        camera = Camera(turn, scale, to - scale * turn @ from_)
        apart = np.linalg.norm(camera(source) - target, axis=1)
        robust = weight / (1 + (apart / (2 * np.median(apart) + 1e-9)) ** 2)
    return camera


class _Seen:
    """A photo's fitted body as points, with how sure they are."""

    def __init__(self, photo: OnePhoto, body: BodyModel, rows: np.ndarray):
        skin = photo.rows[: body.skin_vertices]
        self.places, self.metre = photo.rows[rows].astype(np.float64), photo.metre
        self._shown_at, self.lens, self._usual = photo.seen(self.places), photo.lens, photo.lens.nearness
        shown = visible(skin, vertex_normals(skin, body.triangles), THICK_M * photo.metre)[rows]
        bones = photo.fit.seen[body.labels[rows]]
        self.sure = np.where(shown, 1.0, 1 / HIDDEN) * np.where(bones, 1.0, 0.05)
        self.shown = shown & bones

    def off(self, camera: Camera, placed: np.ndarray) -> np.ndarray:
        """(n, 3) metres that the shared body, placed, lies off in the photo, its perspective included."""
        return (self.lens.seen(camera(placed)) - self._shown_at) / self.metre

    def slopes(self, camera: Camera, placed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 3, 3) of that, by places before the camera as seen from afar, and (n, 3, 1) by how near it stood, in that
        of somebody usual."""
        there, nearness = camera(placed), self.lens.nearness
        near = 1 / (1 - nearness * there[:, 2])
        slopes = near[:, None, None] * np.eye(3)
        slopes[:, 2, 2] = 1
        slopes[:, :2, 2] = there[:, :2] * (nearness * near**2)[:, None]
        nearer = np.column_stack([there[:, :2], np.zeros(len(there))]) * (self._usual * there[:, 2] * near**2)[:, None]
        return slopes / self.metre, nearer[:, :, None] / self.metre

    @property
    def nearer(self) -> float:
        """How much nearer the camera stood than that of somebody usual, in its nearness."""
        return self.lens.nearness / self._usual - 1 if self._usual else 0.0

    def come_nearer(self, step: float) -> None:
        """By so much."""
        self.lens = Lens(max(0.0, self.lens.nearness + step * self._usual))

    def precision(self, camera: Camera, placed: np.ndarray, soft_m: float) -> np.ndarray:
        """(n, 3): of the points' errors along the photo's axes, one over metres squared; placed: the shared body."""
        off = self.off(camera, placed)
        soft = 1 / (1 + ((off[:, :2] ** 2).sum(1) / soft_m**2)) ** 2
        across = (self.sure / ACROSS_M) ** 2 * soft
        along = (self.sure / ALONG_M) ** 2 * soft / (1 + (off[:, 2] / GUESS_M) ** 2)
        return np.stack([across, across, along], 1) * min(1.0, POINTS / len(off))

    def off_m(self, camera: Camera, placed: np.ndarray) -> float:
        off = self.off(camera, placed)[self.shown]
        return float(np.quantile(np.hypot(off[:, 0], off[:, 1]), MOST)) if len(off) else np.inf


def visible(points: np.ndarray, normals: np.ndarray, thick: float) -> np.ndarray:
    """(N,) bool: points of a surface, field space, that look towards the camera and lie behind nothing that is nearer
    by more than `thick`."""
    column, row = pixels_at(points[:, 0], points[:, 1], BUFFER_PX)
    buffer = np.full((BUFFER_PX, BUFFER_PX), -np.inf)
    np.maximum.at(buffer, (row, column), points[:, 2])
    return (normals[:, 2] > -0.1) & (points[:, 2] > buffer[row, column] - thick)


def _compared_rows(body):
    skin = body.mean[: body.skin_vertices].numpy()
    chosen = thinned(skin, STEP_M)
    # Of a hand, whose pose no photo of a whole person tells, little.
    hand = np.array([bone.startswith(("thumb", "index", "middle", "ring", "little")) for bone in body.bones])
    return chosen[~hand[body.labels[chosen]]]


def _better(
    camera: Camera, placed: np.ndarray, seen: _Seen, soft_m: float, joints: Joints, sways: tuple[np.ndarray, bool]
) -> tuple[Camera, np.ndarray]:
    """The camera and the turns of the photo's joints after some steps of Gauss-Newton; sways: those turns, and whether
    they may change."""
    turns, free = sways
    for _ in range(CAMERA_STEPS):
        there = joints.moved(placed, turns)
        weight = seen.precision(camera, there, soft_m)
        turned = camera.scale * there @ camera.turn.T
        parts = [np.stack([np.cross(unit, turned) for unit in np.eye(3)], 2), turned[:, :, None]]
        parts.append(np.broadcast_to(np.eye(3), (len(placed), 3, 3)))
        if free:
            parts.append(camera.scale * (camera.turn @ joints.slopes(there)))
        by_place, by_lens = seen.slopes(camera, there)
        slopes = np.concatenate([by_place @ np.concatenate(parts, 2), by_lens], 2)
        flat = slopes.reshape(-1, slopes.shape[2])
        weighted = flat * weight.reshape(-1, 1)
        system, right = weighted.T @ flat, weighted.T @ seen.off(camera, there).ravel()
        system += 1e-6 * np.eye(len(system))
        for axis, spread, aslant in zip((0, 2), (NOD, ROLL), camera.slant, strict=True):
            system[axis, axis] += LEVEL / spread**2
            right[axis] += LEVEL / spread**2 * aslant
        if free:
            system[7:-1, 7:-1] += np.diag(1 / SPREAD**2)
            right[7:-1] += turns / SPREAD**2
        system[-1, -1] += 1 / NEARER**2
        right[-1] += seen.nearer / NEARER**2
        step = -np.linalg.solve(system, right)
        turn = rotation(torch.from_numpy(step[:3])[None])[0].numpy() @ camera.turn
        camera = Camera(turn, camera.scale * float(np.exp(step[3])), camera.shift + step[4:7])
        turns = turns + step[7:-1] if free else turns
        seen.come_nearer(step[-1])
    return replace(camera, turn=_orthonormal(camera.turn)), turns


def _orthonormal(matrix):
    left, _, right = np.linalg.svd(matrix)
    return left @ right


def _step(body, pose, rows, photos, soft_m) -> Pose:
    """The shared body after one damped step; photos: of each the camera, what it shows, and how its pose moves the
    body's places, (n, 3)."""
    count = len(pose.shape)
    placed, slopes = body.jacobian(pose, torch.from_numpy(rows), list(ACTIVE))
    placed, slopes = placed.double().numpy(), slopes.double().numpy()
    size = slopes.shape[2]
    system, right = np.zeros((size, size)), np.zeros(size)
    system[:count, :count] += np.eye(count)
    right[:count] += pose.shape.numpy()
    residual, derivative = (part.double().numpy() for part in pose_prior().rows(pose))
    turns = slice(count, size - 4)
    system[turns, turns] += derivative.T @ derivative
    right[turns] += derivative.T @ residual
    for camera, seen, swayed in photos:
        there = placed + swayed
        weight, off = seen.precision(camera, there, soft_m), seen.off(camera, there)
        slope = camera.scale * seen.slopes(camera, there)[0] @ (camera.turn @ slopes)
        flat, weighted = slope.reshape(-1, size), (slope * weight[..., None]).reshape(-1, size)
        system += weighted.T @ flat
        right += weighted.T @ off.ravel()
    damped = system + np.diag(1e-3 * system.diagonal() + 1e-2)
    step = -np.linalg.solve(damped, right)
    step *= min(1.0, 0.5 / max(np.abs(step[turns]).max(), 1e-9))
    return body.moved(pose, torch.from_numpy(step).float(), list(ACTIVE))
