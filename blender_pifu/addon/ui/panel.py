# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar panel "Human", and how work and its end are drawn there and in the preferences."""

import bpy

from ...protocol import ErrorKind
from .. import identity, kept
from ..errors import BUTTONS, Button
from ..languages import iface
from ..work import engine_state, forecast, logs, models, photo_check, session, thumbnail
from ..work.engine_state import needs
from ..work.photo import key
from ..work.timing import words
from . import operators
from .further_photos import draw_views
from .properties import draw_options
from .recipes import PIFU_PT_recipes
from .texts import draw_text

_ICONS = {"info": "INFO", "warning": "ERROR", "block": "CANCEL"}
_PREVIEW_SCALE, _PEOPLE_SCALE = 7, 10  # numbers want to be read
_IN_A_ROW = 6


class Sidebar:
    """Where this add-on's panels are."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Human"


class PIFU_PT_main(Sidebar, bpy.types.Panel):
    """A photo in, a human out."""

    bl_idname = "PIFU_PT_main"
    bl_label = "Human from Photo"

    def draw(self, context):
        layout = self.layout
        settings, status = context.scene.pifu, context.window_manager.pifu
        running, engine = status.state == "RUNNING", engine_state.current()
        if engine.word != "ready" and not running:
            _draw_engine(layout.box(), engine, context)
        photo = layout.column()
        photo.enabled = not running or status.about_engine
        _draw_photo(photo, settings, status, context.region.width)
        if running:
            draw_progress(layout, status)
            return
        go = layout.row(align=True)
        go.scale_y = 1.5
        go.enabled = not operators.obstacle(context)
        go.operator("pifu.generate", icon="OUTLINER_OB_ARMATURE")
        of_here = status.about_engine or status.scene == identity.key(context.scene)
        if of_here and status.state in {"DONE", "FAILED", "CANCELLED"}:
            draw_outcome(layout, status, context.region.width)


class PIFU_PT_output(Sidebar, bpy.types.Panel):
    """What the human is to be made for."""

    bl_idname = "PIFU_PT_output"
    bl_label = "Output"
    bl_order = 1

    def draw_header_preset(self, _context):
        PIFU_PT_recipes.draw_panel_header(self.layout)

    def draw(self, context):
        settings = context.scene.pifu
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.enabled = context.window_manager.pifu.state != "RUNNING"
        column.prop(settings, "program")
        draw_options(column, settings)
        column.prop(settings, "model")
        for model in models.imported():
            if model.key == settings.model_key:
                draw_text(column, model.licence, context.region.width, "INFO")
        draw_text(column, forecast.words(settings, session.is_warm()), context.region.width, "TIME")
        if hint := photo_check.texture_hint(context.scene):
            draw_text(column, hint, context.region.width, "INFO")


CLASSES = (PIFU_PT_main, PIFU_PT_output)


def _draw_photo(layout, settings, status, width: int) -> None:
    """The photo, who is in it, and what there is to say about it."""
    layout.template_ID(settings, "photo", open="pifu.pick_photo")
    photo = settings.photo
    if photo is None:
        layout.operator("pifu.sample_photo", icon="IMAGE_DATA")
        layout.operator("pifu.open_video", icon="FILE_MOVIE")
        return
    seen = status.looked == key(photo)
    people = status.people if seen else 0
    if people > 1:
        layout.template_icon(icon_value=thumbnail.icon_id(), scale=_PEOPLE_SCALE)
    elif photo.preview and photo.preview.icon_id:
        layout.template_icon(icon_value=photo.preview.icon_id, scale=_PREVIEW_SCALE)
    if people > 1 or settings.person:
        _draw_people(layout, settings.person, people)
    if status.looking:
        layout.label(text="Looking at the photo", icon="SORTTIME")
    elif not seen or status.asked != settings.person:
        if engine_state.current().word == "ready":
            layout.operator("pifu.look", icon="VIEWZOOM")
        return
    if seen:
        _draw_advice(layout.box(), status, width)
    layout.label(text="Back Photo (Optional)")
    layout.template_ID(settings, "back_photo", open="pifu.pick_back_photo")
    draw_views(layout, settings, width)


def _draw_people(layout, chosen: int, people: int) -> None:
    names = ["Main", *map(str, range(1, people + 1))]
    grid = layout.grid_flow(row_major=True, columns=min(_IN_A_ROW, len(names)), even_columns=True, align=True)
    for number, name in enumerate(names):
        grid.operator("pifu.choose_person", text=iface(name), translate=False, depress=number == chosen).number = number


def _draw_advice(box, status, width: int) -> None:
    row = box.row()
    if status.people >= 0:
        several = f"{status.people} people: number {status.taken} is taken"
        told = {0: "Nobody recognised", 1: "One person"}.get(status.people, several)
        row.label(text=iface(told), translate=False, icon="USER")
    else:
        row.label(text="The photo could not be checked")
    row.operator("pifu.look", text="", icon="FILE_REFRESH", emboss=False)
    column = box.column()
    column.active = not status.looking
    for advice in status.advice:
        draw_text(column, advice.sentence, width, _ICONS[advice.severity])
    if status.people > 0 and not any(advice.severity != "info" for advice in status.advice):
        column.label(text="Nothing speaks against it", icon="CHECKMARK")


def _draw_engine(box, engine, context) -> None:
    """What the engine is and needs, and the buttons that get it."""
    width, button = context.region.width, BUTTONS[ErrorKind(f"engine_{engine.word}")]
    draw_text(box, engine.text, width, "INFO")
    offline = not bpy.app.online_access
    if engine.word == "missing":
        draw_text(box, needs(kept.preferences(context)), width)
    if offline and not bpy.app.online_access_override:
        button = BUTTONS[ErrorKind.OFFLINE]
    row = box.row()
    row.scale_y = 1.3
    row.enabled = not (offline and bpy.app.online_access_override)
    _draw_button(row, button, "IMPORT")
    box.operator("pifu.install_from_disk", icon="FILE_FOLDER")


def draw_progress(layout, status) -> None:
    """The bar of the work under way, its step, and the button that stops it."""
    column = layout.column(align=True)
    column.label(text=iface(status.step), translate=False)
    column.progress(factor=status.fraction, type="BAR", text=f"{status.fraction:.0%}")
    column.label(text=iface(words(status.elapsed_s, status.remaining_s)), translate=False, icon="TIME")
    column.operator("pifu.cancel", icon="CANCEL")


def draw_outcome(layout, status, width: int) -> None:
    """How the last work ended, with the button that mends what is told; after an error also with the log."""
    failed = status.state == "FAILED"
    box = layout.box()
    draw_text(box, status.message, width, "ERROR" if failed else "INFO")
    if status.fix:
        draw_text(box, status.fix, width)
    button = BUTTONS[ErrorKind(status.kind)] if status.kind else None
    if button:
        _draw_button(box, button)
    if failed and logs.of(status.kind):
        box.operator("pifu.open_log", icon="TEXT")


def _draw_button(layout, button: Button, icon: str = "NONE") -> None:
    properties = layout.operator(button.operator, text=iface(button.label), translate=False, icon=icon)
    for name, value in button.properties:
        setattr(properties, name, value)
