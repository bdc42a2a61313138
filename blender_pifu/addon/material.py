# SPDX-License-Identifier: GPL-3.0-or-later
"""The material: the mesh's colours as base colour."""

import bpy

from .mesh import COLOR_ATTRIBUTE


def build_material(name: str) -> bpy.types.Material:
    """A new material data-block: Principled BSDF with the colour attribute as base colour, matt as cloth and skin."""
    material = bpy.data.materials.new(name)
    if not material.node_tree:  # from 5.0 on there always is one
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    output = nodes.new("ShaderNodeOutputMaterial")
    output.location = (300, 0)
    principled = nodes.new("ShaderNodeBsdfPrincipled")
    principled.inputs["Roughness"].default_value = 0.8
    color = nodes.new("ShaderNodeVertexColor")
    color.layer_name = COLOR_ATTRIBUTE
    color.location = (-250, 0)
    links.new(color.outputs["Color"], principled.inputs["Base Color"])
    links.new(principled.outputs["BSDF"], output.inputs["Surface"])
    return material
