# SPDX-License-Identifier: GPL-3.0-or-later
"""The person's own head on a reconstructed surface, in place of what that made of it; under a hat or high hair face,
ears and the neck before them; under long hair or a hood the face alone.

The body's skin from the neck up is wrapped to the surface, its face held as it was fitted to the photo. What of a mesh
lies under that is taken off, and a band of faces joins the two rims: one closed piece, whose head has the body's own
loops, weights and expressions.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ...body.bones import INDEX
from ...body.fit import Fit, thinned
from ...body.head import Head, load_head
from ...surface.mesh import neighbour_mean, split_quads, vertex_normals
from ...surface.stitching import (
    as_wide,
    band,
    is_one_closed_piece,
    piece_of,
    rim_of,
    within,
    without_unused,
)
from ..crossings import crossing_faces, crossings_by_new
from ..expressions import Expressions
from .loosen import loosen
from .person_head import expressions, held, put_on
from .template import load_template
from .wrap import Skin, Surface, vertex_areas, wrap

# Metres of a 1.7 m body.
WRAPPED_M = 0.09  # below the head's rim, down to which skin is wrapped
# From it, the rim of what is left: the first that gives a sound mesh, the last three between the others.
RIMS_M = (-0.006, -0.01, -0.015, -0.022, -0.03, -0.04, -0.05, -0.026, -0.035, -0.045)
FEW_CROSSINGS = 8  # triangles, that may pass through each other where every rim leaves some
FACING_M = 0.06  # that opposite normals count as, halved
REACH_M = 0.04  # from the surface to the skin, to be under it
FAR_M, MOST_FAR = 0.02, 0.04  # what of the surface's head lies so far off the wrapped one is hair or a hat; most of it
SAMPLES_M = 0.008
ON_HEAD_M = 1e-5
SMOOTHED, FAIRED = 3, 8  # rounds: of how far from the rim vertices lie; of the band's surroundings
# What of the picture the surface has above that height over the eyes, and a whole head's skin would not cover, is a hat
# or high hair from so many square metres on: 1e-4 to 3e-4 of short hair, 6e-4 to 4e-3 of hats.
HAT_ABOVE_M, HAT_M2, PICTURE_M, IN_FROM_RIM_M = 0.01, 4.5e-4, 0.001, 0.02
# The face alone: from where between ears and nose, above the eyes, below the nose; so far out the rest is led to it.
FACE_BACK, FACE_ABOVE_M, FACE_BELOW_M, LED_M = 0.33, 0.05, 0.085, 0.03
# With the ears: from so far above and behind them, and how far between ears and nose the line has risen to a hat's. Of
# the surface beside the face so much may lie FAR_M off: 0 to 0.06 where ears are seen, 0.17 to 0.66 under hair.
OVER_EARS_M, BEHIND_EARS_M, LINE_RISEN, MOST_OVER_EARS = 0.012, 0.018, 0.5, 0.1
# From the rim, where it lies on the skin, the surface rises to what it is within so much, by no more than hair stands
# off: a brim stays one; points of the skin that tell where that is.
RISEN_M, HIGHEST_M, BENEATH = 0.04, 0.015, 48
EVENED = 12  # rounds in which the rim of what is left is made even
FACE_FAR_M, MOST_FACE_FAR, LEAST_FACE = 0.035, 0.25, 0.5  # as FAR_M, MOST_FAR; of it that looks at the camera


@dataclass(frozen=True)
class WornHead:
    """head: as it was placed; vertices (n, 3): the rows (n,) of the body's skin that are put on, field space, with the
    photo's expression; faces (f, 4) of these and their rim; around: the wrapped skin, neck included, with normals;
    inside (m,) metres of each in from the rim; metre: field units of one; share: of the surface's area that it
    replaces; led_m: metres about it in which the surface is led to its rim; beneath (m,) bool: the wrapped skin that it
    is led to, None: all."""

    head: Head
    rows: np.ndarray
    vertices: np.ndarray
    faces: np.ndarray
    rim: np.ndarray
    around: np.ndarray
    normals: np.ndarray
    inside: np.ndarray
    metre: float
    share: float
    led_m: float = 0.0
    beneath: np.ndarray | None = None

    @property
    def leaves_crown(self) -> bool:
        """Whether what covers the skull stays the surface's, as long hair or a hat does."""
        return self.led_m > 0

    @property
    def shows_face(self) -> bool:
        """Whether the photo shows eyes, nose and mouth where the head has them."""
        return self.head.face_seen

    @property
    def faces_away(self) -> bool:
        """Whether it looks away from the camera, so that the photo shows nothing of the face."""
        return self.head.faces_away

    def resting(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) field space -> metres of the mean body in rest, where the head has them: one that is larger or longer
        is brought to its size."""
        scale, shift = self._to_mean
        return self.head.resting(points) * scale + shift

    @cached_property
    def _to_mean(self) -> tuple[np.ndarray, np.ndarray]:
        """(3,) and (3,): mean body = scale * the person's + shift, both in rest, of the head."""
        mean = load_template().rest
        of_head = load_head().weight[: len(mean)] > 0.5
        mean, own = mean[of_head], self.head.neutral[: len(mean)][of_head]
        scale = mean.std(0) / own.std(0)
        return scale, mean.mean(0) - scale * own.mean(0)

    def graft(self, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """A closed mesh laid over the surface, vertices (V, 3) and faces (F, 3|4) of which a triangle among quads has
        -1 at its end, with the head: its vertices last. None where that does not give one sound piece. Where no rim
        joins them without crossings, the one with the fewest does, if these are few."""
        inside = self._inside(vertices, faces)
        if self.led_m:
            vertices = self._laid(vertices, inside)
        best, least = None, FEW_CROSSINGS + 1
        for at in RIMS_M:
            opened = self._opened(vertices, faces, inside > at)
            made = opened and self._joined(vertices, faces, *opened)
            if not opened or not made:
                continue
            crossings = self._more_crossings(*made, int(opened[0].sum()))
            if crossings < least:
                best, least = made, crossings
            if least <= 0:
                break
        return best

    def expressions(self, vertices: np.ndarray) -> Expressions | None:
        """Those of a mesh, vertices (V, 3), that has the head; None where it has not."""
        on_head, rows = self._rows_of(vertices)
        if len(on_head) != len(self.rows):
            return None
        found = expressions(self.head, vertices[on_head], load_template(), rows)
        moves = np.zeros((len(found.names), *vertices.shape))
        moves[:, on_head] = found.moves
        return replace(found, moves=moves)

    def of_region(self, region: str, vertices: np.ndarray) -> np.ndarray:
        """(V,) bool: which of a mesh's vertices are of a region of the skin: "mouth", what lies within it, "socket"."""
        on_head, rows = self._rows_of(vertices)
        inside = np.zeros(len(vertices), bool)
        inside[on_head] = load_template().regions[rows] == region
        return inside

    def _rows_of(self, vertices):
        """Which of a mesh's vertices (N,) are the head's, and their rows (N,) of the body's skin."""
        apart, near = cKDTree(self.vertices).query(vertices)
        on_head = np.flatnonzero(apart < ON_HEAD_M * self.metre)
        return on_head, self.rows[near[on_head]]

    def _inside(self, vertices, faces):
        """(V,) metres that vertices lie in from the head's rim, by the skin nearest to them."""
        inside = np.full(len(vertices), -WRAPPED_M)
        reach = REACH_M * self.metre
        close = ((vertices > self.around.min(0) - reach) & (vertices < self.around.max(0) + reach)).all(1)
        some = faces[(close[faces] & (faces >= 0)).any(1)]
        if not len(some):
            return inside
        asked = np.unique(some[some >= 0])
        part = np.searchsorted(asked, np.where(some < 0, asked[0], some))
        part[some < 0] = -1
        points = vertices[asked]
        normals = vertex_normals(points, split_quads(part)[0])
        tree = cKDTree(np.hstack([self.around / self.metre, FACING_M / 2 * self.normals]))
        points = np.hstack([points / self.metre, FACING_M / 2 * normals])
        apart, near = tree.query(points, 3, distance_upper_bound=REACH_M)
        found, near = np.isfinite(apart), np.minimum(near, len(self.inside) - 1)
        share = np.where(found, 1 / (apart + 1e-3), 0)
        depth = (share * self.inside[near]).sum(1) / np.maximum(share.sum(1), 1e-9)
        depth[~found[:, 0]] = -WRAPPED_M
        mean = neighbour_mean(part, len(points))
        for _ in range(SMOOTHED):
            depth = 0.5 * (depth + mean @ depth)
        inside[asked] = depth
        return inside

    def _laid(self, vertices, inside):
        """A surface, vertices (V, 3), of which what lies about the rim is laid on the skin that goes on beneath it, and
        rises from there: hair grows out of a temple, and meets it in no ledge."""
        reach = REACH_M * self.metre
        near = np.flatnonzero(inside > -WRAPPED_M)
        apart, skin = self._beneath[0].query(vertices[near], BENEATH)
        share = (1 - (apart / apart[:, -1:]) ** 2) ** 2  # none of the farthest, so that it changes smoothly
        share = (share / share.sum(1, keepdims=True))[..., None]
        points, normals, depth = ((share * of[skin]).sum(1) for of in self._beneath[1:])
        normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
        over = ((vertices[near] - points) * normals).sum(1).clip(-HIGHEST_M * self.metre, HIGHEST_M * self.metre)
        along = np.clip(1 + depth[:, 0] / RISEN_M, 0, 1) * np.clip(2 - 2 * apart[:, 0] / reach, 0, 1)
        laid = vertices.astype(np.float64)
        laid[near] -= (along**2 * (3 - 2 * along) * over)[:, None] * normals
        return laid

    @cached_property
    def _beneath(self):
        """A tree of the skin beneath the surface about the rim; (n, 3) these points and their normals; (n, 1) metres
        that they lie in from the rim."""
        beneath = self.beneath if self.beneath is not None else np.ones(len(self.around), bool)
        points, normals, inside = (of[beneath] for of in (self.around, self.normals, self.inside[:, None]))
        return cKDTree(points), points, normals, inside

    def _opened(self, vertices, faces, inside):
        """Which faces stay (F,) when the head is taken off, and their rim."""
        off = within(faces, inside)
        if not off.any() or off.all():
            return None
        lowest = int(vertices[:, 1].argmin())
        kept = piece_of(faces, ~off, len(vertices), lowest)
        rim = rim_of(faces[kept])
        return None if rim is None else (kept, rim)

    def _joined(self, vertices, faces, kept, rim):
        count, width = len(vertices), faces.shape[1]
        both = np.concatenate([vertices, self.vertices]).astype(np.float64)
        made = np.concatenate([faces[kept], as_wide(self.faces + count, width)])
        made = np.concatenate([made, band(both, made, rim, self.rim[::-1] + count)])
        both = self._faired(both, made, rim, count)
        points, made = without_unused(both, made)
        return (points, made) if is_one_closed_piece(made) else None

    def _faired(self, points, faces, rim, count):
        """What of the surface lies about its rim made even; the head stays."""
        mean = neighbour_mean(faces, len(points))
        near = np.zeros(len(points))
        near[rim] = 1
        rings = 2
        if self.led_m:
            ahead = np.linalg.norm(points[rim] - np.roll(points[rim], 1, 0), axis=1).mean()
            rings = max(rings, round(self.led_m * self.metre / ahead))
        for _ in range(rings):
            near = np.maximum(near, mean @ near)
        near[count:] = 0
        for _ in range(EVENED if self.led_m else 0):  # of a rim across faces its steps
            points[rim] = 0.5 * points[rim] + 0.25 * (points[np.roll(rim, 1)] + points[np.roll(rim, -1)])
        for _ in range(FAIRED * rings // 2):
            points = points + 0.5 * np.minimum(near, 1)[:, None] * (mean @ points - points)
        return points

    def _more_crossings(self, points, faces, new):
        """How many triangles of the band and the head pass through what was there, beyond the head's own."""
        low, high = self.around.min(0), self.around.max(0)
        near = ((points > low) & (points < high)).all(1)
        return crossings_by_new(points, faces, new, near) - self._own_crossings

    @cached_property
    def _own_crossings(self) -> int:
        """How many of its triangles pass through each other, as those of lids and eyes may."""
        return int(crossing_faces(self.vertices, split_quads(self.faces)[0]).sum())


def wear(head: Head, fit: Fit, vertices: np.ndarray, faces: np.ndarray) -> WornHead | None:
    """A head fitted to the photo on a dense surface, vertices (V, 3) and faces (F, 3): the whole of it; under a hat or
    high hair, which keep the surface's shape however little of it they are, what lies below; the face where hair or a
    hood lies over the ears as well; None where that lies far off the surface too."""
    template, skull = load_template(), _skull()
    normals = vertex_normals(vertices, faces)
    head, fit = put_on(head, fit, vertices, normals)
    skin = template.with_eyes(fit.vertices)
    near = _of_head(fit, vertices, skull.inside > -WRAPPED_M)
    fixed, confidence, stiff = held(template)
    rows, mine = skull.around, np.full(len(skull.around), INDEX["head"])
    soft = (template.stiff < 0.01)[rows]
    yields = soft | (template.regions == "ear")[rows]  # of an ear under hair what passes through itself
    triangles, _ = split_quads(skull.around_faces)
    start = loosen(skin[rows], skull.around_faces, triangles, soft)
    onto = Surface(vertices[near], normals[near], np.full(near.sum(), INDEX["head"]))

    def laid(confidence):
        pulled = confidence[rows], stiff[rows], np.zeros(len(rows)), fixed[rows]
        shape = wrap(Skin(start, skull.around_faces, mine, *pulled, fit.metre), onto)
        shape = loosen(shape, skull.around_faces, triangles, soft)
        shape = loosen(shape, skull.around_faces, triangles, yields)
        return shape, vertex_normals(shape, triangles)

    wrapped, facing = laid(confidence)
    on_skin = rows[cKDTree(wrapped).query(vertices[near])[1]]
    areas = vertex_areas(vertices, faces)

    def worn(patch, wrapped=wrapped, facing=facing, led_m=0.0):
        beside = np.isin(template.regions[rows], ("skin", "ear")) & (patch.inside[rows] > -WRAPPED_M)
        replaced = np.zeros(len(vertices), bool)
        replaced[near] = patch.inside[on_skin] > 0
        share = float(areas[replaced].sum() / areas.sum())
        taken = wrapped[np.searchsorted(rows, patch.rows)]
        parts = wrapped[beside], facing[beside], patch.inside[rows][beside]
        beneath = (template.regions[rows] == "skin")[beside]
        return WornHead(head, patch.rows, taken, patch.faces, patch.rim, *parts, fit.metre, share, led_m, beneath)

    ahead = 1 if head.turn[2, 2] > 0 else -1  # towards the camera, or away from it

    def fits(patch):
        far = _far(wrapped, patch.inside[rows], vertices[near & (ahead * normals[:, 2] > 0)], FACE_FAR_M, fit.metre)
        seen = ahead * facing[np.searchsorted(rows, patch.rows), 2] > 0
        return far <= MOST_FACE_FAR and seen.mean() >= LEAST_FACE

    off = _far(wrapped, skull.inside[rows], vertices[near], FAR_M, fit.metre) > MOST_FAR
    if not off and _hat_m2((wrapped, triangles), (vertices, faces), near, on_skin, fit.metre) <= HAT_M2:
        return worn(skull)
    patches = [_face_and_ears()] if _shows_ears(wrapped, vertices[near], rows, fit.metre) else []
    # What is left of hair or a hat says nothing of the head beneath: that stays as it was fitted.
    bare = laid(confidence * (1 - load_head().weight[: len(confidence)]))
    parts = [worn(patch, *bare, LED_M) for patch in (*patches, _face()) if fits(patch)]
    joined = (part for part in parts if part.graft(vertices, faces))
    return next(joined, (parts[-1] if parts else None) if off else worn(skull))


def _far(wrapped, inside, surface, far_m, metre):
    """Share of the surface (V, 3) about a patch, where `inside` is positive, that lies farther off the wrapped skin."""
    points = surface[thinned(surface, SAMPLES_M * metre)]
    apart, near = cKDTree(wrapped).query(points)
    on_patch = inside[near] > 0
    return float((apart[on_patch] > far_m * metre).mean()) if on_patch.any() else 1.0


def _hat_m2(skin, surface, near, on_skin, metre):
    """Square metres of the picture, above the line of a hat, that a surface covers and a skin does not, both vertices
    and triangles; near (V,) bool: of the surface the head, on_skin: rows of the body's skin nearest to that."""
    eyes = _height_of_eyes()
    above = (_face_and_ears().inside < 0) & (_skull().inside > IN_FROM_RIM_M)
    above &= load_template().rest[:, 1] > eyes + HAT_ABOVE_M
    kept = np.zeros(len(near), bool)
    kept[near] = above[on_skin]
    vertices, faces = surface
    faces = faces[kept[faces].all(1)]
    if not len(faces):
        return 0.0
    low = np.minimum(skin[0].min(0), vertices[kept].min(0))[:2]
    high = np.maximum(skin[0].max(0), vertices[kept].max(0))[:2]
    step = PICTURE_M * metre
    size = np.ceil((high - low) / step).astype(int) + 1
    covered = _drawn((skin[0][:, :2] - low) / step, skin[1], size)
    lost = _drawn((vertices[:, :2] - low) / step, faces, size) & ~covered
    return float(lost.sum()) * PICTURE_M**2


def _drawn(points, triangles, size):
    """(h, w) bool: where triangles of points (V, 2), pixels, lie in a picture of `size`, width and height."""
    drawn = np.zeros(size[::-1], np.uint8)
    for corners in np.round(16 * points).astype(np.int32)[triangles]:
        cv2.fillConvexPoly(drawn, corners, (1,), shift=4)
    return drawn > 0


def _shows_ears(wrapped, surface, rows, metre):
    """Whether no hair or hood lies over the ears: what of the surface (V, 3) is beside the face lies on the skin."""
    beside = (_face_and_ears().inside > 0) & (_face().inside < 0)
    return _far(wrapped, np.where(beside, 1, -1)[rows], surface, FAR_M, metre) < MOST_OVER_EARS


def _of_head(fit, vertices, mine):
    """(V,) vertices that are nearer to a part of the skin, `mine` (S,), than to the rest."""
    skin = fit.vertices[: len(mine)]
    return mine[cKDTree(skin).query(vertices)[1]]


@dataclass(frozen=True)
class _Patch:
    """Of the body's skin: rows (n,) and faces (f, 4) in these of what is put on, and its rim in the order of its edges;
    around (m,), around_faces: what is wrapped; inside (S,) metres in from the rim, in rest."""

    rows: np.ndarray
    faces: np.ndarray
    rim: np.ndarray
    around: np.ndarray
    around_faces: np.ndarray
    inside: np.ndarray


@lru_cache(maxsize=1)
def _skull() -> _Patch:
    """The whole head, from the neck up."""
    count = len(load_template().labels)
    return _patch(load_head().weight[:count] > 0.5)


def _height_of_eyes():
    template = load_template()
    return float(template.rest[template.regions == "socket", 1].mean())


@lru_cache(maxsize=1)
def _face_and_ears() -> _Patch:
    """All before the back of the ears and below the line of a hat, from the forehead over the ears."""
    template = load_template()
    rest, skull = template.rest, _skull()
    nose = skull.rows[rest[skull.rows, 2].argmax()]
    ears = rest[template.regions == "ear"]
    ahead = (rest[:, 2] - ears[:, 2].mean()) / (rest[nose, 2] - ears[:, 2].mean())
    ends = ears[:, 1].max() + OVER_EARS_M, _height_of_eyes() + FACE_ABOVE_M
    below = rest[:, 1] < np.interp(ahead, (0, LINE_RISEN), ends)
    below &= rest[:, 2] > ears[:, 2].min() - BEHIND_EARS_M
    below |= np.isin(template.regions, ("mouth", "socket", "ear"))
    head = np.zeros(len(rest), bool)
    head[skull.rows] = True
    return _patch(below & head, nose)


@lru_cache(maxsize=1)
def _face() -> _Patch:
    """From forehead to chin and to the cheeks before the ears, with all that lies in eyes and mouth."""
    template = load_template()
    rest = template.rest
    kinds = np.array(template.regions)
    skull = _skull()
    nose = skull.rows[rest[skull.rows, 2].argmax()]
    ears, eyes = rest[kinds == "ear", 2].mean(), _height_of_eyes()
    high = rest[:, 1]
    front = rest[:, 2] > ears + FACE_BACK * (rest[nose, 2] - ears)
    front &= (high < eyes + FACE_ABOVE_M) & (high > rest[nose, 1] - FACE_BELOW_M)
    front |= np.isin(kinds, ("mouth", "socket"))
    head = np.zeros(len(rest), bool)
    head[skull.rows] = True
    return _patch(front & head, nose)


def _patch(within: np.ndarray, start: int | None = None) -> _Patch:
    """Of the skin (S,) what is `within` and hangs together with a vertex, by default the crown."""
    template = load_template()
    rest = template.rest
    count, start = len(rest), int(rest[:, 1].argmax()) if start is None else start
    taken = piece_of(template.faces, within[template.faces].all(1), count, start)
    rows, faces = np.unique(template.faces[taken], return_inverse=True)
    faces = faces.reshape(-1, 4)
    rim = rim_of(faces)
    assert rim is not None
    inside = cKDTree(rest[rows[rim]]).query(rest)[0]
    inside[np.setdiff1d(np.arange(count), rows)] *= -1
    wide = piece_of(template.faces, (inside > -WRAPPED_M)[template.faces].all(1), count, start)
    around, around_faces = np.unique(template.faces[wide], return_inverse=True)
    return _Patch(rows, faces, rim, around, around_faces.reshape(-1, 4), inside)
