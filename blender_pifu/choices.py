# SPDX-License-Identifier: GPL-3.0-or-later
"""The choices of a job: every option said once, with its values, default, words and check. Standard library only.

The command line's options, the panel's properties and the message to the engine are all made from the fields of
`Choices`. To add an option, add a field here and read it in a stage of the engine.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field


class ChoiceError(ValueError):
    """A choice that is not possible: `str(error)` says which, `fix` what to choose instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True)
class Item:
    """One value of an option: as the engine takes it, as .blend files keep it, and in words."""

    value: str | int
    identifier: str
    label: str
    description: str


@dataclass(frozen=True)
class Option:
    """How an option is named, described and bounded.

    name: in messages of errors; items: the values that are offered, and the only ones where `only_items`; low, high:
    bounds of a number. flag, metavar, help: on the command line. prop: name of the scene property that the panel draws,
    "": it has its own way of asking; label, description: in Blender.
    """

    name: str
    items: tuple[Item, ...] = ()
    only_items: bool = False
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    flag: str = ""
    metavar: str | None = None
    help: str = ""
    prop: str = ""
    label: str = ""
    description: str = ""

    @property
    def values(self) -> tuple:
        """The values of the items, without that which stands for none."""
        return tuple(item.value for item in self.items if item.value)

    def item(self, value) -> Item:
        """The item of a value. Raises KeyError."""
        return {item.value: item for item in self.items}[value]

    def value(self, identifier: str):
        """The value of an item by its identifier. Raises KeyError."""
        return {item.identifier: item.value for item in self.items}[identifier]


def _option(default, name: str, **words):
    return field(default=default, metadata={"option": Option(name, **words)})


RESOLUTION_ITEMS = (
    Item(128, "DRAFT", "Draft", "128 points along the body: a first look"),
    Item(256, "STANDARD", "Standard", "256 points along the body"),
    Item(512, "FINE", "Fine", "512 points along the body: slower, finer"),
    Item(1024, "ULTRA", "Ultra", "1024 points along the body: takes long and needs memory"),
)
TOPOLOGY_ITEMS = (
    Item("sculpt", "SCULPT", "Sculpting", "Dense triangles with all that was found: to sculpt on, or to look at"),
    Item("standard", "STANDARD", "Standard", "About 20,000 quads, a few triangles among them: to rig and animate"),
    Item("game", "GAME", "Game", "About 8,000 quads, up to 10,000 with hands and an own head: light enough for a game"),
    Item("print", "PRINT", "3D Print", "Closed triangles, thin places made thick enough to print"),
    Item(
        "animation",
        "ANIMATION",
        "Animation",
        "A body's own quads laid on the surface, with face loops, expressions as shape keys, skeleton and texture. "
        "For tight clothes; others are refused",
    ),
)
TEXTURE_ITEMS = (
    Item(0, "NONE", "None", "Colours at the vertices only"),
    Item(1024, "SMALL", "1024 px", "A UV map and a picture of 1024 pixels"),
    Item(2048, "MEDIUM", "2048 px", "A UV map and a picture of 2048 pixels"),
    Item(4096, "LARGE", "4096 px", "A UV map and a picture of 4096 pixels"),
)


