# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the mesh: size and place, one closed piece, faces."""

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from ...body_axes import body_left, forward_of
from ..person.human import Human, joints
from ..person.units import metres_per_unit
from .check import WARNING, MeshMeasures, judge

FACES = {"standard": 20_000, "game": 8_000}  # of the presets of quads; "animation" has the body's own
QUADS = (*FACES, "animation")
_FLAT = 1e-12  # square metres
_CROSSING = 0.001
_OFF_TURN_DEG, _TURNED_DEG = 20.0, 60.0  # a photo may show someone turned a little


def check_place(person: Human, measures: MeshMeasures):
    """Height, ground, direction and transforms."""
    low, high = measures.points[:, 2].min(), measures.points[:, 2].max()
    asked, height = person.body.pifu.height_m, high - low
    if asked:
        bad = abs(height / asked - 1) > 0.01
        yield judge("height", "Height", bad, f"{height:.3f} of {asked:.3f} m", height, "Set Height")
    low -= ground_of(person)
    yield judge("ground", "On the ground", abs(low) > 1e-3, f"{low * 1000:+.1f} mm", low, "Drop to Ground")
    if person.armature:
        angle = facing_deg(person)
        worse = WARNING if abs(angle) < _TURNED_DEG else "ERROR"
        yield judge(
            "facing", "Faces -Y", abs(angle) > _OFF_TURN_DEG, f"{angle:+.0f}\u00b0 off", angle, "Face Front", worse
        )
    worlds = [np.array(thing.matrix_world) for thing in filter(None, vars(person).values())]
    off = max(np.abs(world[:3, :3] - np.eye(3)).max() for world in worlds)
    off = max(off, *(np.abs(world[:3, 3] - worlds[0][:3, 3]).max() for world in worlds))
    yield judge("transforms", "Transforms", off > 1e-6, f"{off:.3g} off", off, "Apply Transforms")


def ground_of(person: Human) -> float:
    """World height (metres) that the person is to stand at: its origin's, wherever the artist has put that."""
    return float(person.root.matrix_world.translation.z) * metres_per_unit(bpy.context.scene)


def facing_deg(person: Human) -> float:
    """Degrees, to the person's left positive, between -Y and where hips and shoulders look."""
    heads, _tails = joints(person.armature)
    world = np.array(person.armature.matrix_world)
    forward = world[:3, :3] @ forward_of(body_left(heads))
    return float(np.degrees(np.arctan2(forward[0], -forward[1])))


def check_solid(person: Human, measures: MeshMeasures):
    """One closed piece, beside those within the head, that looks outward and does not pass through itself."""
    used = np.zeros(len(measures.points), bool)
    used[measures.corners] = True
    pieces = len(np.unique(measures.pieces[~measures.in_head]))
    yield judge("pieces", "One piece", pieces != 1, f"{pieces} found", pieces, "Remove Loose Pieces")
    border = int(np.count_nonzero(measures.faces_of_edge == 1))
    yield judge("holes", "No holes", border > 0, f"{border} open edges", border, "Fill Holes")
    wrong = int(np.count_nonzero((measures.faces_of_edge == 0) | (measures.faces_of_edge > 2)))
    yield judge("manifold", "Manifold", wrong > 0, f"{wrong} bad edges", wrong)
    flat = int(np.count_nonzero(measures.areas < _FLAT))
    yield judge("flat", "Flat faces", flat > 0, f"{flat} found", flat, "Dissolve Flat Faces")
    inward = measures.flipped_edges or measures.volume <= 0
    value = "inside out" if measures.volume <= 0 else f"{measures.flipped_edges} edges turned"
    yield judge("normals", "Normals", inward, value, measures.flipped_edges, "Recalculate Normals")
    share = crossing_faces(measures) / max(1, len(measures.triangles))
    yield judge("crossing", "Crossings", share > _CROSSING, f"{share:.3%} of faces", share, worse=WARNING)


def check_faces(person: Human, measures: MeshMeasures):
    """Quads and count, as the topology preset promises."""
    topology, count = person.body.pifu.topology, int(measures.of_skin.sum())
    if topology in QUADS:
        share = float((measures.sizes == 4).mean())
        yield judge("quads", "Quads", share < 0.95, f"{share:.1%}", share)
    if topology in FACES:
        wanted = FACES[topology]
        off = count / wanted - 1
        yield judge("count", "Face count", abs(off) > 0.1, f"{count:,} of {wanted:,}", count, worse=WARNING)


def crossing_faces(measures: MeshMeasures) -> int:
    """Triangles of the skin that pass through another one with which they share no vertex."""
    triangles = measures.triangles[~measures.in_head[measures.triangles[:, 0]]]
    tree = BVHTree.FromPolygons(measures.points.tolist(), triangles.tolist(), all_triangles=True)
    pairs = np.array(tree.overlap(tree), np.int64).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    shared = (triangles[pairs[:, 0]][:, :, None] == triangles[pairs[:, 1]][:, None, :]).any((1, 2))
    return len(np.unique(pairs[~shared]))
