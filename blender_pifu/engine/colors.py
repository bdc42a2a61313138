# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of the mesh: the photo where the camera saw it, the drawn back behind, a smooth continuation between."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter, minimum_filter
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import cg

# A surface is trusted fully where its normal leans this far towards the camera, and not at all below the first value.
FACING = (0.2, 0.5)
# So far (in field units; 6 mm on an adult) the photo's colours are distrusted inside its outline and beside an overlap;
# inside the outline not quite, as thin parts are all rim.
RIM = 0.006
RIM_TRUST = 0.05
# Guessed colours give way a little where they meet seen ones.
GUESS_TRUST = 0.5
# How firmly trusted colours are held against the smoothing, per square of the lattice step at 256.
HOLD = 400.0
# The equations are solved until this is left of the error: a fraction of one step of 8 bits.
TOLERANCE = 1e-3


def paint(vertices, faces, normals, spacing, photo, back=None, guess=None):
    """Colours (V, 3) uint8 sRGB of vertices (V, 3) with unit normals (V, 3), field space.

    spacing: the lattice step the mesh was cut from, field units.
    photo, back: images (n, n, 4) float32 of the crop, sRGB 0..1 and matte, of any size: what the camera saw, and, if
    known, the back as it would be seen through the body (not mirrored).
    guess: (V, 3) float, sRGB 0..1, if known: colours to take wherever no picture shows any.
    """
    colors = np.zeros((len(vertices), 3))
    trust = np.zeros(len(vertices))
    for image, side in ((back, -1), (photo, 1)):
        if image is None:
            continue
        seen = visible(vertices, faces, normals, spacing, side)
        core = _step(_sample(_erode(image[..., 3]), vertices), 0.5, 0.95)
        rim = RIM_TRUST * (_sample(image[..., 3], vertices) > 0.5)
        side_trust = seen * _step(side * normals[:, 2], *FACING) * np.maximum(core, rim)
        mine = side_trust > 0
        colors[mine] = _sample(image[..., :3], vertices[mine])
        trust[mine] = side_trust[mine]
    if guess is not None:
        blind = trust == 0
        colors[blind], trust[blind] = guess[blind], GUESS_TRUST
    if not trust.any():
        trust[:], colors[:] = 1, _sample(photo[..., :3], vertices)
    return np.round(np.clip(spread(colors, trust, faces, HOLD * (spacing * 128) ** 2), 0, 1) * 255).astype(np.uint8)


def visible(vertices, faces, normals, spacing, side):
    """How well each vertex is seen along z, (V,) 0..1, from the front (side 1) or the back (side -1).

    0 where other parts of the mesh lie before it, also where they do within RIM beside it.
    """
    size = max(8, round(2 / spacing))
    depth = side * vertices[:, 2]
    buffer = _depth_buffer(vertices, faces, depth, size)
    reach = max(1, round(RIM / 2 * size))
    around = maximum_filter(buffer, 2 * reach + 1)
    row, column = _pixel(vertices, size)
    lean = np.clip(side * normals[:, 2], 0.1, 1)
    slope = np.sqrt(1 - lean**2) / lean
    behind = buffer[row, column] - depth
    overlapped = around[row, column] - depth
    return (behind < spacing * (1 + 2 * slope)) & (overlapped < 4 * RIM + reach * spacing * (1 + 2 * slope))


def spread(colors, trust, faces, hold):
    """Fill in colours (V, C) where trust (V,) 0..1 is small: as smooth over the mesh as the trusted ones allow.

    hold: how much a vertex of nearly full trust keeps its own colour, against 2 for each neighbour. Full trust is kept.
    """
    count = len(colors)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    links = coo_matrix((np.ones(len(start)), (start, end)), shape=(count, count)).tocsr()
    links = links + links.T
    degree = np.asarray(links.sum(1)).ravel()
    free = np.flatnonzero(trust < 1)
    result = colors.copy()
    if not len(free):
        return result
    hold = hold * trust[free] ** 2
    among = links[free][:, free]
    from_fixed = links[free] @ (colors * (trust == 1)[:, None])
    matrix = diags(degree[free] + hold + 1e-6) - among
    scale = diags(1 / (degree[free] + hold + 1e-6))
    first = _nearest_trusted(colors, trust, links)[free]
    for channel in range(colors.shape[1]):
        right = from_fixed[:, channel] + hold * colors[free, channel]
        result[free, channel], _ = cg(matrix, right, first[:, channel], rtol=TOLERANCE, maxiter=300, M=scale)
    return result


def _nearest_trusted(colors, trust, links):
    """A first guess: trusted colours handed on from vertex to vertex until all have one."""
    known = (trust > 0).astype(float)
    result = colors * known[:, None]
    while True:
        weight = links @ known
        new = (known == 0) & (weight > 0)
        if not new.any():
            return result
        result[new] = (links[new] @ result) / weight[new, None]
        known[new] = 1


def _depth_buffer(vertices, faces, depth, size):
    """The nearest depth per pixel, (size, size), -inf where there is none, from points spread over each face."""
    buffer = np.full((size, size), -np.inf)
    a, b, c = np.column_stack([vertices[:, :2], depth])[faces].transpose(1, 0, 2)
    for points in (a, b, c, (a + b) / 2, (b + c) / 2, (c + a) / 2, (a + b + c) / 3):
        np.maximum.at(buffer, _pixel(points, size), points[:, 2])
    return buffer


def _pixel(points, size):
    """Row and column (N,) of points (N, 2+) in an image of the crop."""
    column = np.floor((points[:, 0] + 1) / 2 * size).astype(np.int64)
    row = np.floor((1 - points[:, 1]) / 2 * size).astype(np.int64)
    return row.clip(0, size - 1), column.clip(0, size - 1)


def _sample(image, points):
    """Bilinear samples (N[, C]) of an image (n, n[, C]) of the crop at points (N, 2+), field space."""
    size = image.shape[0]
    place = np.stack([(1 - points[:, 1]) / 2 * size - 0.5, (points[:, 0] + 1) / 2 * size - 0.5])
    if image.ndim == 2:
        return map_coordinates(image, place, order=1, mode="nearest")
    return np.stack([map_coordinates(image[..., c], place, order=1, mode="nearest") for c in range(image.shape[2])], -1)


def _erode(matte):
    """A matte (n, n) shrunk by RIM and softened, so that trust fades towards the outline."""
    reach = max(1, round(RIM / 2 * len(matte)))
    return gaussian_filter(minimum_filter(matte, 2 * reach + 1), reach / 2)


def _step(value, low, high):
    """Smooth step from 0 at `low` to 1 at `high`."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
