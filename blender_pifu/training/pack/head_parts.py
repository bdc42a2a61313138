# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack teeth and tongue as they lie in the mouth of the packed body: `data/head_parts.safetensors` and its card.

The tongue is the base mesh's helper. Of the teeth it has bare bands, which say where the arches run; crowns and gums
are made along them, as wide as crowns are. What an action of the face does to a helper is done to what is made of it.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ...engine.body.model import DATA, REGIONS
from ...engine.body.model import load_body as load_packed
from ..people.body import BASE_VERTICES, Body, load_body
from .assets import LICENCE, SOURCE
from .cards import write_card

PARTS = {"upper teeth": "helper-upper-teeth", "lower teeth": "helper-lower-teeth", "tongue": "helper-tongue"}
# Millimetres that crowns are wide, from the middle to the second molar (Wheeler's Dental Anatomy, rounded).
WIDTHS = {"upper teeth": (8.5, 6.5, 7.5, 7, 7, 10, 9.5), "lower teeth": (5.3, 5.8, 6.8, 7, 7, 11, 10.5)}
ARCH_DEG = 97.0  # to either side, as far as the bands go
ARCH_MIDDLE_M = 0.0384  # behind the first incisors
STEPS = (0.0, 0.3, 0.7)  # of a crown's width, where it has columns
ROWS = 8  # round an arch: gum, neck, belly, edge without, then the same within
THIN_M, THICK_SHARE, MOLARS_DEG = 0.002, 0.75, (35.0, 60.0)  # edges of incisors; of molars, as a share of the gum
PINCH_M, NOTCH_M, PAPILLA_M = 0.0008, 0.0009, 0.001  # between two crowns: inward, off the edge, of the gum
BELLY_M = 0.0004
# Off the bite, as jaws rest: behind lips that are closed, but not quite in a mesh.
RAISED_M = {"upper teeth": 0.0008, "lower teeth": -0.0045}
LEAST_MOVE = 1e-5  # metres, of an action
STRIP = {"upper teeth": (4.0, 3.0), "lower teeth": (7.0, 3.0), "tongue": (10.0, 4.0)}  # UV: from where, how wide
GUTTER = 0.06  # of the strip's height


def pack_head_parts(target: Path = DATA) -> dict:
    """Write head_parts.safetensors and its card, which is returned."""
    body = load_body()
    to_packed = _to_packed(body)
    made = [_part(body, name) for name in PARTS]
    starts = np.cumsum([0, *(len(part["vertices"]) for part in made)])
    faces = [part["faces"] + start for part, start in zip(made, starts[:-1], strict=True)]
    names, moves = _actions(body, made)
    moves = np.einsum("kvc,dc->kvd", moves, to_packed[:, :3])
    moving = [np.flatnonzero(np.linalg.norm(move, axis=1) > LEAST_MOVE) for move in moves]
    acting = [k for k, rows in enumerate(moving) if len(rows)]
    arrays = {
        "vertices": np.concatenate([part["vertices"] for part in made]) @ to_packed[:, :3].T + to_packed[:, 3],
        "faces": np.concatenate(faces).astype(np.uint16),
        "uv": np.concatenate([part["uv"] for part in made]),
        "part": np.repeat(np.arange(len(made)), np.diff(starts)).astype(np.uint8),
        "crown": np.concatenate([part["crown"] for part in made]),
        "gap": np.concatenate([part["gap"] for part in made]),
        "action_starts": np.cumsum([0, *(len(moving[k]) for k in acting)]).astype(np.int32),
        "action_vertices": np.concatenate([moving[k] for k in acting]).astype(np.uint16),
        "action_offsets": np.concatenate([moves[k][moving[k]] for k in acting]).astype(np.float16),
    }
    arrays = {name: array.astype(np.float32) if array.dtype == np.float64 else array for name, array in arrays.items()}
    path = target / "head_parts.safetensors"
    about = json.dumps({"parts": list(PARTS), "actions": [names[k] for k in acting]})
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, {"head_parts": about})
    card = {
        "name": "head_parts",
        "what": f"teeth and tongue in the mouth of body.safetensors: {starts[-1]} vertices, {len(acting)} actions",
        "licence": LICENCE,
        "source": SOURCE,
        "made_by": "python -m blender_pifu.training pack-head-parts",
    }
    return write_card(path, card)


def _to_packed(body: Body) -> np.ndarray:
    """(3, 4) affine map from the base mesh's mean, metres, to the packed body's: that of the mouth's inside."""
    packed = load_packed()
    mouth = np.flatnonzero(packed.arrays["regions"].numpy() == REGIONS.index("mouth"))
    here = np.hstack([_mean(body)[mouth], np.ones((len(mouth), 1))])
    return np.linalg.lstsq(here, packed.mean[mouth].numpy().astype(np.float64), rcond=None)[0].T


