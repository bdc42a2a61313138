# SPDX-License-Identifier: GPL-3.0-or-later
"""The fitted body's hands: posed as the photo shows them where it does, relaxed where they are small, hidden or
doubtful, and none deeper in the clothes than it can be."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from ..body.bones import FINGERS, INDEX, SIDES
from ..body.fit import Fit
from ..body.lift import solid_stretches
from ..body.model import load_body
from ..body.rigging import Mesh
from ..layout.crossings import crossing_faces
from ..reading.stance import Framing
from ..subject.figure import Figure
from .cloth import TOUCH_M, aimed, depth_in_cloth, lifted, with_turned_bone
from .crossed_arms import apart, one_before_other, tangled
from .finger_chain import ANGLES, BENDS, FingerChain, with_fingers
from .finger_fit import fit_arm, fit_fingers, target_points
from .hand_landmarks import KNUCKLES, POINTS, ROOTS, WRIST, HandLandmarks, HandReader
from .wrist import HandSkin, wrist_of

LEAST_PX = 30.0  # longer side of a hand: with fewer pixels its fingers are guessed
LEAST_PRESENCE, LEAST_OWN_SIDE = 0.5, 0.4  # of folded hands the network often takes one for the other
SEEN = 0.25  # presence from which on a hand is there, whether or not its fingers are believed
IN_POCKET_M = 0.025  # deep in the clothes by the fit, a hand that is not seen is in a pocket, or behind the back
ARM_PLACE = [0, 1, 2, 4, 5]  # angles that say where the wrist is
MOST_LIFTED_M = 0.08  # that the wrist of a hand that is read is brought forward
HAND_M = 0.18  # length of a hand
BEHIND_THING = 0.5  # share of a hand that is not seen, behind something held, from which on that hides it
MOST_AWAY = 0.6  # between the wrists of hand and body, in sizes of the hand, or of one that is not seen from its end
SAME_PLACE = 0.35  # mean distance of two hands' points, in their size, below which they are one
MOST_OFF_M = 0.025  # mean distance of the landmarks from the fitted hand
# Metres across, on average, that a hand may lie off the photo's once it is out of the cloth: else the surface shows it
# beside the one that is put on. By the landmarks of the hand, and of one that is not read by those of the body.
MOST_BESIDE_M, MOST_BESIDE_UNREAD_M = 0.028, 0.05
# Thickness up to which a surface is an arm and nothing else; least share of an arm's length that lies across.
FREE_M, LEAST_ACROSS = 0.09, 0.5
ARM_LENGTHS = 0.75, 1.15  # of the surface's arm, that is not the body's, against that, which are believed
MOST_AIMED_M = 0.12  # across, by which the body's landmarks turn the forearm of a hand that is not read
OF_BODY = WRIST, KNUCKLES[0], KNUCKLES[-1]  # points of a hand that these landmarks are
# Degrees that the joints of thumb, index, middle, ring and little finger of a hand that does nothing are bent further
# than in the model's rest.
RELAXED = ((0, 3, 3), (5, 7, 4), (7, 9, 6), (9, 12, 7), (11, 15, 9))
TOWARDS_RELAXED = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)  # how far a hand is relaxed so that its fingers do not cross

# Points (N, 2), field space -> (N,) 0..1, how likely the photo shows a thing there, as is held, or hangs on a strap.
ThingAt = Callable[[np.ndarray], np.ndarray]


@torch.inference_mode()
def pose_hands(
    fit: Fit, figure: Figure | None, reader: HandReader, mesh: Mesh | None = None, thing: ThingAt | None = None
) -> Fit:
    """The fit with its fingers, and where a hand is read its arm, so that the hand lies where the photo shows it and in
    no cloth.

    figure: the person in the photo, or None; mesh: vertices (V, 3) and faces (F, 3) of the surface, or None where
    nobody knows how thick clothes are; thing: where the photo shows one, None: nowhere. `Fit.hands` of what comes names
    the sides that are read, `Fit.hidden` those in a pocket, behind the back or a thing, beside the photo's, or without
    being read before the trunk or in a part of a person.
    """
    body = load_body()
    pose, read, hidden = fit.pose, [], []
    for side in SIDES:
        pose = with_fingers(pose, FingerChain(body, pose, side), relaxed())
    fit = _posed(fit, pose)
    if figure is None or figure.person is None or fit.source != "surface":
        return fit
    hands = reader.read(figure.photo.rgb, figure.person)
    sure = believed(hands, {side: figure.person.points[ROOTS[side][0], :2] for side in SIDES}, _hand_px(fit, figure))
    sure |= _at_fit(fit, figure, reader, hands, sure)
    for side in SIDES:
        found = None
        if side in sure:
            target = target_points(figure.crop.to_field(sure[side].points), sure[side].world)
            found = _read(fit, side, target, mesh)
            if mesh is not None and (found is None or not _has_elbow(found, side, mesh)):
                as_long = _as_long(fit, side, target[WRIST], mesh)
                other = as_long and _read(as_long, side, target, mesh)
                found = other if other and (found is None or _has_elbow(other, side, mesh)) else found
        if found is not None:
            fit = found
            read.append(side)
        elif mesh is not None:
            seen = side in hands and hands[side].presence > SEEN
            roots = hands[side].points[list(OF_BODY)] if seen else figure.person.points[list(ROOTS[side]), :2]
            roots = figure.crop.to_field(roots)
            found = _unread(fit, side, roots, mesh, seen, figure.framing is Framing.FULL)
            if found is not None and thing is not None and not seen:
                behind = thing(_lies(found, side, relaxed(), range(POINTS)))
                found = None if (behind > 0.5).mean() > BEHIND_THING else found
            if found is None:
                hidden.append(side)
                found = fit if seen else _out_of_sight(fit, side, roots)
            fit = found
    found = one_before_other(replace(fit, hands=tuple(read), hidden=tuple(hidden)))
    if mesh is None or hidden:
        return found
    found = apart(found)
    caught = tangled(found)
    if not caught:
        return found
    kept = tuple(side for side in read if side not in caught)
    return one_before_other(replace(fit, hands=kept, hidden=tuple(caught)))


def _at_fit(fit, figure, reader, hands, sure):
    """The hands by side that the photo shows where the fitted body has them, as of an arm raised so high that the
    body's landmarks are wrong; `hands` and `sure`: what was read, and believed, at these."""
    found, wrists = {}, {}
    for side in SIDES:
        if side in sure or (side in hands and hands[side].presence > SEEN):
            continue
        points = figure.crop.to_photo(_lies(fit, side, relaxed(), range(POINTS)))
        found[side], wrists[side] = reader.near(figure.photo.rgb, points, side), points[WRIST]
    found = {side: hand for side, hand in found.items() if hand is not None}
    found = believed(found, wrists, _hand_px(fit, figure))
    return {side: hand for side, hand in found.items() if all(not same_place(hand, one) for one in sure.values())}


