# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of texture coordinates, material and names."""

import numpy as np

from ..person.human import Human
from .check import ERROR, WARNING, Line, MeshMeasures, judge

_TEXELS = 1024  # across the picture in which overlaps are looked for
_OVERLAP = 1e-3


def check_texture(person: Human, measures: MeshMeasures):
    """One UV map without overlaps, one material, or one a slot, and a base colour that goes with the file."""
    mesh = person.body.data
    image = base_image(person)
    layers = mesh.uv_layers
    if image is not None or layers:
        yield judge("uv_maps", "UV maps", len(layers) != 1, f"{len(layers)} of 1", len(layers), "Keep One")
    if layers.active:
        uv = np.empty(2 * len(layers.active.data), np.float32)
        layers.active.data.foreach_get("uv", uv)
        uv = uv.reshape(-1, 2)
        out = int(np.count_nonzero((uv < -1e-6) | (uv > 1 + 1e-6)))
        yield judge("uv_inside", "UV range", out > 0, f"{out} outside", out)
        share = overlap_share(measures, uv)
        yield judge("uv_overlaps", "UV overlaps", share > _OVERLAP, f"{share:.2%}", share)
    materials = [material for material in mesh.materials if material]
    slots = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    used = len(np.unique(slots))  # one, or one a material slot
    yield judge("material", "Material", len(materials) != used, f"{len(materials)} of {used}", len(materials))
    if image is None:
        colored = bool(mesh.color_attributes)
        value = "at vertices only" if colored else "none"
        yield Line("texture", "Base colour", WARNING if colored else ERROR, value, 0.0)
    else:
        kept = bool(image.packed_file) or bool(image.filepath) and not image.is_dirty
        size = "{} x {}".format(*image.size)
        yield judge("texture", "Base colour", not kept, f"{size}, {'kept' if kept else 'not saved'}", kept, "Pack")


def base_image(person: Human):
    """The image at the base colour of the first Principled material, or None."""
    for material in person.body.data.materials:
        for node in material.node_tree.nodes if material and material.node_tree else ():
            if node.type == "BSDF_PRINCIPLED":
                links = node.inputs["Base Color"].links
                return getattr(links[0].from_node, "image", None) if links else None
    return None


def overlap_share(measures: MeshMeasures, uv: np.ndarray) -> float:
    """How much of the texture that faces use more than one uses; uv (L, 2) of the face corners."""
    measures.mesh.calc_loop_triangles()
    corners = np.empty(3 * len(measures.mesh.loop_triangles), np.int32)
    measures.mesh.loop_triangles.foreach_get("loops", corners)
    texels = uv[corners.reshape(-1, 3)].astype(np.float64) * _TEXELS  # (T, 3, 2)
    low = np.clip(np.ceil(texels.min(1) - 0.5).astype(int), 0, _TEXELS)
    high = np.clip(np.floor(texels.max(1) - 0.5).astype(int) + 1, 0, _TEXELS)
    size = np.maximum(high - low, 0)
    count = np.zeros(_TEXELS * _TEXELS, np.int32)
    buckets = np.maximum(size.max(1), 1) - 1
    side = 2 ** np.ceil(np.log2(buckets + 1)).astype(int)  # triangles of about one size together
    for width in np.unique(side):
        mine = np.flatnonzero((side == width) & (size.min(1) > 0))
        for part in np.array_split(mine, max(1, len(mine) * width * width // 4_000_000)):
            count += _covered(texels[part], low[part], int(width))
    return float(np.count_nonzero(count > 1) / max(1, np.count_nonzero(count)))


def _covered(texels: np.ndarray, low: np.ndarray, width: int) -> np.ndarray:
    """How many of the triangles texels (T, 3, 2) hold each texel's centre; width: of the boxes from `low` (T, 2)."""
    steps = np.stack(np.meshgrid(np.arange(width), np.arange(width), indexing="ij"), -1).reshape(-1, 2)
    at = low[:, None] + steps  # (T, width^2, 2)
    inside = ((at >= 0) & (at < _TEXELS)).all(2)
    area = _cross(texels[:, 1] - texels[:, 0], texels[:, 2] - texels[:, 0])
    for first in range(3):
        start, end = texels[:, first], texels[:, (first + 1) % 3]
        # strictly inside: neighbours share their edges
        inside &= _cross((end - start)[:, None], at + 0.5 - start[:, None]) * np.sign(area)[:, None] > 1e-4
    found = at[inside]
    return np.bincount(found[:, 1] * _TEXELS + found[:, 0], minlength=_TEXELS * _TEXELS).astype(np.int32)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def check_names(person: Human, measures: MeshMeasures):
    """All of a person goes by the photo's name."""
    photo = person.body.pifu.photo
    wrong = [block.name for block in named_blocks(person) if not block.name.startswith(photo)]
    value = ", ".join(wrong) if wrong else f"{photo} ..."
    yield judge("names", "Names", bool(wrong), value, len(wrong), "Rename", WARNING)


def named_blocks(person: Human) -> list:
    """The data-blocks that have the photo's name."""
    blocks = [person.body, person.body.data, *filter(None, person.body.data.materials), base_image(person)]
    if person.armature:
        blocks += [person.armature, person.armature.data]
    blocks += [group for group in person.body.users_collection if group.name != "Scene Collection"]
    return [block for block in blocks if block]