def _mean(body: Body) -> np.ndarray:
    return body.arrays["mean"][: 3 * BASE_VERTICES].reshape(-1, 3).astype(np.float64)


def _helper(body: Body, group: str) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (n,) of the base mesh of a group, and its faces (f, 4) in these."""
    number = list(body.arrays["group_names"]).index(group)
    rows, faces = np.unique(body.arrays["faces"][body.arrays["face_groups"] == number], return_inverse=True)
    return rows, faces.reshape(-1, 4)


def _part(body: Body, name: str) -> dict[str, np.ndarray]:
    rows, faces = _helper(body, PARTS[name])
    places = _mean(body)[rows]
    if name in WIDTHS:
        made = _arch(places, name)
        return {**made, "vertices": made["vertices"] + [0, 0, RAISED_M[name]], "rows": rows}
    flat = np.zeros(len(rows))
    return {
        "vertices": places,
        "faces": faces,
        "uv": _tongue_uv(places, faces),
        "crown": flat,
        "gap": flat,
        "rows": rows,
    }


def _arch(band: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Crowns and gums along a helper's band (n, 3): a closed tube of quads."""
    middle = np.array([0, band[:, 1].min() + ARCH_MIDDLE_M])
    curves = _curves(band, middle)
    angles, gap = _columns(curves, WIDTHS[name])
    gum, neck, edge, inner = (curve(np.abs(angles)) for curve in curves)  # (C, 2) each: radius, height
    up = np.sign(gum[0, 1] - edge[0, 1])  # towards the gum
    molar = np.clip((np.degrees(np.abs(angles)) - MOLARS_DEG[0]) / (MOLARS_DEG[1] - MOLARS_DEG[0]), 0, 1)
    thick = THIN_M + molar * (THICK_SHARE * (neck[:, 0] - inner[:, 0]) - THIN_M)
    pinch, notch = PINCH_M * gap, up * NOTCH_M * gap
    within = np.stack([edge[:, 0] - thick, edge[:, 1]], 1)
    belly = (neck + edge) / 2 + [[BELLY_M, 0]]
    tongue_side = (inner + within) / 2
    papilla = np.stack([0 * gap, -up * PAPILLA_M * gap], 1)
    inward, off = np.stack([pinch, 0 * pinch], 1), np.stack([0 * notch, notch], 1)
    top = np.stack([inner[:, 0], gum[:, 1] - up * 0.002], 1)
    loop = [gum, neck + papilla, belly - inward, edge - inward + off, within + inward + off, tongue_side + inward]
    loop += [inner + papilla, top]
    profile = np.stack(loop, 1)  # (C, ROWS, 2)
    x, y = np.sin(angles)[:, None] * profile[..., 0], middle[1] - np.cos(angles)[:, None] * profile[..., 0]
    vertices = np.stack([x, y, profile[..., 1]], -1).reshape(-1, 3)
    columns = len(angles)
    grid = np.arange(columns * ROWS).reshape(columns, ROWS)
    there, beside = grid[:-1], grid[1:]
    quads = np.stack([there, np.roll(there, -1, 1), np.roll(beside, -1, 1), beside], -1).reshape(-1, 4)
    caps = [_cap(grid[0][::-1]), _cap(grid[-1])]
    faces = np.concatenate([quads, *caps])
    crown = np.tile([0, 0.5, 1, 1, 1, 1, 0.5, 0], columns).astype(np.float32)
    uv = _arch_uv(columns, STRIP[name])
    if _volume(vertices, faces) < 0:
        faces, uv = faces[:, ::-1], uv[:, ::-1]
    return {"vertices": vertices, "faces": faces, "uv": uv, "crown": crown, "gap": np.repeat(gap, ROWS)}


def _cap(loop: np.ndarray) -> np.ndarray:
    """Quads that close a loop of eight."""
    a, b, c, d, e, f, g, h = loop
    return np.array([[a, b, g, h], [b, c, f, g], [c, d, e, f]])


