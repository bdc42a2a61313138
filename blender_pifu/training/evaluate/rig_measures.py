# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rigged result is worth to who animates it, as further lines of the report on it: poles, fingers that move by
themselves, arms that leave nothing behind, a mouth that opens where it is painted."""

from collections.abc import Collection

import cv2
import numpy as np

from ...engine.body.bones import FINGERS, SIDES, part
from ...engine.reading.face_marks import face_reader
from ...engine.reading.landmarks import Region
from ...engine.surface.mesh import directed_edges, split_quads
from ...engine.surface.stitching import MOST_VALENCE, valences
from ...result_file import Reconstruction
from ..native.raster import see
from .repose import POSES, repose

BENT_DEG, MOST_MOVED_M = 60.0, 0.002  # of the fingers' first bones; of what is neither hand nor forearm
LEAST_FINGER = 8  # vertices that follow the outer bones of each finger
TORN, TORN_M = 4.0, 0.02  # edges that a pose makes longer by that factor, and as long: as the panel's Torn in T-pose
MOUTH_OFF_M = 0.003
FACE_M, FACE_PX = 0.26, 768  # side of the picture of a face
MOST_ROWS = 30000  # of a picture that is looked up at once
STILL, MOVED = 0.3, 0.55  # shares of the most that opening the jaw moves: an upper lip less, a lower lip more
WITHIN = 0.7  # of the mouth's width, about its middle
UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)  # of the face mesh: inner edges, from right to left
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LABELS = {
    "poles": "Poles",
    "face_loops": "Face loops",
    "fingers": "Fingers",
    "fingers_alone": "Fingers move alone",
    "arms_up": "Arms up",
    "mouth": "Mouth opens as painted",
}


def measure(made: Reconstruction, shown: Collection[str] = SIDES) -> list[dict]:
    """Lines as `addon.criteria` reports them, of LABELS: "id", "label", "state", "value", "measured". shown: the sides
    whose hand the photo shows; of others nobody knows the fingers."""
    skin = made.faces if made.parts is None else made.faces[made.parts.faces == 0]
    lines = [_poles(skin), _face_loops(made)]
    if made.rig is not None:
        sides = [side for side in SIDES if _has_fingers(made.rig, skin, side)]
        value = f"{len(sides)} hands" + (f", {len(SIDES) - len(shown)} hidden" if len(shown) < len(SIDES) else "")
        lines.append(_line("fingers", bool(set(shown) - set(sides)), value, len(sides), "WARNING"))
        if sides:
            moved = max(_moved_beside(made, side) for side in sides)
            lines.append(_line("fingers_alone", moved > MOST_MOVED_M, f"the rest moves {1000 * moved:.1f} mm", moved))
        torn = _left_behind(made, skin)
        lines.append(_line("arms_up", torn > 0, f"{torn} edges hold them", torn))
    off = mouth_off(made)
    if off is not None:
        lines.append(_line("mouth", off > MOUTH_OFF_M, f"{1000 * off:.1f} mm off", off))
    return lines


def _line(id_, bad, value, measured, worse="ERROR"):
    state = worse if bad else "OK"
    return {"id": id_, "label": LABELS[id_], "state": state, "value": value, "measured": float(measured)}


def _poles(faces):
    valence = valences(faces, int(faces.max()) + 1)
    many = int((valence > MOST_VALENCE).sum())
    return _line("poles", many > 0, f"{many} above {MOST_VALENCE}, {valence.max()} at most", many)


def _face_loops(made):
    found = made.shape_keys is not None and "jawOpen" in made.shape_keys.names
    return _line("face_loops", not found, "there" if found else "none", found, "WARNING")


def _strongest(rig):
    """The bone (V,) that moves each vertex most."""
    rows = np.arange(len(rig.weights))
    return rig.weight_bones[rows, rig.weights.argmax(1)]


def _has_fingers(rig, faces, side):
    """Whether a hand's fingers are apart: no edge joins the outer bones of two."""
    number = np.full(len(rig.names), -1)
    for finger, name in enumerate(FINGERS):
        for joint in (2, 3):
            number[rig.names.index(f"{name}_{joint}{side}")] = finger
    finger = number[_strongest(rig)]
    if min((finger == index).sum() for index in range(len(FINGERS))) < LEAST_FINGER:
        return False
    start, end = directed_edges(faces)
    one, other = finger[start], finger[end]
    return not ((one >= 0) & (other >= 0) & (one != other)).any()


