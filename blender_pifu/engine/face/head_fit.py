# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a head to the marks of a face: pose, then identity, then expression, by Gauss-Newton.

Residuals are distances in the photo in metres of the head; identity and expression have priors of their own, and an
expression is never far below nought: else it eats identity. Marks that look away from the camera, or lie far from where
the head has them, count less (Geman & McClure 1987).
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ..body.head import Further, Head, HeadModel, load_head
from ..srgb import LUMA
from ..surface.mesh import vertex_normals

SPREAD_M, OUTLIER_M = 0.0015, 0.004
IDENTITY, EXPRESSION, DOUBTFUL = 3.0, 30.0, 100.0  # weights of the priors
DOUBTFUL_ACTIONS = ("cheekPuff", "noseSneer")  # what broad faces and folds of age look like
LOWEST = -0.05  # of an action
POSE_STEPS, IDENTITY_STEPS, STEPS = 6, 2, 18  # pose alone, then identity as well, in all
FACING = 0.05, 0.35  # cosine from which a mark counts, and over how much more it comes in
DARK_SHARE, DARK_WEIGHT = 0.6, 0.3  # so dark below the eyes, against the cheeks, are glasses; what marks there count
MOST_OFF_M = 0.0025
MOST_YAW = np.radians(62)
MOST_IDENTITY = 2.2  # root mean square of its coefficients
EYE_GROUPS = ("left_eye", "right_eye", "brow")
UNDER_EYES = (23, 24, 22, 110, 230, 229, 231), (253, 254, 252, 339, 450, 449, 451)
CHEEKS = (50, 101, 205, 280, 330, 425)
INNER_LIPS = 13, 14  # the upper's, the lower's, in the middle
CLOSED_M = 0.001  # farther apart than closed lips, up to which they are closed
PARTING, PARTED = ("mouthUpperUp", "mouthLowerDown"), 0.65
POSE = 6  # turn, logarithm of scale, shift


@dataclass
class _State:
    turn: np.ndarray
    size: float
    shift: np.ndarray
    coefficients: np.ndarray  # (K + E,)


def fit_head(
    seen: np.ndarray,
    nearness: float,
    shape: torch.Tensor | None = None,
    trust: np.ndarray | None = None,
    further: Further = (),
) -> Head:
    """The head whose marks, the face's 468 and those of `further` vertices, lie at seen (M, 2) of field space.

    nearness: of the lens; shape: (20,) of the body, by default the mean; trust: (M,) weights of the marks, by default
    those of MediaPipe's.
    """
    model = load_head()
    shape = torch.zeros(len(model.body.basis)) if shape is None else shape
    fitter = _Fitter(model, seen, nearness, shape, model.mark_trust if trust is None else trust, further)
    state = fitter.start()
    for step in range(STEPS):
        state = fitter.step(state, step)
    return fitter.head(state, shape)


