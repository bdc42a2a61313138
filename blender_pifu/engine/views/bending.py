# SPDX-License-Identifier: GPL-3.0-or-later
"""Bend the surface that the first photo gave, in depth alone, until its outlines lie on those of the other photos.

Across its line of sight the first photo knows where all is; how deep it lies it guesses, and that is what others show:
from the side a photo's outline is the depth of chest, back, legs and head. So every place moves along the first photo's
line of sight, smoothly over the surface and through the body, and each camera a little, by least squares over matched
outlines (robust, matched anew in rounds, as in iterated closest points), each in its own photo's pose. It starts most
of the way to where the shared body lies, which other cameras saw from the side: outlines that are far off would else
find others' places, or none.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import block_diag, csr_matrix, diags, hstack, vstack
from scipy.sparse.linalg import spsolve
from scipy.spatial import cKDTree

from ..body.model import load_body, rotation
from ..subject.lens import Lens
from .joints import joints_near
from .one_photo import OnePhoto
from .outlines import Matches, match, outline_of
from .shared_body import NOD, ROLL, Camera, SharedBody
from .sheet import Sheet

TOWARDS = 0.75  # of the way from the first photo's own body to the shared one, where a camera stood at the side
BEHIND = 0.8  # of that where none did: who looks from behind guesses depth too, but guesses otherwise
BELIEVED_M = (0.03, 0.06)  # off the shared body up to which that is believed, and from which on it is not
EVEN = 4.0  # how much alike neighbours, and front and back, move on that way, against each by itself
MOVE_M, STEP_M = 0.08, 0.015  # spread of further moves in depth, and of their differences between neighbours
THICKNESS_M = 0.02  # spread of how the front moves against the back
POINTS = 100  # as many independent points as an outline counts for: what is wrong with it is wrong for long stretches
OFF_M, SOFT_M = 0.006, 0.02  # how nearly outlines meet; from the latter on they count less
# Spread of what is wrong with cameras: nod, turn and roll, radians; logarithm of the scale; shifts, metres; of lenses,
# the nearness over that of somebody usual. Photos seldom tell theirs, and from the side it parts two feet by 10 cm.
CAMERA_SPREAD = np.array([NOD, 0.08, ROLL, 0.02, 0.03, 0.03, 0.5])
PARTS = len(CAMERA_SPREAD)
REACHES_M = (0.08, 0.06, 0.05, 0.04, 0.04)  # of each round
SKIN = 12  # vertices of the skin that a node moves with
MISSED_M = 0.03  # an outline further off than this is missed


@dataclass(frozen=True)
class Bent:
    """The first photo's surface as all photos show it. sheet, moves (n,): its nodes, without perspective, and how far
    each moves in depth, field units; vertices (V, 3) after that; cameras: of each photo; lenses: of the further ones;
    missed: the share of each one's outline, but for the arms', that the surface misses."""

    sheet: Sheet
    moves: np.ndarray
    vertices: np.ndarray
    cameras: tuple[Camera, ...]
    lenses: tuple[Lens, ...]
    missed: tuple[float, ...]


def bend(photos: list[OnePhoto], shared: SharedBody) -> Bent:
    """Bend the surface of the first of several photos by the outlines of the others."""
    first, *others = photos
    sheet = Sheet(first.vertices, first.normals, first.metre)
    shares = sheet.shares(first.vertices, first.normals)
    holds = sheet.along() / STEP_M**2 + sheet.through() / THICKNESS_M**2 + diags(np.full(len(sheet), 1 / MOVE_M**2))
    outlines = [outline_of(photo.cut, photo.metre) for photo in others]
    arm, joints = on_arms(first), joints_near(first, first.vertices)
    start = _towards(shared, first, sheet)
    moves, cameras = start * first.metre, list(shared.cameras)
    lenses, usual = list(shared.lenses[1:]), [photo.lens.nearness for photo in others]
    changes = np.zeros((len(others), PARTS))
    changes[:, [0, 2]] = [camera.slant for camera in cameras[1:]]
    placed, missed = _moved_in_depth(first.vertices, shares @ moves), []
    for reach in REACHES_M:
        parts, missed = [], []
        for k, (photo, outline) in enumerate(zip(others, outlines, strict=True)):
            camera = cameras[k + 1]
            posed = joints.moved(placed, shared.turns[k + 1])
            there, looks = lenses[k].seen(camera(posed)), first.normals @ camera.turn.T
            found = match(outline, there, looks, reach * photo.metre, photo.metre)
            row, off = _equations(found, (camera, lenses[k], usual[k]), posed, shares, (k, len(others)), first.metre)
            weight = 1 / OFF_M**2 / (1 + (off / SOFT_M) ** 2) * (POINTS / max(POINTS, len(off)))
            parts.append((row, off + row[:, : len(sheet)] @ (moves / first.metre), weight))
            near = np.count_nonzero((np.abs(off) < MISSED_M) | arm[found.vertices])
            missed.append(1 - near / max(1, len(outline.points)))
        solved = _solve(parts, holds, start, changes)
        moves = solved[: len(sheet)] * first.metre
        for k, step in enumerate(solved[len(sheet) :].reshape(-1, PARTS)):
            cameras[k + 1] = _moved(cameras[k + 1], step, first.metre)
            lenses[k] = Lens(max(0.0, lenses[k].nearness + step[6] * usual[k]))
            changes[k] += step
        moves -= np.median(moves)  # where all lies in depth nothing tells
        placed = _moved_in_depth(first.vertices, shares @ moves)
    return Bent(sheet, moves, placed, tuple(cameras), tuple(lenses), tuple(missed))


def _towards(shared: SharedBody, first: OnePhoto, sheet: Sheet) -> np.ndarray:
    """(n,) metres that each node moves in depth with the skin next to it, evenly, part of the way to the shared body:
    as far as a camera stood at the side; and, but for how the person leans, which only these know, as far as what a
    camera ahead or behind guesses is believed."""
    skin = slice(0, load_body().skin_vertices)
    apart, near = cKDTree(first.rows[skin]).query(sheet.nodes, k=SKIN)
    share = 1 / (apart**2 + (SOFT_M * first.metre) ** 2) ** 2
    deeper = (share * (shared.rows - first.rows)[skin, 2][near]).sum(1) / share.sum(1) / first.metre
    even = diags(np.ones(len(sheet))) + EVEN * (sheet.along() + sheet.through())
    deeper = spsolve(even.tocsc(), deeper)
    aside = max(1 - camera.towards[2] ** 2 for camera in shared.cameras[1:])
    behind = BEHIND * max(map(_believed, shared.off_m[1:]))
    upright = np.column_stack([np.ones(len(sheet)), sheet.nodes[:, 1]])
    lean = upright @ np.linalg.lstsq(upright, deeper, rcond=None)[0]
    return TOWARDS * (aside * (deeper - np.median(deeper)) + (1 - aside) * behind * (deeper - lean))


def _believed(off_m: float) -> float:
    """0..1, by how far a photo's body lies off the shared one."""
    return float(np.clip((BELIEVED_M[1] - off_m) / (BELIEVED_M[1] - BELIEVED_M[0]), 0, 1))


