# SPDX-License-Identifier: GPL-3.0-or-later
"""The material: the texture as base colour with normals and roughness, or the mesh's colours where there is none."""

import bpy

from ...result_file import ResultError
from .mesh import COLOR_ATTRIBUTE, UV_MAP


def build_texture(png: bytes, name: str, color: bool = True) -> bpy.types.Image:
    """A new image data-block with a PNG packed into the .blend; color: whether it holds colours rather than values.
    Raises ResultError (and leaves nothing)."""
    image = bpy.data.images.new(name, 1, 1)
    image.source = "FILE"
    image.pack(data=png, data_len=len(png))
    image.filepath_raw = f"//{name}.png"  # where unpacking puts it; exporters name it so
    if not (image.has_data or all(image.size)):
        bpy.data.images.remove(image)
        raise ResultError("The engine's result has a texture that Blender cannot read.")
    image.colorspace_settings.name = "sRGB" if color else "Non-Color"
    return image


def build_material(
    name: str,
    texture: bpy.types.Image | None = None,
    normal_map: bpy.types.Image | None = None,
    roughness_map: bpy.types.Image | None = None,
) -> bpy.types.Material:
    """A new material data-block: Principled BSDF with the texture, or the colour attribute, as its base colour, and the
    maps that are given, of tangent space and with roughness in green."""
    material = bpy.data.materials.new(name)
    if not material.node_tree:  # from 5.0 on there always is one
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    output = nodes.new("ShaderNodeOutputMaterial")
    output.location = (300, 0)
    principled = nodes.new("ShaderNodeBsdfPrincipled")
    principled.inputs["Roughness"].default_value = 0.8  # matt as cloth and skin
    if texture:
        color = _image_node(nodes, texture, (-550, 100))
        place = nodes.new("ShaderNodeUVMap")
        place.uv_map = UV_MAP
        place.location = (-850, -250)
        links.new(place.outputs["UV"], color.inputs["Vector"])
        if roughness_map:
            roughness = _image_node(nodes, roughness_map, (-550, -200))
            parts = nodes.new("ShaderNodeSeparateColor")
            parts.location = (-250, -200)
            links.new(place.outputs["UV"], roughness.inputs["Vector"])
            links.new(roughness.outputs["Color"], parts.inputs["Color"])
            links.new(parts.outputs["Green"], principled.inputs["Roughness"])
        if normal_map:
            normal = _image_node(nodes, normal_map, (-550, -500))
            turned = nodes.new("ShaderNodeNormalMap")
            turned.uv_map = UV_MAP
            turned.location = (-250, -400)
            links.new(place.outputs["UV"], normal.inputs["Vector"])
            links.new(normal.outputs["Color"], turned.inputs["Color"])
            links.new(turned.outputs["Normal"], principled.inputs["Normal"])
    else:
        color = nodes.new("ShaderNodeVertexColor")
        color.layer_name = COLOR_ATTRIBUTE
        color.location = (-300, 0)
    links.new(color.outputs["Color"], principled.inputs["Base Color"])
    links.new(principled.outputs["BSDF"], output.inputs["Surface"])
    nodes.active = color  # what Solid shading and texture painting take
    return material


def _image_node(nodes, image, location):
    node = nodes.new("ShaderNodeTexImage")
    node.image, node.location = image, location
    return node
