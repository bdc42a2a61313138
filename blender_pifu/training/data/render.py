# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a person: front and hidden side, lit by a random sky and one lamp with shadow, and the maps behind."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ...engine.srgb import to_srgb
from ...engine.surface.mesh import vertex_normals
from ..native.raster import Fragments, Lamps, see

SHADOW_PX, SKY_PX = 512, 192
SKY_AXES = 8  # twice as many directions
SUPERSAMPLE = 2
TONES = 4096
WET = 0.85  # gloss from which a surface mirrors lamps as an eye does
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Views:
    """All (size, size[, C]) in the front's pixels. rgb uint8 sRGB, averaged over the covered part of a pixel, 0
    outside; mask 0..1 antialiased. At pixel centres: normals unit field space, 0 where there is nothing; depth z field
    units, NaN where there is nothing."""

    rgb_front: np.ndarray
    rgb_back: np.ndarray
    normal_front: np.ndarray
    normal_back: np.ndarray
    depth_front: np.ndarray
    depth_back: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class TrueViews(Views):
    """With more truth of front and back, in the front's pixels: `albedo` sRGB uint8 (size, size, 3), averaged over the
    covered part of a pixel, 0 outside; `face` (size, size) int32 which face is seen at a pixel's centre, -1 where there
    is none."""

    albedo: tuple[np.ndarray, np.ndarray]
    face: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Light:
    """A sky of second order spherical harmonics, one lamp, and the camera's answer to them."""

    sky: np.ndarray  # (9, 3) linear
    lamp: np.ndarray  # (3,) linear
    direction: np.ndarray  # unit, towards the lamp
    softness: float  # of the shadow's edge, texels
    key: float  # mean luminance a grey subject is exposed to
    contrast: float
    knee: float  # linear value from which highlights are compressed
    adapts: tuple[float, float] = (0.35, np.inf)  # how far exposure follows a dark or light subject, and at most
    shadow_px: int = SHADOW_PX  # side of the map of what the lamp reaches
    focused: bool = False  # that map and the sky's cover what the crop shows only, the finer the nearer it is


def draw_light(rng: np.random.Generator) -> Light:
    """Mostly from above and the front; coloured a little; from flat to hard."""
    sky = rng.normal(0, 0.10, (9, 1)) + rng.normal(0, 0.03, (9, 3))
    sky[0] = rng.uniform(0.45, 0.85) * rng.normal(1, 0.06, 3)
    sky[1] += rng.uniform(0, 0.25)  # more from above
    sky[4:] *= 0.6  # strong second order rims every outline
    direction = np.array([rng.normal(0, 0.8), rng.uniform(0.1, 1.3), rng.uniform(0.0, 1.2)])
    strength = rng.choice([0.0, rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.2)], p=[0.2, 0.4, 0.4])
    return Light(
        sky=sky.astype(np.float32),
        lamp=(strength * np.clip(rng.normal(1, 0.08, 3), 0.6, 1.4)).astype(np.float32),
        direction=(direction / np.linalg.norm(direction)).astype(np.float32),
        softness=rng.uniform(0.4, 2.5),
        key=float(np.exp(rng.normal(np.log(0.85), 0.22))),
        contrast=rng.uniform(-0.1, 0.4),
        knee=rng.uniform(0.6, 1.0),
    )


def mirrored(light: Light) -> Light:
    """The light as a mirror beside the person shows it: left and right changed over."""
    sky = light.sky.copy()
    sky[[3, 4, 7]] *= -1  # the harmonics that are odd in x
    return replace(light, sky=sky, direction=light.direction * np.array([-1, 1, 1], np.float32))


def render_person(mesh, rng: np.random.Generator, size: int, light: Light | None = None, truth: bool = False) -> Views:
    """`mesh` has vertices (V, 3) field space, faces (T, 3), colors (V, 3) linear, alpha, gloss (V,) or None, and
    paint: None or what `people.person.Person.paint` does. Colours are rendered at twice the size and
    averaged, so edges are soft.

    The hidden side is lit by the mirror image of the front's light, without cast shadows: it meets the front without a
    seam, and looks as the front's photo would have shown it. light: drawn when none is given; truth: give
    `TrueViews`."""
    shown = _Lit(mesh, size, draw_light(rng) if light is None else light)
    pictures, albedos, exposure = [], [], None
    for facing in (1, -1):
        picture, exposure, albedo = shown.photo(facing, exposure, truth)
        pictures.append(picture)
        albedos.append(albedo)
    maps = [
        _maps(side, facing, shown.normals, shown.corners, size)
        for facing, side in zip((1, -1), shown.coarse, strict=True)
    ]
    views = Views(
        rgb_front=pictures[0],
        rgb_back=pictures[1],
        normal_front=maps[0][0],
        normal_back=maps[1][0],
        depth_front=maps[0][1],
        depth_back=maps[1][1],
        mask=shown.mask,
    )
    if not truth:
        return views
    albedo, faces = (albedos[0], albedos[1]), (_seen_faces(shown.coarse[0], size), _seen_faces(shown.coarse[1], size))
    return TrueViews(**vars(views), albedo=albedo, face=faces)


