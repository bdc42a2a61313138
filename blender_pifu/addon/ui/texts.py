# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts and buttons in regions that are as narrow as they are: nothing is cut off."""

import blf
import bpy

from ..languages import iface

ICON_PX, GAP_PX = 22, 10
_MARGINS_PX, _BOX_PX = 56, 20  # of a region: tabs and the panel's margins; a box's


def draw_text(layout, text: str, width: int, icon: str = "NONE") -> None:
    """A text, in the artist's language, in as many lines as the region of `width` pixels needs."""
    room = room_px(width) - (ICON_PX * ui_scale() if icon != "NONE" else 0)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for index, line in enumerate(_wrapped(iface(text), room)):
        column.label(text=line, translate=False, icon=icon if index == 0 else "BLANK1" if icon != "NONE" else "NONE")


def room_px(width: int) -> float:
    """How many pixels of a region of `width` a label in a box has for its text."""
    return width - (_MARGINS_PX + _BOX_PX) * ui_scale()


def in_row(layout, width: int, labels, icons: bool = False):
    """Where buttons of these labels go, in a region of `width` pixels: beside each other if none is cut off there, else
    one below the other."""
    around = GAP_PX + (ICON_PX if icons else 0)
    room = (width - _MARGINS_PX * ui_scale()) / len(labels) - around * ui_scale()
    fit = all(text_px(iface(label)) <= room for label in labels)
    return layout.row(align=True) if fit else layout.column(align=True)


def ui_scale() -> float:
    """Pixels of the screen for one of the user interface."""
    return bpy.context.preferences.system.ui_scale


def text_px(text: str) -> float:
    """How many pixels a label's text is wide."""
    blf.size(0, bpy.context.preferences.ui_styles[0].widget.points * ui_scale())
    return blf.dimensions(0, text)[0]


def _wrapped(text: str, room: float) -> list[str]:
    """The lines of a text of which none is wider than `room` pixels, but for one long word."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_px(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
