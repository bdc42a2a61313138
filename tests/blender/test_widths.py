# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that the sidebar says is cut off at the width that Blender gives it."""

import types

import bpy
import pytest

from blender_pifu.addon import languages
from blender_pifu.addon.languages import catalogues, iface
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.queue.operators import PIFU_OT_queue_again, PIFU_OT_queue_clear
from blender_pifu.addon.ui import panel_rig
from blender_pifu.addon.ui import texts as ui_texts
from blender_pifu.addon.ui.further_photos import PIFU_OT_add_views, PIFU_OT_open_video

WIDTH = 292  # of a sidebar that nobody has drawn wider, in Blender 4.3 and 5.2
PANEL_PX, BOX_PX = 236, 216  # of it for buttons, and for texts in a box, as measured on the screen
ICON_PX = 22


class Box:
    """Draws nothing and keeps every label and the room that it has."""

    def __init__(self, room=BOX_PX, labels=None):
        self.room, self.labels, self.shares = room, [] if labels is None else labels, []

    def column(self, align=False):
        return Box(self.room, self.labels)

    def row(self, align=False):
        row = Box(self.room, self.labels)
        row.shares = [0.5, 0.5]
        return row

    def split(self, factor):
        row = Box(self.room, self.labels)
        row.shares = [factor, 1 - factor]
        return row

    def label(self, text="", translate=True, icon="NONE"):
        share = self.shares.pop(0) if self.shares else 1
        self.labels.append((text, self.room * share - (ICON_PX if icon != "NONE" else 0)))


@pytest.fixture(params=["en", "de"])
def drawn(request, monkeypatch):
    """A Blender with a window in a language."""
    system = types.SimpleNamespace(ui_scale=1.0)  # without a window it is 0
    preferences = types.SimpleNamespace(system=system, ui_styles=bpy.context.preferences.ui_styles)
    monkeypatch.setattr(ui_texts, "bpy", types.SimpleNamespace(context=types.SimpleNamespace(preferences=preferences)))
    if request.param == "de":
        german = catalogues.for_blender()["de_DE"]

        def told(text):
            return german.get(("*", text), text)

        names = ("pgettext_iface", "pgettext_tip", "pgettext_rpt")
        app = types.SimpleNamespace(translations=types.SimpleNamespace(**dict.fromkeys(names, told)))
        monkeypatch.setattr(languages, "bpy", types.SimpleNamespace(app=app))


def test_a_report_of_the_checks(scene, rigged, drawn):
    add_human(bpy.context, scene, rigged, "Ann")
    bpy.ops.pifu.validate()
    lines = list(bpy.context.window_manager.pifu_report.lines)
    long = types.SimpleNamespace(label="Deforming bones", value="upper_arm.L, upper_arm.R, 12 more", state="WARNING")
    box = Box()
    for line in (*lines, long):
        panel_rig._draw_line(box, line, WIDTH)
    assert len(box.labels) == 2 * (len(lines) + 1) > 40
    assert [text for text, room in box.labels if ui_texts.text_px(text) > room] == []


def test_a_text_of_many_words(drawn):
    box = Box()
    text = "The installation of the engine is not finished, and a photo of everybody's aunt is looked at meanwhile."
    ui_texts.draw_text(box, text, WIDTH, "INFO")
    assert " ".join(line for line, _ in box.labels) == text and len(box.labels) > 2
    assert [line for line, room in box.labels if ui_texts.text_px(line) > room] == []


@pytest.mark.parametrize(
    "operators", [(PIFU_OT_add_views, PIFU_OT_open_video), (PIFU_OT_queue_again, PIFU_OT_queue_clear)]
)
def test_two_buttons(operators, drawn, request):
    box = Box(PANEL_PX)
    row = ui_texts.in_row(box, WIDTH, [operator.bl_label for operator in operators], icons=True)
    for operator in operators:
        row.label(text=iface(operator.bl_label), icon="ADD")
    assert [text for text, room in box.labels if ui_texts.text_px(text) > room] == []
    beside = len({room for _text, room in box.labels}) == 1 and box.labels[0][1] < PANEL_PX / 2
    assert beside == ("de" not in request.node.callspec.params.values()), "German is longer"
