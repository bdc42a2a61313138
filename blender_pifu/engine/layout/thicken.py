# SPDX-License-Identifier: GPL-3.0-or-later
"""Walls thick enough to print: what is thinner than a ball is swept by one."""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates, maximum_filter
from scipy.spatial import cKDTree

from ..interfaces import Field
from ..surface.extraction import extract_surface
from ..surface.mesh import largest_component, vertex_normals
from .thickness import wall_thickness

# A figure of this height, and what most printers can hold at it.
PRINT_HEIGHT_MM, LEAST_MM = 180.0, 1.5
SPARE = 1.15  # the lattice rounds walls off a little
STEPS = 1.7  # lattice steps to the ball's radius
ROUNDS = 3
OFF = 0.1  # lattice steps that the surface keeps away from lattice points


def thicken(vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The surface with walls of at least LEAST_MM on a figure of PRINT_HEIGHT_MM.

    vertices (V, 3) field space, faces (F, 3), one closed piece, normals (V, 3) -> vertices, faces of the same kind, and
    the least thickness of its walls, mm at that height (LEAST_MM where all are at least that thick).

    Half-way between walls that are too thin lie the middles of balls of the wanted radius, which are joined with the
    body; narrow gaps that printers would close are closed by them, too. Where walls so made are still thin, for their
    edges or their holes are, balls are added once more.
    """
    mm = PRINT_HEIGHT_MM / np.ptp(vertices[:, 1])
    radius = SPARE * LEAST_MM / 2 / mm
    body = _Lattice(vertices, faces, normals, radius)
    middles = np.empty((0, 3))
    thickness = wall_thickness(vertices, normals, LEAST_MM / mm)
    for _ in range(ROUNDS):
        thin = thickness < LEAST_MM / mm
        if not thin.any():
            break
        middles = np.concatenate([middles, vertices[thin] - normals[thin] * thickness[thin, None] / 2])
        vertices, faces = body.joined(middles)
        normals = vertex_normals(vertices, faces)
        thickness = wall_thickness(vertices, normals, LEAST_MM / mm)
    return vertices, faces, float(min(thickness.min() * mm, LEAST_MM))


class _Lattice:
    """Depth below a closed surface on a lattice about it, in field units, exact next to the surface."""

    def __init__(self, vertices, faces, normals, radius):
        """radius: of the balls that will be joined with it."""
        self._radius = radius
        self._resolution = round(2 * STEPS / radius)
        self._step = step = 2 / self._resolution
        self._low = np.floor((vertices.min(0) - 2 * radius) / step).astype(int)
        shape = np.ceil((vertices.max(0) + 2 * radius) / step).astype(int) - self._low
        inside = _fill(vertices / step - self._low, faces, shape)
        depth = np.where(inside, distance_transform_edt(inside) - 0.5, 0.5 - distance_transform_edt(~inside)) * step
        band = np.argwhere(np.abs(depth) < 2 * step)
        places = (band + self._low) * step
        nearest = cKDTree(vertices).query(places)[1]
        exact = np.abs(np.einsum("ni,ni->n", places - vertices[nearest], normals[nearest]))
        depth[tuple(band.T)] = np.where(inside[tuple(band.T)], exact, -exact)
        self._depth = depth

    def joined(self, middles):
        """The largest piece of the body and of balls about middles (N, 3): vertices, faces."""
        step, depth = self._step, self._depth.copy()
        reach = self._radius + 2 * step
        cells = np.unique(np.round(middles / step).astype(int) - self._low, axis=0)
        around = np.zeros(depth.shape, bool)
        around[tuple(cells.clip(0, np.array(depth.shape) - 1).T)] = True
        around = np.argwhere(distance_transform_edt(~around) * step < reach + step)
        balls = self._radius - cKDTree(middles).query((around + self._low) * step, distance_upper_bound=reach)[0]
        place = tuple(around.T)
        swept = np.maximum(depth[place], balls)
        changed = np.zeros(depth.shape, np.float32)
        changed[place] = swept != depth[place]
        depth[place] = swept
        depth += (gaussian_filter(depth, 0.7) - depth) * maximum_filter(changed, 3)
        # Vertices that all but meet at a lattice point have no normals to speak of.
        depth = np.where(depth > 0, np.maximum(depth, OFF * step), np.minimum(depth, -OFF * step))
        surface = extract_surface(_Grid(depth, self._low, step), self._resolution, refine=False)
        return largest_component(surface.vertices, surface.faces)


def _fill(points, faces, shape):
    """Which lattice points lie inside, bool of `shape`, for a closed mesh of points (V, 3) in lattice steps: by the
    parity of the faces that a line along z meets."""
    corners = points[faces].astype(np.float64)
    corners[..., :2] += (1e-7, 1.7e-7)  # no line through a vertex
    low = np.ceil(corners[..., :2].min(1)).astype(int)
    size = np.maximum(np.floor(corners[..., :2].max(1)).astype(int) - low + 1, 0)
    count = size.prod(1)
    face = np.repeat(np.arange(len(faces)), count)
    place = np.arange(len(face)) - np.repeat(np.cumsum(count) - count, count)
    x, y = low[face, 0] + place // size[face, 1], low[face, 1] + place % size[face, 1]
    a, b, c = corners[face].transpose(1, 0, 2)

    def doubled(p, q):
        return (q[:, 0] - p[:, 0]) * (y - p[:, 1]) - (q[:, 1] - p[:, 1]) * (x - p[:, 0])

    shares = np.stack([doubled(b, c), doubled(c, a), doubled(a, b)])
    hit = (shares > 0).all(0) | (shares < 0).all(0)
    shares = shares[:, hit]
    z = (shares * np.stack([a[hit, 2], b[hit, 2], c[hit, 2]])).sum(0) / shares.sum(0)
    toggles = np.zeros((*shape[:2], shape[2] + 1), np.int16)
    np.add.at(toggles, (x[hit], y[hit], np.ceil(z).astype(int).clip(0, shape[2])), 1)
    return (np.cumsum(toggles, 2)[..., :-1] % 2).astype(bool)


class _Grid(Field):
    """Depths on a part of the lattice as a field."""

    device = torch.device("cpu")

    def __init__(self, depth, low, step):
        self._depth, self._low, self._step = depth, low, step

    def support(self, xy):
        place = xy.numpy() / self._step - self._low[:2]
        inside = (place >= 0) & (place <= np.array(self._depth.shape[:2]) - 1)
        return torch.from_numpy(inside.all(1))

    def query_columns(self, xy, column, z):
        points = np.column_stack([xy.numpy()[column.numpy()], z.numpy()]) / self._step - self._low
        depth = map_coordinates(self._depth, points.T, order=1, mode="nearest")
        return torch.from_numpy(np.clip(0.5 + depth / (8 * self._step), 0, 1).astype(np.float32))
