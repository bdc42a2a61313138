# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyeballs: where the body's eyes lie, and turned as its expressions turn these."""

from functools import lru_cache

import numpy as np

from ...body.head import Head, eye_rows
from ...body.model import load_body
from ..expressions import LOOK
from .piece import Piece

SIDES = {"left eye": 1, "right eye": -1}  # the person's left is at positive x
ACROSS = 6  # quads along a side of the cube that becomes the ball
NEARER = 0.6  # power of the angle from the gaze that UVs are laid out by: so the iris gets more than its share
# From that angle on, laid out that far from the middle, rings of few quads lie evenly: nearer they would cross.
BACK, BACK_AT = np.radians(150), 0.8
PLACES = {"left eye": 0.0, "right eye": 1.0}  # in the strip, in its heights
GUTTER = 0.04


def eyeballs_of(head: Head) -> list[Piece]:
    """The balls of a person's eyes, in rest, looking ahead. `looks`: directions from the middle, the gaze at z."""
    directions, faces = ball()
    pieces = []
    for name, side in SIDES.items():
        rows = eye_rows(side)
        middle, radius = head.eye(side)
        uv = [PLACES[name] + 0.5, 0.5] + (0.5 - GUTTER) * _disc(directions[faces])
        actions = {action: radius * directions @ turn for action, turn in _turns(rows).items()}
        pieces.append(Piece(name, middle + radius * directions, faces, uv.astype(np.float32), directions, actions))
    return pieces


def looks_of(gaze: tuple[float, float]) -> dict[str, float]:
    """{expression: 0..1} that turn eyes by radians to the person's left and up, each as far as its own lets it."""
    left, high = gaze
    found = {}
    for name, side in (("Left", 1), ("Right", -1)):
        out = left * side > 0
        wanted = {
            f"{LOOK}{'Out' if out else 'In'}{name}": abs(left),
            f"{LOOK}{'Up' if high > 0 else 'Down'}{name}": abs(high),
        }
        turns = _turns(eye_rows(side))
        for action, angle in wanted.items():
            whole = np.array([0, 0, 1.0]) @ (np.eye(3) + turns[action])
            most = np.arctan2(np.hypot(*whole[:2]), whole[2])
            found[action] = float(min(angle / most, 1.0))
    return {action: value for action, value in found.items() if value > 0}


def _turns(rows):
    """{expression: (3, 3)}: what each makes of a place on an eye, from its middle, is that place @ this."""
    body = load_body()
    rest = body.mean[rows].numpy().astype(np.float64)
    rest = rest - rest.mean(0)
    looks = {name: body.moves_of(name)[rows] for name in body.expressions if name.startswith(LOOK)}
    return {name: np.linalg.lstsq(rest, moves, rcond=None)[0] for name, moves in looks.items() if moves.any()}


def _from_gaze(directions):
    return np.arccos(directions[..., 2].clip(-1, 1))


def _disc(corners):
    """(f, 4, 2) within the unit disc, the gaze in its middle, of faces' corners (f, 4, 3); the hindmost place, which
    would be everywhere on its rim, lies there in the middle of each face's other corners."""
    hindmost = corners[..., 2:] < -1 + 1e-6
    others = np.where(hindmost, 0, corners).sum(1, keepdims=True)
    across = np.where(hindmost, others, corners)[..., :2]
    across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-9)
    angle = _from_gaze(corners)
    far = np.where(angle < BACK, BACK_AT * (angle / BACK) ** NEARER, np.interp(angle, (BACK, np.pi), (BACK_AT, 1)))
    return across * far[..., None]


@lru_cache(maxsize=1)
def ball() -> tuple[np.ndarray, np.ndarray]:
    """A ball of quads round the z axis: directions (n, 3) unit, a vertex at the front and one at the back."""
    steps = np.tan(np.linspace(-np.pi / 4, np.pi / 4, ACROSS + 1))
    u, v = np.meshgrid(steps, steps, indexing="ij")
    one = np.ones_like(u)
    turned = ((u, v, one), (-u, v, -one), (one, u, v), (-one, -u, v), (v, one, u), (v, -one, -u))
    points = np.concatenate([np.stack(side, -1).reshape(-1, 3) for side in turned])
    grid = np.arange((ACROSS + 1) ** 2).reshape(ACROSS + 1, -1)
    quads = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], -1).reshape(-1, 4)
    faces = np.concatenate([quads + k * grid.size for k in range(6)])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    _, first, merged = np.unique(points.round(9), axis=0, return_index=True, return_inverse=True)
    points, faces = points[first], merged.reshape(-1)[faces]
    a, b, c = (points[faces[:, k]] for k in range(3))
    wrong = (np.cross(b - a, c - a) * a).sum(1) < 0
    faces[wrong] = faces[wrong, ::-1]
    # Laid flat (see `_disc`) some at the back are darts, which only one of their diagonals halves within them.
    a, b, c, d = _disc(points[faces]).transpose(1, 0, 2)
    outside = (_turn(b - a, c - a) < 0) | (_turn(c - a, d - a) < 0)
    faces[outside] = np.roll(faces[outside], 1, 1)
    return points, faces.astype(np.int32)


def _turn(one, two):
    return one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
