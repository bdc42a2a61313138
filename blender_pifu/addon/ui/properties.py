# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist chooses (on the Scene) and what the panel shows of the work (on the WindowManager)."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..person import bones
from ..work import models, photo_check

RESOLUTIONS = {"DRAFT": 128, "STANDARD": 256, "FINE": 512, "ULTRA": 1024}
QUALITIES = (
    ("DRAFT", "Draft", "128 points along the body: a first look"),
    ("STANDARD", "Standard", "256 points along the body"),
    ("FINE", "Fine", "512 points along the body: slower, finer"),
    ("ULTRA", "Ultra", "1024 points along the body: takes long and needs memory"),
)
TOPOLOGIES = (
    ("SCULPT", "Sculpting", "Dense triangles with all that was found: to sculpt on, or to look at"),
    ("STANDARD", "Standard", "About 20,000 quads, a few triangles among them: to rig and animate"),
    ("GAME", "Game", "About 8,000 quads, a few triangles among them: light enough for a game"),
    ("PRINT", "3D Print", "Closed triangles, thin places made thick enough to print"),
    (
        "ANIMATION",
        "Animation",
        "A body's own quads laid on the surface, with face loops, expressions as shape keys, skeleton and texture. "
        "For tight clothes; others are refused",
    ),
)
TEXTURES_PX = {"NONE": 0, "SMALL": 1024, "MEDIUM": 2048, "LARGE": 4096}
TEXTURES = (
    ("NONE", "None", "Colours at the vertices only"),
    ("SMALL", "1024 px", "A UV map and a picture of 1024 pixels"),
    ("MEDIUM", "2048 px", "A UV map and a picture of 2048 pixels"),
    ("LARGE", "4096 px", "A UV map and a picture of 4096 pixels"),
)
STATES = (
    ("IDLE", "Idle", ""),
    ("RUNNING", "Running", ""),
    ("DONE", "Done", ""),
    ("FAILED", "Failed", ""),
    ("CANCELLED", "Cancelled", ""),
)


def _on_photo(self, _context) -> None:
    self.person = 0
    photo_check.chosen(self.id_data)


def _on_person(self, _context) -> None:
    photo_check.chosen(self.id_data)


# Blender keeps no reference to the strings of items that a function makes.
_model_items: tuple = ()


def _models(self, _context):
    global _model_items
    _model_items = tuple(
        (model.key, model.name, model.description, "", index)
        for index, model in enumerate(models.choices(self.model_key))
    )
    return _model_items


def _get_model(self) -> int:
    return [model.key for model in models.choices(self.model_key)].index(self.model_key)


def _set_model(self, index: int) -> None:
    self.model_key = models.choices(self.model_key)[index].key


class PIFU_PG_settings(bpy.types.PropertyGroup):
    """The choices for the next human; saved with the scene."""

    photo: PointerProperty(
        type=bpy.types.Image, name="Photo", description="Photo of one person, best from head to feet", update=_on_photo
    )
    person: IntProperty(
        name="Person",
        description="Which of several people in the photo, counted from the left. 0: the largest, most central one",
        min=0,
        update=_on_person,
    )
    # By name, since the number of an imported model changes with the others that are there.
    model_key: StringProperty(default="human", options={"HIDDEN"})
    model: EnumProperty(
        name="Model",
        description="What makes the human. Published models are imported in the add-on's preferences",
        items=_models,
        get=_get_model,
        set=_set_model,
    )
    back_photo: PointerProperty(
        type=bpy.types.Image,
        name="Back Photo",
        description="Optional second photo: the same person in the same pose from behind. What it shows is not guessed",
    )
    quality: EnumProperty(name="Quality", description="How fine the surface is", items=QUALITIES, default="STANDARD")
    topology: EnumProperty(name="Mesh", description="How the surface is laid out", items=TOPOLOGIES, default="STANDARD")
    texture: EnumProperty(
        name="Texture", description="The photo baked into a base colour map", items=TEXTURES, default="MEDIUM"
    )
    skeleton: BoolProperty(
        name="Skeleton",
        description="With an armature and skin weights, and limbs that look grown together in the photo cut apart",
        default=True,
    )
    height_m: FloatProperty(
        name="Height",
        description="Height of the person",
        default=1.70,
        min=0.05,
        max=50.0,
        soft_min=0.5,
        soft_max=2.5,
        subtype="DISTANCE",
        unit="LENGTH",
    )
    bones: EnumProperty(
        name="Bones",
        description="Whose names, parents and axes the skeleton has",
        items=bones.choices(),
        default="PLAIN",
    )


class PIFU_PG_advice(bpy.types.PropertyGroup):
    """A sentence about the photo."""

    severity: StringProperty(options={"SKIP_SAVE"})  # info, warning or block
    sentence: StringProperty(options={"SKIP_SAVE"})


class PIFU_PG_status(bpy.types.PropertyGroup):
    """What is at work or how it ended, and what is known of the photo. Written by the ticks alone; never saved."""

    state: EnumProperty(items=STATES, default="IDLE", options={"SKIP_SAVE"})
    about_engine: BoolProperty(options={"SKIP_SAVE"})  # the engine's installation, not a human
    step: StringProperty(options={"SKIP_SAVE"})
    fraction: FloatProperty(min=0.0, max=1.0, options={"SKIP_SAVE"})
    message: StringProperty(options={"SKIP_SAVE"})
    fix: StringProperty(options={"SKIP_SAVE"})
    kind: StringProperty(options={"SKIP_SAVE"})

    looking: BoolProperty(options={"SKIP_SAVE"})
    looked: StringProperty(options={"SKIP_SAVE"})  # `photo.key` of the image that the rest is about, or empty
    asked: IntProperty(options={"SKIP_SAVE"})  # the settings' `person` of then
    people: IntProperty(options={"SKIP_SAVE"})  # how many were found; -1: the look failed
    taken: IntProperty(options={"SKIP_SAVE"})  # whom the advice is about, or 0
    advice: CollectionProperty(type=PIFU_PG_advice, options={"SKIP_SAVE"})


CLASSES = (PIFU_PG_settings, PIFU_PG_advice, PIFU_PG_status)
