# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure where the hand network sees its 21 points on the body model's hand: the POINT_OFFSETS of `finger_chain`.

    python -m blender_pifu.training.pack.hand_points [COUNT]

The model's hands are drawn in random poses from random sides and given to the network; of each point the offset from
its bone, in the bone's own frame, is what explains best where it was seen. Prints the table in millimetres.
"""

import sys
from dataclasses import replace

import cv2
import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ...engine.body.bones import FINGERS, INDEX, SIDES
from ...engine.body.model import BodyModel, Pose, load_body
from ...engine.hands.finger_chain import ANGLES, BENDS, FingerChain
from ...engine.hands.hand_landmarks import POINTS, HandReader, close_region
from ...engine.surface.mesh import vertex_normals
from ..native.raster import rasterize
from ..people.hands import draw_hand

COUNT, SIDE_PX, REACH_M = 400, 320, 0.16
LEAST_PRESENCE, MOST_OFF_M = 0.8, 0.012  # of drawn hands that count: is there, lies roughly where it should
SPREAD_M = 0.006  # from which distance on points count less
SKIN = np.array([225, 170, 140])


def main():
    body, reader, rng = load_body(), HandReader(), np.random.default_rng(0)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seen = [one for k in range(count) if (one := _seen(body, reader, rng, SIDES[k % 2])) is not None]
    print(f"{len(seen)} of {count} hands count")
    for point in range(POINTS):
        offset, rest = _offset([(turns[point], off[point]) for turns, off in seen])
        print(f"    ({', '.join(f'{1000 * v:.1f}' for v in offset)}),  # {1000 * rest:.1f} mm are left")


def _seen(body: BodyModel, reader: HandReader, rng, side):
    """The frames (21, 2, 3) of a drawn hand's bones as the picture shows them, those of a left one mirrored, and how
    far (21, 2), metres, its points were seen from their joints; None where it does not count."""
    pose = _pose(body, rng, side)
    rest = body.rest(pose.shape)
    frames = body.chain(pose, rest[body.head_rows])[0].numpy()
    hang = 45 if side == ".R" else -45
    angles = [hang + rng.normal(0, 35), rng.uniform(-180, 180), rng.normal(0, 20)]
    view = Rotation.from_euler("zyx", angles, degrees=True).as_matrix().astype(np.float32)
    rows = body.pose(pose).numpy() @ view.T
    bones, joints = _joints(body, rows, side)
    middle = joints.mean(0)
    picture = _drawn(body, rows, middle, side, rng)
    places = ((joints - middle)[:, :2] / REACH_M * (1, -1) + 1) * SIDE_PX / 2
    hand = reader.look(picture, close_region(places))
    if hand.presence < LEAST_PRESENCE or (hand.right > 0.5) != (side == ".R"):
        return None
    off = ((hand.points / SIDE_PX * 2 - 1) * (1, -1) * REACH_M + middle[:2]) - joints[:, :2]
    if np.median(np.linalg.norm(off, axis=1)) > MOST_OFF_M:
        return None
    mirror = np.diag([1 if side == ".R" else -1, 1, 1])
    return (view @ frames[bones] @ mirror)[:, :2], off


def _pose(body, rng, side) -> Pose:
    """A random body with a random hand."""
    pose = replace(body.rest_pose(), shape=torch.from_numpy(rng.normal(0, 0.7, len(body.basis))).float())
    angles = np.zeros(ANGLES)
    angles[6:9] = rng.normal(0, [0.1, 0.3, 0.15])
    angles[BENDS] = np.radians(draw_hand(rng, "")[0]).clip(-0.05, 1.4)
    return FingerChain(body, pose, side).posed(angles)


def _joints(body, rows, side):
    """The bone (21,) of each of the network's points, and the joint (21, 3) that it stands for."""
    heads, ends = rows[body.head_rows], dict(zip(body.tail_bones, rows[body.tail_rows], strict=True))
    bones, joints = [INDEX["hand" + side]], [heads[INDEX["hand" + side]]]
    for finger in FINGERS:
        own = [INDEX[f"{finger}_{joint}{side}"] for joint in (1, 2, 3)]
        bones += [*own, own[-1]]
        joints += [*heads[own], ends[f"{finger}_3{side}"]]
    return bones, np.stack(joints)


def _drawn(body, rows, middle, side, rng):
    """A picture (SIDE_PX, SIDE_PX, 3) uint8 of the arm."""
    skin = rows[: body.skin_vertices]
    arm = (body.parts[: body.skin_vertices] == "arm" + side)[body.triangles].all(1)
    triangles = body.triangles[arm].astype(np.int32)
    turned = ((skin - middle) / REACH_M * (1, 1, 1 / 8)).astype(np.float32)
    index, weights, _ = rasterize(turned, triangles, 2 * SIDE_PX)
    light = np.array([rng.normal(0, 0.5), 0.6, 0.7])
    shade = 0.35 + 0.65 * (vertex_normals(skin, body.triangles) @ (light / np.linalg.norm(light))).clip(0, 1)
    corners = shade[triangles[np.maximum(index, 0)]]
    shares = np.dstack([weights, 1 - weights.sum(2)])
    color = (corners * shares).sum(2)[..., None] * SKIN * rng.uniform(0.6, 1.1)
    picture = np.where((index >= 0)[..., None], color, rng.uniform(30, 230, 3)).clip(0, 255).astype(np.uint8)
    return cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)


def _offset(pairs):
    """The offset (3,), metres, that explains pairs of frames (2, 3) and places (2,) best, robustly, and the median of
    what is left."""
    frames = np.concatenate([frame for frame, _ in pairs])
    places = np.concatenate([place for _, place in pairs])
    weight, offset = np.ones(len(places)), np.zeros(3)
    for _ in range(10):
        weighted = (frames * weight[:, None]).T
        offset = np.linalg.solve(weighted @ frames + 1e-3 * np.eye(3), weighted @ places)
        weight = 1 / (1 + ((places - frames @ offset) / SPREAD_M) ** 2)
    return offset, float(np.median(np.hypot(*(places - frames @ offset).reshape(-1, 2).T)))


if __name__ == "__main__":
    main()
