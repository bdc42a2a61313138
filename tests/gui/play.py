# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays an artist in a Blender with a window: blender --python play.py -- CONFIG.json.

Each state that an artist sees is a screenshot; what was done, what held and how smoothly it ran is written as JSON.
"""

import json
import sys
import time
import traceback
from pathlib import Path

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Matrix, Vector

CONFIG = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text(encoding="utf-8"))
OUT = Path(CONFIG["out"])
GAP_S = 0.02
PATIENCE = 6  # times as long as an idle machine needs at most
CALM = 5  # samples in a row, a tenth of a second each, in which Blender takes less than half a core
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from gui.pointing import Pointing  # noqa: E402

from helpers import own_time  # noqa: E402

told = {"version": bpy.app.version_string, "actions": [], "held": {}, "error": "", "work": []}
_ticked_at = [own_time.perf_counter()]
_gaps: list[float] = []


def status():
    return bpy.context.window_manager.pifu


def view():
    """(area, its main region) of the 3D View."""
    (area,) = [area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D"]
    return area, next(region for region in area.regions if region.type == "WINDOW")


def press(operator, *arguments, **properties):
    """Call an operator as a click in the 3D View does."""
    area, region = view()
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area, region=region):
        return operator(*arguments, **properties)


def action(words, doing, decision=False):
    """Do what the hand is to do, and count it."""
    yield from doing
    told["actions"].append({"words": words, "decision": decision})


def hold(name, condition):
    told["held"][name] = bool(condition)


def shot(name):
    """Have whoever started this Blender take a picture of the display, and wait for it."""
    for _ in range(2):  # panels take their places as they are drawn, and others move when one has grown
        for area in bpy.context.window_manager.windows[0].screen.areas:
            area.tag_redraw()
        yield 1.0
    wish = OUT / f"{name}.wish"
    wish.touch()
    yield from until(lambda: not wish.exists(), 30)


def until(condition, seconds):
    """Wait for a condition; ends the play where it never comes."""
    limit = time.monotonic() + PATIENCE * seconds
    while not condition():
        if time.monotonic() > limit:
            said = getattr(bpy.context.window_manager, "pifu", None)  # not before the zip is installed
            raise AssertionError(f"never came; {said and (said.state, said.step, said.message)}")
        yield 0.1


class Meter:
    """Blender's processor seconds, parted: those in which a human is brought in and drawn, and the rest, in which the
    engine works. Drawing a new human goes on until Blender takes less than half a core again."""

    def __init__(self):
        self.humans, self.bringing_in = 0, False
        self.working_s = self.working_cpu_s = self.brought_in_cpu_s = 0.0
        self._calm = 0
        self._at = own_time.perf_counter(), time.process_time()

    def sample(self, humans):
        """What went by since the last call; humans: as many have been brought in by now."""
        before, self._at = self._at, (own_time.perf_counter(), time.process_time())
        seconds, cpu_s = (now - then for now, then in zip(self._at, before, strict=True))
        if humans > self.humans:
            self.humans, self.bringing_in, self._calm = humans, True, 0
        elif self.bringing_in:
            self._calm = self._calm + 1 if cpu_s < 0.5 * seconds else 0
        if self.bringing_in:
            self.brought_in_cpu_s += cpu_s
        else:
            self.working_s, self.working_cpu_s = self.working_s + seconds, self.working_cpu_s + cpu_s
        self.bringing_in = self.bringing_in and self._calm < CALM


def view_moved():
    """Blender's processor seconds for drawing the view anew once it has moved a little."""
    area, meter = view()[0], Meter()
    area.spaces.active.region_3d.view_distance *= 1.0001
    area.tag_redraw()
    meter.sample(1)
    while meter.bringing_in:
        yield 0.1
        meter.sample(1)
    return meter.brought_in_cpu_s


def work(name):
    """Wait for the work under way; note how smoothly Blender ran meanwhile."""
    job = _job()
    from_s, waited_s, meter = time.perf_counter(), own_time.waited_s(), Meter()
    _gaps.clear()
    while status().state == "RUNNING" or meter.bringing_in:
        yield 0.1
        meter.sample(sum(tick.importing for tick in job.ticks))
    own = [tick.seconds for tick in job.ticks if not tick.importing]
    gap_s, humans = max(_gaps, default=0.0), meter.humans
    told["work"].append({
        "name": name, "seconds": round(time.perf_counter() - from_s, 1), "state": status().state,
        "working_s": round(meter.working_s, 1), "cpu_share": round(meter.working_cpu_s / meter.working_s, 3),
        "waited_for_a_core_s": round(own_time.waited_s() - waited_s, 1),
        "longest_own_tick_s": round(max(own, default=0.0), 3), "longest_gap_s": round(gap_s, 3),
        "import_s": round(max((tick.seconds for tick in job.ticks if tick.importing), default=0.0), 3),
        "humans": humans, "cpu_s_a_human": round(meter.brought_in_cpu_s / max(1, humans), 2),
        "cpu_s_a_view": round((yield from view_moved()), 2) if humans else 0.0,
    })  # fmt: skip
    job.ticks.clear()
    yield 2.0  # drawn by then


