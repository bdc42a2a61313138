# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin operators: each begins, stops or opens one thing."""

import time
from pathlib import Path

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ... import paths
from ...choices import OPTIONS
from ...protocol import PICTURES
from .. import kept
from ..errors import UserError
from ..languages import rpt, tip
from ..work import engine_state, import_model, job, logs, models, photo_check, session
from ..work.generate import GenerateTask
from ..work.install import InstallTask

SAMPLE = Path(__file__).parents[2] / "data" / "photos" / "man_polo_full_body.jpg"
QUALITIES = [item.identifier for item in OPTIONS["resolution"].items]


def obstacle(context) -> str:
    """Why the photo and the engine as they are make no human, or nothing."""
    if context.scene.pifu.photo is None:
        return "Choose a photo first"
    if engine_state.current().word != "ready":
        return "Install the engine first"
    return photo_check.obstacle(context.scene)


class Begins:
    """An operator that begins a task; one at a time."""

    @classmethod
    def poll(cls, _context):
        if job.is_running():
            cls.poll_message_set(tip("Something is at work already"))
            return False
        return True

    def begin(self, make_task):
        try:
            task = make_task()
        except UserError as error:
            return job.refuse(self, error)
        return job.launch(self, task)


class OpensFilm(Begins):
    """An operator that begins a task on a film, or on a folder of its frames, chosen in the file browser."""

    filepath: StringProperty(subtype="FILE_PATH")
    filter_movie: BoolProperty(default=True, options={"HIDDEN"})
    filter_image: BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @property
    def video(self) -> Path:
        """The film that was chosen; of a picture the folder that it lies in."""
        path = Path(bpy.path.abspath(self.filepath))
        return path.parent if path.suffix.lower() in PICTURES else path


class PIFU_OT_generate(Begins, bpy.types.Operator):
    """Make a 3D human out of the photo"""

    bl_idname = "pifu.generate"
    bl_label = "Generate Human"

    filepath: StringProperty(
        name="Photo",
        description="File of the photo; empty: the photos and the person chosen in the scene",
        subtype="FILE_PATH",
    )
    person: IntProperty(
        name="Person", description="Which of several people in that file, from the left from 1; 0: the main one", min=0
    )
    back_filepath: StringProperty(
        name="Back Photo", description="File of a photo of that person from behind; empty: none", subtype="FILE_PATH"
    )

    @classmethod
    def description(cls, context, _properties):
        reason = obstacle(context)
        return tip("Make a 3D human out of the photo") + (f".\n{tip(reason)}" if reason else "")

    def execute(self, context):
        return self.begin(lambda: GenerateTask(context, self.filepath, self.person, self.back_filepath))


class PIFU_OT_cancel(bpy.types.Operator):
    """Stop what is at work"""

    bl_idname = "pifu.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, _context):
        return job.is_running()

    def execute(self, _context):
        job.cancel()
        return {"FINISHED"}


def load_picture(operator) -> bpy.types.Image | None:
    """The picture of an operator's `filepath`, or None, which it has reported."""
    try:
        return bpy.data.images.load(bpy.path.abspath(operator.filepath), check_existing=True)
    except RuntimeError as error:
        operator.report({"ERROR"}, rpt(str(error)))
        return None


class _Picks:
    """An operator that loads a file into the settings' `target`."""

    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        image = load_picture(self)
        if image is None:
            return {"CANCELLED"}
        setattr(context.scene.pifu, self.target, image)
        return {"FINISHED"}


class PIFU_OT_pick_photo(_Picks, bpy.types.Operator):
    """Choose a photo from a file"""

    bl_idname = "pifu.pick_photo"
    bl_label = "Choose Photo"
    target = "photo"


class PIFU_OT_sample_photo(bpy.types.Operator):
    """Take a photo that comes with the add-on, to see how it works"""

    bl_idname = "pifu.sample_photo"
    bl_label = "Use Sample Photo"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene.pifu.photo = bpy.data.images.load(str(SAMPLE), check_existing=True)
        return {"FINISHED"}


class PIFU_OT_pick_back_photo(_Picks, bpy.types.Operator):
    """Choose a photo of the same person in the same pose from behind"""

    bl_idname = "pifu.pick_back_photo"
    bl_label = "Choose Back Photo"
    target = "back_photo"


class PIFU_OT_look(bpy.types.Operator):
    """Have the engine look who is in the photo and how good it is"""

    bl_idname = "pifu.look"
    bl_label = "Check Photo"

    @classmethod
    def poll(cls, context):
        return context.scene.pifu.photo is not None and not job.is_running()

    def execute(self, context):
        try:
            engine_state.require()
        except UserError as error:
            return job.refuse(self, error)
        photo_check.want(context.scene)
        while bpy.app.background and photo_check.tick() is not None:
            time.sleep(job.TICK_S)
        return {"FINISHED"}


class PIFU_OT_choose_person(bpy.types.Operator):
    """Choose which of the people in the photo is made"""

    bl_idname = "pifu.choose_person"
    bl_label = "Choose Person"
    bl_options = {"REGISTER", "UNDO"}

    number: IntProperty(name="Number", description="From the left, from 1; 0: the main one", min=0)

    @classmethod
    def description(cls, _context, properties):
        if not properties.number:
            return tip("Take the largest, most central person")
        return tip(f"Take person {properties.number} from the left")

    def execute(self, context):
        context.scene.pifu.person = self.number
        return {"FINISHED"}


class PIFU_OT_suggested_height(bpy.types.Operator):
    """Take the height that the proportions in the photo suggest"""

    bl_idname = "pifu.suggested_height"
    bl_label = "Suggested Height"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene.pifu.own_height_m = 0
        return {"FINISHED"}