def _curves(band, middle):
    """Of a band: its upper rim, middle row, edge, and row within; each an angle (C,) from the front, radians -> (C, 2)
    distance from the arch's middle and height, metres."""
    out = band[:, :2] - middle
    radius, angle = np.hypot(*out.T), np.abs(np.arctan2(out[:, 0], -out[:, 1]))
    even = np.stack([angle**k for k in (0, 2, 4, 6)], 1)
    # The row within has the least radius; the others lie one above the other.
    within = np.zeros(len(band), bool)
    for _ in range(8):
        fit = np.linalg.lstsq(even[~within], radius[~within], rcond=None)[0]
        within = radius < even @ fit - 0.004
    rest = np.flatnonzero(~within)
    level = np.linalg.lstsq(even[rest], band[rest, 2], rcond=None)[0]
    rank = band[:, 2] - even @ level
    third = 0.35 * np.abs(rank[rest]).max()
    rows = [rest[rank[rest] > third], rest[np.abs(rank[rest]) <= third], rest[rank[rest] < -third]]
    if (
        np.abs(radius[within] * 0 + band[within, 2] - band[rows[0]].mean(0)[2]).mean()
        > np.abs(band[within, 2] - band[rows[2]].mean(0)[2]).mean()
    ):
        rows = rows[::-1]  # a lower arch: its gum lies below
    fits = []
    for row in (*rows, np.flatnonzero(within)):
        fits.append(np.linalg.lstsq(even[row], np.stack([radius[row], band[row, 2]], 1), rcond=None)[0])
    return [lambda at, fit=fit: np.stack([at**k for k in (0, 2, 4, 6)], 1) @ fit for fit in fits]


def _columns(curves, widths):
    """Angles (C,) of columns of vertices from the right to the left, and how much each is a gap, 0 or 1."""
    fine = np.radians(np.linspace(0, ARCH_DEG, 2000))
    radius = curves[2](fine)[:, 0]
    places = np.stack([radius * np.sin(fine), radius * np.cos(fine)], 1)
    along = np.concatenate([[0], np.linalg.norm(np.diff(places, axis=0), axis=1).cumsum()])
    ends = np.concatenate([[0], np.cumsum(widths)]) / np.sum(widths) * along[-1]
    at = np.concatenate([start + np.array(STEPS) * (end - start) for start, end in zip(ends, ends[1:], strict=False)])
    at = np.append(at, along[-1])
    gap = np.append(np.tile([1.0, 0, 0], len(widths)), 1.0)
    angles = np.interp(at, along, fine)
    return np.concatenate([-angles[:0:-1], angles]), np.concatenate([gap[:0:-1], gap])


def _arch_uv(columns, place):
    """UVs (f, 4, 2) of an arch in the strip, its caps at the ends."""
    first, wide = place
    cap = 0.5
    u = first + cap + (wide - 2 * cap) * np.arange(columns) / (columns - 1)
    v = GUTTER + (1 - 2 * GUTTER) * np.arange(ROWS + 1) / ROWS
    corners = np.stack(np.meshgrid(u, v, indexing="ij"), -1)
    quads = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], 2).reshape(-1, 4, 2)
    caps = []
    for start in (first + GUTTER, first + wide - cap + GUTTER):
        ring = np.array([[0, k] for k in range(4)] + [[1, k] for k in range(3, -1, -1)], float)
        ring = [start, GUTTER] + ring * [cap - 2 * GUTTER, (1 - 2 * GUTTER) / 3]
        caps.append(ring[_cap(np.arange(8))])
    return np.concatenate([quads, *caps])


def _tongue_uv(places, faces):
    """UVs (f, 4, 2) of the tongue in the strip: its upper half from above beside its lower half from below."""
    first, wide = STRIP["tongue"]
    corners = places[faces]
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    low, size = places.min(0), np.ptp(places, axis=0)
    flat = (places[:, [1, 0]] - low[[1, 0]]) / size[[1, 0]]
    half = wide / 2
    flat = [first + GUTTER, GUTTER] + flat * [half - 2 * GUTTER, 1 - 2 * GUTTER]
    return flat[faces] + [[half, 0]] * (normals[:, 2] < 0)[:, None, None]


def _volume(vertices, faces):
    a, b, c, d = (vertices[faces[:, k]] for k in range(4))
    return (np.cross(a, b) * c).sum() + (np.cross(a, c) * d).sum()


def _actions(body, made):
    """Names (K,), and what each does to the parts' vertices (K, n, 3), the base mesh's metres: of an arch the affine
    move that is nearest to its helper's."""
    names = [str(name) for name in body.arrays["face_names"]]
    moves = []
    for begin, end in zip(body.arrays["face_start"], body.arrays["face_start"][1:], strict=False):
        whole = np.zeros(3 * BASE_VERTICES)
        whole[body.arrays["face_idx"][begin:end].astype(int)] = body.arrays["face_val"][begin:end]
        whole, found = whole.reshape(-1, 3), []
        for part in made:
            there = whole[part["rows"]]
            if len(part["rows"]) != len(part["vertices"]):
                here = np.hstack([_mean(body)[part["rows"]], np.ones((len(there), 1))])
                taken = np.linalg.lstsq(here, there, rcond=None)[0]
                there = np.hstack([part["vertices"], np.ones((len(part["vertices"]), 1))]) @ taken
            found.append(there)
        moves.append(np.concatenate(found))
    return names, np.array(moves)
