# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack MakeHuman's CC0 body into the compact one that the engine fits: `python -m blender_pifu.training.pack.body
SOURCE`, SOURCE as for `pack_assets` (its `base/base.obj` gives the UVs). Writes `data/body.safetensors` and its card.

Bodies are brought to one height before their shapes are compared, because a photo does not tell the height; the
components left are those of build, age and sex.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ...engine.body.bones import BONES, FINGERS, INDEX, SIDES, mirrored
from ...engine.body.model import DATA, REGIONS
from ...engine.reading.landmarks import POINTS
from ...engine.surface.mesh import vertex_normals
from ..people.body import ADULT_AGE, BASE_VERTICES, Body, load_body
from ..people.mesh_files import read_obj
from .assets import LICENCE, SOURCE
from .cards import write_card

COMPONENTS, INFLUENCES = 20, 6
SKIN, EYES = 13380, ("helper-l-eye", "helper-r-eye")
LEAST_MOVE = 1e-4  # metres; what moves less in an expression stays
SOCKET_RADIUS = 1.35  # of the eye's, within which skin that looks at its middle is the socket

# Which bone of MakeHuman gives each canonical bone its head, and the bones (by beginning of name) merged into it.
MERGED = {
    "hips": ("root", ("root", "pelvis", "spine05")),
    "spine": ("spine04", ("spine04", "spine03")),
    "chest": ("spine02", ("spine02",)),
    "upper_chest": ("spine01", ("spine01",)),
    "neck": ("neck01", ("neck",)),
    "head": ("head", ("head", "eye")),
    "shoulder": ("clavicle", ("clavicle", "shoulder01")),
    "upper_arm": ("upperarm01", ("upperarm",)),
    "forearm": ("lowerarm01", ("lowerarm",)),
    "hand": ("wrist", ("wrist", "metacarpal")),
    "thigh": ("upperleg01", ("upperleg",)),
    "shin": ("lowerleg01", ("lowerleg",)),
    "foot": ("foot", ("foot",)),
    "toe": ("toe2-1", ("toe",)),
}
MERGED |= {
    f"{finger}_{joint}": (f"finger{number}-{joint}", (f"finger{number}-{joint}",))
    for number, finger in enumerate(FINGERS, 1)
    for joint in (1, 2, 3)
}
# Landmark: the bone it rides on, and where it lies: a bone's head, or base vertices, of the left or the middle.
LANDMARKS = {
    0: ("head", 297), 2: ("head", "eye"), 7: ("head", "ears"), 9: ("head", 7272),
    11: ("upper_arm", "upper_arm"), 13: ("forearm", "forearm"), 15: ("hand", "hand"), 17: ("hand", "little_1"),
    19: ("hand", "index_1"), 21: ("thumb_2", "thumb_2"), 23: ("thigh", "thigh"), 25: ("shin", "shin"),
    27: ("foot", "foot"), 29: ("foot", 12442), 31: ("toe", "joint-l-foot-2"),
}  # fmt: skip
# Metres by which the landmark network sees points higher than the joints are: medians over 25 synthetic people.
RAISED = {11: 0.02, 13: 0.015, 25: -0.018, 27: 0.035}
EYE_CORNERS = {1: ("eye", -0.012), 3: ("eye", 0.013)}  # metres outward from the eye's middle


def merging(body: Body) -> np.ndarray:
    """(104, 52): 1 where one of MakeHuman's bones is merged into a canonical one."""
    into = np.zeros((len(body.bones), len(BONES)), np.float32)
    for index, bone in enumerate(BONES):
        name, side = (bone[:-2], bone[-2:]) if bone[-2:] in SIDES else (bone, "")
        for theirs, row in body.bone.items():
            into[row, index] = theirs.startswith(MERGED[name][1]) and (bone in MERGED or theirs.endswith(side))
    return into


def canonical_heads(body: Body, heads: np.ndarray) -> np.ndarray:
    """Heads (..., 104, 3) of MakeHuman's bones -> those of the canonical ones (..., 52, 3); posed or not."""
    names = [MERGED[b[:-2]][0] + b[-2:] if b[-2:] in SIDES else MERGED[b][0] for b in BONES]
    return heads[..., [body.bone[name] for name in names], :]


def tails_of(points) -> tuple[list[str], list[np.ndarray]]:
    """Names and places of the tails that are no other bone's head."""
    names, places = ["head"], [points("crown")]
    for side in SIDES:
        for number, finger in enumerate(FINGERS, 1):
            names.append(f"{finger}_3{side}")
            places.append(points(f"joint-{side[1].lower()}-finger-{number}-4"))
        names.append(f"toe{side}")
        places.append(points(f"joint-{side[1].lower()}-foot-2"))
    return names, places


def pack(source: Path, target: Path) -> None:
    """Write the body and its card."""
    body, mesh = load_body(), read_obj(source / "base" / "base.obj")
    group_of = {str(name): index for index, name in enumerate(body.arrays["group_names"])}
    kept = np.concatenate([np.arange(SKIN), *(_vertices(body, group_of[name]) for name in EYES)])
    shapes, heads = _bodies(body)
    mirror = _mirror(shapes[0])

    def points(name):
        """Places (N, 3) of a joint group, vertex or region on all bodies."""
        if name == "crown":
            return shapes[:, np.argmax(body.mean_vertices[:SKIN, 2])]
        if name == "ears":
            return shapes[:, (body.mask("ears") > 0.5) & (body.mean_vertices[:, 0] > 0)].mean(1)
        if isinstance(name, int):
            return shapes[:, name]
        return shapes[:, _vertices(body, group_of[name])].mean(1)

    bone_heads = canonical_heads(body, heads)
    tails, tail_places = tails_of(points)
    places, riders = _landmarks(body, heads, bone_heads, points)
    rows = np.concatenate([shapes[:, kept], bone_heads, np.stack(tail_places, 1), places], axis=1)
    rows = rows - rows[:, len(kept), None]  # the hips at the origin
    rows *= (1.7 / np.ptp(rows[:, :SKIN, 2], axis=1))[:, None, None]
    weight = _share(body)
    mean = np.einsum("n,nvc->vc", weight, rows)
    _, spread, basis = np.linalg.svd(((rows - mean) * np.sqrt(weight)[:, None, None]).reshape(len(rows), -1), False)
    # Each component times its standard deviation: coefficients are standard normal.
    basis = (basis * spread[:, None])[:COMPONENTS].reshape(COMPONENTS, *mean.shape)

    keep = np.full(BASE_VERTICES, -1)
    keep[kept] = np.arange(len(kept))
    weights = body.weights[kept] @ merging(body)
    strongest = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    values = np.take_along_axis(weights, strongest, 1)
    solid = np.isin(mesh["groups"], [group_of[name] for name in ("body", *EYES)])
    uv_used, face_uv = np.unique(mesh["face_uv"][solid], return_inverse=True)
    actions, starts, indices, offsets = _expressions(body, keep)
    quads = keep[mesh["faces"][solid]]
    arrays = {
        "mean": mean.astype(np.float32),
        "basis": basis.astype(np.float16),
        "faces": quads.astype(np.uint16),
        "uv": mesh["uv"][uv_used],
        "face_uv": face_uv.reshape(-1, 4).astype(np.uint16),
        "weight_bones": strongest.astype(np.uint8),
        "weights": (values / values.sum(1, keepdims=True)).astype(np.float16),
        "face_region": (body.mask("face")[kept] * 255).astype(np.uint8),
        "regions": _regions(body, quads, kept),
        "mirror": keep[mirror[kept]].astype(np.uint16),
        "landmark_bones": riders,
        "expression_starts": starts,
        "expression_vertices": indices,
        "expression_offsets": offsets,
    }
    # One entry: several would be written in any order, and the same body would get another sum.
    metadata = {"body": json.dumps({"tails": tails, "expressions": actions, "skin_vertices": SKIN})}
    path = target / "body.safetensors"
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, metadata)
    _put_card(path, rows, mean, basis, weight)


def _put_card(path, rows, mean, basis, weight):
    flat = basis.reshape(COMPONENTS, -1) / np.linalg.norm(basis.reshape(COMPONENTS, -1), axis=1, keepdims=True)
    centred = (rows - mean).reshape(len(rows), -1)
    error = np.linalg.norm((centred - centred @ flat.T @ flat).reshape(rows.shape), axis=2)
    about = {
        "name": "body",
        "what": f"parametric human body: {SKIN} skin vertices and 144 of the eyes, {COMPONENTS} shape components of "
        f"people of one height, {len(BONES)} bones, {INFLUENCES} skin weights a vertex, landmarks, expressions, "
        "UVs, regions",
        "licence": LICENCE,
        "source": SOURCE,
        "made_by": "python -m blender_pifu.training.pack.body",
        "error_mm": round(1000 * float(weight @ error.mean(1)), 2),
    }
    write_card(path, about)


def _vertices(body, group):
    return np.unique(body.arrays["faces"][body.arrays["face_groups"] == group])


def _bodies(body):
    """All sampled bodies: vertices (N, 19158, 3) and heads (N, 104, 3)."""
    flat = (body.arrays["mean"] + body.samples @ body.basis).reshape(len(body.samples), -1, 3)
    return flat[:, :BASE_VERTICES], flat[:, BASE_VERTICES:]


def _regions(body, quads, kept):
    """(SKIN,) index in REGIONS; quads (Q, 4) of the kept vertices."""
    regions = np.zeros(SKIN, np.uint8)
    regions[body.mask("ears")[:SKIN] > 0.5] = REGIONS.index("ear")
    regions[body.mask("inside_mouth")[:SKIN] > 0.5] = REGIONS.index("mouth")
    points = body.mean_vertices[kept].astype(np.float64)
    normals = vertex_normals(points, np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]]))[:SKIN]
    for side in (1, -1):
        eye = points[SKIN:][side * points[SKIN:, 0] > 0]
        away = points[:SKIN] - eye.mean(0)
        radius = np.linalg.norm(eye - eye.mean(0), axis=1).mean()
        near = np.linalg.norm(away, axis=1) < SOCKET_RADIUS * radius
        regions[near & ((normals * away).sum(1) < 0)] = REGIONS.index("socket")
    return regions


def _share(body):
    """How much each sampled body counts: as often as people of that age are photographed."""
    age = body.phenotypes[:, body.phenotype_names.index("age")]
    share = np.where(age > ADULT_AGE, 1.0, np.where(age > 0.15, 0.3, 0.02))
    return share / share.sum()


def _mirror(vertices):
    """Index (19158,) of the vertex that lies mirrored."""
    from scipy.spatial import cKDTree

    return cKDTree(vertices).query(vertices * [-1, 1, 1])[1]


def _landmarks(body, heads, bone_heads, points):
    """Places (N, 33, 3) and the bone (33,) each rides on."""
    places = np.zeros((len(heads), POINTS, 3), np.float32)
    riders = np.zeros(POINTS, np.uint8)
    for number, (bone, what) in LANDMARKS.items():
        middle = bone in INDEX
        riders[number] = INDEX[bone if middle else bone + ".L"]
        if what == "eye":
            places[:, number] = heads[:, body.bone["eye.L"]]
        elif isinstance(what, str) and what + ".L" in INDEX:
            places[:, number] = bone_heads[:, INDEX[what + ".L"]]
        else:
            places[:, number] = points(what)
        places[:, number, 2] += RAISED.get(number, 0.0)
        if number:  # its twin
            twin = number + (3 if number == 2 else 1)
            riders[twin] = INDEX[mirrored(BONES[riders[number]])]
            places[:, twin] = places[:, number] * [-1, 1, 1]
    for number, (_, outward) in EYE_CORNERS.items():
        places[:, number] = places[:, 2] + [outward, 0, 0]
        places[:, number + 3] = places[:, 5] - [outward, 0, 0]
        riders[[number, number + 3]] = INDEX["head"]
    return places, riders


def _expressions(body, keep):
    """Facial actions on the kept vertices: names, starts (K + 1,), vertices (E,) and offsets (E, 3)."""
    names, starts, indices, offsets = [], [0], [], []
    for name, begin, end in zip(
        body.arrays["face_names"], body.arrays["face_start"], body.arrays["face_start"][1:], strict=False
    ):
        move = np.zeros(3 * BASE_VERTICES, np.float32)
        move[body.arrays["face_idx"][begin:end].astype(int)] = body.arrays["face_val"][begin:end]
        move = move.reshape(-1, 3)
        moved = np.flatnonzero((np.abs(move).max(1) > LEAST_MOVE) & (keep >= 0))
        if len(moved):
            names.append(str(name))
            indices.append(keep[moved])
            offsets.append(move[moved])
            starts.append(starts[-1] + len(moved))
    return (
        names,
        np.asarray(starts, np.int32),
        np.concatenate(indices).astype(np.uint16),
        np.concatenate(offsets).astype(np.float16),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    pack(parser.parse_args().source, DATA)