class PIFU_OT_lower_quality(bpy.types.Operator):
    """Choose the next lower quality"""

    bl_idname = "pifu.lower_quality"
    bl_label = "Lower the Quality"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        return context.scene.pifu.quality != QUALITIES[0]

    def execute(self, context):
        context.scene.pifu.quality = QUALITIES[QUALITIES.index(context.scene.pifu.quality) - 1]
        return {"FINISHED"}


class PIFU_OT_install_engine(Begins, bpy.types.Operator):
    """Install the engine, or go on with or repair its installation"""

    bl_idname = "pifu.install_engine"
    bl_label = "Install Engine"

    allow_online: BoolProperty(
        name="Allow Online Access",
        description="Allow Blender to go online first, as in Preferences > System > Network",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context, properties):
        if properties.allow_online:
            return tip("Allow Blender to go online, as in Preferences > System > Network, and download the engine")
        return tip("Install the engine, or go on with or repair its installation")

    def execute(self, context):
        if self.allow_online and not bpy.app.online_access_override:
            context.preferences.system.use_online_access = True
        return self.begin(lambda: InstallTask(context))


class PIFU_OT_install_from_disk(Begins, bpy.types.Operator):
    """Install the engine without a network, from a folder of Python wheels"""

    bl_idname = "pifu.install_from_disk"
    bl_label = "Install from Disk..."

    directory: StringProperty(name="Wheels Folder", subtype="DIR_PATH", options={"SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        kept.preferences(context).wheels = self.directory
        return self.begin(lambda: InstallTask(context))


class PIFU_OT_remove_engine(Begins, bpy.types.Operator):
    """Remove the engine, its jobs and its logs from this computer"""

    bl_idname = "pifu.remove_engine"
    bl_label = "Remove Engine"

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context):
        return self.begin(lambda: InstallTask(context, remove=True))


class PIFU_OT_release_engine(bpy.types.Operator):
    """Unload the engine and give its memory back; the next human takes a little longer to begin"""

    bl_idname = "pifu.release_engine"
    bl_label = "Unload Engine"

    @classmethod
    def poll(cls, _context):
        return session.is_warm()

    def execute(self, _context):
        session.release()
        return {"FINISHED"}


class PIFU_OT_import_checkpoint(Begins, bpy.types.Operator):
    """Convert published weights of PIFuHD, PIFu or VRN, running nothing in the file, and offer them in the panel"""

    bl_idname = "pifu.import_checkpoint"
    bl_label = "Import Checkpoint..."

    filepath: StringProperty(
        name="Checkpoint",
        description="pifuhd.pt, net_G of PIFu, or vrn-unguided.t7",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    color: StringProperty(
        name="Colours",
        description="PIFu's colour network, net_C, that belongs to a net_G. Empty: without colours",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, _context):
        self.layout.label(text="PIFuHD: pifuhd.pt")
        self.layout.label(text="PIFu: net_G, and below its net_C")
        self.layout.label(text="VRN: vrn-unguided.t7")
        self.layout.prop(self, "color")

    def execute(self, _context):
        return self.begin(lambda: import_model.ImportTask(self.filepath, self.color))


class PIFU_OT_remove_model(bpy.types.Operator):
    """Delete this imported model from this computer; the checkpoint it was made of stays"""

    bl_idname = "pifu.remove_model"
    bl_label = "Remove Model"

    key: StringProperty(options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, _context):
        return not job.is_running()

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context):
        try:
            models.remove(next(model for model in models.imported() if model.key == self.key))
        except StopIteration:
            self.report({"ERROR"}, rpt(f'There is no imported model "{self.key}".'))
            return {"CANCELLED"}
        except UserError as error:
            return job.refuse(self, error)
        job.redraw()
        return {"FINISHED"}


class PIFU_OT_open_log(bpy.types.Operator):
    """Open the engine's log"""

    bl_idname = "pifu.open_log"
    bl_label = "Open Log"

    @classmethod
    def poll(cls, context):
        if logs.of(context.window_manager.pifu.kind) is None:
            cls.poll_message_set(tip("There is no log yet"))
            return False
        return True

    def execute(self, context):
        return bpy.ops.wm.path_open(filepath=str(logs.of(context.window_manager.pifu.kind)))


class PIFU_OT_open_folder(bpy.types.Operator):
    """Open the folder of the engine, its jobs and its logs"""

    bl_idname = "pifu.open_folder"
    bl_label = "Open Folder"

    @classmethod
    def poll(cls, _context):
        if not paths.home().is_dir():
            cls.poll_message_set(tip("There is no such folder yet; installing the engine makes it"))
            return False
        return True

    def execute(self, _context):
        return bpy.ops.wm.path_open(filepath=str(paths.home()))


class PIFU_OT_open_preferences(bpy.types.Operator):
    """Open the add-on's preferences"""

    bl_idname = "pifu.open_preferences"
    bl_label = "Open Preferences"

    def execute(self, _context):
        return bpy.ops.preferences.addon_show(module=kept.package)


CLASSES = (
    PIFU_OT_generate,
    PIFU_OT_cancel,
    PIFU_OT_pick_photo,
    PIFU_OT_sample_photo,
    PIFU_OT_pick_back_photo,
    PIFU_OT_look,
    PIFU_OT_choose_person,
    PIFU_OT_suggested_height,
    PIFU_OT_lower_quality,
    PIFU_OT_install_engine,
    PIFU_OT_install_from_disk,
    PIFU_OT_remove_engine,
    PIFU_OT_release_engine,
    PIFU_OT_import_checkpoint,
    PIFU_OT_remove_model,
    PIFU_OT_open_log,
    PIFU_OT_open_folder,
    PIFU_OT_open_preferences,
)
