# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of the mesh: the photo where the camera saw it, the drawn back behind, a smooth continuation between."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import ndimage
from scipy.ndimage import gaussian_filter, maximum_filter
from scipy.sparse import coo_matrix, diags
from scipy.spatial import cKDTree

from ..crop_space import pixels_at, sample, to_pixels
from ..smooth_step import smooth_step
from ..surface.mesh import vertex_normals
from ..surface.normals import unit
from .borders import HELD, Materials, find_materials
from .edge_on import EdgeOn
from .hand_tones import find_hand_tones
from .other_half import OtherHalf, other_half
from .regions import REGIONS, Regions
from .seen_hair import SeenHair, find_seen_hair
from .unseen_face import skin_tone

# A surface is trusted fully where its normal leans this far towards the camera, and not at all below the first value.
FACING = (0.35, 0.65)
# So far (in field units; 6 mm on an adult) the photo's colours are distrusted inside its outline and beside an overlap;
# inside the outline not quite, as thin parts are all rim.
RIM = 0.006
RIM_TRUST = 0.003
MIXED_PX = 2  # pixels from a border over which two colours are mixed
# Guessed colours give way a little where they meet seen ones.
GUESS_TRUST = 0.5
CHEEK_TRUST = 0.1  # it is skin: of which tone, what is seen beside it says better
SURELY = 0.9  # trust in what is seen, and how far hair grows, from which on it tells of the tone of hair
# Metres from a head's outline to where a picture shows it, and not what is beside it; and over which its tone is taken.
INWARD_M, TONE_M = 0.025, 0.008
# Height of the body in rest, metres, above which what is painted behind is hair wherever hair grows; that lower down
# has the mean tone of so many of the nearest places there; and above which no nape is.
SURELY_HAIR_M, ALIKE_ABOVE, ABOVE_NAPE_M = 0.705, 8, 0.650
# Of the neck behind, below the hairline, regions tell: heights of the body in rest between which, how far to either
# side, metres, and how likely a region is from which on it is told, and surely.
NECK_M, NECK_ASIDE_M, LIKELY = (0.530, 0.620), 0.090, (0.5, 0.9)
LEVEL = 0.02  # field units of height, over which the middle of a person is told
MOSTLY = 0.2  # share of the places above the nape that must be there: under a hat there are none
# How firmly trusted colours are held against the smoothing, per square of the lattice step at 256.
HOLD = 400.0
EDGE_ON = (0.0, 0.25)  # z of normals between which regions begin to tell of what is seen edge-on, and do
# Between two materials colours hold together by so much of what they do within one.
APART = 1e-4
# The equations are solved until this is left of the error: a fraction of one step of 8 bits.
TOLERANCE, ROUNDS = 1e-3, 300
OF_MATERIALS = 2e-2  # the same of shares of materials, of which only the largest counts
FACES = 2**15  # of which depth is told at once
AT_ONCE, ROWS = 4, 256  # columns, each of which takes seven times its size; rows that are multiplied at once
AS_FIRST = 1e-6  # what holds colours to a first guess: where nothing else does, as on a piece that no picture shows


@dataclass(frozen=True)
class Scalp:
    """grown: (V,) -1..1 of a mesh's vertices, 1 where hair grows, -1 on cheeks, else 0; rest: (V, 3) metres, where the
    mean body's skin rests there; metre: field units of one; seen_behind: whether a photo shows the back; faceless:
    whether none shows the face, of which all is -1 then, skin of the tone that is seen elsewhere."""

    grown: np.ndarray
    rest: np.ndarray
    metre: float
    seen_behind: bool = False
    faceless: bool = False

    @property
    def of_skin(self) -> np.ndarray:
        """(V,) bool: which are of the body's own skin."""
        return self.rest.any(1)