def render_photo(mesh, size: int, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """The front alone of `render_person`: rgb (size, size, 3) uint8 and mask (size, size) 0..1."""
    shown = _Lit(mesh, size, light)
    return shown.photo(1, None, False)[0], shown.mask


def render_sides(mesh, size: int, light: Light) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The person's left and right as `render_person` shows front and hidden side, each (size, size, 3) uint8, and mask
    (size, size) 0..1: half of a side is lit as the front, the other by the mirror image of that light. The right is
    seen in the left's pixels. mesh: as `render_person` takes it, seen from ahead."""
    exposure = _Lit(mesh, size, light).photo(1, None, False)[1]
    quarter = np.stack([-mesh.vertices[:, 2], mesh.vertices[:, 1], mesh.vertices[:, 0]], 1)
    shown = _Lit(replace(mesh, vertices=quarter), size, light)
    left, right = (shown.photo(facing, exposure, False, _from_quarter)[0] for facing in (1, -1))
    return (left, right), shown.mask


def _from_quarter(normal: np.ndarray) -> np.ndarray:
    """Unit vectors (P, 3) of a person seen from the left as the light ahead counts for them: behind as before."""
    return np.stack([normal[:, 2], normal[:, 1], np.abs(normal[:, 0])], 1)


class _Lit:
    """A mesh seen from both sides, in its pixels and at twice their number, and the light that reaches it."""

    def __init__(self, mesh, size: int, light: Light):
        self.mesh, self.size, self.light = mesh, size, light
        vertices = np.ascontiguousarray(mesh.vertices, np.float32)
        faces = np.ascontiguousarray(mesh.faces, np.int32)
        self.normals = vertex_normals(vertices, faces)
        gloss = np.zeros(len(vertices)) if mesh.gloss is None else mesh.gloss
        near = (np.abs(vertices[:, :2]) < 1.05).all(1) if light.focused else None
        openness = _openness(vertices, faces, self.normals, mesh.alpha, near)
        self.values = np.column_stack([self.normals, mesh.colors, gloss, openness]).astype(np.float32)
        self.corners = _towards(vertices, faces)
        self.lamps = None
        if light.lamp.any():
            self.lamps = Lamps(vertices, faces, light.direction, light.shadow_px, mesh.alpha, near)
        self.coarse = see(vertices, faces, size, mesh.alpha)
        self.fine = see(vertices, faces, size * SUPERSAMPLE, mesh.alpha)
        self.share = _pixel_sums(self.fine[0], size, None)

    @property
    def mask(self) -> np.ndarray:
        return (self.share / SUPERSAMPLE**2).reshape(self.size, self.size)

    def photo(
        self,
        facing: int,
        exposure: float | None,
        truth: bool,
        looks: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[np.ndarray, float, np.ndarray | None]:
        """The photo of a side, its exposure (measured where None is given), and where truth is asked its albedo; looks:
        as what normals count for the light, where that is not ahead."""
        k, size = (0 if facing > 0 else 1), self.size
        side = self.fine[k]
        crease = _crease(self.coarse[k], facing, size)
        interpolated = side.interpolate(self.values)
        if self.mesh.paint:
            interpolated[:, 3:6] = self.mesh.paint(side, interpolated[:, 3:6])
        shade = (side, facing, interpolated, self.corners, crease, self.light, self.lamps, size, exposure, looks)
        radiance, exposed = _shade(*shade)
        albedo = _averaged(_to_srgb(_mean(side, size, interpolated[:, 3:6], self.share)), size) if truth else None
        return _develop(radiance * exposed, side, size, self.share, self.light), exposed, albedo


def _seen_faces(side: Fragments, size: int) -> np.ndarray:
    faces = np.full(size * size, -1, np.int32)
    faces[side.pixels] = side.seen
    return faces.reshape(size, size)


def _mean(side: Fragments, size: int, values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Of fragments (P, C) over the covered part of each pixel, (size * size, C)."""
    sums = np.stack([_pixel_sums(side, size, values[:, k]) for k in range(values.shape[1])], axis=1)
    return sums / np.maximum(share, 1)[:, None]


def _to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear 0..1 to sRGB 0..255 (IEC 61966-2-1)."""
    curved = 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055
    return np.clip(255 * np.where(linear <= 0.0031308, 12.92 * linear, curved), 0, 255)


def _averaged(pixels: np.ndarray, size: int) -> np.ndarray:
    return np.round(pixels).astype(np.uint8).reshape(size, size, 3)


def _shade(
    side: Fragments, facing, interpolated, towards, crease, light: Light, lamps, size, exposure: float | None, looks
) -> tuple[np.ndarray, float]:
    """Linear light (P, 3) that leaves each fragment, and the exposure: measured on the front, kept for the back.
    interpolated: (P, 8) normal, albedo, gloss, openness."""
    normal = _seen_normals(interpolated[:, :3], towards[side.seen], facing)
    albedo, gloss, openness = interpolated[:, 3:6], interpolated[:, 6], interpolated[:, 7]
    mirrored = looks(normal) if looks else normal * np.array([1, 1, facing], np.float32)
    openness = openness * crease[_owner(side, size)]
    received = np.maximum(_harmonics(mirrored) @ light.sky, 0.05) * openness[:, None]
    shine = 0.0
    if lamps is not None:
        lit = np.maximum(mirrored @ light.direction, 0)
        if facing > 0 and not looks:
            sunny = np.flatnonzero(lit > 0)
            texel = np.float32(2 / (SHADOW_PX * lamps.scale))
            points = _positions(side, size * SUPERSAMPLE)[sunny] + 1.5 * texel * normal[sunny]
            lit[sunny] *= lamps.reach(points, ring=1, spread=light.softness)[0]
        else:
            lit *= openness
        received += lit[:, None] * light.lamp
        half = light.direction + np.array([0, 0, 1], np.float32)
        highlight = np.maximum(mirrored @ (half / np.linalg.norm(half)), 0) ** 24
        shine = (0.3 * gloss * lit * highlight)[:, None] * light.lamp
    wet = np.flatnonzero(gloss > WET)
    if len(wet):
        shine = shine + np.zeros_like(received)
        shine[wet] += _glint(mirrored[wet], light)
    if exposure is None:
        exposure = _exposure(albedo, received, light)
    return albedo * received + shine, exposure


def _exposure(albedo: np.ndarray, received: np.ndarray, light: Light) -> float:
    """Of fragments (P, 3): cameras brighten a dark subject, but not to grey."""
    if not len(albedo):
        return 1.0
    grey = max(float((albedo @ LUMINANCE).mean()), 0.02)
    exposure = light.key / max(float((received @ LUMINANCE).mean()), 1e-3)
    return exposure * min((0.25 / grey) ** light.adapts[0], light.adapts[1])


def _glint(normal: np.ndarray, light: Light) -> np.ndarray:
    """What an eye mirrors of the brightest place around, (P, 3): the lamp, or a window in its direction."""
    half = light.direction + np.array([0, 0, 1], np.float32)
    sharp = np.maximum(normal @ (half / np.linalg.norm(half)), 0) ** 220
    return sharp[:, None] * (0.9 * light.lamp + 0.35 * np.maximum(light.sky[0], 0))


def _develop(radiance: np.ndarray, side: Fragments, size: int, share: np.ndarray, light: Light) -> np.ndarray:
    """Linear (P, 3) -> sRGB uint8 (size, size, 3) by the camera's tone curve, averaged over the covered part."""
    linear = (np.arange(TONES) / (TONES - 1)) ** 2 * 2  # finer in the dark, up to twice the white
    room = 1.0001 - light.knee
    linear = np.where(linear > light.knee, light.knee + room * np.tanh((linear - light.knee) / room), linear)
    tone = to_srgb(linear)
    tone = tone + light.contrast * tone * (1 - tone) * (2 * tone - 1)
    table = np.clip(tone * 255, 0, 255).astype(np.float32)
    shown = table[(np.sqrt(np.clip(radiance / 2, 0, 1)) * (TONES - 1)).astype(np.int16)]
    return _averaged(_mean(side, size, shown, share), size)


def _maps(side: Fragments, facing: int, normals, towards, size) -> tuple[np.ndarray, np.ndarray]:
    """Normals (size, size, 3) and depth (size, size) at pixel centres."""
    normal = np.zeros((size * size, 3), np.float32)
    depth = np.full(size * size, np.nan, np.float32)
    normal[side.pixels] = _seen_normals(side.interpolate(normals), towards[side.seen], facing)
    depth[side.pixels] = side.depth
    return normal.reshape(size, size, 3), depth.reshape(size, size)


def seen_normals_map(side: Fragments, vertices: np.ndarray, normals: np.ndarray, facing: int, size: int) -> np.ndarray:
    """Normals (size, size, 3) of a mesh as one side of `raster.see` shows it, turned to the viewer; 0 where nothing is.
    `normals: (V, 3)`; facing: 1 front, -1 back."""
    return _maps(side, facing, normals, _towards(vertices, side.faces), size)[0]


def _towards(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Which faces turn their outside to the camera, (T,) bool."""
    x, y = vertices[:, 0][faces], vertices[:, 1][faces]
    return (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) > (y[:, 1] - y[:, 0]) * (x[:, 2] - x[:, 0])


def _seen_normals(normals: np.ndarray, towards: np.ndarray, facing: int) -> np.ndarray:
    """Unit normals turned to the viewer: of a face seen from its inside (a skirt's, a hair card) the other way round,
    and smoothed ones that lean away at a silhouette stopped at its edge."""
    turned = np.where((towards if facing > 0 else ~towards)[:, None], normals, -normals)
    turned[:, 2] = facing * np.maximum(facing * turned[:, 2], 0)
    return turned / np.maximum(np.sqrt(np.einsum("pc,pc->p", turned, turned)), 1e-6)[:, None]


def _harmonics(normal: np.ndarray) -> np.ndarray:
    """The nine real spherical harmonics up to second order, unnormalised, (P, 9)."""
    x, y, z = normal.T
    return np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=1)


def _openness(vertices, faces, normals, alpha: np.ndarray | None, near: np.ndarray | None) -> np.ndarray:
    """How much of the sky each vertex sees, (V,) 0..1: the large scale of ambient occlusion, by shadow maps of lamps
    all around."""
    turn = np.arange(SKY_AXES) * (np.pi * (3 - np.sqrt(5)))
    up = (np.arange(SKY_AXES) + 0.5) / SKY_AXES  # a half sphere in equal shares; each axis has a lamp at both ends
    flat = np.sqrt(1 - up * up)
    seen, whole = np.zeros(len(vertices), np.float32), np.full(len(vertices), 1e-6, np.float32)
    for direction in np.stack([flat * np.cos(turn), up, flat * np.sin(turn)], axis=1):
        lamps = Lamps(vertices, faces, direction, SKY_PX, alpha, near)
        slant = normals @ direction.astype(np.float32)
        texel = np.float32(1.5 * 2 / (SKY_PX * lamps.scale))
        front, back = lamps.reach(vertices + texel * normals, (1, -1))
        seen += np.where(slant > 0, front, back) * np.abs(slant)
        whole += np.abs(slant)
    return seen / whole


def _crease(side: Fragments, facing: int, size: int) -> np.ndarray:
    """The small scale of ambient occlusion, (size * size,): how far a pixel lies behind the mean depth around it."""
    known, nearness = np.zeros((2, size * size), np.float32)
    known[side.pixels], nearness[side.pixels] = 1, facing * side.depth
    window = (2 * max(int(0.01 * size), 1) + 1,) * 2
    share = cv2.blur(known.reshape(size, size), window)
    mean = cv2.blur(nearness.reshape(size, size), window) / np.maximum(share, 1e-3)
    return np.where(known > 0, np.clip(1 - 6 * np.clip(mean.ravel() - nearness, 0, 0.25), 0.4, 1), 1).astype(np.float32)


def _owner(side: Fragments, size: int) -> np.ndarray:
    """Of each fine fragment, the pixel it is part of: row * size + column."""
    row, column = np.divmod(side.pixels.astype(np.int32), np.int32(size * SUPERSAMPLE))
    return row // SUPERSAMPLE * size + column // SUPERSAMPLE


def _pixel_sums(side: Fragments, size: int, values: np.ndarray | None) -> np.ndarray:
    return np.bincount(_owner(side, size), values, size * size).astype(np.float32)


def _positions(side: Fragments, fine: int) -> np.ndarray:
    row, column = np.divmod(side.pixels.astype(np.int32), np.int32(fine))
    step = np.float32(2 / fine)
    return np.stack([(column + np.float32(0.5)) * step - 1, 1 - (row + np.float32(0.5)) * step, side.depth], axis=1)
