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

from ...choices import HEIGHT_M, KINDS, READY, Choices, Option
from ..export import programs
from ..person import bones
from ..person.units import metres_per_unit
from ..posing.repose import POSES
from ..work import further_photos, job, models, photo_check
from ..work.photo import key
from ..work.scene_choices import DRAWN
from .further_photos import PIFU_PG_view

# Blender's own limits of a height, and where the slider ends. Metres: Blender's lengths are units of the scene.
HEIGHTS = {"min": 0.05, "max": 50.0, "soft_min": 0.5, "soft_max": 2.5}
SHOWN = {"height_m": "height"}  # the property that the panel shows in place of an option's
STATES = (
    ("IDLE", "Idle", ""),
    ("RUNNING", "Running", ""),
    ("DONE", "Done", ""),
    ("FAILED", "Failed", ""),
    ("CANCELLED", "Cancelled", ""),
)


def _on_photo(self, _context) -> None:
    job.forget()
    further_photos.forget(self)
    self.person = 0
    photo_check.chosen(self.id_data)


def _on_person(self, _context) -> None:
    job.forget()
    photo_check.chosen(self.id_data)


def _on_back_photo(_self, _context) -> None:
    job.forget()


def _on_program(self, _context) -> None:
    for name, value in programs.BY_IDENTIFIER[self.program].choices.items():
        setattr(self, name, value)


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


def _get_height_m(self) -> float:
    """The artist's own height, or what the photo suggests."""
    status = bpy.context.window_manager.pifu
    suggested = self.photo is not None and status.looked == key(self.photo) and status.height_m
    return self.own_height_m or suggested or HEIGHT_M


def _set_height_m(self, height_m: float) -> None:
    self.own_height_m = min(max(height_m, HEIGHTS["min"]), HEIGHTS["max"])  # Blender holds no setter to limits


def _get_height(self) -> float:
    """`height_m` in units of the scene, which Blender shows in the length that the artist has chosen."""
    return self.height_m / metres_per_unit(self.id_data)


def _set_height(self, units: float) -> None:
    self.height_m = units * metres_per_unit(self.id_data)


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
        update=_on_back_photo,
    )
    views: CollectionProperty(type=PIFU_PG_view, options={"HIDDEN"})
    height: FloatProperty(
        name="Height",
        description="Height of the person",
        subtype="DISTANCE",
        unit="LENGTH",
        get=_get_height,
        set=_set_height,
        options={"SKIP_SAVE"},
    )
    own_height_m: FloatProperty(options={"HIDDEN"})  # 0: as the photo suggests
    program: EnumProperty(
        name="For",
        description="The program that the human is for: it sets the choices below, and the file that Export writes",
        items=programs.items(),
        default="BLENDER",
        update=_on_program,
    )
    pose: EnumProperty(
        name="Rest Pose",
        description="The pose in which the human comes, and in which its bones rest",
        items=[("PHOTO", "As in the Photo", "The pose that the photo shows"), *POSES],
        default="PHOTO",
    )
    bones: EnumProperty(
        name="Bones",
        description="Whose names, parents and axes the skeleton has",
        items=bones.choices(),
        default="PLAIN",
    )
    controls: BoolProperty(
        name="Controls",
        description="A root, inverse kinematics for hands and feet, and bones that share the twists of limbs and the "
        "turn of raised arms. Exports leave the controls out. Rigify's bones get theirs by Generate Rigify Rig",
        default=True,
    )


def _property(name: str, option: Option):
    """The Blender property of an option."""
    words = {"name": option.label, "description": option.description}
    default = READY.get(name, getattr(Choices, name))
    if option.items:
        items = [(item.identifier, item.label, item.description) for item in option.items]
        return EnumProperty(items=items, default=option.item(default).identifier, **words)
    kinds = {bool: BoolProperty, int: IntProperty, float: FloatProperty, str: StringProperty}
    if name == "height_m":
        return FloatProperty(get=_get_height_m, set=_set_height_m, **words, **HEIGHTS)
    return kinds[KINDS[name]](default=default, **words)


PIFU_PG_settings.__annotations__ |= {option.prop: _property(name, option) for name, option in DRAWN.items()}


def draw_options(layout, settings: PIFU_PG_settings) -> None:
    """Draw the scene's choices below each other, their names before them."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name, option in DRAWN.items():
        row = column.row(align=True)
        if name == "head_parts":  # they lie in a head that only a mesh with a skeleton wears
            row.active = settings.topology != "PRINT" and (settings.skeleton or settings.topology == "ANIMATION")
        row.prop(settings, SHOWN.get(option.prop, option.prop))
        if name == "height_m" and settings.own_height_m:
            row.operator("pifu.suggested_height", text="", icon="LOOP_BACK")


class PIFU_PG_advice(bpy.types.PropertyGroup):
    """A sentence about the photo."""

    severity: StringProperty(options={"SKIP_SAVE"})  # info, warning or block
    sentence: StringProperty(options={"SKIP_SAVE"})


class PIFU_PG_status(bpy.types.PropertyGroup):
    """What is at work or how it ended, and what is known of the photo. Written by the ticks alone; never saved."""

    state: EnumProperty(items=STATES, default="IDLE", options={"SKIP_SAVE"})
    about_engine: BoolProperty(options={"SKIP_SAVE"})  # the engine's installation, not a human
    scene: StringProperty(options={"SKIP_SAVE"})  # `identity.key` of the scene that the work is or was for
    body: StringProperty(options={"SKIP_SAVE"})  # of the mesh object that came of it, or empty
    step: StringProperty(options={"SKIP_SAVE"})
    fraction: FloatProperty(min=0.0, max=1.0, options={"SKIP_SAVE"})
    elapsed_s: IntProperty(options={"SKIP_SAVE"})
    remaining_s: IntProperty(default=-1, options={"SKIP_SAVE"})  # about; -1: not known
    message: StringProperty(options={"SKIP_SAVE"})
    fix: StringProperty(options={"SKIP_SAVE"})
    kind: StringProperty(options={"SKIP_SAVE"})

    looking: BoolProperty(options={"SKIP_SAVE"})
    looked: StringProperty(options={"SKIP_SAVE"})  # `photo.key` of the image that the rest is about, or empty
    asked: IntProperty(options={"SKIP_SAVE"})  # the settings' `person` of then
    people: IntProperty(options={"SKIP_SAVE"})  # how many were found; -1: the look failed
    taken: IntProperty(options={"SKIP_SAVE"})  # whom the advice is about, or 0
    height_px: IntProperty(options={"SKIP_SAVE"})  # about how tall the whole body is in the photo; 0: not known
    height_m: FloatProperty(options={"SKIP_SAVE"})  # that people of such proportions have, or 0
    advice: CollectionProperty(type=PIFU_PG_advice, options={"SKIP_SAVE"})


CLASSES = (PIFU_PG_settings, PIFU_PG_advice, PIFU_PG_status)
