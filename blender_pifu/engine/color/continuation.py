# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine texture on a person's sides, which no picture shows well: the photo's weave, folds and hair go on there,
mirrored at the edge of what is seen, where the colours are those of the place they come from."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from ..crop_space import blurred_within, pixels_at, sample, smaller
from ..reading.landmarks import head_place
from ..smooth_step import smooth_step
from ..srgb import LUMA
from .prints import WORK_PX, Prints, find_prints
from .regions import Regions

# Lengths are in field units: 0.01 is about 1 cm on an adult.
SEEN = 0.5  # trust in the photo from which on a vertex counts as seen
FAR = (0.06, 0.15)  # along the surface from what is seen, from which on less and less, and then nothing, goes on
COARSE = 0.014  # standard deviation of the blur that leaves no fine texture
STEP, DEPTH = 0.008, 0.24  # of the way into the photo that is looked for one material, and its length at most
RIM = 0.012  # from the edge of what is seen: there colours are mixed with the background's
EVENED = 24  # vertices of that edge, whose ways are one
BESIDE = 0.02  # along that edge from its nearest vertex, beyond which another material may begin
STEEP = (0.2, 0.4)  # how far a normal must lean to the side for the way inwards to be known
ALIKE = (0.06, 0.12)  # difference of coarse colours, 0..1, up to which it is surely, and may be, one material
LOOSER = 2.5  # times as much may differ what is guessed behind
SHADE = 0.5  # what differences of luminance count for, against those of hue: light differs within one material
ROOM = (0.05, 0.1)  # length of the way that is too short for texture, and that is enough
REPEATED = (0.7, 1.5)  # times to and fro over one material, after which repetition begins to be left out, and is
TORN = (2.0, 4.0)  # stretch of the places in the photo, against the surface's, at which texture begins to be left out
# Of the fine texture, 0..1: what is more is a button, a logo, a line, and not repeated; and of a print.
LOUDEST, PRINTED = 0.12, 1.0
# Half axes of a face, in distances from the eyes to the mouth round the middle of these, and shares of them: within is
# the face, beyond, where hair is, is not.
FACE, FACE_ENDS = (1.15, 1.45), (0.95, 1.15)


@dataclass(frozen=True)
class Ways:
    """Where each vertex would take its texture from: `places (V, 2)` x and y in field space, and how `sure (V,)` 0..1
    that is near and stays in one material; of what is seen only those at its edge have any."""

    places: np.ndarray
    sure: np.ndarray


class FineTexture:
    """The fine band of a photo, by places in field space."""

    def __init__(self, photo: np.ndarray, landmarks: np.ndarray | None = None, regions: Regions | None = None):
        """photo: (n, n, 4) float32 of the crop, sRGB 0..1 and matte; landmarks: (33, 4) as `landmarks_in`, or None: by
        these the face is left out, of which there is one; regions: where garments are, if known, whose prints are fine
        texture too, and none of skin beside them."""
        sigma = COARSE / 2 * len(photo)
        matte = np.ascontiguousarray(photo[..., 3:], np.float32)
        weighted = np.concatenate([photo[..., :3] * matte, matte], 2)
        blurred = cv2.GaussianBlur(weighted, (0, 0), sigma)
        self._coarse = blurred[..., :3] / np.maximum(blurred[..., 3:], 1e-3)
        self._matte = matte[..., 0]
        self.prints = None if regions is None else find_prints(photo, regions)
        loudest = LOUDEST
        if self.prints:
            where, means = (cv2.resize(each, photo.shape[:2]) for each in (self.prints.where, self.prints.means))
            self._coarse += where[..., None] * (means - self._coarse)
            loudest = LOUDEST + where[..., None] * (PRINTED - LOUDEST)
        self.band = photo[..., :3] - self._coarse
        self.band *= matte  # in place: these are tens of megabytes
        self.band /= loudest
        np.tanh(self.band, out=self.band)
        self.band *= loudest
        self._head = None if landmarks is None else head_place(landmarks)
        self._region = None if regions is None else regions.front.argmax(-1).astype(np.uint8)

    def at(self, places: np.ndarray) -> np.ndarray:
        """What to add to colours, (N, 3) float sRGB 0..1, of places (N, 2)."""
        return sample(self.band, *places.T)

    def coarse(self, places: np.ndarray) -> np.ndarray:
        """Colours without fine texture, (N, 3) float sRGB 0..1."""
        return sample(self._coarse, *places.T)

    def region(self, places: np.ndarray) -> np.ndarray:
        """(N,) the number of the region that is seen there, of `regions.REGIONS`; 0 where none is known."""
        if self._region is None:
            return np.zeros(len(places), np.uint8)
        column, row = pixels_at(*places.T, size=len(self._region))
        return self._region[row, column]

    def beside_face(self, places: np.ndarray) -> np.ndarray:
        """(N,): 0 on the face, 1 elsewhere."""
        if self._head is None:
            return np.ones(len(places))
        middle = (self._head.eyes + self._head.mouth) / 2
        place = (places - middle) / self._head.unit
        inside = np.hypot(place @ self._head.across / FACE[0], place @ self._head.up / FACE[1])
        return smooth_step(inside, *FACE_ENDS)

    def matte(self, places: np.ndarray) -> np.ndarray:
        """(N,) 0..1."""
        return sample(self._matte, *places.T)