@dataclass(frozen=True)
class Choices:
    """What a person is to be made as. The defaults are what is quickest; READY what is ready for rigging.

    model: a bundled name or a weights file; resolution: lattice points along the crop; height_m: metres (of whom the
    photo cuts, only the part seen is made, in proportion), None for what the proportions in the photo suggest; person:
    which of several, counted from the left from 1, 0 for the largest, most central one; back: image file of the same
    person in the same pose from behind, "" for none; views: up to seven image files of the same person from any side,
    the pose may differ a little; video: a film, or a folder of its frames, of the person turning round, which gives as
    many of these as have room, "" for none; motion: a short film, or a folder of its frames, whose movement the
    skeleton is given, "" for none; topology: "animation" always comes with skeleton, expressions and
    a texture; texture_px: side of the base colour map, 0 for none; rig: with a skeleton and skin weights, and what the
    photo fused cut apart; keep_light: leave the photo's light in the colours, which else are as in even light;
    head_parts: eyeballs, teeth and tongue within a head that the photo shows and the mesh with a skeleton wears; slots:
    a material slot each for skin, hair, garments and shoes.

    Raises ChoiceError for what is not possible.
    """

    model: str = _option(
        "human", "model", flag="--model", metavar="NAME|FILE", help="bundled model or .safetensors file"
    )
    resolution: int = _option(
        256,
        "resolution",
        items=RESOLUTION_ITEMS,
        low=16,
        high=2048,
        flag="--resolution",
        help="detail of the surface (default: 256)",
        prop="quality",
        label="Quality",
        description="How fine the surface is",
    )
    height_m: float | None = _option(
        None,
        "height",
        low=0.01,
        high=100,
        unit=" m",
        flag="--height",
        metavar="METRES",
        help="height of the person (default: 1.70, or a child's where the proportions are)",
        prop="height_m",
        label="Height",
        description="Height of the person; a child's, by the proportions in the photo, until it is set",
    )
    person: int = _option(
        0,
        "person",
        low=0,
        flag="--person",
        metavar="N",
        help="which of several people, from the left (default: the main one)",
    )
    back: str = _option(
        "",
        "back photo",
        flag="--back",
        metavar="PHOTO",
        help="second photo: the same person in the same pose from behind",
    )
    views: tuple[str, ...] = _option(
        (),
        "further photo",
        high=7,
        flag="--view",
        metavar="PHOTO",
        help="further photo of the same person, from any side, in nearly the same pose; may be given several times",
    )
    video: str = _option(
        "",
        "film",
        flag="--video",
        metavar="FILE|FOLDER",
        help="film of the person turning round, or a folder of its frames: some of them serve as further photos, and "
        "without PHOTO as all of them",
    )
    motion: str = _option(
        "",
        "motion",
        flag="--motion",
        metavar="FILE|FOLDER",
        help="short film of somebody who moves before a camera that stands still, or a folder of its frames: what they "
        "do becomes an animation of the skeleton (with --rig, .npz and .glb)",
    )
    topology: str = _option(
        "sculpt",
        "topology",
        items=TOPOLOGY_ITEMS,
        only_items=True,
        flag="--topology",
        help="mesh to make: sculpt (dense triangles, default), standard (20,000 quads), game (8,000 to 10,000), print, "
        "animation (the body's own quads with skeleton, expressions and texture, where they fit)",
        prop="topology",
        label="Mesh",
        description="How the surface is laid out",
    )
    texture_px: int = _option(
        0,
        "texture",
        items=TEXTURE_ITEMS,
        only_items=True,
        unit=" pixels",
        flag="--texture",
        metavar="PX",
        help="unwrap the mesh and bake the colours into a picture of 1024, 2048 or 4096 pixels (default: none)",
        prop="texture",
        label="Texture",
        description="The photo baked into a base colour map",
    )
    rig: bool = _option(
        False,
        "rig",
        flag="--rig",
        help="with a skeleton and skin weights",
        prop="skeleton",
        label="Skeleton",
        description="With an armature and skin weights, and limbs that look grown together in the photo cut apart",
    )

    keep_light: bool = _option(
        False,
        "photo's light",
        flag="--keep-light",
        help="leave the photo's light in the colours (default: it is estimated and taken away)",
        prop="keep_light",
        label="Keep Light",
        description="Leave light and shade of the photo in the colours, for scenes without lamps. Without it they are "
        "taken away, so that the lamps of a scene or a game light the human",
    )

    head_parts: bool = _option(
        False,
        "eyes, teeth and tongue",
        flag="--head-parts",
        help="with eyeballs, teeth and tongue, where a mesh with a skeleton has the person's own face",
        prop="head_parts",
        label="Eyes and Mouth",
        description="With eyeballs that turn, teeth and a tongue within the head, where the photo shows the face. "
        "Without them eyes are part of the skin and the mouth is empty",
    )

    slots: bool = _option(
        False,
        "material slots",
        flag="--slots",
        help="a material each for skin, hair, upper and lower garment, shoes, eyes and mouth, of the same maps",
        prop="slots",
        label="Material Slots",
        description="A material each for skin, hair, upper and lower garment, shoes, eyes and mouth, so that each can "
        "be selected, hidden or changed by its slot. All take the same maps",
    )

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            value = getattr(self, name)
            if value is not None or getattr(Choices, name) is not None:
                _check(option, KINDS[name], value)


HEIGHT_M = 1.70  # of whoever is no child
_TYPES = {"str": str, "int": int, "float": float, "float | None": float, "bool": bool, "tuple[str, ...]": tuple}
OPTIONS: dict[str, Option] = {each.name: each.metadata["option"] for each in dataclasses.fields(Choices)}
KINDS: dict[str, type] = {each.name: _TYPES[str(each.type)] for each in dataclasses.fields(Choices)}
# What the panel begins with: ready for rigging.
READY = {"topology": "standard", "texture_px": 2048, "rig": True, "head_parts": True}


def _check(option: Option, kind: type, value) -> None:
    """Raise ChoiceError unless a value is of the option's type and one that it can have."""
    if kind is tuple:
        _check_paths(option, value)
        return
    if kind is float and type(value) is int:
        value = float(value)
    fits = type(value) is kind and (kind in (str, bool) or option.low <= value <= option.high)
    if fits and (not option.only_items or value in {item.value for item in option.items}):
        return
    offered = [str(each) for each in option.values]
    if option.only_items and kind is str:
        raise ChoiceError(f'There is no {option.name} "{value}".', f"Choose one of: {', '.join(offered)}.")
    if option.only_items:
        fix = f"Choose one of: {', '.join(offered)}."
    elif offered:
        fix = f"Choose {', '.join(offered[:-1])} or {offered[-1]}."
    else:
        fix = f"Choose a {option.name} between {option.low:g} and {option.high:g}{option.unit}."
    raise ChoiceError(f"A {option.name} of {value}{option.unit} is not possible.", fix)


def _check_paths(option: Option, value) -> None:
    """Raise ChoiceError unless a value is a tuple of paths, not more than an option's bound."""
    if type(value) is not tuple or not all(type(path) is str and path for path in value):
        raise ChoiceError("Further photos are named by their paths.", "Name image files.")
    if len(value) > option.high:
        raise ChoiceError(
            f"{len(value)} further photos are too many.", f"Choose the best {option.high:g}, from different sides."
        )