def _moved_in_depth(vertices: np.ndarray, moves: np.ndarray) -> np.ndarray:
    return vertices + np.outer(moves, (0, 0, 1))


def on_arms(photo: OnePhoto) -> np.ndarray:
    """(V,) bool: vertices next to the body's arms, which hang otherwise in every photo."""
    body = load_body()
    near = cKDTree(photo.rows[: body.skin_vertices]).query(photo.vertices)[1]
    return np.char.startswith(body.parts[near].astype(str), "arm")


def _equations(found: Matches, how: tuple[Camera, Lens, float], placed, shares, which: tuple[int, int], metre: float):
    """Rows (M, n + PARTS count) whose product with the nodes' moves in depth, metres, and changes of cameras is how far
    matched places move outward, and how far they have to, (M,) metres; which: camera of how many."""
    (index, count), (camera, lens, usual) = which, how
    outward = np.column_stack([found.outward, np.zeros(len(found.off))])
    unit = camera.scale * metre
    by_node = diags((outward @ camera.turn)[:, 2]) @ shares[found.vertices]
    turned = camera.scale * placed[found.vertices] @ camera.turn.T
    columns = [(np.cross(axis, turned) * outward).sum(1) / unit for axis in np.eye(3)]
    columns += [(turned * outward).sum(1) / unit, outward[:, 0], outward[:, 1]]
    there = camera(placed[found.vertices])
    nearer = usual * there[:, 2:] / (1 - lens.nearness * there[:, 2:]) ** 2
    columns.append((nearer * there * outward).sum(1) / unit)
    by_camera = np.zeros((len(found.off), PARTS * count))
    by_camera[:, PARTS * index : PARTS * (index + 1)] = np.stack(columns, 1)
    return hstack([by_node, csr_matrix(by_camera)]).tocsr(), found.off / unit


def _solve(parts, holds, start, changes) -> np.ndarray:
    row = vstack([part[0] for part in parts]).tocsr()
    right, weight = (np.concatenate([part[k] for part in parts]) for k in (1, 2))
    spread = np.tile(CAMERA_SPREAD, len(changes))
    system = block_diag([holds, diags(1 / spread**2)]).tocsr() + row.T @ diags(weight) @ row
    vector = row.T @ (weight * right)
    vector[: holds.shape[0]] += holds @ start
    vector[holds.shape[0] :] -= changes.ravel() / spread**2
    return spsolve(system.tocsc(), vector)


def _moved(camera: Camera, step: np.ndarray, metre: float) -> Camera:
    turn = rotation(torch.from_numpy(step[:3])[None])[0].numpy()
    shift = camera.shift + np.append(step[4:6], 0) * camera.scale * metre
    return Camera(turn @ camera.turn, camera.scale * float(np.exp(step[3])), shift)