class HiddenTexture:
    """The fine band of the hidden side's picture, by places in field space, worked out where it is asked for."""

    def __init__(self, picture: np.ndarray, regions: Regions | None, prints: Prints | None):
        """picture: (n, n, 4) float32 of the crop, sRGB 0..1 and matte; regions: where garments are, if known; prints:
        of the photo, which go on behind, if there are any."""
        self._picture, small = picture, smaller(picture, WORK_PX)
        coarse = blurred_within(small[..., :3], np.ascontiguousarray(small[..., 3]), COARSE / 2 * WORK_PX)
        self._loudest = np.full(small.shape[:2], LOUDEST, np.float32)
        if prints and regions is not None:
            where, means = prints.behind(small, regions)
            coarse += where[..., None] * (means - coarse)
            self._loudest += where * (PRINTED - LOUDEST)
        self._coarse = np.ascontiguousarray(coarse, np.float32)

    def coarse(self, places: np.ndarray) -> np.ndarray:
        """Colours without fine texture, (N, 3) float sRGB 0..1, of places (N, 2)."""
        return sample(self._coarse, *places.T)

    def at(self, places: np.ndarray) -> np.ndarray:
        """What to add to colours, (N, 3) float sRGB 0..1, of places (N, 2)."""
        seen, loudest = sample(self._picture, *places.T), sample(self._loudest, *places.T)[:, None]
        return loudest * np.tanh((seen[:, :3] - self.coarse(places)) * seen[:, 3:] / loudest)


def find_ways(
    vertices: np.ndarray, triangles: np.ndarray, normals: np.ndarray, trust: np.ndarray, fine: FineTexture
) -> Ways:
    """The Ways of vertices (V, 3) with unit normals (V, 3) of one piece of triangles (T, 3).

    trust: (V,) 0..1 in what the photo shows there. A way runs along the surface to the nearest vertex that is seen, and
    as far again into the photo, to and fro where the material ends.
    """
    places, sure = np.zeros((len(vertices), 2)), np.zeros(len(vertices))
    links = _edges(vertices, triangles)
    seen = trust >= SEEN
    rows, columns = links.nonzero()
    edge = np.unique(rows[seen[rows] & ~seen[columns]])
    if not len(edge):
        return Ways(places, sure)
    way, _, nearest = dijkstra(links, indices=edge, min_only=True, limit=FAR[1], return_predecessors=True)
    mine = np.flatnonzero(~seen & np.isfinite(way))
    mine = np.concatenate([edge, mine])  # what lies between both has places between theirs
    inwards, room, certain = _ways_in(vertices[edge, :2], normals[edge], fine)
    index = np.searchsorted(edge, nearest[mine])
    there_and_back = np.mod(way[mine], 2 * np.maximum(room[index], STEP))
    far = np.minimum(there_and_back, 2 * room[index] - there_and_back).clip(0)
    # Along the edge each keeps its own place: that of the edge's nearest vertex goes in steps.
    along = np.stack([-inwards[index, 1], inwards[index, 0]], 1)
    begin = vertices[edge[index], :2]
    begin = begin + ((vertices[mine, :2] - begin) * along).sum(1, keepdims=True).clip(-BESIDE, BESIDE) * along
    places[mine] = begin + (RIM + far)[:, None] * inwards[index]
    repeated = smooth_step(way[mine] / np.maximum(room[index], STEP), *REPEATED)
    near = 1 - smooth_step(way[mine], *FAR)
    sure[mine] = near * certain[index] * (1 - repeated) * fine.beside_face(places[mine])
    return Ways(places, sure * _whole(vertices, places, sure, rows, columns))


