# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: the engine and its installation, the device, how long it stays loaded, where things lie."""

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ... import paths
from ..languages import iface
from ..work import engine_state, models, session
from . import panel
from .texts import draw_text

DEVICES = (
    ("auto", "Automatic", "The graphics card where PyTorch can use it, else the processor"),
    ("cuda", "NVIDIA (CUDA)", "An NVIDIA graphics card"),
    ("rocm", "AMD (ROCm)", "An AMD graphics card, on Linux"),
    ("xpu", "Intel (XPU)", "An Intel graphics card"),
    ("mps", "Apple (Metal)", "The graphics of Apple silicon"),
    ("cpu", "Processor", "Works everywhere, and needs the smallest download"),
)


class PIFU_AP_preferences(bpy.types.AddonPreferences):
    """Kept by Blender with the user's preferences."""

    bl_idname = "blender_pifu"  # set by `register` to what the add-on is enabled under

    device: EnumProperty(
        name="Device",
        description="What the engine computes on. After a change to another graphics card, install the engine again",
        items=DEVICES,
        default="auto",
    )
    keep_warm_min: IntProperty(
        name="Keep Loaded (Minutes)",
        description="How long the engine stays loaded after a human, so that the next one starts at once. "
        "Loaded, it holds memory, on the graphics card too",
        default=5,
        min=0,
        max=24 * 60,
    )
    wheels: StringProperty(
        name="Wheels Folder",
        description="Install from this folder of Python wheels, without a network. Empty: download",
        subtype="DIR_PATH",
    )

    def draw(self, context):
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        self._draw_engine(layout.box(), context)
        self._draw_models(layout.box(), context)
        layout.prop(self, "device")
        layout.prop(self, "keep_warm_min")
        layout.prop(self, "wheels")
        row = layout.row()
        row.label(text=iface(f"Engine, jobs and logs: {paths.home()}"), translate=False)
        row.operator("pifu.open_folder", text="", icon="FILE_FOLDER")

    def _draw_engine(self, box, context):
        state = engine_state.current()
        status = context.window_manager.pifu
        icon = {"ready": "CHECKMARK", "missing": "INFO"}.get(state.word, "ERROR")
        box.label(text=iface(f"Engine: {state.text}"), translate=False, icon=icon)
        if status.state == "RUNNING":
            panel.draw_progress(box, status)
        elif status.about_engine and status.state in {"FAILED", "CANCELLED"}:
            panel.draw_outcome(box, status, context.region.width)
        row = box.row(align=True)
        row.enabled = status.state != "RUNNING"
        row.operator("pifu.install_engine", text="Install" if state.word == "missing" else "Repair", icon="IMPORT")
        row.operator("pifu.remove_engine", text="Remove", icon="TRASH")
        if session.is_warm():
            row.operator("pifu.release_engine", text="Unload", icon="X")

    def _draw_models(self, box, context):
        box.label(text="Imported Models: for whoever has the published weights of PIFuHD or PIFu", icon="MESH_DATA")
        for model in models.imported():
            row = box.row()
            draw_text(row.column(), f"{model.name}: {model.licence}", context.region.width)
            row.operator("pifu.remove_model", text="", icon="TRASH").key = model.key
        row = box.row()
        row.enabled = context.window_manager.pifu.state != "RUNNING"
        row.operator("pifu.import_checkpoint", icon="IMPORT")
