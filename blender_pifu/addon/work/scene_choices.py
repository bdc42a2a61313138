# SPDX-License-Identifier: GPL-3.0-or-later
"""The choices that a scene holds: properties made from the options, and read back as `Choices` takes them."""

from ...choices import OPTIONS

# The options that are properties of the scene as they are, in their order.
DRAWN = {name: option for name, option in OPTIONS.items() if option.prop}
# What a recipe keeps of the scene. The program comes first, since it sets the others; a height is a person's.
RECIPE = (
    "program",
    *(option.prop for name, option in DRAWN.items() if name != "height_m"),
    "bones",
    "controls",
    "pose",
)


def chosen(settings) -> dict:
    """The artist's choices among DRAWN, by the names of `Choices`; settings: the scene's PIFU_PG_settings."""
    values = {name: getattr(settings, option.prop) for name, option in DRAWN.items()}
    values["height_m"] = settings.own_height_m or None
    return {name: DRAWN[name].value(value) if DRAWN[name].items else value for name, value in values.items()}
