# SPDX-License-Identifier: GPL-3.0-or-later
"""The canonical bones: names, tree, and the parts of the body that they make up. Left is the person's own, +x."""

TRUNK = ("hips", "spine", "chest", "upper_chest", "neck", "head")
ARM = ("shoulder", "upper_arm", "forearm", "hand")
LEG = ("thigh", "shin", "foot", "toe")
FINGERS = ("thumb", "index", "middle", "ring", "little")
SIDES = (".L", ".R")


def _tree():
    parents: dict[str, str | None] = {"hips": None}
    parents |= dict(zip(TRUNK[1:], TRUNK, strict=False))
    for side in SIDES:
        for chain, root in ((ARM, "upper_chest"), (LEG, "hips")):
            for bone in chain:
                parents[bone + side] = root
                root = bone + side
        for finger in FINGERS:
            root = "hand" + side
            for joint in (1, 2, 3):
                parents[f"{finger}_{joint}{side}"] = root
                root = f"{finger}_{joint}{side}"
    return parents


PARENT_NAMES = _tree()
BONES = tuple(PARENT_NAMES)  # parents come before their children
INDEX = {bone: index for index, bone in enumerate(BONES)}
PARENTS = tuple(-1 if parent is None else INDEX[parent] for parent in PARENT_NAMES.values())


def mirrored(bone: str) -> str:
    """The same bone of the other side; one of the middle is its own."""
    return bone[:-1] + {"L": "R", "R": "L"}[bone[-1]] if bone[-2:] in SIDES else bone


def part(bone: str) -> str:
    """Which part of the body a bone belongs to: "trunk", "head", "arm.L", "arm.R", "leg.L" or "leg.R"."""
    name, side = (bone[:-2], bone[-2:]) if bone[-2:] in SIDES else (bone, "")
    if name in ("neck", "head"):
        return "head"
    if name in TRUNK or name == "shoulder":
        return "trunk"
    return ("leg" if name in LEG else "arm") + side
