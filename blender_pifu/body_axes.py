# SPDX-License-Identifier: GPL-3.0-or-later
"""About which axis each bone of a person bends, from where the joints are. numpy only; Blender space.

A flexion axis turns by the right hand: elbows and fingers close, knees bend backward, the spine bows forward.
"""

import numpy as np

UP = np.array([0.0, 0.0, 1.0])
FINGERS = ("thumb", "index", "middle", "ring", "little")
# Below the first angle a limb is too straight to tell how it bends, above the second it tells all.
_STRAIGHT, _BENT = np.radians(4), np.radians(20)


def unit(vector: np.ndarray) -> np.ndarray:
    """`vector` (3,) at length 1."""
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    """Radians between two directions (3,)."""
    return float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))


def body_left(heads: dict[str, np.ndarray]) -> np.ndarray:
    """The person's left, level, unit; from hips and shoulders, by the bones' heads (name -> (3,))."""
    left = np.zeros(3)
    for bone in ("thigh", "upper_arm"):
        if f"{bone}.L" in heads and f"{bone}.R" in heads:
            left += heads[f"{bone}.L"] - heads[f"{bone}.R"]
    left[2] = 0.0
    return unit(left) if np.linalg.norm(left) > 1e-6 else np.array([1.0, 0.0, 0.0])


def forward_of(left: np.ndarray) -> np.ndarray:
    """Where someone looks whose left is `left`: -Y for +X."""
    return np.cross(left, UP)


def flexion_axes(heads: dict[str, np.ndarray], tails: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Canonical bone -> its flexion axis (3,), unit and square to the bone."""
    left = body_left(heads)
    forward = forward_of(left)
    along = {name: unit(tails[name] - heads[name]) for name in heads}
    axes = {name: left for name in heads}
    for side in (".L", ".R"):
        for upper, lower, bends_to in (("upper_arm", "forearm", forward), ("thigh", "shin", -forward)):
            if upper + side in along and lower + side in along:
                axis = _hinge(along[upper + side], along[lower + side], bends_to)
                axes[upper + side] = axes[lower + side] = axis
        if "forearm" + side in axes:
            axes["hand" + side] = axes["forearm" + side]
        palm = palm_of(heads, along, side)
        for finger in FINGERS:
            bones = [name for name in (f"{finger}_{joint}{side}" for joint in (1, 2, 3)) if name in along]
            if bones and palm is not None:
                axis = _hinge(along[bones[0]], along[bones[-1]], palm)
                axes.update(dict.fromkeys(bones, axis))
        for bone, axis in (("foot", left), ("toe", -left), ("shoulder", -UP if side == ".L" else UP)):
            if bone + side in along:
                axes[bone + side] = axis
    return {name: _square(axis, along[name]) for name, axis in axes.items()}


def palm_of(heads, along, side: str) -> np.ndarray | None:
    """Where the palm of a side faces (3,), unit, by the bones' heads and directions; None where bones lack."""
    bones = ["index_1" + side, "little_1" + side, "hand" + side]
    if not all(bone in heads for bone in bones):
        return None
    back = np.cross(along[bones[2]], heads[bones[1]] - heads[bones[0]])
    return unit(-back if side == ".L" else back)


def _hinge(upper: np.ndarray, lower: np.ndarray, bends_to: np.ndarray) -> np.ndarray:
    """The axis of a hinge between two bones; of straight limbs the one that bends them to `bends_to`."""
    usual = np.cross(upper, bends_to)
    if np.linalg.norm(usual) < 0.3:  # it points there already, so it bends up
        usual = np.cross(upper, UP)
    told = np.cross(upper, lower)
    share = np.clip((angle_between(upper, lower) - _STRAIGHT) / (_BENT - _STRAIGHT), 0, 1)
    axis = unit(usual) * (1 - share) + unit(told) * share
    return axis if np.linalg.norm(axis) > 0.1 else usual


def _square(axis: np.ndarray, along: np.ndarray) -> np.ndarray:
    """`axis` made square to `along`."""
    for candidate in (axis, UP, np.array([1.0, 0.0, 0.0])):
        level = candidate - (candidate @ along) * along
        if np.linalg.norm(level) > 1e-2:
            return unit(level)
    raise AssertionError("no direction is parallel to both UP and X")