def _package():
    return next(name for name in sys.modules if name.endswith(".blender_pifu.addon")).removesuffix(".addon")


def _job():
    return sys.modules[_package() + ".addon.work.job"]


def framed(body):
    """The share of the view's height that the body takes, 0 where it is not all within."""
    area, region = view()
    corners = [body.matrix_world @ Vector(corner) for corner in body.bound_box]
    seen = [location_3d_to_region_2d(region, area.spaces.active.region_3d, corner) for corner in corners]
    if not all(point and 0 <= point.x <= region.width and 0 <= point.y <= region.height for point in seen):
        return 0.0
    return (max(point.y for point in seen) - min(point.y for point in seen)) / region.height


def sidebar():
    """The region of the 3D View's sidebar."""
    return next(region for region in view()[0].regions if region.type == "UI")


def humans():
    return [thing for thing in bpy.data.objects if thing.pifu.is_human]


def look_at(body):
    """Select a human alone and have it in view."""
    bpy.ops.object.select_all(action="DESELECT")
    body.select_set(True)
    bpy.context.view_layer.objects.active = body
    press(bpy.ops.view3d.view_selected)
    yield from until(lambda: framed(body) > 0.4 and not status().looking, 20)  # the view moves smoothly
    yield 1.0


def middle():
    """A place of the 3D View that a hand finds."""
    region = view()[1]
    return region.x + region.width * 0.4, region.y + region.height * 0.6


def drop_photos(*names):
    """Drop photos onto the 3D View by the hand, and choose that they be humans."""
    yield from hand.ask("drop", middle(), files=[str(OUT / name) for name in names])
    yield from hand.ask("click", middle())
    yield 2.0


def from_zip():
    """Install the zip by dropping it, drop a photo, install the engine: all by the hand."""
    area = view()[0]
    yield 5.0
    yield from shot("new-file")
    yield from action("Drop the zip onto Blender", hand.ask("drop", middle(), files=[CONFIG["zip"]]))
    yield from shot("zip-dropped")
    yield from action("OK: install and enable it", hand.ask("confirm"), decision=True)
    yield from until(lambda: hasattr(bpy.types.WindowManager, "pifu"), 120)
    yield 3.0
    open_queue()
    _job().time = own_time
    yield from action("Drop a photo onto the 3D View", hand.ask("drop", middle(), files=[CONFIG["photo"]]))
    yield from shot("photo-dropped")
    human = "Human from Photo, of what Blender offers for a picture"
    yield from action(human, hand.ask("click", middle()), decision=True)
    yield from until(lambda: sidebar().active_panel_category == "Human", 60)
    hold("the drop opens the tab", bpy.context.scene.pifu.photo)
    yield 2.0
    yield from shot("engine-missing")
    install = hand.click_button(area, sidebar(), "pifu.install_engine")
    yield from action("Allow Online Access and Install", install, decision=True)
    yield from until(lambda: status().state == "RUNNING", 60)
    yield 2.0
    yield from shot("installing")
    yield from until(lambda: status().state != "RUNNING", 900)
    hold("the engine is installed and tested", status().state == "DONE")
    yield from until(lambda: status().looked and not status().looking, 120)
    yield 2.0
    yield from shot("photo-looked-at")


def first_human():
    """One click, and the person stands there."""
    generate = hand.click_button(view()[0], sidebar(), "pifu.generate")
    yield from action("Generate Human", generate)
    yield from until(lambda: status().state == "RUNNING", 60)
    yield from until(lambda: status().fraction > 0.3 or status().state != "RUNNING", 200)
    yield 1.0
    yield from shot("at-work")
    yield from work("first human")
    yield from shot("first-human")
    hold("a human comes", status().state == "DONE" and len(humans()) == 1)
    body = humans()[0]
    hold("it is textured", any(node.type == "TEX_IMAGE" for node in body.data.materials[0].node_tree.nodes))
    hold("it is framed", framed(body) > 0.4)
    hold("the cube makes room", bpy.data.objects["Cube"].hide_get())


