# SPDX-License-Identifier: GPL-3.0-or-later
"""What each program wants of a human: mesh, texture, bones, rest pose, and the file it reads."""

from dataclasses import dataclass

from ...choices import OPTIONS, READY

CENTIMETRE, METRE = 0.01, 1.0
PRINT_HEIGHT_MM = 180.0  # of the figure for which the 3D Print mesh makes walls thick enough


@dataclass(frozen=True)
class Program:
    """A program that humans go to.

    topology, texture, skeleton, bones, pose: the scene's choices, by their identifiers; format: a key of
    `writers.WRITERS`, "" for none; unit: metres of one unit in the file, None where the file is a figure of
    PRINT_HEIGHT_MM in millimetres; armature: what the armature is called in the file, "" for its own name;
    green_down: whether it reads normal maps as DirectX has them, and not as OpenGL; helpers: whether a movement goes
    there with the bones that only help the skin.
    """

    identifier: str
    label: str
    description: str
    format: str
    topology: str = "GAME"
    texture: str = "MEDIUM"
    skeleton: bool = True
    bones: str = "VRM"
    pose: str = "T"
    unit: float | None = METRE
    armature: str = ""
    green_down: bool = False
    helpers: bool = False

    @property
    def choices(self) -> dict:
        """Property of the scene -> its value for this program."""
        return {name: getattr(self, name) for name in ("topology", "texture", "skeleton", "bones", "pose")}


_BLENDER = {name: OPTIONS[name].item(value).identifier for name, value in READY.items() if OPTIONS[name].items}

PROGRAMS = (
    Program(
        "BLENDER",
        "Blender",
        "20,000 quads with texture and skeleton, in the photo's pose. Exports glTF",
        "GLTF",
        topology=_BLENDER["topology"],
        texture=_BLENDER["texture_px"],
        skeleton=READY["rig"],
        bones="PLAIN",
        pose="PHOTO",
        helpers=True,
    ),
    Program(
        "UNREAL",
        "Unreal",
        "8,000 to 10,000 quads, the mannequin's bones, A-pose. Exports FBX in centimetres, without scaled bones",
        "FBX",
        bones="UNREAL",
        pose="A",
        unit=CENTIMETRE,
        armature="Armature",  # Unreal takes one of this name that Blender wrote for what it is, and makes no bone of it
        green_down=True,
    ),
    Program(
        "UNITY",
        "Unity",
        "8,000 to 10,000 quads, bones that Unity's humanoid finds by itself, T-pose. Exports FBX, scale 1 in Unity",
        "FBX",
        unit=CENTIMETRE,
    ),
    Program(
        "GODOT",
        "Godot",
        "8,000 to 10,000 quads, bones of a humanoid, T-pose. Exports glTF",
        "GLTF",
    ),
    Program(
        "VRM",
        "VRM",
        "8,000 to 10,000 quads, the humanoid bones of an avatar, T-pose. Exports VRM, through the VRM add-on",
        "VRM",
    ),
    Program(
        "MIXAMO",
        "Mixamo",
        "20,000 quads, Mixamo's bones and axes, T-pose, for its animations. Exports FBX",
        "FBX",
        topology="STANDARD",
        bones="MIXAMO",
        unit=CENTIMETRE,
    ),
    Program(
        "PRINT",
        "3D Print",
        f"Closed triangles with walls thick enough for a figure {PRINT_HEIGHT_MM / 10:g} cm high. Exports STL",
        "STL",
        topology="PRINT",
        texture="NONE",
        skeleton=False,
        bones="PLAIN",
        pose="PHOTO",
        unit=None,
    ),
    Program(
        "SCULPT",
        "Sculpting",
        "Dense triangles with all that was found. Exports OBJ with colours at the vertices",
        "OBJ",
        topology="SCULPT",
        texture="NONE",
        skeleton=False,
        bones="PLAIN",
        pose="PHOTO",
    ),
    Program(
        "FILM",
        "Film",
        "20,000 quads, a picture of 4096 pixels, Rigify's bones, A-pose. Exports USD",
        "USD",
        topology="STANDARD",
        texture="LARGE",
        bones="RIGIFY",
        pose="A",
        helpers=True,
    ),
)
BY_IDENTIFIER = {program.identifier: program for program in PROGRAMS}


def items() -> list[tuple[str, str, str]]:
    """(identifier, label, description) of each program, as Blender's properties take them."""
    return [(program.identifier, program.label, program.description) for program in PROGRAMS]
