# SPDX-License-Identifier: GPL-3.0-or-later
"""A human as an asset: its collection, with the photo as thumbnail, tags and what it was made of."""

from pathlib import Path

import bpy

from .armature import bone_set_of
from .bones import load_set
from .human import Human


def mark(context, person: Human, licence: str, photo: str) -> bpy.types.Collection:
    """Mark the collection that holds the human, and nothing else, as an asset; a human that shares its collection gets
    one of its own first. licence: of what it was made with; photo: file for the thumbnail, "" for a rendered one."""
    collection = _own_collection(context, person)
    collection.asset_mark()
    data = collection.asset_data
    data.description = f"Human, {person.body.dimensions.z:.2f} high, {len(person.body.data.polygons):,} faces"
    data.license = licence
    tags = ["human", person.body.pifu.topology]
    if person.armature:
        bone_set = bone_set_of(person.armature)
        tags += ["rigged", *([load_set(bone_set)["label"]] if bone_set else [])]
    for tag in filter(None, tags):
        data.tags.new(tag, skip_if_exists=True)
    if photo and Path(photo).is_file():
        with context.temp_override(id=collection):
            bpy.ops.ed.lib_id_load_custom_preview(filepath=photo)
    else:
        collection.asset_generate_preview()
    return collection


def _own_collection(context, person: Human) -> bpy.types.Collection:
    things = {person.root, *person.root.children_recursive}
    for collection in person.body.users_collection:
        if set(collection.all_objects) == things and collection != context.scene.collection:
            return collection
    own = bpy.data.collections.new(person.body.name)
    _above(context, person).children.link(own)
    for thing in things:
        for collection in list(thing.users_collection):
            collection.objects.unlink(thing)
        own.objects.link(thing)
    return own


def _above(context, person: Human) -> bpy.types.Collection:
    return next(iter(person.body.users_collection), context.scene.collection)