def the_whole_panel():
    """Further photos, a queue and a report of the checks, as far as the sidebar is high."""
    settings, queue = bpy.context.scene.pifu, bpy.context.window_manager.pifu_queue
    copies = ["anna.jpg", "carl.jpg", "from the left.jpg"]
    for name in copies:
        (OUT / name).write_bytes(Path(CONFIG["photo"]).read_bytes())
    press(bpy.ops.pifu.add_views, directory=str(OUT), files=[{"name": copies[2]}])
    press(bpy.ops.pifu.queue_add, directory=str(OUT), files=[{"name": name} for name in copies[:2]])
    press(bpy.ops.pifu.validate)
    yield 3.0
    told["sidebar"] = [sidebar().x, sidebar().y, sidebar().width, sidebar().height]
    yield from shot("panel")
    hold("a further photo is listed", [each.image.name for each in settings.views] == copies[2:])
    press(bpy.ops.pifu.remove_view, index=0)
    press(bpy.ops.pifu.queue_clear)
    hold("the queue is cleared", not queue.entries and not settings.views)


def another_dropped():
    """A photo that is dropped where the engine is ready is the photo, and nothing begins by it."""
    settings, before = bpy.context.scene.pifu, bpy.context.scene.pifu.photo.name
    yield from drop_photos("anna.jpg")
    hold("a dropped photo is the photo", settings.photo.name == "anna.jpg")
    hold("a drop begins nothing", status().state != "RUNNING" and len(humans()) == 1)
    press(bpy.ops.ed.undo)
    yield 1.0
    hold("undo brings the photo before back", bpy.context.scene.pifu.photo.name == before)
    yield from until(lambda: not status().looking, 60)


def led_by_controls():
    """A hand and a foot lead arm and leg."""
    body = humans()[0]
    rig = body.find_armature()
    bpy.context.view_layer.objects.active = rig
    press(bpy.ops.object.mode_set, mode="POSE")
    before = rig.pose.bones["hand.L"].matrix.translation.copy()
    for name, shift in (("hand_ik.L", (0.1, -0.3, 0.5)), ("foot_ik.R", (0, -0.25, 0.3))):
        bone = rig.pose.bones[name]
        bone.matrix = Matrix.Translation(shift) @ bone.matrix
    bpy.context.view_layer.update()
    hold("a hand leads its arm", (rig.pose.bones["hand.L"].matrix.translation - before).length > 0.2)
    yield 2.0
    yield from shot("controls")
    for bone in rig.pose.bones:
        bone.matrix_basis = Matrix.Identity(4)
    press(bpy.ops.object.mode_set, mode="OBJECT")
    bpy.context.view_layer.objects.active = body


def changed_mind():
    """Cancel, again, undo, redo."""
    settings = bpy.context.scene.pifu
    settings.quality, settings.topology, settings.texture, settings.skeleton = "DRAFT", "SCULPT", "NONE", False
    press(bpy.ops.pifu.generate)
    yield from until(lambda: status().fraction > 0.1, 120)
    press(bpy.ops.pifu.cancel)
    yield 0.3
    yield from shot("cancelling")
    yield from work("cancelled")
    yield from shot("cancelled")
    hold("cancelled, nothing comes", status().state == "CANCELLED" and len(humans()) == 1)
    press(bpy.ops.pifu.generate)
    yield from work("again")
    hold("again, another comes", len(humans()) == 2)
    press(bpy.ops.ed.undo)
    yield 1.0
    hold("undo takes it away", len(humans()) == 1)
    yield from look_at(humans()[0])
    yield from shot("undone")
    press(bpy.ops.ed.redo)
    yield 1.0
    hold("redo brings it back", len(humans()) == 2)
    second = next(body for body in humans() if not body.find_armature())
    first = next(body for body in humans() if body != second)
    hold("it stands beside the first", second.location.x > (first.dimensions.x + second.dimensions.x) / 2)
    bpy.data.objects.remove(second)
    yield from look_at(first)


def failure():
    """A damaged photo is told with a button."""
    broken = OUT / "broken.jpg"
    broken.write_bytes(Path(CONFIG["photo"]).read_bytes()[:9000])
    press(bpy.ops.pifu.generate, filepath=str(broken))
    yield from work("damaged photo")
    hold("a damaged photo is told", status().state == "FAILED" and status().message and status().fix)
    yield from shot("failed")


def open_queue():
    """Have the sub-panel Queue open, as a click on its header does."""
    (panel,) = (cls for cls in bpy.types.Panel.__subclasses__() if cls.__name__ == "PIFU_PT_queue")
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()
    bpy.utils.register_class(panel)


