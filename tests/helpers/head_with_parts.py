# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes, teeth and tongue as the engine adds them: of a head and a picture of its eyes, and worn by a person."""

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import torch

from blender_pifu.engine.body.head import Head, load_head
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.layout.animation.template import load_template
from blender_pifu.engine.layout.head_parts.head_parts import beside_strip, parts_in
from blender_pifu.result_file import Reconstruction, ShapeKeys

WHITE, CHEEK, BLUE = (235, 228, 220), (190, 140, 115), (60, 90, 150)


def head_of(identity=0, **expression):
    model = load_head()
    strengths = np.array([expression.get(name, 0.0) for name in model.actions])
    drawn = 0.8 * np.random.default_rng(identity).standard_normal(len(model.modes)) * (identity > 0)
    middle = load_body().mean[load_body().skin_vertices :].numpy()[:144].mean(0)
    return Head(torch.zeros(20), drawn, strengths, np.eye(3), 5.0, -5.0 * middle, 0.0, 0.001)


def photo_of(head, white=WHITE, iris=BLUE):
    """A picture (1024, 1024, 3) of its eyes before a cheek."""
    picture = np.full((1024, 1024, 3), CHEEK, np.uint8)
    count = load_body().skin_vertices
    eyes = head.seen(head.neutral[count : count + 144])
    for side in (1, -1):
        x, y, _ = eyes[side * eyes[:, 0] > 0].mean(0)
        place = (int((x + 1) * 512), int((1 - y) * 512))
        cv2.circle(picture, place, 33, white, -1)
        cv2.circle(picture, place, 17, iris, -1)
        cv2.circle(picture, place, 5, (10, 10, 10), -1)
    return picture / 255


@lru_cache
def parts():
    head = head_of()
    return parts_in(head, photo_of(head))


def with_head_parts(person: Reconstruction) -> Reconstruction:
    """A textured person with a skeleton, as the engine makes one: with the 52 expressions, each of which moves the
    skin of the head by another distance, and with the parts in the strip of the maps, where the eyes would be."""
    names, rig = tuple(sorted(load_template().expressions)), person.rig
    assert rig and person.texture
    head = rig.names.index("head")
    own = np.where(rig.weight_bones == head, rig.weights, 0).sum(1) > 0.5
    offsets = np.zeros((len(names), len(person.vertices), 3), np.float32)
    offsets[:, own, 1] = -0.0005 * (1 + np.arange(len(names)))[:, None]
    keys = ShapeKeys(names, offsets, np.zeros(len(names), np.float32))
    texture = replace(person.texture, uv=beside_strip(person.texture.uv))
    middle = (rig.heads[head] + rig.tails[head]) / 2

    def turned(vectors):  # field space has Y up and looks along Z
        return vectors[:, [0, 2, 1]] * np.array([1, -1, 1], np.float32)

    def place(points):
        return (turned(points) / parts().head.scale + middle).astype(np.float32)

    keys, vertices = parts().keyed(keys, person.vertices, place)
    skin = replace(person, vertices=vertices, texture=texture, shape_keys=keys)
    return parts().added_to(skin, place, lambda _, normals: turned(normals).astype(np.float32))
