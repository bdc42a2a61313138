# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack the head's and the hands' skin laid flat: `data/skin_charts.safetensors` and its card.

MakeHuman's charts have good seams, but a face a tenth as large as the crown. Here they keep the seams, and every part
nearly its size: Rabinovich et al. 2017, "Scalable Locally Injective Mappings", as in libigl.
"""

import json
from pathlib import Path

import igl
import numpy as np
from safetensors.numpy import save_file
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ...engine.body.bones import INDEX
from ...engine.body.model import DATA, load_body
from ...engine.layout.animation.template import Template, bones_of_hands, load_template
from ...engine.layout.texture.texels import cover
from .assets import LICENCE, SOURCE
from .cards import write_card

ROUNDS = 12  # of the optimization, or fewer: what is laid flat must not lie over itself
TEST_PX = 3000
SAME_UV = 1e-5  # corners of one vertex that are no farther apart are one place of the chart
OPEN = "jawOpen"  # the face is laid flat with an open mouth, or its lips would lie over each other
UP = {"head": (0.0, 1.0, 0.0)}  # what of the body is up in a chart, where one is seen upright


def pack_skin_charts(target: Path = DATA) -> dict:
    """Write skin_charts.safetensors and its card, which is returned."""
    template = load_template()
    rest = template.rest + template.expressions[OPEN]
    rows, corners, uv = _places(template)
    names, faces, places, chart = [], [], np.zeros((len(rows), 2)), []
    for island in _islands(corners):
        name = _name(template, island)
        if name is None:
            continue
        used = np.unique(corners[island])
        quads = np.searchsorted(used, corners[island])
        places[used] = _upright(_flat(rest[rows[used]], quads, uv[used]), rest[rows[used]], UP.get(name))
        faces.append(island)
        chart.append(np.full(len(island), len(names)))
        names.append(name)
    faces = np.concatenate(faces)
    used, quads = np.unique(corners[faces], return_inverse=True)
    arrays = {
        "faces": faces.astype(np.uint16),
        "corners": quads.reshape(-1, 4).astype(np.uint16),
        "places": places[used].astype(np.float32),
        "chart": np.concatenate(chart).astype(np.uint8),
    }
    return _save(target / "skin_charts.safetensors", arrays, names)


def _save(path: Path, arrays: dict[str, np.ndarray], names: list[str]) -> dict:
    save_file(arrays, path, {"charts": json.dumps(names)})
    about = {
        "name": path.stem,
        "what": f"{len(arrays['faces'])} quads of body.safetensors laid flat in {len(names)} charts, metres",
        "licence": LICENCE,
        "source": SOURCE,
        "made_by": "python -m blender_pifu.training pack-skin-charts",
    }
    return write_card(path, about)


def _places(template: Template) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the template's map: places, with the vertex (P,) and the UV (P, 2) of each, and the faces' corners (F, 4)."""
    key = np.concatenate([template.faces.reshape(-1, 1), np.round(template.uv.reshape(-1, 2) / SAME_UV)], 1)
    _, first, corners = np.unique(key, axis=0, return_index=True, return_inverse=True)
    uv = template.uv.reshape(-1, 2)[first].astype(np.float64)
    return template.faces.ravel()[first], corners.reshape(template.faces.shape), uv


def _islands(corners: np.ndarray) -> list[np.ndarray]:
    """Faces (f,) of each connected piece of a map, whose faces have corners (F, 4)."""
    start, end = corners.ravel(), np.roll(corners, -1, 1).ravel()
    count = int(corners.max()) + 1
    piece = connected_components(coo_matrix((np.ones(len(start)), (start, end)), (count, count)), directed=False)[1]
    of_faces = piece[corners[:, 0]]
    return [np.flatnonzero(of_faces == one) for one in np.unique(of_faces)]


def _name(template: Template, island: np.ndarray) -> str | None:
    """What of the body a piece of the map is; None of what is not packed."""
    rows = template.faces[island]
    regions, labels = template.regions[rows], template.labels[rows]
    side = ".L" if load_body().mean[rows, 0].mean() > 0 else ".R"
    if (regions == "socket").all():
        return f"eye{side}"
    if (regions == "mouth").mean() > 0.5:
        return "mouth"
    if (labels == INDEX["head"]).mean() > 0.5:
        return "head"
    return f"hand{side}" if bones_of_hands((side,))[labels].mean() > 0.5 else None


def _flat(points: np.ndarray, quads: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """A piece (P, 3) laid flat, (P, 2) in its unit, from its place in the template's map (P, 2) on."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    solid = np.linalg.norm(np.cross(*_edges(points, triangles)), axis=1).sum()
    flat = np.cross(*_edges(uv, triangles)).sum()
    start = uv * np.sqrt(solid / abs(flat)) * [np.sign(flat), 1]
    arguments = (np.asfortranarray(array) for array in (points, triangles, start))
    nothing_held = np.zeros(0, np.int32), np.zeros((0, 2), order="F"), 0.0
    data = igl.slim_precompute(*arguments, igl.MappingEnergyType.SYMMETRIC_DIRICHLET, *nothing_held)
    best = start
    for _ in range(ROUNDS):
        placed = igl.slim_solve(data, 1)[:, :2]
        if _overlaps(placed, triangles):
            break
        best = placed
    return best


def _edges(points, triangles):
    corners = points[triangles]
    return corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]


def _overlaps(placed: np.ndarray, triangles: np.ndarray) -> bool:
    unit = (placed - placed.min(0)) / np.ptp(placed, axis=0).max()
    return bool((np.bincount(cover(unit[triangles], TEST_PX).texel) > 1).any())


def _upright(placed: np.ndarray, points: np.ndarray, up: tuple[float, ...] | None) -> np.ndarray:
    """A piece (P, 2) turned so that what is `up` in space (P, 3) is up in it, or else that it is as wide as it goes."""
    centred = placed - placed.mean(0)
    if up is None:
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        across = axes[0]
    else:
        rises = np.linalg.lstsq(centred, points @ up - (points @ up).mean(), rcond=None)[0]
        across = np.array([rises[1], -rises[0]]) / np.linalg.norm(rises)
    return centred @ np.stack([across, [-across[1], across[0]]], 1)
