# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloth that a hand lies against, and hands brought out of it: how deep a hand lies in loose clothes is more than
the fit of a body tells."""

from dataclasses import replace

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree

from ..body.bones import INDEX, PARENTS
from ..body.fit import Fit
from ..body.model import BodyModel, load_body
from .wrist import HandSkin, signed

# Metres of a 1.7 m body.
AROUND_M = 0.1  # so far round the hand is what a stump may take away
CLOTH_M, CLOTH_POINTS = 0.004, 60  # left on the cloth of what is beside the hand; points that tell how thick it is
CLOTH_SHARE = 0.25  # of these that are thinner
SURELY_M = 0.03  # so much nearer than the hand is what is surely cloth
DEEPEST = 0.95  # share of a hand's skin that lies less deep in cloth than the hand is said to
TOUCH_M = 0.003  # so deep a hand may lie
MOST_LIFTED = 0.3  # radians that a forearm is turned about the elbow
LIFTS = 3  # times that it is turned, until the hand is out


class Cloth:
    """How thick the cloth of what is beside a hand is, field units."""

    def __init__(self, surface: np.ndarray, points: np.ndarray, hand: HandSkin):
        """By the surface (V, 3) round points (N, 3) that is surely not the hand's."""
        metre = hand.wrist.metre
        reach = AROUND_M * metre
        low, high = points.min(0) - reach, points.max(0) + reach
        surface = surface[((surface > low) & (surface < high)).all(1)]
        thick, away = hand.beside(surface)[0], signed(*hand.part(hand.mine), surface)
        known = (thick + SURELY_M * metre < away) & (away > SURELY_M * metre)
        self._known, self._thick = surface[known], thick[known]
        self._told = len(self._known) >= CLOTH_POINTS
        self.thickest = max(float(self._thick.max()), 0.0) if self._told else 0.0

    def at(self, points: np.ndarray) -> np.ndarray:
        """(N,) at points (N, 3)."""
        if not (self._told and len(points)):
            return np.zeros(len(points))
        near = cKDTree(self._known).query(points, CLOTH_POINTS)[1]
        return np.maximum(np.quantile(self._thick[near], CLOTH_SHARE, axis=1), 0)


def depth_in_cloth(fit: Fit, side: str, surface: np.ndarray) -> tuple[float, np.ndarray]:
    """Metres that a hand lies deep in what is beside it, and (3,) unit, where out of that is; surface (V, 3): of the
    person."""
    hand = HandSkin(fit, side)
    points, normals = hand.skin[hand.mine], hand.normals[hand.other]
    beside, near = hand.beside(points)
    depth = Cloth(surface, points, hand).at(points) + CLOTH_M * fit.metre - beside
    out = normals[near[depth > np.quantile(depth, DEEPEST / 2)]].mean(0)
    return float(np.quantile(depth, DEEPEST)) / fit.metre, out / max(float(np.linalg.norm(out)), 1e-9)


def lifted(fit: Fit, side: str, surface: np.ndarray, seen: bool) -> Fit:
    """The fit with a forearm turned about its elbow so that the hand lies in no cloth; seen: the photo shows that hand,
    so that out is towards the camera."""
    body, turned = load_body(), 0.0
    depth, out = depth_in_cloth(fit, side, surface)
    for _ in range(LIFTS):
        if depth < TOUCH_M or turned >= MOST_LIFTED:
            break
        hand = HandSkin(fit, side)
        reach = hand.skin[hand.mine].mean(0) - hand.wrist.elbow
        axis = np.cross(reach, (0.0, 0.0, 1.0) if seen else out)
        size = float(np.linalg.norm(axis))
        if size < 0.3 * float(np.linalg.norm(reach)):
            break  # it points that way itself
        angle = min((depth + TOUCH_M) * fit.metre / size, MOST_LIFTED - turned)
        turned += angle
        fit = with_turned_bone(body, fit, "forearm" + side, angle * axis / size)
        depth, out = depth_in_cloth(fit, side, surface)
    return fit


def aimed(fit: Fit, side: str, away: np.ndarray) -> Fit:
    """The fit with a forearm turned about its elbow so that the hand comes to lie `away (2,)` field units across."""
    hand = HandSkin(fit, side)
    reach = hand.skin[hand.mine].mean(0) - hand.wrist.elbow
    axis = np.cross(reach, (*away, 0.0))
    return with_turned_bone(load_body(), fit, "forearm" + side, axis / float(reach @ reach))


def with_turned_bone(body: BodyModel, fit: Fit, bone: str, turn: np.ndarray) -> Fit:
    """The fit with a bone turned by a vector (3,) in field space, about its head."""
    frames, _ = body.chain(fit.pose, body.rest_of(fit.pose)[body.head_rows])
    frame = frames[PARENTS[INDEX[bone]]].numpy().astype(np.float64)
    rotations = fit.pose.rotations.clone()
    own = frame.T @ cv2.Rodrigues(turn)[0] @ frame @ rotations[INDEX[bone]].numpy().astype(np.float64)
    rotations[INDEX[bone]] = torch.from_numpy(own).float()
    pose = replace(fit.pose, rotations=rotations)
    return replace(fit, pose=pose, rows=body.pose(pose).numpy())