def _hand_px(fit, figure):
    """How long a hand is that lies across, photo pixels."""
    ends = figure.crop.to_photo(np.array([[0, 0], [HAND_M * fit.metre, 0]]))
    return float(np.linalg.norm(ends[1] - ends[0]))


def _posed(fit, pose):
    return replace(fit, pose=pose, rows=load_body().pose(pose).numpy())


def _read(fit, side, target, mesh):
    """The fit with a hand at the photo's points, `target (21, 3)`, or None where it cannot be so."""
    chain = FingerChain(load_body(), fit.pose, side)
    nearer = _nearer(fit, side, target[WRIST], mesh)
    found = fit_fingers(chain, target, fit.metre, nearer)
    if found.off_m > MOST_OFF_M:
        return None
    angles = found.angles if mesh is None else _within(fit, side, chain, found.angles, mesh)
    clean = uncrossed(chain, angles)
    if clean is None or mesh is None:
        return None if clean is None else _posed(fit, chain.posed(clean))
    posed = _posed(fit, chain.posed(clean))
    deep = depth_in_cloth(posed, side, mesh[0])[0]
    if deep > TOUCH_M and angles is found.angles:  # once more, so that it stays where the photo has it
        again = fit_fingers(chain, target, fit.metre, nearer + min(deep, MOST_LIFTED_M))
        out = uncrossed(chain, again.angles) if again.off_m <= MOST_OFF_M else None
        if out is not None:
            clean, posed = out, _posed(fit, chain.posed(out))
    posed = lifted(posed, side, mesh[0], True)
    return posed if _beside(posed, side, clean, target) < MOST_BESIDE_M else None


