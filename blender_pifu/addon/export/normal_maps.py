# SPDX-License-Identifier: GPL-3.0-or-later
"""Normal maps in the convention of the program that an export is for."""

from contextlib import contextmanager

import bpy
import numpy as np

from ..person.human import Human


@contextmanager
def green_down(person: Human):
    """The person's material with its normal maps turned from OpenGL's convention, in which Blender reads them, to
    DirectX's: green points down. On leaving the material is as it was."""
    nodes = [node for material in person.body.data.materials if material for node in _image_nodes(material)]
    before = [(node, node.image) for node in nodes]
    copies = []
    try:
        for node, image in before:
            copies.append(_turned(image))
            node.image = copies[-1]
        yield
    finally:
        for node, image in before:
            node.image = image
        bpy.data.batch_remove(copies)


def _image_nodes(material):
    """The image nodes that feed a normal map's colour."""
    for node in material.node_tree.nodes if material.node_tree else ():
        if node.type == "NORMAL_MAP":
            for link in node.inputs["Color"].links:
                if getattr(link.from_node, "image", None):
                    yield link.from_node


def _turned(image):
    """A packed copy of an image with its green channel turned over."""
    width, height = image.size
    pixels = np.empty(4 * width * height, np.float32)
    image.pixels.foreach_get(pixels)
    pixels[1::4] = 256 / 255 - pixels[1::4]  # 128 is 0
    name = f"{image.name} DirectX"
    copy = bpy.data.images.new(name, width, height, is_data=True)
    copy.pixels.foreach_set(pixels.clip(0, 1))
    copy.file_format = "PNG"
    copy.pack()
    copy.filepath_raw = f"//{name}.png"
    return copy
