# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a person: front and hidden side, lit by a random sky and one lamp with shadow, and the maps behind them."""

from dataclasses import dataclass

import cv2
import numpy as np

from .people.topology import vertex_normals
from .raster import rasterize

SHADOW_PX = 384
SUPERSAMPLE = 2


@dataclass(frozen=True)
class Views:
    """All (size, size[, C]) in the front's pixels. rgb uint8 sRGB; normals unit field space; depth z field units, NaN
    where there is nothing; mask 0..1 antialiased."""

    rgb_front: np.ndarray
    rgb_back: np.ndarray
    normal_front: np.ndarray
    normal_back: np.ndarray
    depth_front: np.ndarray
    depth_back: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Light:
    """A sky of second order spherical harmonics and one lamp."""

    sky: np.ndarray  # (9, 3) linear
    lamp: np.ndarray  # (3,) linear
    direction: np.ndarray  # unit, towards the lamp


def draw_light(rng: np.random.Generator) -> Light:
    """Mostly from above and the front; coloured a little; from flat to hard."""
    sky = rng.normal(0, 0.10, (9, 1)) + rng.normal(0, 0.03, (9, 3))
    sky[0] = rng.uniform(0.45, 0.85) * rng.normal(1, 0.06, 3)
    sky[1] += rng.uniform(0, 0.25)  # more from above
    direction = np.array([rng.normal(0, 0.8), rng.uniform(0.1, 1.3), rng.uniform(0.0, 1.2)])
    strength = rng.choice([0.0, rng.uniform(0.1, 0.5), rng.uniform(0.5, 1.2)], p=[0.2, 0.4, 0.4])
    return Light(sky, strength * np.clip(rng.normal(1, 0.08, 3), 0.6, 1.4), direction / np.linalg.norm(direction))


def render_person(mesh, rng: np.random.Generator, size: int) -> Views:
    """`mesh` has vertices (V, 3) field space, faces (T, 3), colors (V, 3) linear, alpha, gloss (V,), normals (V, 3) or
    None. Rendered at twice the size and averaged, so edges are soft."""
    normals = vertex_normals(mesh.vertices, mesh.faces) if mesh.normals is None else mesh.normals
    light = draw_light(rng)
    exposure = rng.uniform(0.8, 1.25)
    fine = size * SUPERSAMPLE
    shadow = _shadow_map(mesh, light.direction) if light.lamp.any() else None
    front = _view(mesh, normals, fine, False, light, shadow, exposure)
    back = _view(mesh, normals, fine, True, light, None, exposure)
    inside = front["index"] >= 0
    mask = _shrink(inside.astype(np.float32))
    return Views(
        rgb_front=_encode(front["color"], inside),
        rgb_back=_encode(back["color"], inside),
        normal_front=_normal(front["normal"], inside),
        normal_back=_normal(back["normal"], inside),
        depth_front=_depth(front["depth"], inside),
        depth_back=_depth(back["depth"], inside),
        mask=mask,
    )


def _view(mesh, normals, size, back, light, shadow, exposure) -> dict[str, np.ndarray]:
    index, barycentric, depth = rasterize(mesh.vertices, mesh.faces, size, back, mesh.alpha)
    hit = index >= 0
    corners = mesh.faces[index[hit]]
    ab = barycentric[hit]
    weights = np.concatenate([ab, 1 - ab.sum(1, keepdims=True)], axis=1)

    def interpolate(values: np.ndarray) -> np.ndarray:
        return np.einsum("pk,pk...->p...", weights, values[corners])

    normal = interpolate(normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    facing = -1.0 if back else 1.0
    normal[:, 2] = facing * np.abs(normal[:, 2])  # a seen surface faces the eye: hair cards have no outside
    albedo, gloss = interpolate(mesh.colors), interpolate(mesh.gloss)
    occlusion = _occlusion(np.where(hit, facing * depth, -np.inf))[hit]
    sky = np.clip(_harmonics(normal) @ light.sky, 0.05, None) * occlusion[:, None]
    lit = np.zeros(len(normal))
    if shadow is not None:
        lit = np.clip(normal @ light.direction, 0, 1) * shadow(interpolate(mesh.vertices) + 0.01 * normal)
    half = light.direction + np.array([0, 0, facing])
    half /= np.linalg.norm(half)
    shine = gloss * np.clip(normal @ half, 0, 1) ** 24 * (lit > 0)
    radiance = albedo * (sky + lit[:, None] * light.lamp) + 0.3 * shine[:, None] * light.lamp
    color = np.zeros((size, size, 3), np.float32)
    color[hit] = exposure * radiance
    full = np.zeros((size, size, 3), np.float32)
    full[hit] = normal
    return {"index": index, "color": color, "normal": full, "depth": depth}


def _harmonics(normal: np.ndarray) -> np.ndarray:
    """The nine real spherical harmonics up to second order, unnormalised, (P, 9)."""
    x, y, z = normal.T
    return np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y], axis=1)