def alike(colors: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """How sure it is, (N,) 0..1, that guessed colours (N, 3) are of the material of coarse ones (N, 3), sRGB 0..1."""
    return _one_material(colors - coarse, LOOSER)


def _edges(vertices, triangles):
    """Lengths of the edges as a symmetric sparse matrix (V, V)."""
    start, end = np.sort(np.stack([triangles.ravel(), np.roll(triangles, -1, 1).ravel()]).astype(np.int64), 0)
    pairs = np.unique(start * len(vertices) + end)
    start, end = np.divmod(pairs, len(vertices))
    length = np.linalg.norm(vertices[start] - vertices[end], axis=1) + 1e-9
    both = np.concatenate([start, end]), np.concatenate([end, start])
    return csr_matrix((np.tile(length, 2), both), shape=(len(vertices),) * 2)


def _ways_in(places, normals, fine):
    """From places (N, 2) at the edge of what is seen: the way inwards (N, 2), how long one material goes on along it
    (N,), and how sure it is (N,)."""
    lean = np.linalg.norm(normals[:, :2], axis=1)
    inwards = -normals[:, :2] / np.maximum(lean, 1e-6)[:, None]
    near = cKDTree(places).query(places, [*range(1, min(EVENED, len(places)) + 1)])[1]
    inwards = inwards[near].mean(1)
    inwards /= np.maximum(np.linalg.norm(inwards, axis=1, keepdims=True), 1e-6)
    begin, of = fine.coarse(places + RIM * inwards), fine.region(places + RIM * inwards)
    going = np.ones(len(places), bool)
    room = np.zeros(len(places))
    for far in np.arange(STEP, DEPTH, STEP):
        at = places + (RIM + far) * inwards
        going &= (fine.matte(at) > 0.9) & (_one_material(fine.coarse(at) - begin) > 0.5) & (fine.region(at) == of)
        room[going] = far
    room = np.median(room[near], 1)
    return inwards, room, smooth_step(lean, *STEEP) * smooth_step(room, *ROOM)


def _one_material(difference, looser=1.0):
    """How sure it is, (N,) 0..1, of differences (N, 3) of coarse colours."""
    luma = difference @ LUMA
    size = np.hypot(SHADE * luma, np.linalg.norm(difference - luma[:, None], axis=1))
    return 1 - smooth_step(size / looser, *ALIKE)


def _whole(vertices, places, share, rows, columns):
    """0 (V,) where the places of neighbours lie much farther apart than they do: ways from two edges meet there."""
    both = (share[rows] > 0) & (share[columns] > 0)
    rows, columns = rows[both], columns[both]
    apart = np.linalg.norm(vertices[rows] - vertices[columns], axis=1)
    stretch = np.ones(len(vertices))
    np.maximum.at(stretch, rows, np.linalg.norm(places[rows] - places[columns], axis=1) / np.maximum(apart, 1e-6))
    return 1 - smooth_step(stretch, *TORN)
