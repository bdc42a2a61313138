# SPDX-License-Identifier: GPL-3.0-or-later
"""What the body's fit leaves open and a wrapped mesh shows: where the face is, and how far the fingers are closed."""

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import cKDTree

from ...body.bones import FINGERS, INDEX, PARENTS, SIDES
from ...body.fit import Fit, thinned
from ...body.model import Pose, load_body, rotation
from ...reading.landmarks import Landmark as L
from ..crossings import crossing_faces

# Radians beyond the fit's at each joint of four fingers; further, they pass through the palm.
CURLS = (0.0, -0.15, -0.3, 0.15, 0.3, 0.45)
THUMBS = (0.0, 0.2, 0.4)  # radians towards the palm
CURL_COST = 0.002  # metres a radian: fingers stay as they are where the surface does not tell
INTO_COST = 0.1  # metres, were all of the hand in the rest of the body
MOST_CROSSINGS = 4  # triangles of a hand
POINTS_M = 0.006
LEAST_POINTS = 20
# Nose, eyes and corners of the mouth; the ears' landmarks lie too far inside.
FACE_MARKS = (*range(L.NOSE, L.LEFT_EAR), L.MOUTH_LEFT, L.MOUTH_RIGHT)
MARK_SPREAD_M, TURN_SPREAD, MOVE_SPREAD_M = 0.012, np.radians(10), 0.01


@torch.inference_mode()
def close_hands(fit: Fit, vertices: np.ndarray, normals: np.ndarray, labels: np.ndarray) -> Fit:
    """The fit with the fingers of hands that are not read from the photo curled as those of a surface say: vertices,
    normals (N, 3) field space, labels (N,) the bone that each belongs to. Of a few curls that with the least distance
    both ways is taken, in which the hand passes neither through itself nor into the rest of the surface."""
    body, pose = load_body(), fit.pose
    step = POINTS_M * fit.metre
    for side in SIDES:
        own = [INDEX[f"{finger}_{joint}{side}"] for finger in FINGERS for joint in (1, 2, 3)] + [INDEX["hand" + side]]
        mine = np.isin(labels, own)
        if side in fit.hands or mine.sum() < LEAST_POINTS:
            continue
        hand, tree = vertices[mine][thinned(vertices[mine], step)], cKDTree(vertices[~mine])
        skin = np.isin(body.labels[: body.skin_vertices], own)
        triangles = body.triangles[skin[body.triangles].all(1)]
        near = cKDTree(hand)
        tried = []
        for curl in CURLS:
            for thumb in THUMBS:
                turned = _curled(pose, side, curl, thumb)
                points = body.pose(turned).numpy()[: body.skin_vertices]
                some = points[skin][thinned(points[skin], step)]
                apart = near.query(some)[0].mean() + cKDTree(some).query(hand)[0].mean()
                _, touched = tree.query(some)
                into = ((some - vertices[~mine][touched]) * normals[~mine][touched]).sum(1) < 0
                cost = apart / fit.metre + CURL_COST * (abs(curl) + thumb) + INTO_COST * into.mean()
                tried.append((cost, turned, points))
        tried.sort(key=lambda way: way[0])
        crossings = (crossing_faces(points, triangles).sum() for _, _, points in tried)
        pose = next((way[1] for way, count in zip(tried, crossings, strict=False) if count <= MOST_CROSSINGS), pose)
    return replace(fit, pose=pose, rows=body.pose(pose).numpy())


def _curled(pose: Pose, side: str, curl: float, thumb: float) -> Pose:
    """The pose with the fingers of one side turned towards the palm."""
    heads = load_body().mean[load_body().head_rows]
    sign = 1 if side == ".L" else -1
    along, across = (
        torch.nn.functional.normalize(sign * (heads[INDEX[end + side]] - heads[INDEX[start + side]]), dim=0)
        for start, end in (("hand", "middle_1"), ("index_1", "little_1"))
    )
    turns = {f"{finger}_{joint}": curl * across for finger in FINGERS[1:] for joint in (1, 2, 3)}
    turns |= {"thumb_1": thumb * along, "thumb_2": curl / 2 * across, "thumb_3": curl / 2 * across}
    rotations = pose.rotations.clone()
    for bone, turn in turns.items():
        rotations[INDEX[bone + side]] = rotation(turn[None])[0] @ rotations[INDEX[bone + side]]
    return replace(pose, rotations=rotations)


@torch.inference_mode()
def face_forward(fit: Fit, landmarks: np.ndarray, visibility: np.ndarray) -> Fit:
    """The fit with its head turned, and moved a little in the picture, so that the face lies where the photo shows it.

    landmarks (33, 3) as of `BodyLandmarks.in_field`, visibility (33,). The move is in the fit's rows alone.
    """
    body, head = load_body(), INDEX["head"]
    marks, metre = list(FACE_MARKS), fit.metre
    points = fit.rows[body.landmark_rows][marks].astype(np.float64)
    arm = points - fit.rows[body.head_rows][head]
    off = (landmarks[marks] - points)[:, :2] / metre
    # Where a point goes in x and y by a small turn (x, y, z) of the head and a move (x, y).
    slopes = np.zeros((len(marks), 2, 5))
    slopes[:, 0, 1], slopes[:, 0, 2] = arm[:, 2] / metre, -arm[:, 1] / metre
    slopes[:, 1, 0], slopes[:, 1, 2] = -arm[:, 2] / metre, arm[:, 0] / metre
    slopes[:, 0, 3] = slopes[:, 1, 4] = 1
    weight = np.repeat(visibility[marks] ** 2, 2) / MARK_SPREAD_M**2
    rows = slopes.reshape(-1, 5)
    prior = np.array([TURN_SPREAD] * 3 + [MOVE_SPREAD_M] * 2) ** -2.0
    step = np.linalg.solve((rows.T * weight) @ rows + np.diag(prior), (rows.T * weight) @ off.ravel())
    frames, _ = body.chain(fit.pose, body.rest_of(fit.pose)[body.head_rows])
    above = frames[PARENTS[head]]
    rotations = fit.pose.rotations.clone()
    turn = rotation(torch.tensor(step[None, :3], dtype=torch.float32))[0]
    rotations[head] = above.T @ turn @ above @ rotations[head]
    pose = replace(fit.pose, rotations=rotations)
    moved = body.weights[:, head].numpy()[:, None] * (*step[3:], 0)
    return replace(fit, pose=pose, rows=(body.pose(pose).numpy() + metre * moved).astype(np.float32))