@dataclass(frozen=True)
class Elsewhere:
    """A picture that another camera took. image (n, n, 4) as `paint` takes them; place: points (N, 3) of field space ->
    where that picture shows them, (N, 3) in the field space of its own crop; share: (m, m) 0..1 of that crop, what the
    picture counts for against those before it, None for all."""

    image: np.ndarray
    place: Callable[[np.ndarray], np.ndarray]
    share: np.ndarray | None = None

    def side(self, vertices: np.ndarray, faces: np.ndarray, spacing: float) -> "Side":
        """What it tells about a mesh, asked in its own field space."""
        return Side(self.place(vertices), faces, spacing, self.image, 1, of_crop=False, share=self.share)

    def placed(self, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (V, 3) and unit normals (V, 3) of a mesh of triangles in that space."""
        there = self.place(vertices)
        return there, vertex_normals(there, faces)


@dataclass(frozen=True)
class Paint:
    """colors: (V, 3) uint8 sRGB; materials: of which material each vertex is, None where nothing tells."""

    colors: np.ndarray
    materials: Materials | None


def paint(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    spacing: float,
    photo: np.ndarray,
    back: np.ndarray | None = None,
    guess: np.ndarray | None = None,
    others: Sequence[Elsewhere] = (),
    scalp: "Scalp | None" = None,
    hands: np.ndarray | None = None,
    regions: Regions | None = None,
    edge_on: EdgeOn | None = None,
) -> Paint:
    """Colours of vertices (V, 3) with unit normals (V, 3), field space.

    spacing: the lattice step the mesh was cut from, field units.
    photo, back: images (n, n, 4) float32 of the crop, sRGB 0..1 and matte, of any size: what the camera saw, and, if
    known, the back as it would be seen through the body (not mirrored).
    guess: (V, 3) float, sRGB 0..1, if known: colours to take wherever no picture shows any.
    others: further photos; each lies over the ones before it and the back, `photo` over all.
    scalp: where hair grows, if known. hands: (V,) number of the hand that was put on there, 0 of none, its negative
    beside it. regions: where hair, skin and each garment are, if known: over whose borders no colour runs. edge_on:
    what is to be made of what `photo` shows edge-on, if known.
    """
    colors = np.zeros((len(vertices), 3))
    trust = np.zeros(len(vertices))
    hold = HOLD * (spacing * 128) ** 2
    seen = Side(vertices, faces, spacing, photo, 1, edge_on=edge_on)
    half = other_half(vertices, normals, scalp, regions)
    sides = _sides(seen, half, (vertices, faces, normals, spacing), back, others)
    skin = None
    if hands is not None:
        bare = None if regions is None else regions.skin(vertices, normals)
        skin = find_hand_tones(hands, seen.colors(vertices), seen.trust(vertices, normals), bare)
    face, tone = _unseen_face(sides[-1], scalp, regions)
    hair = _hair_beside(sides, scalp) if scalp is not None and back is not None else None
    for side, places, looks in sides:
        shown, side_trust = _told(side, places, looks, scalp, hair)
        if half is not None and places is half.places:
            side_trust = side_trust * half.share
        if skin is not None and side.of_crop:
            side_trust = side_trust * skin.believed(shown, side.around(places))
        if side.hidden and side.of_crop:
            side_trust[face] = 0
        mine = side_trust > 0
        both = side_trust[mine] + trust[mine] * (1 - side_trust[mine])
        colors[mine] += (side_trust[mine] / both)[:, None] * (shown[mine] - colors[mine])
        trust[mine] = both
    for unseen, of_skin in ((face, tone), *(((skin.unseen, skin.tones),) if skin else ())):
        mine = unseen & (trust < GUESS_TRUST)
        colors[mine], trust[mine] = np.broadcast_to(of_skin, colors.shape)[mine], GUESS_TRUST
    if guess is not None:
        blind = trust == 0
        colors[blind], trust[blind] = guess[blind], GUESS_TRUST
    if not trust.any():
        trust[:], colors[:] = 1, _shown(photo[..., :3], vertices)
    known = (None, None) if regions is None else _of_regions(regions, vertices, normals, seen, scalp, hands, half)

    def between(values, trust):
        return spread(values, trust, faces, hold, tolerance=OF_MATERIALS)

    materials = find_materials(colors, trust, faces, *known, between)
    if materials is not None:
        firm = spread(colors, np.where(trust < SURELY, HELD * (trust > 0), trust), faces, hold, materials)
        materials = materials.asked_to_believe(colors, trust, firm)
        trust = trust * materials.believed
    painted = spread(colors, trust, faces, hold, materials)
    return Paint(np.round(np.clip(painted, 0, 1) * 255).astype(np.uint8), materials)


def _sides(photo, half: OtherHalf | None, mesh, back, others):
    """The Sides of a mesh, each with the places (V, 3) and normals (V, 3) that it is asked for, from the one that lies
    below to the photo's, which lies above."""
    vertices, faces, normals, spacing = mesh
    sides = []
    if back is not None:
        sides.append((Side(vertices, faces, spacing, back, -1, buffers=photo.buffers), vertices, normals))
    if half is not None:
        sides.append((photo.of_other_half(), half.places, half.normals))
    sides += [(each.side(vertices, faces, spacing), *each.placed(vertices, faces)) for each in others]
    return [*sides, (photo, vertices, normals)]


def _unseen_face(photo, scalp, regions):
    """(V,) bool, which vertices are of a face that no photo shows, and the tone (3,) of skin for it; photo: its Side,
    places and normals (V, 3)."""
    side, places, looks = photo
    if scalp is None or regions is None or not scalp.faceless:
        return np.zeros(len(places), bool), np.zeros(3)
    face, shares = scalp.grown < 0, regions.at(places, looks)
    skin, hair = (shares[:, REGIONS[name]] for name in ("skin", "hair"))
    return face, skin_tone(side.colors(places), side.trust(places, looks), skin, hair, places, face)


def _of_regions(regions, vertices, normals, photo, scalp, hands, half: OtherHalf | None):
    """Of which region vertices are, (V, R), and how far that tells (V,) 0..1 where nothing is seen: what the photo's
    Side shows edge-on, hands that were put on and what the photo's hide, hair, and the neck behind. The OtherHalf of a
    face is of the regions opposite."""
    of = regions.at(vertices, normals)
    if half is not None:
        hidden = np.flatnonzero((half.share > 0) & (photo.trust(vertices, normals) < GUESS_TRUST))
        of[hidden] = regions.at(half.places[hidden], half.normals[hidden])
    tells = smooth_step(normals[:, 2], *EDGE_ON) * photo.shows(vertices, normals)
    known = np.zeros(of.shape[1], np.float32)
    if scalp is not None:
        for mine, name in ((scalp.grown > 0.5, "hair"), (scalp.grown < 0, "skin")):
            of[mine], tells[mine] = np.eye(len(known))[REGIONS[name]], 1
        neck = (scalp.grown == 0) & (normals[:, 2] < 0) & (np.abs(scalp.rest[:, 0]) < NECK_ASIDE_M)
        neck &= (scalp.rest[:, 1] > NECK_M[0]) & (scalp.rest[:, 1] < NECK_M[1])
        tells[neck] = smooth_step(of[neck].max(1), *LIKELY)
    if hands is not None:
        of[hands > 0], tells[hands > 0] = np.eye(len(known))[REGIONS["skin"]], 1
        beside = np.flatnonzero((hands < 0) & (of[:, REGIONS["skin"]] > LIKELY[0]))
        of[beside] = regions.at(vertices[beside], -np.abs(normals[beside]))  # as what is behind goes on before it
        bare = beside[of[beside, REGIONS["skin"]] > LIKELY[0]]
        of[bare] = _of_middle_behind(regions, vertices, normals, bare)
        tells[beside] = smooth_step(of[beside].max(1), *LIKELY)
    return of, tells


def _of_middle_behind(regions, vertices, normals, asked):
    """Of which regions (N, R) trunk and legs are at vertices `asked` (N,), before and behind which an arm is: as the
    back is at their heights, half the way to its middle, and there."""
    level = np.round(vertices[:, 1] / LEVEL).astype(int)
    level -= level.min()
    middle = ndimage.median(vertices[:, 0], level, np.arange(level.max() + 1))[level[asked]]
    behind, told = -np.abs(normals[asked]), 0
    for share in (0.5, 1.0):
        places = vertices[asked].copy()
        places[:, 0] += share * (middle - places[:, 0])
        told = told + regions.at(places, behind) / 2
    return told


def _hair_beside(sides, scalp):
    """The SeenHair of the first and the last of `sides`, the hidden one and the photo's; or None."""
    (hidden, _, _), (side, places, looks) = sides[0], sides[-1]
    shown = side.trust(places, looks) > SURELY
    grown, cheeks = np.flatnonzero(shown & (scalp.grown > SURELY)), shown & (scalp.grown < 0)
    behind = np.flatnonzero(scalp.grown > SURELY)
    reach, inward = TONE_M * scalp.metre, INWARD_M * scalp.metre
    tones = side.tones(places[grown], reach), side.colors(places[cheeks])
    tones = *tones, hidden.tones(places[behind] - inward * looks[behind], reach)
    return find_seen_hair(places[grown], *tones, scalp.metre)


def _told(side, places, looks, scalp, hair: SeenHair | None):
    """Colours (V, 3) that a side's picture shows, and trust (V,) in them, at places (V, 3) with unit normals (V, 3): a
    head's cheeks go on from the photo to the hairline, hair from the hidden side and from what is seen of it; scalp:
    see `paint`."""
    trust, shown = side.trust(places, looks), side.shown(places, looks)
    if scalp is not None and side.of_crop:
        ahead = (looks[:, 2] > -FACING[0]) & (not scalp.faceless)
        own = GUESS_TRUST * scalp.grown if side.hidden else -CHEEK_TRUST * scalp.grown * ahead
        on = np.flatnonzero(own > (0 if side.hidden and not scalp.seen_behind else trust))
        trust[on] = np.maximum(own[on], trust[on])
        shown[on] = side.tones(places[on] - INWARD_M * scalp.metre * looks[on], TONE_M * scalp.metre)
        if side.hidden and not scalp.seen_behind:
            shown[on] = _of_hair(shown[on], places[on], scalp.rest[on, 1])
        if side.hidden and hair is not None:
            shown[on] = hair.beside(places[on], shown[on])
    return shown, trust


def _of_hair(tones, places, high):
    """Tones (N, 3) of hair at places (N, 3), which rest so high (N,), metres: that of the nearest that are surely hair,
    of those that are not: beside the hairline a picture shows skin and cloth."""
    surely = high > SURELY_HAIR_M
    if surely.all() or surely.sum() < MOSTLY * (high > ABOVE_NAPE_M).sum():
        return tones
    count = min(ALIKE_ABOVE, int(surely.sum()))
    _, near = cKDTree(places[surely]).query(places[~surely], [*range(1, count + 1)])
    tones[~surely] = tones[surely][near].mean(1)
    return tones


class Side:
    """A mesh and the picture of one of its sides: how far, and what, the picture tells about places on the surface."""

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        spacing: float,
        image: np.ndarray,
        side: int,
        of_crop: bool = True,
        share: np.ndarray | None = None,
        edge_on: EdgeOn | None = None,
        buffers: dict[int, np.ndarray] | None = None,
    ):
        """vertices (V, 3), faces (F, 3) field space, cut with lattice step `spacing`; image (n, n, 4): see `paint`;
        side: 1 for the front, -1 for the back; of_crop: the photo's own, and not another's; share: see `Elsewhere`;
        edge_on: what is to be made of what the picture shows edge-on, if known; buffers: the mesh's `depth_buffers`,
        if known."""
        self.of_crop, self._share, self._edge_on = of_crop, share, edge_on
        self._spacing, self._side, self._image = spacing, side, image
        self.buffers = buffers or depth_buffers(vertices, faces, spacing)
        self._buffer = self.buffers[side]
        self._size = len(self._buffer)
        self._reach = max(1, round(RIM / 2 * self._size))
        self._around = maximum_filter(self._buffer, 2 * self._reach + 1)
        self._nearby = maximum_filter(self._around, 3)
        self._matte = np.ascontiguousarray(image[..., 3])
        self._core = _erode(self._matte)

    def of_other_half(self) -> "Side":
        """The same picture, asked of places that are like others than those it shows: see `other_half`."""
        side = copy(self)
        side.of_crop = False
        return side

    @property
    def hidden(self) -> bool:
        """Whether it is the side that the photo does not show."""
        return self._side < 0

    def trust(self, points: np.ndarray, normals: np.ndarray, lean: np.ndarray | None = None) -> np.ndarray:
        """0..1 (N,) for points (N, 3) on the surface with unit normals (N, 3); lean: (N, 3) of any length, those by
        which its depth changes about them, where the normals are turned to the picture that it was fitted to."""
        trust = smooth_step(self._side * normals[:, 2], *FACING)
        facing = np.flatnonzero(trust > 0)
        lean = normals[facing] if lean is None else unit(lean[facing])
        points, normals = points[facing], normals[facing]
        core = smooth_step(_shown(self._core, points), 0.5, 0.95)
        rim = RIM_TRUST * (_shown(self._matte, points) > 0.5)
        trust[facing] *= self._visible(points, lean) * np.maximum(core, rim)
        if self._share is not None:
            trust[facing] *= _shown(self._share, points)
        if self._edge_on is not None:
            trust[facing] *= self._edge_on.believed(points, normals[:, 2])
        return trust

    def colors(self, points: np.ndarray) -> np.ndarray:
        """What the picture shows, (N, 3) float sRGB 0..1, at points (N, 3)."""
        return _shown(self._image[..., :3], points)

    def around(self, points: np.ndarray) -> Callable[[np.ndarray], list[np.ndarray]]:
        """Rows (M,) of points (N, 3) -> what the picture shows a rim to either side of these, above and below: (M, 3)
        each."""
        far = max(RIM, MIXED_PX * 2 / len(self._image))
        steps = far * np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
        return lambda rows: [self.colors(points[rows] + step) for step in steps]

    def shown(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """The same of a surface with unit normals (N, 3), of whose garments edge-on the picture shows but the tone."""
        colors = self.colors(points)
        return colors if self._edge_on is None else self._edge_on.toned(colors, points, normals[:, 2])

    def tones(self, points: np.ndarray, reach: float) -> np.ndarray:
        """What the picture shows of the person about points (N, 3), within `reach` field units: as `colors`."""
        spread = max(reach / 2 * len(self._image), 0.5)
        matte = (self._matte > 0.5).astype(np.float32)
        share = np.maximum(cv2.GaussianBlur(matte, (0, 0), spread), 1e-3)
        seen = np.ascontiguousarray(self._image[..., :3], np.float32) * matte[..., None]
        return _shown(cv2.GaussianBlur(seen, (0, 0), spread) / share[..., None], points)

    def shows(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(N,) bool: whether nothing lies before points (N, 3) that look to this side at all, unit normals (N, 3)."""
        return (self._side * normals[:, 2] > 0) & (self._visible(points, normals) > 0.5)

    def _visible(self, points, normals):
        """0..1 (N,): 0 where other parts of the mesh lie before a point, also where they do within RIM beside it; its
        edge runs over a pixel of the depth buffer, as on a face those are seen (percentage-closer filtering, Reeves et
        al. 1987)."""
        depth = self._side * points[:, 2]
        lean = np.clip(self._side * normals[:, 2], 0.1, 1)
        near = self._spacing * (1 + 2 * np.sqrt(1 - lean**2) / lean)
        beside = 4 * RIM + self._reach * near

        at = pixels_at(*points[:, :2].T, size=self._size)[::-1]
        visible = (self._nearby[at] - depth < np.minimum(near, beside)).astype(float)
        asked = np.flatnonzero(visible == 0)
        depth, near, beside = depth[asked], near[asked], beside[asked]
        column, row = to_pixels(*points[asked, :2].T, size=self._size)
        left, top = np.floor(column).astype(int), np.floor(row).astype(int)
        for across, wide in ((0, left + 1 - column), (1, column - left)):
            for down, high in ((0, top + 1 - row), (1, row - top)):
                at = (top + down).clip(0, self._size - 1), (left + across).clip(0, self._size - 1)
                bare = (self._buffer[at] - depth < near) & (self._around[at] - depth < beside)
                visible[asked] += wide * high * bare
        return visible


def spread(
    colors: np.ndarray,
    trust: np.ndarray,
    faces: np.ndarray,
    hold: float,
    materials: Materials | None = None,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Fill in colours (V, C) where trust (V,) 0..1 is small: as smooth over the mesh as the trusted ones allow.

    hold: how much a vertex of nearly full trust keeps its own colour, against 2 for each neighbour. Full trust is kept.
    materials: of which each vertex is, if known: those of two are hardly neighbours; tolerance: of the error at first,
    what may be left.
    """
    count = len(colors)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    near = np.ones(len(start))
    if materials is not None:
        of = np.where(trust == 1, materials.looks, materials.most)
        near -= (1 - APART) * np.where((of[start] < 0) | (of[end] < 0), 1, materials.apart[of[start], of[end]])
    links = coo_matrix((near, (start, end)), shape=(count, count)).tocsr()
    links = links + links.T
    degree = np.asarray(links.sum(1)).ravel()
    free = np.flatnonzero(trust < 1)
    result = colors.copy()
    if not len(free):
        return result
    held = hold * trust[free, None] ** 2
    among = links[free][:, free]
    fixed = np.flatnonzero(trust == 1)
    from_fixed = links[free][:, fixed]
    matrix = (diags(degree[free] + held[:, 0] + AS_FIRST) - among).tocsr()
    del among, start, end, near
    first = _nearest_trusted(colors, trust, links)[free]
    del links
    scale = 1 / matrix.diagonal()[:, None]
    for column in range(0, colors.shape[1], AT_ONCE):
        part = slice(column, column + AT_ONCE)
        right = from_fixed @ colors[fixed][:, part] + held * colors[free][:, part] + AS_FIRST * first[:, part]
        result[free, part] = _solved(matrix, right, first[:, part], scale, tolerance)
    return result


def _solved(matrix, right, start, scale, tolerance):
    """The solutions (N, C) of matrix (N, N) times them equals right (N, C), by conjugate gradients, all columns at
    once: from `start (N, C)`, preconditioned by scale (N, 1)."""
    result, rest = start.copy(), right - matrix @ start
    least = tolerance * np.sqrt(_dots(right, right))
    scale = np.repeat(scale, right.shape[1], 1)
    step, way = scale * rest, np.empty_like(rest)
    size = _dots(rest, step)
    for _ in range(ROUNDS):
        if (np.sqrt(_dots(rest, rest)) <= least).all():
            break
        turned = matrix @ step
        far = size / np.maximum(_dots(step, turned), 1e-30)
        result += _by_column(step, far, way)
        rest -= _by_column(turned, far, way)
        np.multiply(scale, rest, out=way)
        size, before = _dots(rest, way), size
        _by_column(step, size / np.maximum(before, 1e-30), step)
        step += way
    return result


def _dots(one, other):
    """The sum of products (N, C) of each column, row by row: as NumPy's own sums, which of one column are others, in a
    quarter of the time."""
    return (one * other).sum(0) if one.shape[1] == 1 else np.einsum("nc,nc->c", one, other)


def _by_column(values, factors, out):
    """Values (N, C) times factors (C,), in `out (N, C)`: many rows at a time, as each takes longer than its columns."""
    whole, wide = len(values) // ROWS * ROWS, (-1, ROWS * len(factors))
    np.multiply(values[:whole].reshape(wide), np.tile(factors, ROWS), out=out[:whole].reshape(wide))
    np.multiply(values[whole:], factors, out=out[whole:])
    return out


def _nearest_trusted(colors, trust, links):
    """A first guess: trusted colours handed on from vertex to vertex until all have one."""
    known = (trust > 0).astype(float)
    result = colors * known[:, None]
    least = 0.5  # first within a material
    asked = np.flatnonzero(known == 0)
    while True:
        weight = links[asked] @ known
        there = weight > least
        new = asked[there]
        if not len(new):
            if not least:
                return result
            least, asked = 0, np.flatnonzero(known == 0)
            continue
        of_new = links[new]
        result[new] = (of_new @ result) / weight[there][:, None]
        known[new] = 1
        # Only what lies beside these has more neighbours than before.
        beside = np.zeros(len(known), bool)
        beside[of_new.indices] = True
        asked = np.flatnonzero(beside & (known == 0))


def depth_buffers(vertices: np.ndarray, faces: np.ndarray, spacing: float) -> dict[int, np.ndarray]:
    """By side, as of `Side`, the nearest depth per pixel of a mesh, vertices (V, 3), faces (F, 3), cut with lattice
    step `spacing`, field space: (n, n), -inf where there is none, from points spread over each face."""
    size = max(8, round(2 / spacing))
    nearest, farthest = np.full(size * size, -np.inf), np.full(size * size, np.inf)

    def add(*places):
        column, row = pixels_at(*places[:2], size=size)
        pixel = row * size + column  # by one index it is three times as quick
        np.maximum.at(nearest, pixel, places[2])
        np.minimum.at(farthest, pixel, places[2])

    used = np.zeros(len(vertices), bool)
    used[faces] = True
    axes = np.ascontiguousarray(vertices.T)
    add(*axes[:, used])
    for first in range(0, len(faces), FACES):
        a, b, c = (axes[:, corner] for corner in faces[first : first + FACES].T)
        for places in ((a + b) / 2, (b + c) / 2, (c + a) / 2, (a + b + c) / 3):
            add(*places)
    return {1: nearest.reshape(size, size), -1: -farthest.reshape(size, size)}


def _shown(image, points):
    """What an image (n, n[, C]) of the crop shows at points (N, 2+), field space: (N[, C])."""
    return sample(image, *points[:, :2].T, border="nearest")


def _erode(matte):
    """A matte (n, n) shrunk by RIM and softened, so that trust fades towards the outline."""
    reach = max(MIXED_PX, round(RIM / 2 * len(matte)))
    return gaussian_filter(cv2.erode(matte, np.ones((2 * reach + 1,) * 2, np.uint8)), reach / 2)
