# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone sets: the engine's canonical skeleton under the names, parents and axes that another program expects.

A set is a file in rigs/. Each of its bones has a `name` ({} is the side), a `parent`, and is either `of` a canonical
bone, or of the `span` of one, or lies between two points: `at` the head of a canonical bone (or on the "ground"), a
`share` of the way `to` another, at the `level` of a third's tail, moved by an `offset` (outward, back, up, in
heights). `flex` names the axis about which bones bend; one that has a `z` has its Z axis there instead, "up" or to the
"thumb"'s side of the palm. `weights` is the part of the canonical bone whose weights a bone takes, where that is not
its span; a bone of the `kind` "twist" shares a limb with the bone that it hangs from, one of the kind "help" lies
where the canonical bone that it `helps` leaves the trunk. What is `extra` is there only with controls. Where it is
public how a program's own skeleton rests, `rest_pose` is the pose nearest to that and `rest` of a bone its Y and Z
axes there, for each side. numpy only.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ...body_axes import UP, angle_between, body_left, flexion_axes, forward_of, unit
from ...result_file import Rig

FOLDER = Path(__file__).parent / "rigs"
SETS = ("PLAIN", "RIGIFY", "MIXAMO", "UNREAL", "VRM")


@dataclass(frozen=True)
class Bone:
    """A bone of an armature. `of` is its canonical bone and `span` the part of that whose weights it takes; extra bones
    have none. `kind` is "", "twist" or "help"; `helps` the canonical bone that one of the kind "help" lies beside."""

    name: str
    parent: str  # "" at a root
    head: np.ndarray  # (3,)
    tail: np.ndarray  # (3,)
    z_axis: np.ndarray  # (3,)
    of: str
    span: tuple[float, float]
    deform: bool
    kind: str = ""
    helps: str = ""


@cache
def load_set(name: str) -> dict:
    """A bone set by its name in SETS, as in its file."""
    return json.loads((FOLDER / f"{name.lower()}.json").read_text(encoding="utf-8"))


def choices() -> tuple[tuple[str, str, str], ...]:
    """(name, label, description) of each set."""
    return tuple((name, load_set(name)["label"], load_set(name)["description"]) for name in SETS)


@cache
def roles_of(set_name: str) -> dict[str, str]:
    """Bone of a set -> the canonical bone that it is or is a part of, "" for none."""
    data = load_set(set_name)
    return {_named(entry["name"], side, data): _role(entry, side) for entry, side in _each(data)}


def set_of(names) -> str:
    """The set that bones of those names are of; "" where there is none."""
    names = set(names)
    return next((each for each in SETS if names and names <= set(roles_of(each))), "")


def rest_axes(set_name: str, pose: str) -> dict[str, np.ndarray]:
    """Bone -> its axes (3, 3), X, Y and Z as columns, at rest in the program that the set is for; none where it has no
    rest pose like `pose` ("A" or "T"). The person faces -Y."""
    data = load_set(set_name) if set_name else {}
    axes = {}
    for entry, side in _each(data) if data.get("rest_pose") == pose else ():
        if "rest" not in entry:
            continue
        along, z_axis = (unit(np.array(axis)) for axis in entry["rest"][side[1:]])
        x_axis = unit(np.cross(along, z_axis))
        axes[_named(entry["name"], side, data)] = np.stack([x_axis, along, np.cross(x_axis, along)], 1)
    return axes


def place(set_name: str, rig: Rig, extra: bool = False) -> list[Bone]:
    """The bones of a set where the person's are, parents first, the extra ones among them if asked. Bones that the
    person lacks are left out."""
    data = load_set(set_name)
    heads = dict(zip(rig.names, rig.heads.astype(float), strict=True))
    tails = dict(zip(rig.names, rig.tails.astype(float), strict=True))
    if "min_bend_deg" in data:
        _bend(heads, tails, np.radians(data["min_bend_deg"]))
    axes = flexion_axes(heads, tails)
    placed: dict[str, Bone] = {}
    parents: dict[str, str] = {}
    for entry, side in _each(data):
        name, parent = (_named(entry[key], side, data) for key in ("name", "parent"))
        parents[name] = parent
        while parent and parent not in placed:
            parent = parents.get(parent, "")
        bone = _place(entry, side, heads, tails, axes, data["flex"]) if extra or not entry.get("extra") else None
        if bone:
            helps = entry["helps"] + side if "helps" in entry else ""
            placed[name] = Bone(name, parent, *bone, entry.get("kind", ""), helps)
    return list(placed.values())


