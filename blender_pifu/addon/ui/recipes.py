# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's own recipes: the scene's choices as Blender's presets, in the header of the panel Output."""

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from ..work.scene_choices import RECIPE

FOLDER = "pifu"  # below Blender's own folder of presets


class PIFU_PT_recipes(PresetPanel, bpy.types.Panel):
    bl_label = "Recipes"
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "pifu.save_recipe"


class PIFU_OT_save_recipe(AddPresetBase, bpy.types.Operator):
    """Keep these choices as a recipe, or remove the recipe that is shown"""

    bl_idname = "pifu.save_recipe"
    bl_label = "Save Recipe"
    preset_menu = "PIFU_PT_recipes"
    preset_subdir = FOLDER
    preset_defines = ["settings = bpy.context.scene.pifu"]
    preset_values = [f"settings.{name}" for name in RECIPE]


CLASSES = (PIFU_PT_recipes, PIFU_OT_save_recipe)
