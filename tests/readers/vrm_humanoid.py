# SPDX-License-Identifier: GPL-3.0-or-later
"""What VRM 1.0 calls the bones of its humanoid."""

HUMANOID = {
    **{name: name for name in ("hips", "spine", "chest", "neck", "head")},
    **{"upper_chest": "upperChest", "shoulder": "Shoulder", "upper_arm": "UpperArm", "forearm": "LowerArm"},
    **{"hand": "Hand", "thigh": "UpperLeg", "shin": "LowerLeg", "foot": "Foot", "toe": "Toes"},
    **dict(zip(("thumb_1", "thumb_2", "thumb_3"), ("ThumbMetacarpal", "ThumbProximal", "ThumbDistal"), strict=True)),
}
JOINTS = {"1": "Proximal", "2": "Intermediate", "3": "Distal"}


def humanoid(role):
    """What VRM 1.0 calls a canonical bone."""
    bone, side = (role[:-2], {"L": "left", "R": "right"}[role[-1]]) if role[-2:] in (".L", ".R") else (role, "")
    finger, _, joint = bone.rpartition("_")
    return side + (HUMANOID.get(bone) or finger.capitalize() + JOINTS[joint])
