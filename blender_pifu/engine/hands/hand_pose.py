# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitted body's hands: posed as the photo shows them where it does, relaxed where they are small, hidden or
doubtful."""

from dataclasses import replace

import numpy as np
import torch

from ..body.bones import FINGERS, INDEX, SIDES
from ..body.fit import Fit
from ..body.model import load_body
from ..layout.crossings import crossing_faces
from ..subject.figure import Figure
from .finger_chain import ANGLES, BENDS, FingerChain, with_fingers
from .finger_fit import fit_fingers, target_points
from .hand_landmarks import ROOTS, WRIST, HandLandmarks, HandReader

LEAST_PX = 30.0  # longer side of a hand: with fewer pixels its fingers are guessed
LEAST_PRESENCE, LEAST_OWN_SIDE = 0.5, 0.5
MOST_AWAY = 0.6  # between the wrists of hand and body, in sizes of the hand
SAME_PLACE = 0.35  # mean distance of two hands' points, in their size, below which they are one
MOST_OFF_M = 0.025  # mean distance of the landmarks from the fitted hand
# Degrees that the joints of thumb, index, middle, ring and little finger of a hand that does nothing are bent further
# than in the model's rest.
RELAXED = ((0, 3, 3), (5, 7, 4), (7, 9, 6), (9, 12, 7), (11, 15, 9))
TOWARDS_RELAXED = (0.0, 0.15, 0.3, 0.5, 0.75)  # how far a hand is relaxed so that its fingers do not cross


@torch.inference_mode()
def pose_hands(fit: Fit, figure: Figure | None, reader: HandReader) -> Fit:
    """The fit with its fingers, and where a hand is read its arm, so that the hand lies where the photo shows it.

    figure: the person in the photo, or None. `Fit.hands` of what comes names the sides that are read.
    """
    body = load_body()
    pose, read = fit.pose, []
    for side in SIDES:
        pose = with_fingers(pose, FingerChain(body, pose, side), relaxed())
    if figure is not None and figure.person is not None and fit.source == "surface":
        hands = reader.read(figure.photo.rgb, figure.person)
        for side, hand in believed(hands, figure.person.points).items():
            chain = FingerChain(body, pose, side)
            target = target_points(figure.crop.to_field(hand.points), hand.world)
            found = fit_fingers(chain, target, fit.metre)
            if found.off_m > MOST_OFF_M:
                continue
            clean = uncrossed(chain, found.angles)
            if clean is not None:
                pose = chain.posed(clean)
                read.append(side)
    return replace(fit, pose=pose, rows=body.pose(pose).numpy(), hands=tuple(read))


def believed(hands: dict[str, HandLandmarks], landmarks: np.ndarray) -> dict[str, HandLandmarks]:
    """The hands by side that are surely there, theirs, and large enough; landmarks (33, 2 or more): of the body, photo
    pixels."""
    sure = {}
    for side, hand in hands.items():
        own = hand.right if side == ".R" else 1 - hand.right
        wrist = landmarks[ROOTS[side][0], :2]
        away = np.linalg.norm(hand.points[WRIST] - wrist) / max(hand.size, 1e-9)
        if hand.presence >= LEAST_PRESENCE and own >= LEAST_OWN_SIDE and hand.size >= LEAST_PX and away < MOST_AWAY:
            sure[side] = hand
    if len(sure) == 2:
        left, right = sure[".L"], sure[".R"]
        apart = np.linalg.norm(left.points - right.points, axis=1).mean()
        if apart < SAME_PLACE * max(left.size, right.size):
            del sure[".L" if 1 - left.right < right.right else ".R"]
    return sure


def relaxed() -> np.ndarray:
    """(ANGLES,) radians of a hand that does nothing."""
    angles = np.zeros(ANGLES)
    angles[BENDS] = np.radians(RELAXED)
    return angles


def uncrossed(chain: FingerChain, angles: np.ndarray) -> np.ndarray | None:
    """The angles, relaxed as far as the hand's skin needs not to pass through itself; None where nothing helps."""
    body = load_body()
    own = [INDEX["hand" + chain.side]]
    own += [INDEX[f"{finger}_{joint}{chain.side}"] for finger in FINGERS for joint in (1, 2, 3)]
    skin = np.isin(body.labels[: body.skin_vertices], own)
    triangles = body.triangles[skin[body.triangles].all(1)]
    for share in TOWARDS_RELAXED:
        eased = angles.copy()
        eased[9:] += share * (relaxed() - angles)[9:]
        points = body.pose(chain.posed(eased)).numpy()[: body.skin_vertices]
        if not crossing_faces(points, triangles).any():
            return eased
    return None
