# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh as .glb: glTF 2.0 (Khronos, section numbers below are of its specification) with texture, skin, targets."""

import json

import numpy as np
from scipy.spatial.transform import Rotation

from ...body_axes import flexion_axes, unit
from ...result_file import Reconstruction
from ..srgb import to_linear
from ..surface.mesh import split_quads, y_up
from ..surface.normals import angle_weighted_normals

FLOAT, USHORT, UINT = 5126, 5123, 5125
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


def glb_bytes(result: Reconstruction) -> bytes:
    """The contents of a .glb of a Reconstruction: metres, Y up, facing +Z."""
    faces, corners = split_quads(result.faces)
    source, uv = np.arange(len(result.vertices)), None
    if result.texture:  # a vertex of several UVs becomes several
        corner_uv = result.texture.uv.reshape(-1, 2)[corners]
        keys = np.column_stack([faces.ravel(), corner_uv.reshape(-1, 2)])
        unique, first = np.unique(keys, axis=0, return_inverse=True)
        source, uv, faces = unique[:, 0].astype(np.int64), unique[:, 1:], first.reshape(-1, 3)
    file = _Buffers()
    normals = result.normals
    if result.texture and result.texture.normal_png:  # which tells how the dense surface's differ from these
        normals = angle_weighted_normals(result.vertices, result.faces)
    attributes = {
        "POSITION": file.add(y_up(result.vertices)[source], FLOAT, bounds=True),
        "NORMAL": file.add(y_up(normals)[source], FLOAT),
    }
    material = {"name": "Human", "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.9}}
    tree = {"asset": {"version": "2.0", "generator": "blender_pifu"}, "scene": 0}
    if result.texture and uv is not None:
        attributes["TEXCOORD_0"] = file.add(np.column_stack([uv[:, 0], 1 - uv[:, 1]]), FLOAT)
        _maps(result.texture, material, file, tree)
    else:  # a texture would be multiplied by these (3.7.2.1); linear, as floats because bytes would band in the dark
        attributes["COLOR_0"] = file.add(to_linear(result.colors / 255.0).astype(np.float32)[source], FLOAT)
    mesh: dict = {"name": "Human"}
    nodes = [{"name": "Human", "mesh": 0}]
    tree |= {"meshes": [mesh], "nodes": nodes, "scenes": [{"nodes": [0]}]}
    if result.rig:
        tree["scenes"][0]["nodes"] += _skin(result.rig, source, attributes, nodes, file, tree)
        if result.motion:
            tree["animations"] = [_animation(result.rig, result.motion, len(nodes), file)]
    primitive: dict = {"attributes": attributes}
    if result.shape_keys:
        moves = [y_up(offsets)[source] for offsets in result.shape_keys.offsets]
        primitive["targets"] = [{"POSITION": file.add(move, FLOAT, bounds=True)} for move in moves]
        mesh |= {"weights": result.shape_keys.values.tolist(), "extras": {"targetNames": list(result.shape_keys.names)}}
    slots = np.zeros(len(result.faces), np.uint8) if result.slots is None else result.slots.faces
    mine = slots[corners[:, 0] // result.faces.shape[1]]
    tree["materials"] = [material | {"name": name} for name in (result.slots.names if result.slots else ["Human"])]
    mesh["primitives"] = [
        primitive | {"material": slot, "indices": file.add(faces[mine == slot].reshape(-1, 1), UINT)}
        for slot in np.unique(slots).tolist()
    ]
    tree |= {"accessors": file.accessors, "bufferViews": file.views, "buffers": [{"byteLength": len(file.data)}]}
    return _container(json.dumps(tree).encode(), bytes(file.data))


def _maps(texture, material, file, tree):
    """Add the maps there are to the material (3.9), each with an image of its own."""
    tree |= {"textures": [], "images": [], "samplers": [{"magFilter": 9729, "minFilter": 9987}]}

    def add(png, name):
        tree["images"].append({"bufferView": file.view(png), "mimeType": "image/png", "name": name})
        tree["textures"].append({"source": len(tree["textures"]), "sampler": 0})
        return {"index": len(tree["textures"]) - 1}

    surface = material["pbrMetallicRoughness"]
    surface["baseColorTexture"] = add(texture.png, "Human")
    if texture.normal_png:
        material["normalTexture"] = add(texture.normal_png, "Human Normal")
    if texture.roughness_png:
        surface |= {"roughnessFactor": 1.0, "metallicRoughnessTexture": add(texture.roughness_png, "Human Roughness")}


def _skin(rig, source, attributes, nodes, file, tree):
    """Add joints and weights (3.7.3); returns the root joints' node numbers.

    A joint's +Y runs along its bone, as readers that draw bones take it, and it bends about +X. Readers guess how long
    a bone is from its nearest child; so bones without one get a joint at their end, which moves nothing.
    """
    names, parents, places = _joints(rig)
    first = len(nodes)
    for index, (name, parent) in enumerate(zip(names, parents, strict=True)):
        local = np.linalg.inv(places[parent]) @ places[index] if parent >= 0 else places[index]
        turn = Rotation.from_matrix(local[:3, :3]).as_quat()
        nodes.append({"name": name, "translation": local[:3, 3].tolist(), "rotation": turn.tolist()})
        if parent >= 0:
            nodes[first + parent].setdefault("children", []).append(first + index)
    bind = np.linalg.inv(places).transpose(0, 2, 1)  # columns come first in glTF
    bind[:, :, 3] = [0, 0, 0, 1]  # exactly, says 3.7.3.1
    used = np.where(rig.weights > 0, rig.weight_bones, 0)
    attributes["JOINTS_0"] = file.add(used[source], USHORT)
    attributes["WEIGHTS_0"] = file.add(rig.weights[source], FLOAT)
    joints = list(range(first, first + len(names)))
    tree["skins"] = [{"joints": joints, "inverseBindMatrices": file.add(bind.reshape(-1, 16), FLOAT)}]
    nodes[0]["skin"] = 0
    return [first + index for index in np.flatnonzero(rig.parents < 0).tolist()]


def _animation(rig, motion, nodes, file):
    """The motion of the joints, which are the last of so many nodes (3.11): turns of all, and the root's place."""
    names, parents, places = _joints(rig)
    first = nodes - len(names)
    times = file.add(np.arange(len(motion.turns))[:, None] / motion.rate, FLOAT, bounds=True)
    samplers, channels = [], []

    def move(node, path, values):
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append({"input": times, "output": file.add(values, FLOAT), "interpolation": "LINEAR"})

    turns = Rotation.from_quat(motion.turns[..., [1, 2, 3, 0]].reshape(-1, 4)).as_matrix()
    turns = turns.reshape(*motion.turns.shape[:2], 3, 3)
    axes = np.stack([y_up(axis) for axis in np.eye(3)], 1)
    turns = axes @ turns @ axes.T
    for index, parent in enumerate(parents[: len(rig.names)]):
        above = places[parent, :3, :3] if parent >= 0 else np.eye(3)
        local = above.T @ turns[:, index] @ places[index, :3, :3]
        move(first + index, "rotation", _unbroken(Rotation.from_matrix(local).as_quat()))
    move(first, "translation", y_up(motion.hips))
    return {"name": motion.name, "samplers": samplers, "channels": channels}


def _unbroken(turns):
    """Quaternions (T, 4) of which each is the one of its two signs that lies nearer to that before it."""
    flips = np.where((turns[1:] * turns[:-1]).sum(1) < 0, -1.0, 1.0)
    return np.concatenate([turns[:1], turns[1:] * np.cumprod(flips)[:, None]])


def _joints(rig):
    """Names, parents (-1 for a root) and places (J, 4, 4) in the file's axes of a Rig's bones, then of their ends."""
    heads, tails = (dict(zip(rig.names, ends.astype(np.float64), strict=True)) for ends in (rig.heads, rig.tails))
    axes = flexion_axes(heads, tails)
    names, parents, places = list(rig.names), rig.parents.tolist(), []
    for name in rig.names:
        along = unit(tails[name] - heads[name])
        columns = [axes[name], along, np.cross(axes[name], along), heads[name]]
        places.append(np.vstack([np.stack([y_up(column) for column in columns], 1), [0, 0, 0, 1]]))
    for index in sorted(set(range(len(rig.names))) - set(rig.parents.tolist())):
        name = rig.names[index]
        end = np.eye(4)
        end[1, 3] = np.linalg.norm(tails[name] - heads[name])
        names.append(f"{name[:-2]}_end{name[-2:]}" if name[-2:] in (".L", ".R") else f"{name}_end")
        parents.append(index)
        places.append(places[index] @ end)
    return names, parents, np.array(places)


class _Buffers:
    """The binary part as it grows, and what describes it (3.6)."""

    def __init__(self):
        self.data, self.views, self.accessors = bytearray(), [], []

    def add(self, array, component, bounds=False):
        """Append an array (N, width); returns its accessor's number."""
        array = np.ascontiguousarray(array, {FLOAT: "<f4", USHORT: "<u2", UINT: "<u4"}[component])
        accessor = {"bufferView": self.view(array.tobytes()), "componentType": component, "count": len(array)}
        accessor["type"] = KINDS[array.shape[1]]
        if bounds:
            accessor |= {"min": array.min(0).tolist(), "max": array.max(0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def view(self, data):
        """Append bytes; returns their view's number."""
        self.data += b"\0" * (-len(self.data) % 4)
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)})
        self.data += data
        return len(self.views) - 1


def _container(text, binary):
    """Header, JSON chunk, binary chunk (4.4), each padded to four bytes."""
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = b"".join(
        len(chunk).to_bytes(4, "little") + kind + chunk for chunk, kind in ((text, b"JSON"), (binary, b"BIN\0"))
    )
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunks)).to_bytes(4, "little") + chunks