def trust_in_marks(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(M,) factors of the weights of marks (M, 2), photo pixels, the face's 468 first, of a photo (H, W, 3): eyes that
    are dark are behind glasses, and the network guesses them."""
    luma = rgb[..., :3] @ LUMA
    columns, rows = np.floor(points).astype(int).T
    values = luma[rows.clip(0, len(luma) - 1), columns.clip(0, luma.shape[1] - 1)]
    eyes, cheeks = values[np.concatenate(UNDER_EYES)], values[list(CHEEKS)]
    dark = np.median(eyes) < DARK_SHARE * np.median(cheeks)
    groups = np.isin(load_head().mark_groups, EYE_GROUPS)
    behind = np.concatenate([groups, np.zeros(len(points) - len(groups), bool)])
    return np.where(dark & behind, DARK_WEIGHT, 1.0)


def doubt(head: Head) -> str | None:
    """Why a fitted head is not to be believed, in words; None where it is."""
    if abs(head.yaw) > MOST_YAW:
        return "it looks too far aside"
    if head.residual_m > MOST_OFF_M:
        return f"its marks lie {1000 * head.residual_m:.1f} mm off"
    if np.sqrt((head.identity**2).mean()) > MOST_IDENTITY:
        return "no face is like it"
    return None


class _Fitter:
    """Marks in rest and how they move; where they are seen."""

    def __init__(self, model: HeadModel, seen, nearness, shape, trust, further: Further):
        self.seen, self.nearness = seen.astype(np.float64), nearness
        base = model.base(shape)
        self.rest = model.at_marks(base, further)
        self.middle = self.rest.mean(0)
        self.rest = self.rest - self.middle
        self.bases = model.mark_bases(further).transpose(1, 2, 0)  # (M, 3, K + E)
        normals = model.at_marks(vertex_normals(base[: model.body.skin_vertices], model.body.triangles), further)
        self.normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        self.trust = trust
        self.identities = len(model.modes)
        doubtful = np.array([name.startswith(DOUBTFUL_ACTIONS) for name in model.actions])
        self.prior = np.concatenate([np.full(self.identities, IDENTITY), np.where(doubtful, DOUBTFUL, EXPRESSION)])

    def start(self) -> _State:
        """Seen from the front, by the similarity that brings the marks nearest."""
        trust = self.trust[:, None] / self.trust.sum()
        centre = (trust * self.seen).sum(0)
        middle = (trust * self.rest).sum(0)
        ours, theirs = (self.rest - middle)[:, :2], self.seen - centre
        across = (trust[:, 0] * (ours[:, 0] * theirs[:, 1] - ours[:, 1] * theirs[:, 0])).sum()
        along = (trust * ours * theirs).sum()
        turn = Rotation.from_euler("z", np.arctan2(across, along)).as_matrix()
        size = np.hypot(across, along) / (trust * ours**2).sum()
        shift = centre - size * (turn @ middle)[:2]
        return _State(turn, float(size), shift, np.zeros(len(self.prior)))

    def step(self, state: _State, number: int) -> _State:
        """One step on what is free at that number."""
        free = POSE if number < POSE_STEPS else POSE + self.identities
        free = free if number < POSE_STEPS + IDENTITY_STEPS else POSE + len(self.prior)
        off, slopes = self._slopes(state, free)
        weight = self._weights(state, off, number) / SPREAD_M**2
        rows = slopes.reshape(-1, free)
        pull = rows * np.repeat(weight, 2)[:, None]
        system, wanted = pull.T @ rows, pull.T @ off.ravel()
        chosen = np.arange(POSE, free)
        system[chosen, chosen] += self.prior[: free - POSE]
        wanted[POSE:] += self.prior[: free - POSE] * state.coefficients[: free - POSE]
        system[np.arange(POSE), np.arange(POSE)] *= 1 + 1e-6
        change = -np.linalg.solve(system, wanted)
        coefficients = state.coefficients.copy()
        coefficients[: free - POSE] += change[POSE:]
        coefficients[self.identities :] = coefficients[self.identities :].clip(LOWEST, 1)
        turned = change[:3] * min(1.0, 0.5 / max(np.linalg.norm(change[:3]), 1e-9))
        return _State(
            Rotation.from_rotvec(turned).as_matrix() @ state.turn,
            state.size * float(np.exp(np.clip(change[3], -0.3, 0.3))),
            state.shift + state.size * change[4:6],
            coefficients,
        )

    def _placed(self, state):
        return state.size * (self.rest + self.bases @ state.coefficients) @ state.turn.T

    def _slopes(self, state, free):
        """Distances (M, 2) in metres, and their slopes (M, 2, free)."""
        straight = self._placed(state)
        slopes = np.zeros((len(straight), 3, free))
        slopes[:, :, :3] = -np.cross(straight[:, None], np.eye(3)[None]).transpose(0, 2, 1)
        slopes[:, :, 3] = straight
        slopes[:, 0, 4] = slopes[:, 1, 5] = state.size
        slopes[:, :, POSE:] = state.size * (state.turn @ self.bases[..., : free - POSE])
        straight[:, :2] += state.shift
        nearer = (1 / (1 - self.nearness * straight[:, 2]))[:, None]
        off = straight[:, :2] * nearer - self.seen
        drawn = (slopes[:, :2] + (self.nearness * straight[:, :2] * nearer)[..., None] * slopes[:, 2:]) * nearer[
            ..., None
        ]
        return off / state.size, drawn / state.size

    def _weights(self, state, off, number):
        weight = self.trust / (1 + (off**2).sum(1) / OUTLIER_M**2)
        if number < 3:
            return self.trust
        facing = (self.normals @ state.turn.T)[:, 2]
        return weight * ((facing - FACING[0]) / FACING[1]).clip(0.05, 1)

    def head(self, state: _State, shape) -> Head:
        off, _ = self._slopes(state, POSE)
        shift = np.array([*state.shift, 0.0]) - state.size * state.turn @ self.middle
        identity, expression = np.split(state.coefficients, [self.identities])
        distances = np.linalg.norm(off, axis=1)
        told = self._weights(state, 0 * off, STEPS) > 0.1
        residual = float(np.median(distances[told]))
        expression = _lips_together(expression.clip(0, 1))
        return Head(shape, identity, expression, state.turn, state.size, shift, self.nearness, residual)


def _lips_together(expression: np.ndarray) -> np.ndarray:
    """A closed mouth's with less of what parts lips, which marks a millimetre off would: then a line of teeth shows."""
    model = load_head()
    upper, lower = (model.at_marks(model.moves)[:, mark, 1] for mark in INNER_LIPS)
    if expression @ (upper - lower) > CLOSED_M:
        return expression
    parting = [name.startswith(PARTING) for name in model.actions]
    return np.where(parting, PARTED * expression, expression)