def _moved_beside(made, side):
    """Metres that bending a hand's fingers moves what is neither that hand nor its forearm."""
    rig = made.rig
    turns = np.tile(np.eye(3), (len(rig.names), 1, 1))
    moves = np.zeros((len(rig.names), 3))
    for bone, name in enumerate(rig.names):
        parent = rig.parents[bone]
        turn, head = (np.eye(3), rig.heads[bone]) if parent < 0 else (
            turns[parent], turns[parent] @ rig.heads[bone] + moves[parent]
        )  # fmt: skip
        if name in {f"{finger}_1{side}" for finger in FINGERS}:
            axis = np.cross(rig.tails[bone] - rig.heads[bone], (0.0, 0.0, 1.0))
            axis = axis / max(np.linalg.norm(axis), 1e-9) if np.linalg.norm(axis) > 1e-6 else np.array([1.0, 0, 0])
            turn = cv2.Rodrigues(np.radians(BENT_DEG) * axis)[0] @ turn
        turns[bone], moves[bone] = turn, head - turn @ rig.heads[bone]
    posed = np.zeros(made.vertices.shape)
    for slot in range(rig.weight_bones.shape[1]):
        bone = rig.weight_bones[:, slot]
        moved = np.einsum("vij,vj->vi", turns[bone], made.vertices) + moves[bone]
        posed += rig.weights[:, slot, None] * moved
    names = np.array(rig.names)[_strongest(rig)]
    own = [f"{part}{side}" for part in ("hand", "forearm")]
    own += [f"{finger}_{joint}{side}" for finger in FINGERS for joint in (1, 2, 3)]
    beside = ~np.isin(names, own)
    return float(np.linalg.norm(posed - made.vertices, axis=1)[beside].max())


def _left_behind(made, faces):
    """Edges between forearm or hand and what is no arm that tear when both arms go up."""
    rig = made.rig
    parts = np.array([part(name) for name in rig.names])
    hand = np.array([name.startswith(("hand", "forearm", *FINGERS)) for name in rig.names])
    no_arm = ~np.char.startswith(parts, "arm")
    bone = _strongest(rig)
    posed = repose(made.vertices, rig, rig.weight_bones, rig.weights, POSES["arms up"])
    start, end = directed_edges(faces)
    held = hand[bone[start]] & no_arm[bone[end]]  # each edge is there both ways
    old, new = (np.linalg.norm(at[start[held]] - at[end[held]], axis=1) for at in (made.vertices, posed))
    return int(((new > TORN * old) & (new > TORN_M)).sum())


def mouth_off(made: Reconstruction) -> float | None:
    """Metres, on average, between where lips part and where they are painted, of a face without an expression seen from
    the front; None of one that has no expressions or no texture, or in which no face is found."""
    keys = made.shape_keys
    if keys is None or "jawOpen" not in keys.names or made.texture is None:
        return None
    opening = np.linalg.norm(keys.offsets[keys.names.index("jawOpen")], axis=1)
    middle = np.average(made.vertices, axis=0, weights=np.abs(keys.offsets).sum((0, 2)))
    points = (made.vertices - middle) * (1, -1, 1) / (FACE_M / 2)
    points = points[:, [0, 2, 1]].astype(np.float32)
    triangles, corners = split_quads(made.faces)
    side, _ = see(points, triangles, FACE_PX, None)
    shown = np.zeros((FACE_PX * FACE_PX, 3), np.uint8)
    shown[side.pixels] = _texels(made.texture, side, corners)
    opens = np.full(FACE_PX * FACE_PX, np.nan, np.float32)
    opens[side.pixels] = side.interpolate((opening / opening.max())[:, None].astype(np.float32))[:, 0]
    marks = face_reader().read_in(shown.reshape(FACE_PX, FACE_PX, 3), Region(FACE_PX / 2, FACE_PX / 2, FACE_PX, 0.0))
    if marks is None:
        return None
    upper, lower = marks.points[list(UPPER_LIP)], marks.points[list(LOWER_LIP)]
    x0, x1 = upper[[0, -1], 0]
    half = WITHIN * (x1 - x0) / 2
    columns = np.arange(int((x0 + x1) / 2 - half), int((x0 + x1) / 2 + half) + 1)
    rows = [_parting(opens.reshape(FACE_PX, FACE_PX)[:, column], upper[:, 1].mean()) for column in columns]
    painted = (np.interp(columns, *upper.T) + np.interp(columns, *lower.T)) / 2
    off = np.array([abs(row - at) for row, at in zip(rows, painted, strict=True) if row is not None])
    return float(off.mean()) * FACE_M / FACE_PX if len(off) else None


def _parting(opens, near):
    """The row at which a column of a picture goes over from the upper lip to the lower, nearest to a row; or None."""
    jumps = np.flatnonzero((opens[:-1] < STILL) & (opens[1:] > MOVED)) + 1
    return None if not len(jumps) else float(jumps[np.abs(jumps - near).argmin()])


def _texels(texture, side, corners):
    """Colours (P, 3) of what is seen of a textured mesh; corners (T, 3): of its triangles, among those of its faces."""
    picture = cv2.cvtColor(cv2.imdecode(np.frombuffer(texture.png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    at = np.einsum("pk,pkc->pc", side.weights, texture.uv.reshape(-1, 2)[corners][side.seen])
    across, down = (at * (1, -1) + (0, 1)).T * np.array(picture.shape[1::-1])[:, None] - 0.5
    across, down = (each.astype(np.float32).reshape(-1, 1) for each in (across, down))
    rows = [slice(start, start + MOST_ROWS) for start in range(0, len(across), MOST_ROWS)]
    parts = [cv2.remap(picture, across[some], down[some], cv2.INTER_LINEAR)[:, 0] for some in rows]
    return np.concatenate(parts)