def _unread(fit, side, roots, mesh, seen, whole):
    """The fit with a relaxed hand out of the cloth, towards where the body's landmarks have its roots (3, 2); None
    where it would lie beside what the photo shows, or is not to be seen. mesh: of the surface; seen: the photo shows a
    hand; whole: it shows all of the person."""
    if HandSkin(fit, side).before_trunk:
        return None
    surface = mesh[0]
    if not seen and (not whole or depth_in_cloth(fit, side, surface)[0] > IN_POCKET_M):
        return None
    away = (roots - _lies(fit, side, relaxed(), OF_BODY)).mean(0)
    aims = [fit]
    if np.linalg.norm(away) <= MOST_AIMED_M * fit.metre:
        chain = FingerChain(load_body(), fit.pose, side)
        angles = fit_arm(chain, relaxed(), roots, list(OF_BODY), fit.metre, _nearer(fit, side, roots[0], mesh))
        aims = [_posed(fit, chain.posed(angles)), aimed(fit, side, away), fit]
    kept = [aim for aim in aims if _inside(wrist_of(aim, side).place, *mesh)]
    for aim in kept or aims:  # an arm that stays within its sleeve
        out = lifted(aim, side, surface, seen)
        if _beside(out, side, relaxed(), roots, OF_BODY) <= MOST_BESIDE_UNREAD_M:
            return out
    return None


def _nearer(fit, side, place, mesh):
    """Metres by which a wrist is to come nearer to the camera, so that it is in the arm that the surface has at a place
    (2 or more), where that is free of all else; 0 elsewhere."""
    middle = None if mesh is None else _middle(fit, side, place, mesh)
    off = 0.0 if middle is None else (middle - wrist_of(fit, side).place[2]) / fit.metre
    return float(off) if abs(off) < MOST_AIMED_M else 0.0


def _middle(fit, side, place, mesh):
    """How far to the camera, field units, the middle is of the arm that a surface has at a place (2 or more), None
    where that is not free of all else. An arm that points away from the camera is thicker as that sees it."""
    wrist, (vertices, faces) = wrist_of(fit, side), mesh
    inside = solid_stretches(vertices, faces, place[None, :2])[0]
    if not len(inside):
        return None
    back, front = min(inside, key=lambda one: abs(one.mean() - wrist.place[2]))
    across = max(float(np.linalg.norm(wrist.along[:2])), LEAST_ACROSS)
    return (back + front) / 2 if front - back < FREE_M / across * fit.metre else None


def _as_long(fit, side, place, mesh):
    """The fit with an arm as long as the surface's, whose wrist the photo has at a place (2 or more), and pointing
    there; None where that tells no length that an arm may have. What is drawn without its depth is too short."""
    deep = _middle(fit, side, place, mesh)
    if deep is None:
        return None
    body, wrist = load_body(), wrist_of(fit, side)
    shoulder, rest = fit.rows[body.head_rows][INDEX["upper_arm" + side]], body.rest_of(fit.pose)[body.head_rows].numpy()
    now, then = wrist.place - shoulder, np.array([*place[:2], deep]) - shoulder
    share = float(np.linalg.norm(then) / np.linalg.norm(now))
    if not ARM_LENGTHS[0] < share < ARM_LENGTHS[1]:
        return None
    longer = list(fit.pose.longer)
    long = np.linalg.norm(rest[INDEX["hand" + side]] - rest[INDEX["upper_arm" + side]])
    longer[SIDES.index(side)] = float((share - 1) * long)
    fit = _posed(fit, replace(fit.pose, longer=tuple(longer)))
    now = wrist_of(fit, side).place - shoulder
    axis = np.cross(now, then)
    turn = axis / max(float(np.linalg.norm(axis)), 1e-9) * float(np.arctan2(np.linalg.norm(axis), now @ then))
    return with_turned_bone(body, fit, "upper_arm" + side, turn)


