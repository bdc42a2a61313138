# SPDX-License-Identifier: GPL-3.0-or-later
"""What mends a person, by the id of the check's line."""

import bmesh
import bpy
import numpy as np
from mathutils import Matrix

from ..person.armature import held_on_ground
from ..person.human import Human, group_weights
from ..person.influences import limit_influences, normalise_weights, set_weights, turn_deform_off
from ..person.units import metres_per_unit
from .check import MeshMeasures
from .checks_mesh import facing_deg, ground_of
from .checks_surface import base_image, named_blocks


def move(person: Human, matrix: Matrix) -> None:
    """Move mesh, shape keys and rest pose together, the objects' own transforms staying as they are."""
    for thing in filter(None, (person.armature, person.body)):
        world = thing.matrix_world
        _transform(thing, world.inverted() @ matrix @ world)
    _update(person)


def apply_transforms(person: Human) -> None:
    """Put the objects' rotation and scale into mesh and rest pose; the origin stays where the artist has put it."""
    worlds = [(thing, thing.matrix_world.copy()) for thing in (person.armature, person.body) if thing]
    origin = person.root.matrix_world.translation.copy()
    for thing, world in worlds:
        _transform(thing, Matrix.Translation(-origin) @ world)
        if thing == person.body and world.determinant() < 0:
            thing.data.flip_normals()
        if thing.parent:
            thing.matrix_parent_inverse.identity()
        thing.matrix_basis.identity()
    person.root.location = origin
    _update(person)


def set_height(person: Human) -> None:
    """Scale to the height that was asked for, about the origin, which is between the feet."""
    points, origin = MeshMeasures(person).points, person.root.matrix_world.translation.copy()
    scale = Matrix.Scale(person.body.pifu.height_m / np.ptp(points[:, 2]), 4)
    move(person, Matrix.Translation(origin) @ scale @ Matrix.Translation(-origin))
    drop_to_ground(person)


def drop_to_ground(person: Human) -> None:
    """The lowest point at the height of the origin."""
    low = (MeshMeasures(person).points[:, 2].min() - ground_of(person)) / metres_per_unit(bpy.context.scene)
    move(person, Matrix.Translation((0, 0, -low)))


def face_front(person: Human) -> None:
    """Turn about the vertical, so that hips and shoulders look to -Y."""
    move(person, Matrix.Rotation(np.radians(-facing_deg(person)), 4, "Z"))


def remove_loose(person: Human) -> None:
    """Keep the piece with most vertices, and what lies within the head."""
    measures = MeshMeasures(person)
    keep = measures.in_head | (measures.pieces == np.bincount(measures.pieces[~measures.in_head]).argmax())

    def mend(mesh):
        mesh.verts.ensure_lookup_table()
        gone = [mesh.verts[index] for index in np.flatnonzero(~keep)]
        bmesh.ops.delete(mesh, geom=gone, context="VERTS")

    _edit(person, mend)


def fill_holes(person: Human) -> None:
    """Close what is open."""
    _edit(person, lambda mesh: bmesh.ops.holes_fill(mesh, edges=[edge for edge in mesh.edges if edge.is_boundary]))


def dissolve_flat(person: Human) -> None:
    """Take away edges and faces without a size."""
    least = 1e-6 / metres_per_unit(bpy.context.scene)
    _edit(person, lambda mesh: bmesh.ops.dissolve_degenerate(mesh, dist=least, edges=mesh.edges[:]))


def recalculate_normals(person: Human) -> None:
    """All faces outward."""
    _edit(person, lambda mesh: bmesh.ops.recalc_face_normals(mesh, faces=mesh.faces[:]))


def remove_other_groups(person: Human) -> None:
    """Take away vertex groups that no deforming bone answers to."""
    bones = person.armature.data.bones
    for group in list(person.body.vertex_groups):
        if group.name not in bones or not bones[group.name].use_deform:
            person.body.vertex_groups.remove(group)


def weigh_bare(person: Human) -> None:
    """Give vertices without weights those of the nearest vertex that has some."""
    from mathutils.kdtree import KDTree

    points = MeshMeasures(person).points
    rows, groups, weights = group_weights(person.body)
    weighed = np.zeros(len(points), bool)
    weighed[rows[weights > 0]] = True
    if not weighed.any():
        return
    tree = KDTree(int(weighed.sum()))
    for index in np.flatnonzero(weighed).tolist():
        tree.insert(points[index], index)
    tree.balance()
    for index in np.flatnonzero(~weighed).tolist():
        mine = rows == tree.find(points[index])[1]
        set_weights(person, np.full(int(mine.sum()), index), groups[mine], weights[mine])


def keep_one_uv_map(person: Human) -> None:
    """Keep the UV map that is rendered."""
    layers = person.body.data.uv_layers
    kept = next((layer.name for layer in layers if layer.active_render), None)
    for name in [layer.name for layer in layers if layer.name != kept]:
        layers.remove(layers[name])


def pack_texture(person: Human) -> None:
    """Keep the picture in the .blend."""
    base_image(person).pack()


def rename(person: Human) -> None:
    """Call everything by the photo's name."""
    photo = person.body.pifu.photo
    for block in named_blocks(person):
        if not block.name.startswith(photo):
            armature = isinstance(block, bpy.types.Armature) or block == person.armature
            block.name = f"{photo} Armature" if armature else photo


FIXES = {
    "height": set_height,
    "ground": drop_to_ground,
    "facing": face_front,
    "transforms": apply_transforms,
    "pieces": remove_loose,
    "holes": fill_holes,
    "flat": dissolve_flat,
    "normals": recalculate_normals,
    "groups": remove_other_groups,
    "idle": turn_deform_off,
    "unweighted": weigh_bare,
    "sums": normalise_weights,
    "influences": limit_influences,
    "uv_maps": keep_one_uv_map,
    "texture": pack_texture,
    "names": rename,
}


def _edit(person: Human, mend) -> None:
    mesh = bmesh.new()
    try:
        mesh.from_mesh(person.body.data)
        mend(mesh)
        mesh.to_mesh(person.body.data)
    finally:
        mesh.free()
    person.body.data.update()


def _transform(thing, matrix: Matrix) -> None:
    if thing.type == "MESH":
        thing.data.transform(matrix, shape_keys=True)
    else:
        with held_on_ground(thing):
            thing.data.transform(matrix)


def _update(person: Human) -> None:
    person.body.data.update()
    if person.armature:
        person.armature.data.update_tag()
    bpy.context.view_layer.update()