def _occlusion(depth: np.ndarray) -> np.ndarray:
    """Screen-space ambient occlusion at two scales: how far a pixel lies behind the mean depth around it."""
    known = np.isfinite(depth)
    filled = np.where(known, depth, 0).astype(np.float32)
    size = depth.shape[0]
    shade = np.ones_like(filled)
    for radius, strength in ((0.02, 6.0), (0.07, 2.5)):
        pixels = (2 * int(radius * size / 2) + 1,) * 2
        share = cv2.blur(known.astype(np.float32), pixels)
        mean = cv2.blur(filled, pixels) / np.maximum(share, 1e-3)
        shade *= np.clip(1 - strength * np.clip(mean - filled, 0, 0.25), 0.35, 1)
    return shade


def _shadow_map(mesh, direction: np.ndarray):
    """Depth seen from the lamp; returns a function (P, 3) -> (P,) share of light, soft over a few texels."""
    side = np.cross([0.0, 1, 0], direction)
    side = side / max(np.linalg.norm(side), 1e-6) if np.linalg.norm(side) > 1e-3 else np.array([1.0, 0, 0])
    axes = np.stack([side, np.cross(direction, side), direction])
    turned = mesh.vertices @ axes.T
    centre = 0.5 * (turned.min(0) + turned.max(0))
    scale = 0.98 / max(np.ptp(turned[:, :2], axis=0).max() / 2, 1e-6)
    depth = rasterize((turned - centre) * scale, mesh.faces, SHADOW_PX, False, mesh.alpha)[2]
    depth = np.where(np.isfinite(depth), depth, -np.inf)

    def light_at(points: np.ndarray) -> np.ndarray:
        local = (points @ axes.T - centre) * scale
        column = np.clip(((local[:, 0] + 1) / 2 * SHADOW_PX).astype(int), 1, SHADOW_PX - 2)
        row = np.clip(((1 - local[:, 1]) / 2 * SHADOW_PX).astype(int), 1, SHADOW_PX - 2)
        taps = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
        return sum((depth[row + dy, column + dx] < local[:, 2] + 0.02).astype(np.float32) for dy, dx in taps) / len(taps)

    return light_at


def _shrink(values: np.ndarray) -> np.ndarray:
    size = values.shape[0] // SUPERSAMPLE
    return cv2.resize(values, (size, size), interpolation=cv2.INTER_AREA)


def _share(inside: np.ndarray) -> np.ndarray:
    return np.maximum(_shrink(inside.astype(np.float32)), 1e-6)


def _encode(color: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Linear -> sRGB uint8, averaged over the covered part of each pixel."""
    linear = np.clip(color, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055)
    mean = _shrink((srgb * inside[..., None]).astype(np.float32)) / _share(inside)[..., None]
    return np.round(np.clip(mean, 0, 1) * 255).astype(np.uint8)


def _normal(normal: np.ndarray, inside: np.ndarray) -> np.ndarray:
    mean = _shrink(normal * inside[..., None])
    return mean / np.maximum(np.linalg.norm(mean, axis=2, keepdims=True), 1e-6)


def _depth(depth: np.ndarray, inside: np.ndarray) -> np.ndarray:
    share = _share(inside)
    mean = _shrink(np.where(inside, depth, 0).astype(np.float32)) / share
    return np.where(share > 0.01, mean, np.nan).astype(np.float32)