def _out_of_sight(fit, side, roots):
    """The fit with a forearm that it has before the trunk, where nobody sees one, turned to where the body's landmarks
    guess its hand to be, (3, 2)."""
    if not HandSkin(fit, side).before_trunk:
        return fit
    return aimed(fit, side, (roots - _lies(fit, side, relaxed(), OF_BODY)).mean(0))


def _beside(fit, side, angles, places, points: Sequence[int] = range(POINTS)):
    """Metres across, on average, that points of a hand whose fingers are bent by angles (ANGLES,) lie off places (N, 2
    or more) in field space."""
    off = _lies(fit, side, angles, points) - places[:, :2]
    return float(np.linalg.norm(off, axis=1).mean()) / fit.metre


def _lies(fit, side, angles, points):
    """Where points of such a hand lie, (N, 2) field space."""
    bent = np.zeros((1, ANGLES))
    bent[0, BENDS[0, 0] :] = angles[BENDS[0, 0] :]
    return FingerChain(load_body(), fit.pose, side).points(bent)[0, list(points), :2]


def _within(fit, side, chain, angles, mesh):
    """The angles, the arm's as before where they take a wrist off its sleeve; its twist stays, as the hand does."""
    before, after = (wrist_of(one, side).place for one in (fit, _posed(fit, chain.posed(angles))))
    if not _inside(before, *mesh) or _inside(after, *mesh):
        return angles
    kept = angles.copy()
    kept[ARM_PLACE] = 0
    return kept


def _has_elbow(fit, side, mesh):
    """Whether a surface has an arm where the fit has its elbow."""
    return _inside(wrist_of(fit, side).elbow, *mesh)


def _inside(place, vertices, faces):
    """Whether a place (3,) is within a surface."""
    apart = ((vertices - place) ** 2).sum(1)
    nearest = int(apart.argmin())
    corners = vertices[faces[(faces == nearest).any(1)]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).sum(0)
    return float((place - vertices[nearest]) @ normal) < 0


def believed(
    hands: dict[str, HandLandmarks], wrists: dict[str, np.ndarray], long: float = 0.0
) -> dict[str, HandLandmarks]:
    """The hands by side that are surely there, theirs, and large enough; wrists (2,): where the body has them, photo
    pixels; long: of a hand that lies across, photo pixels."""
    sure = {}
    for side, hand in hands.items():
        away = np.linalg.norm(hand.points[WRIST] - wrists[side]) / max(hand.size, long, 1e-9)
        there = hand.presence >= LEAST_PRESENCE and hand.is_of(side) >= LEAST_OWN_SIDE
        if there and hand.size >= LEAST_PX and away < MOST_AWAY:
            sure[side] = hand
    if len(sure) == 2:
        left, right = sure[".L"], sure[".R"]
        if same_place(left, right):
            del sure[".L" if 1 - left.right < right.right else ".R"]
    return sure


def same_place(one: HandLandmarks, other: HandLandmarks) -> bool:
    """Whether two hands are one."""
    apart = np.linalg.norm(one.points - other.points, axis=1).mean()
    return bool(apart < SAME_PLACE * max(one.size, other.size))


def relaxed() -> np.ndarray:
    """(ANGLES,) radians of a hand that does nothing."""
    angles = np.zeros(ANGLES)
    angles[BENDS] = np.radians(RELAXED)
    return angles


def uncrossed(chain: FingerChain, angles: np.ndarray) -> np.ndarray | None:
    """The angles, relaxed as far as the hand's skin needs not to pass through itself; None where nothing helps."""
    body = load_body()
    own = [INDEX["hand" + chain.side]]
    own += [INDEX[f"{finger}_{joint}{chain.side}"] for finger in FINGERS for joint in (1, 2, 3)]
    skin = np.isin(body.labels[: body.skin_vertices], own)
    triangles = body.triangles[skin[body.triangles].all(1)]
    for share in TOWARDS_RELAXED:
        eased = angles.copy()
        eased[9:] += share * (relaxed() - angles)[9:]
        points = body.pose(chain.posed(eased)).numpy()[: body.skin_vertices]
        if not crossing_faces(points, triangles).any():
            return eased
    return None
