# SPDX-License-Identifier: GPL-3.0-or-later
"""A face where the network sees too few pixels to draw one: the parametric body's, put where the photo shows it.

Landmarks place it, to a centimetre; then it is turned and moved until its normals agree best with those that the
network draws of a close-up, by Gauss-Newton as images are registered (Lucas & Kanade 1981). What is laid into the
body's maps is the relief: where the face is as a whole, and how it leans, is left to the depth drawn of the whole body.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ..body.fit import thinned
from ..body.model import load_body
from ..crop_space import from_border, sample_quickly
from ..layout.texture.texels import cover
from ..networks.maps import Maps, unit_normals
from ..reading.landmarks import Landmark as L
from ..surface.mesh import vertex_normals

# What places the face, and how far each is trusted; ears' landmarks lie too far inside.
MARKS = {
    L.NOSE: 1.5, L.LEFT_EYE_INNER: 0.7, L.LEFT_EYE: 0.7, L.LEFT_EYE_OUTER: 1.0, L.RIGHT_EYE_INNER: 0.7,
    L.RIGHT_EYE: 0.7, L.RIGHT_EYE_OUTER: 1.0, L.LEFT_EAR: 0.25, L.RIGHT_EAR: 0.25, L.MOUTH_LEFT: 1.0,
    L.MOUTH_RIGHT: 1.0,
}  # fmt: skip
MARK_SPREAD_M = 0.01
# Spread of pitch, yaw, roll, the logarithm of scale, and moves in metres: from looking ahead, and from the landmarks.
AHEAD = np.array([np.radians(35), np.radians(35), np.radians(35), 0.5, 0.5, 0.5])
SETTLED = np.array([np.radians(8), np.radians(8), np.radians(8), 0.08, 0.01, 0.01])
LARGER = 1.08  # than landmarks have it: median of what normals made of it
POINTS_M = 0.005  # between the points of the face whose normals are compared
NORMALS_WEIGHT, OUTLIER = 40.0, 0.15  # of their squares: against SETTLED; from where on they count less
BLURS = (0.012, 0.006, 0.0)  # of the close-up's side: from coarse to fine
STEPS, SHORTEST = 12, 1e-3
MOST_YAW = np.radians(50)
MOST_MOVED, MOST_OFF = 2.5, 0.13  # spreads that normals may move it; median square of what they differ then
EDGE_M = 0.010  # over which it comes in
SLIT_M = 0.008  # half the width of what may gape between lips and lids
DEEP_M = 0.004  # into which nobody looks
SUPERSAMPLE = 2
THINNEST = 0.01  # field units that are left of the head


@dataclass(frozen=True)
class Place:
    """Of a face in the photo: field = scale * turn @ (metres in the body's axes) + shift; turn (3, 3), shift (3,),
    scale in field units a metre."""

    turn: np.ndarray
    scale: float
    shift: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) metres, the body's axes -> field space."""
        return self.scale * points @ self.turn.T + self.shift

    def moved(self, step: np.ndarray, about: np.ndarray) -> "Place":
        """By a small turn about the point `about (3,)` of the body, in radians, a change of the scale's logarithm, and
        a move in metres along x and y: (6,)."""
        turn, scale = Rotation.from_rotvec(step[:3]).as_matrix() @ self.turn, self.scale * np.exp(step[3])
        middle = self(about[None])[0] + (*(self.scale * step[4:]), 0)
        return Place(turn, float(scale), middle - scale * turn @ about)


@dataclass(frozen=True)
class Template:
    """The body's face in rest: points (V, 3) metres, normals (V, 3), triangles (T, 3), weight (V,) 1 on the face to 0
    beside it; chosen: rows whose normals are compared; marks (11, 3) the landmarks of MARKS; middle (3,)."""

    points: np.ndarray
    normals: np.ndarray
    triangles: np.ndarray
    weight: np.ndarray
    chosen: np.ndarray
    marks: np.ndarray
    middle: np.ndarray


@lru_cache(maxsize=1)
def template() -> Template:
    """The face of the mean body. Raises ModelError."""
    body = load_body()
    count, skin = body.vertices, body.skin_vertices
    points = body.mean[:count].numpy().astype(np.float64)
    weight = body.arrays["face_region"].numpy() / 255
    weight[skin:] = 1  # the eyes
    shown = weight > 0
    shown[:skin] &= np.isin(body.arrays["regions"].numpy(), (0, 1))  # no throat, nothing behind the lids
    quads = body.faces[shown[body.faces].all(1)]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    normals = vertex_normals(points, triangles)
    face = np.flatnonzero(shown[:skin] & (weight[:skin] > 0.5))
    chosen = face[thinned(points[face], POINTS_M)]
    marks = body.mean[body.landmark_rows].numpy()[list(MARKS)].astype(np.float64)
    return Template(points, normals, triangles, weight, chosen, marks, points[chosen].mean(0))


def find_face(landmarks: np.ndarray, normals: np.ndarray, center: np.ndarray, half: float) -> Place | None:
    """Where the face is, by landmarks (33, 2 or more) in field space and the normals (n, n, 3) drawn of a square round
    `center (2,)`, half its side `half`, field units. None where it looks aside, or the normals are not those of a bare
    face."""
    place = place_face(landmarks)
    return None if place is None else settle(place, normals, center, half)


def place_face(landmarks: np.ndarray) -> Place | None:
    """Where landmarks (33, 2 or more) in field space, have the face, seen from afar; None where it looks aside."""
    face = template()
    seen, trust = landmarks[list(MARKS), :2].astype(np.float64), np.array(list(MARKS.values()))[:, None]
    middle, marks_middle = ((trust * points).sum(0) / trust.sum() for points in (seen, face.marks[:, :2]))
    spread, rest = (
        (trust * (points - centre) ** 2).sum() for points, centre in ((seen, middle), (face.marks[:, :2], marks_middle))
    )
    scale = float(np.sqrt(spread / rest))
    about = (trust * face.marks).sum(0) / trust.sum()
    start = Place(np.eye(3), scale, np.array([*middle, 0.0]) - scale * about)

    def off(place):
        return (place(face.marks)[:, :2] - seen) * np.sqrt(trust) / (scale * MARK_SPREAD_M)

    place, _ = _descend(off, start, about, AHEAD, np.ones((len(seen), 1)), 9.0)
    yaw = np.arctan2(place.turn[0, 2], place.turn[2, 2])
    # Turned about the middle of the face, where normals will go on from.
    return place.moved(np.array([0, 0, 0, np.log(LARGER), 0, 0]), face.middle) if abs(yaw) < MOST_YAW else None


def settle(place: Place, normals: np.ndarray, center: np.ndarray, half: float) -> Place | None:
    """The place near the given one at which the face's normals agree best with drawn ones; see `find_face`."""
    face, size = template(), len(normals)
    facing = np.sqrt((face.normals[face.chosen] @ place.turn.T)[:, 2:].clip(0, 1) / len(face.chosen))
    start, moved = place, np.zeros(6)
    for blur in BLURS:
        drawn = cv2.GaussianBlur(normals, (0, 0), blur * size) if blur else normals

        def off(place, drawn=drawn):
            xy = (place(face.points[face.chosen])[None, :, :2] - center) / half
            there = sample_quickly(drawn, xy[..., 0], xy[..., 1], cv2.BORDER_REPLICATE)[0]
            return there - face.normals[face.chosen] @ place.turn.T

        place, moved = _descend(off, start, face.middle, SETTLED, NORMALS_WEIGHT * facing, OUTLIER, moved)
    differing = np.median((off(place) ** 2).sum(1))
    return place if np.linalg.norm(moved / SETTLED) < MOST_MOVED and differing < MOST_OFF else None


def _descend(off, start, about, spread, weight, outlier, step=None):
    """Damped Gauss-Newton: the place, and the step to it from `start`, that makes `off(place) (N, C)`, times weight
    (N, 1), least against a step of `spread (6,)`; `outlier`: squares of `off` from where on they count less."""
    step = np.zeros(6) if step is None else step
    for _ in range(STEPS):
        found = off(start.moved(step, about))
        slopes = np.stack([_slope(off, start, about, step, axis) for axis in np.eye(6)], -1)
        trust = (weight / (1 + (found**2).sum(1, keepdims=True) / outlier)) ** 2
        system = np.einsum("nci,nc,ncj->ij", slopes, trust * np.ones_like(found), slopes) + np.diag(spread**-2.0)
        wanted = np.einsum("nci,nc->i", slopes, trust * found) + step / spread**2
        change = -np.linalg.solve(system, wanted)
        change *= min(1.0, 1 / np.abs(change / spread).max().clip(1e-9))
        step = step + change
        if np.abs(change / spread).max() < 10 * SHORTEST:
            break
    return start.moved(step, about), step


def _slope(off, start, about, step, axis):
    h = 5e-3 * np.where(np.arange(6) > 3, 0.1, 1) @ axis  # radians, of the scale; metres
    return (off(start.moved(step + h * axis, about)) - off(start.moved(step - h * axis, about))) / (2 * h)


def lay_face(maps: Maps, mask: torch.Tensor, place: Place) -> Maps:
    """Maps (1, C, n, n) with the face's relief and normals at its place; mask (1, 1, n, n) 0..1 of the person."""
    size = maps.front_depth.shape[-1]
    middle = np.array(from_border(*place(template().middle[None])[0, :2], size=size))
    reach = int(np.ceil(0.16 * place.scale * size / 2))
    low = np.floor(middle).astype(int) - reach
    rows, columns = (slice(max(0, start), max(0, min(size, start + 2 * reach))) for start in low[::-1])
    depth = maps.front_depth[0, 0, rows, columns].float().cpu().numpy().astype(np.float64)
    if not depth.size:
        return maps
    inner = tuple(
        slice(part.start - start, part.stop - start) for part, start in zip((rows, columns), low[::-1], strict=True)
    )
    normals, z, weight = (picture[inner] for picture in _drawn(place, low, reach, size))
    weight = weight * (mask[0, 0, rows, columns].float().cpu().numpy() > 0.5)
    z = z + _plane(depth - z, weight * (1 - weight))
    z = np.maximum(z, maps.back_depth[0, 0, rows, columns].float().cpu().numpy() + THINNEST)

    def back(values):
        return torch.from_numpy(np.ascontiguousarray(values.reshape(*weight.shape, -1).transpose(2, 0, 1)[None])).to(
            maps.front_depth
        )

    share, part = back(weight), np.s_[..., rows, columns]
    front_depth, front_normals = maps.front_depth.clone(), maps.front_normals.clone()
    front_depth[part] = torch.lerp(front_depth[part], back(z), share)
    front_normals[part] = unit_normals(torch.lerp(front_normals[part], back(normals), share))
    return replace(maps, front_depth=front_depth, front_normals=front_normals)


def _drawn(place, low, reach, size):
    """The face seen from the front: normals (m, m, 3), z (m, m) field space and weight (m, m), m = 2 reach, from pixel
    `low (2,)` (column, row) on of maps of that size."""
    face, side = template(), 2 * reach * SUPERSAMPLE
    points = place(face.points)
    corners = (np.column_stack(from_border(*points[:, :2].T, size=size)) - low) / (2 * reach)
    corners[:, 1] = 1 - corners[:, 1]
    values = np.column_stack([face.normals @ place.turn.T, points[:, 2], face.weight])
    covered = cover(corners[face.triangles], side, 1e-3)
    seen = np.einsum("nk,nkc->nc", covered.weights, values[face.triangles[covered.face]])
    order = np.argsort(seen[:, 3], kind="stable")  # the nearest last, and so it stays
    picture, there = np.zeros((side * side, 5)), np.zeros(side * side)
    picture[covered.texel[order]], there[covered.texel] = seen[order], 1
    picture, there = picture.reshape(side, side, 5), there.reshape(side, side)
    metre = place.scale * size / 2 * SUPERSAMPLE  # pixels
    slit = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(SLIT_M * metre)) + 1,) * 2)
    whole = cv2.morphologyEx(there, cv2.MORPH_CLOSE, slit)
    bottom = np.where(there > 0, picture[..., 3], points[:, 2].min())
    there *= cv2.morphologyEx(bottom, cv2.MORPH_CLOSE, slit) - bottom < DEEP_M * place.scale
    known = np.dstack([picture * there[..., None], there])
    known = cv2.GaussianBlur(known, (0, 0), max(0.5, SLIT_M * metre / 2))
    filled = known[..., :5] / np.maximum(known[..., 5:], 1e-3)
    picture = np.where((there > 0)[..., None], picture, filled) * whole[..., None]
    m = 2 * reach
    picture, whole = (cv2.resize(values, (m, m), interpolation=cv2.INTER_AREA) for values in (picture, whole))
    picture /= np.maximum(whole, 1e-3)[..., None]
    normals = picture[..., :3] / np.maximum(np.linalg.norm(picture[..., :3], axis=-1, keepdims=True), 1e-6)
    edge = EDGE_M * place.scale * size / 2
    weight = picture[..., 4] * (whole > 0.99) * ((normals[..., 2] - 0.15) / 0.25).clip(0, 1)
    inside = cv2.erode(weight, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(edge)) + 1,) * 2))
    return normals, picture[..., 3], cv2.GaussianBlur(inside, (0, 0), max(0.5, edge)) * (whole > 0.99)


def _plane(values, weight):
    """The plane (h, w) through values (h, w), by weighted least squares."""
    y, x = np.mgrid[-1 : 1 : 1j * values.shape[0], -1 : 1 : 1j * values.shape[1]]
    basis = np.stack([np.ones_like(x), x, y], -1)
    flat, root = basis.reshape(-1, 3), np.sqrt(weight).reshape(-1, 1)
    found = np.linalg.lstsq(flat * root, values.reshape(-1, 1) * root, rcond=None)[0]
    return (basis @ found)[..., 0]
