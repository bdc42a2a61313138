# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic person as the engine's result file holds one: quads, true joints and weights, a texture."""

import io
import json

import numpy as np
from PIL import Image

from blender_pifu.result_file import FORMAT
from blender_pifu.training.people.body import load_body, skin
from blender_pifu.training.people.pose import sample_pose

TRUNK = {
    "hips": ["root", "pelvis.L", "pelvis.R", "spine05"],
    "spine": ["spine04", "spine03"],
    "chest": ["spine02"],
    "upper_chest": ["spine01"],
    "neck": ["neck01", "neck02", "neck03"],
    "head": ["head", "eye.L", "eye.R"],
}
SIDE = {
    "shoulder": ["clavicle", "shoulder01"],
    "upper_arm": ["upperarm01", "upperarm02"],
    "forearm": ["lowerarm01", "lowerarm02"],
    "hand": ["wrist", "metacarpal1", "metacarpal2", "metacarpal3", "metacarpal4"],
    "thigh": ["upperleg01", "upperleg02"],
    "shin": ["lowerleg01", "lowerleg02"],
    "foot": ["foot"],
    "toe": ["toe2-1", *(f"toe{toe}-{joint}" for toe in range(1, 6) for joint in (1, 2, 3))],
    **{
        f"{name}_{joint}": [f"finger{finger}-{joint}"]
        for finger, name in enumerate(("thumb", "index", "middle", "ring", "little"), 1)
        for joint in (1, 2, 3)
    },
}
PARENTS = {"hips": None, "spine": "hips", "chest": "spine", "upper_chest": "chest", "neck": "upper_chest"}
PARENTS |= {"head": "neck", "shoulder": "upper_chest", "upper_arm": "shoulder", "forearm": "upper_arm"}
PARENTS |= {"hand": "forearm", "thigh": "hips", "shin": "thigh", "foot": "shin", "toe": "foot"}


def posed_body(seed=3, pose=True, keys=False):
    """Arrays of a result file: a naked body in a random pose (or in its own rest pose), feet on the ground."""
    body, rng = load_body(), np.random.default_rng(seed)
    shape = body.sample_shape(rng)
    rotations = sample_pose(body, shape.heads, rng).rotations if pose else np.tile(np.eye(3), (len(body.bones), 1, 1))
    rotations[body.bone["root"]] = np.eye(3)
    transforms = body.bone_transforms(shape.heads, rotations)
    points = skin(shape.vertices, body.weights, transforms)
    joints = np.einsum("bij,bj->bi", transforms[:, :, :3], shape.heads) + transforms[:, :, 3]

    quads = body.arrays["faces"][body.arrays["face_groups"] == list(body.arrays["group_names"]).index("body")]
    used, faces = np.unique(quads, return_inverse=True)
    faces = faces.reshape(quads.shape).astype(np.int32)
    fourth = (faces[:, 3] == faces[:, 0]) | (faces[:, 3] == faces[:, 2])
    faces[fourth, 3] = -1
    points, weights = points[used], body.weights[used]
    names, parents, heads, tails, columns = _bones(body, joints, transforms, points, weights)
    columns = np.stack(columns, 1)
    strongest = np.argsort(-columns, 1)[:, :4]
    four = np.take_along_axis(columns, strongest, 1)
    four /= four.sum(1, keepdims=True)

    low = points[:, 2].min()
    for array in (points, heads, tails):
        array[:, 2] -= low
    arrays = {
        "vertices": points.astype(np.float32),
        "faces": faces,
        "normals": np.zeros_like(points, dtype=np.float32),
        "colors": np.full((len(points), 3), (200, 160, 140), np.uint8),
        "summary": np.array(json.dumps({"topology": "animation", "height_m": float(np.ptp(points[:, 2]))})),
        "format": np.array(FORMAT, np.int32),
        "bone_names": np.array(names),
        "bone_parents": np.array(parents, np.int32),
        "bone_heads": heads.astype(np.float32),
        "bone_tails": tails.astype(np.float32),
        "weight_bones": strongest.astype(np.int32),
        "weights": four.astype(np.float32),
        "uv": _uv(len(faces)),
        "texture": _png(),
    }
    if keys:
        offsets = np.zeros((1, len(points), 3), np.float32)
        offsets[0, points[:, 2] > 0.9 * points[:, 2].max()] = (0, -0.01, 0)
        arrays |= {"shape_key_names": np.array(["nod"]), "shape_keys": offsets}
        arrays |= {"shape_key_values": np.zeros(1, np.float32)}
    return arrays


def _bones(body, joints, transforms, points, weights):
    names, parents, heads, tails, columns = [], [], [], [], []
    for name, sources in TRUNK.items():
        _add(names, parents, heads, columns, body, joints, weights, name, sources, PARENTS[name])
    for side in (".L", ".R"):
        for name, sources in SIDE.items():
            sources = [source + side for source in sources if source + side in body.bone]
            if "_" in name and name[-1].isdigit():
                parent = "hand" if name[-1] == "1" else f"{name[:-1]}{int(name[-1]) - 1}"
            else:
                parent = PARENTS[name]
            parent = parent if parent in TRUNK else parent + side
            _add(names, parents, heads, columns, body, joints, weights, name + side, sources, parent)
    heads = np.array(heads, float)
    following = {"hips": "spine", "spine": "chest", "chest": "upper_chest", "upper_chest": "neck", "neck": "head"}
    for side in (".L", ".R"):
        for chain in (("shoulder", "upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toe")):
            following |= {name + side: after + side for name, after in zip(chain, chain[1:], strict=False)}
        following["hand" + side] = "middle_1" + side
        for name in SIDE:
            if name[-1:] in "12" and "_" in name:
                following[name + side] = f"{name[:-1]}{int(name[-1]) + 1}{side}"
    for index, name in enumerate(names):
        if name in following:
            tails.append(heads[names.index(following[name])])
        else:
            mine = points[columns[index] > 0.5]
            along = heads[index] - heads[parents[index]]
            if name[:3] == "toe" or name == "head":  # forward and up at rest
                source = "foot" + name[3:] if name[:3] == "toe" else "head"
                along = transforms[body.bone[source], :, :3] @ ([0, 0, 1] if name == "head" else [0, -1, 0])
            along = along / np.linalg.norm(along)
            tails.append(heads[index] + along * max(((mine - heads[index]) @ along).max(), 0.01))
    return names, parents, heads, np.array(tails), columns


def _add(names, parents, heads, columns, body, joints, weights, name, sources, parent):
    names.append(name)
    parents.append(-1 if parent is None else names.index(parent))
    heads.append(joints[body.bone[sources[0]]])
    columns.append(weights[:, [body.bone[source] for source in dict.fromkeys(sources)]].sum(1))


def _uv(count):
    """Every face in a cell of its own."""
    side = int(np.ceil(np.sqrt(count)))
    cell = np.stack([np.arange(count) % side, np.arange(count) // side], 1)[:, None]
    corners = np.array([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]])
    return ((cell + corners) / side).astype(np.float32)


def _png():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return np.frombuffer(stream.getvalue(), np.uint8)
