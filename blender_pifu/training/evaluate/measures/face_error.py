# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a face is from the true one once both lie over each other: shape, wherever the head is and looks."""

from functools import lru_cache

import igl
import numpy as np

from ....engine.reading.landmarks import Landmark as L
from ...data.sample import Scene
from ...data.truth import sample_surface
from ...native.raster import see
from ...people.body import load_body
from ...people.looks import face_of
from .align import align_rigidly

MOST_YAW = np.radians(40)
FACE = (1.05, 1.35)  # half width and height about the middle of eyes and mouth, in distances between these
AHEAD_M = 0.02  # metres before the ears
POINTS = 1000
BARE_M, BARE_SHARE = 0.002, 0.5  # skin with more over it is covered; a face of which more is covered is none
AROUND_M = 0.05  # metres round the face in which its counterpart is sought


def looks_at_camera(scene: Scene) -> bool:
    marks = scene.landmarks
    ahead = marks[L.NOSE] - marks[[L.LEFT_EAR, L.RIGHT_EAR]].mean(0)
    return bool(scene.seen[L.NOSE] and abs(np.arctan2(ahead[0], ahead[2])) < MOST_YAW)


def bare_face(scene: Scene, outer: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Points (N, 3) float32, field space, spread over the face of who looks at the camera, but for what hair, beard,
    glasses or hands cover; none where that is most of it. outer: the person's outer surface."""
    if not looks_at_camera(scene):
        return np.zeros((0, 3), np.float32)
    to_middle = scene.joints[0] - scene.framing(scene.person.joints[:1])[0]
    base = scene.framing(scene.person.base) + to_middle
    points, _ = sample_surface(base, face_faces(), POINTS, np.random.default_rng(0))
    bare = _distances(points, *outer) < BARE_M * float(scene.sample["scale"])
    return points[bare if bare.mean() >= BARE_SHARE else []].astype(np.float32)


@lru_cache(maxsize=1)
def face_faces() -> np.ndarray:
    """Triangles (T, 3) of the base mesh that show of the face, from hairline to chin, from before and from either side:
    neither nostrils nor the sockets of the eyes."""
    body = load_body()
    rest = body.mean_vertices
    face = face_of(body, rest)
    within = (face.across / FACE[0]) ** 2 + ((face.up - 0.5) / FACE[1]) ** 2 < 1
    within &= face.ahead > AHEAD_M
    faces = np.concatenate([body.group_faces(name) for name in ("body", "helper-l-eye", "helper-r-eye")])
    near = faces[(np.linalg.norm(rest - rest[within].mean(0), axis=1) < 0.2)[faces].all(1)]
    seen = np.zeros(len(near), bool)
    for turn in np.radians([-45, 0, 45]):
        ahead = np.array([np.sin(turn), -np.cos(turn), 0])
        axes = np.stack([np.cross([0, 0, 1], ahead), [0, 0, 1], ahead])
        view = (rest - rest[within].mean(0)) @ axes.T * 4
        seen[see(view.astype(np.float32), near, 512, None)[0].seen] = True
    return near[seen & within[near].all(1)]


def face_error(vertices: np.ndarray, faces: np.ndarray, face: np.ndarray, scale: float) -> float:
    """Mean distance, mm, of the points `face (N, 3)` of the true face from a mesh, once they are laid over it by
    rotation and shift. scale: field units a metre."""
    centre = face.mean(0)
    reach = np.linalg.norm(face - centre, axis=1).max() + AROUND_M * scale
    near = (np.linalg.norm(vertices - centre, axis=1) < reach)[faces].any(1)
    mesh = vertices, faces[near] if near.any() else faces
    return float(_distances(align_rigidly(face, mesh)(face), *mesh).mean()) * 1000 / scale


def _distances(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(N,) of points to the triangles of a mesh."""
    mesh = vertices.astype(np.float64), np.ascontiguousarray(faces, np.int32)
    return np.sqrt(igl.point_mesh_squared_distance(points.astype(np.float64), *mesh)[0])