def several_photos():
    """A queue of three, one of them damaged; the others stand in a row."""
    before = len(humans())
    queue = bpy.context.window_manager.pifu_queue
    yield from drop_photos("carl.jpg", "broken.jpg")
    hold("several dropped photos wait in the queue", [entry.state for entry in queue.entries] == ["WAITING"] * 2)
    press(bpy.ops.pifu.queue_add, directory=str(OUT), files=[{"name": "anna.jpg"}])
    queue.index = 2
    press(bpy.ops.pifu.queue_move, direction="UP")
    press(bpy.ops.pifu.queue_move, direction="UP")
    yield 1.0
    yield from shot("queue")
    press(bpy.ops.pifu.queue_generate)
    yield from until(lambda: status().fraction > 0.1 or status().state != "RUNNING", 120)
    yield from shot("queue-at-work")
    yield from work("queue")
    queue.index = 2
    yield 3.0
    yield from shot("queue-done")
    hold("the queue keeps its order", [entry.name for entry in queue.entries] == ["anna.jpg", "carl.jpg", "broken.jpg"])
    hold("one that fails stops nobody", [entry.state for entry in queue.entries] == ["DONE", "DONE", "FAILED"])
    hold("the queue's humans come", len(humans()) == before + 2)
    row = [thing for thing in bpy.context.selected_objects if thing.type == "MESH"]
    hold("they stand in a row", len(row) == 2 and abs(row[0].location.x - row[1].location.x) > row[0].dimensions.x)
    hold("they are framed", all(framed(body) > 0.3 for body in row))
    for body in row:
        bpy.data.objects.remove(body)


def render_in_mid_job():
    """The human waits until the render that the artist began is over."""
    scene, before = bpy.context.scene, len(humans())
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.time_limit, scene.cycles.use_denoising = 100_000, 120.0, False
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    press(bpy.ops.pifu.generate)
    yield from until(lambda: status().fraction > 0.7, 400)
    press(bpy.ops.render.render, "INVOKE_DEFAULT")
    waited = False
    while status().state == "RUNNING":
        if bpy.app.is_job_running("RENDER"):
            hold("while it renders nothing is changed", len(humans()) == before)
            waited = waited or "waiting for the render" in status().step
        yield 0.1
    hold("it waits for the render", waited)
    hold("after the render it comes", status().state == "DONE" and len(humans()) == before + 1)
    scene.render.engine = "BLENDER_WORKBENCH"
    yield 1.0


def with_the_person():
    """Check, bones, pose, recipe and export."""
    for each in humans():
        each.hide_set(each.find_armature() is None)
    yield from look_at(next(body for body in humans() if body.find_armature()))  # before it was the queue's row
    press(bpy.ops.pifu.validate)
    yield 1.0
    yield from shot("checked")
    bpy.context.scene.pifu.program = "UNREAL"  # its recipe chooses the bones too
    yield 1.0
    yield from shot("for-unreal")
    press(bpy.ops.pifu.repose, pose="T")
    press(bpy.ops.pifu.change_bones)
    rigs = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
    hold("bones are another program's", any("thigh_l" in rig.data.bones for rig in rigs))
    yield 1.0
    yield from shot("t-pose-unreal-bones")
    press(bpy.ops.pifu.export, filepath=str(OUT / "ann.fbx"), program="UNREAL")
    hold("an export is written", (OUT / "ann.fbx").stat().st_size > 100_000)


def saved_and_opened():
    """The file holds everything."""
    names = sorted(thing.name for thing in bpy.data.objects)
    press(bpy.ops.wm.save_as_mainfile, filepath=str(OUT / "ann.blend"))
    press(bpy.ops.wm.open_mainfile, filepath=str(OUT / "ann.blend"))
    yield 3.0
    hold("a file opened again is the same", sorted(thing.name for thing in bpy.data.objects) == names)
    yield from shot("opened-again")


def in_german():
    """The panel in another language, with as much in it as at most."""
    press(bpy.ops.pifu.validate)
    press(bpy.ops.pifu.look)
    yield from until(lambda: status().looked and not status().looking, 120)
    view_of = bpy.context.preferences.view
    before = view_of.language
    if "de_DE" in bpy.app.translations.locales:  # some Blenders are built without languages
        view_of.language = "de_DE"
    yield 3.0
    yield from shot("german")
    view_of.language = before
    yield 1.0


def play():
    parts = (from_zip, first_human, the_whole_panel, another_dropped, led_by_controls, changed_mind, failure)
    for scene in (*parts, several_photos, with_the_person, saved_and_opened, in_german, render_in_mid_job):
        print("PLAY", scene.__name__, flush=True)
        yield from scene()


def leave():
    (OUT / "told.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    sys.stdout.flush()
    bpy.ops.wm.quit_blender()  # as an artist does: once this has returned, Blender ends, and the engine with it


def tick():
    try:
        return next(_play)
    except StopIteration:
        return leave()
    except Exception:  # noqa: BLE001 (whatever it is, the test tells it)
        told["error"] = traceback.format_exc()
        return leave()


def feel():
    """How long the main thread was away since the last time, but for where it waited for a core."""
    now = own_time.perf_counter()
    _gaps.append(now - _ticked_at[0] - GAP_S)
    _ticked_at[0] = now
    return GAP_S


hand = Pointing(OUT, until)
_play = play()
bpy.app.timers.register(tick, first_interval=3.0, persistent=True)
bpy.app.timers.register(feel, persistent=True)