def _each(data: dict):
    for entry in data["bones"]:
        for side in (".L", ".R") if "{}" in entry["name"] else ("",):
            yield entry, side


def _named(template: str, side: str, data: dict) -> str:
    return template.replace("{}", data["sides"].get(side[1:], ""))


def _role(entry: dict, side: str) -> str:
    of = entry.get("of", "")
    return of + side if of and "{}" in entry["name"] else of


def _place(entry, side, heads, tails, axes, flex):
    of = entry["of"]
    if of:
        of = of if of in heads else of + side
        if of not in heads:
            return None
        span = tuple(entry.get("span", (0.0, 1.0)))
        ends = [heads[of] + share * (tails[of] - heads[of]) for share in span]
        span = tuple(entry.get("weights", span))
        axis = axes[of]
    else:
        span = (0.0, 1.0)
        ends = [_point(entry[end], side, heads, tails) for end in ("head", "tail")]
        if any(end is None for end in ends):
            return None
        axis = axes.get(entry.get("flex_of", "") + side)
    along = unit(ends[1] - ends[0])
    own = _own_z(entry.get("z"), side, heads, tails)
    if own is not None:
        z_axis = own
    elif axis is None:
        z_axis = UP if abs(along[2]) < 0.9 else forward_of(body_left(heads))
    else:
        axis = unit(axis - (axis @ along) * along)
        z_axis = np.cross(axis, along) if flex == "x" else axis
    return *ends, z_axis, of, span, entry.get("deform", True)


def _own_z(where: str | None, side: str, heads, tails) -> np.ndarray | None:
    """The Z axis (3,) of a bone that does not turn by the set's rule, or None."""
    if where == "up":
        return UP
    fingers = [heads.get(f"{finger}_1{side}") for finger in ("index", "little")]
    if where != "thumb" or any(finger is None for finger in fingers):
        return None
    return unit(fingers[0] - fingers[1])


def _point(point: dict, side: str, heads, tails) -> np.ndarray | None:
    names = {key: point[key].replace(".{}", side) for key in ("at", "to", "level") if key in point}
    if names["at"] == "ground":
        place = np.zeros(3)
    elif all(name in heads for name in names.values()):
        place = heads[names["at"]].copy()
    else:
        return None
    if "to" in names:
        place += point["share"] * (heads[names["to"]] - place)
    if "level" in names:
        place[2] = tails[names["level"]][2]
    if "offset" in point:
        left = body_left(heads)
        outward, back, up = np.array(point["offset"]) * max(tail[2] for tail in tails.values())
        place += outward * left * (-1 if side == ".R" else 1) - back * forward_of(left) + up * UP
    return place


def _bend(heads, tails, least: float) -> None:
    """Move the elbows and knees of straight limbs a little, so that inverse kinematics sees how they bend."""
    axes = flexion_axes(heads, tails)
    for side in (".L", ".R"):
        for upper, lower in (("upper_arm", "forearm"), ("thigh", "shin")):
            upper, lower = upper + side, lower + side
            if upper not in heads or lower not in heads:
                continue
            line = tails[lower] - heads[upper]
            bends_to = unit(np.cross(axes[upper], line))
            stray = (heads[lower] - heads[upper]) @ bends_to  # negative: it bends as it should
            angle = angle_between(heads[lower] - heads[upper], tails[lower] - heads[lower])
            if angle < least or stray > 0 and angle < 0.2:
                move = (stray + np.tan(least / 2) * np.linalg.norm(line) / 2) * bends_to
                heads[lower] = heads[lower] - move
                tails[upper] = heads[lower].copy()
