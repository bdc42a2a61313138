# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on in the artist's language: `iface`, `tip` and `rpt` translate what is drawn, shown in tooltips, reported.

Each is Blender's function of that kind, so the artist's preferences decide; beyond it they translate texts that are
made already, the engine's too, by the template that the text is of. What no catalogue has stays English.
"""

import bpy

from . import catalogues
from .templates import translated

_NAME = "blender_pifu"


def register() -> None:
    """Give Blender the catalogues; it translates by them what it draws itself: labels, descriptions, enum items."""
    bpy.app.translations.register(_NAME, catalogues.for_blender())


def unregister() -> None:
    """Take them away again."""
    bpy.app.translations.unregister(_NAME)


def iface(text: str) -> str:
    """A text of the interface, as it is drawn; draw it with translate=False."""
    return translated(text, bpy.app.translations.pgettext_iface)


def tip(text: str) -> str:
    """A text of a tooltip, or why a button is greyed."""
    return translated(text, bpy.app.translations.pgettext_tip)


def rpt(text: str) -> str:
    """A text that is reported."""
    return translated(text, bpy.app.translations.pgettext_rpt)
