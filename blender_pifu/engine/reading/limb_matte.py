# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the matte along limbs and in the head: an arm before a wall of its colour fades out of it between two joints
that are seen, hair before one of its own.

Where the matte has less of one than the landmark network's mask, GrabCut (Rother et al. 2004) looks for the limb's
outline in the photo, begun from that mask; where colours do not tell and the mask is sure, it is taken itself.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .landmarks import BodyLandmarks
from .landmarks import Landmark as L
from .overview import enlarged, overview_of
from .stance import EARS, SEEN, SHOULDERS, body_height, inside

STATURE_M = 1.75  # that the widths of limbs are meant for
# Name, joints, and half the width in metres.
LIMBS = tuple(
    (f"{side.lower()} {name}", L[f"{side}_{joint}"], L[f"{side}_{end}"], half)
    for side in ("LEFT", "RIGHT")
    for name, joint, end, half in (
        ("upper arm", "SHOULDER", "ELBOW", 0.06),
        ("forearm", "ELBOW", "WRIST", 0.045),
        ("hand", "WRIST", "INDEX", 0.045),
        ("thigh", "HIP", "KNEE", 0.085),
        ("shin", "KNEE", "ANKLE", 0.06),
        ("foot", "ANKLE", "FOOT", 0.05),
    )
)
FEET = (L.LEFT_FOOT, L.RIGHT_FOOT)
# Of a head with its hair, metres: how far the middle lies above the ears, half the width of its core, of a usual one
# and of the widest.
ABOVE_EARS_M, HEAD_CORE_M, HEAD_M, HAIR_M = 0.03, 0.07, 0.13, 0.25
# Half widths: of a limb's middle, and of what is filled at most; feet stand close together.
CORE, WIDE, WIDE_FOOT = 0.35, 1.6, 1.1
MASK, DOUBT = 0.5, 0.3  # mask from which a pixel is the person's, and below which it is not
SURE, NONE = 0.9, 0.02  # the same of the matte
WHOLE = 0.6  # share of a limb's middle that lies on the mask, where the landmarks are believed
FADED = 0.18  # share of it that the matte lacks
AROUND_M, BEYOND_M = 0.12, 0.02  # round what is filled: what GrabCut looks at, and how far the outline may lie off
ROUNDS = 3
KEPT = 0.6  # of the mask's part that GrabCut finds where a limb is; 0.05 where the landmarks imagine one
SURE_MASK = 0.95  # mask on what a limb lacks, where it is believed though GrabCut finds nothing


def fill_limbs(
    alpha: np.ndarray, foreground: np.ndarray, rgb: np.ndarray, person: BodyLandmarks, mine: np.ndarray
) -> None:
    """Raise the matte where it lacks a part of a limb, in place, with the photo's colours.

    alpha: (H, W) float32; foreground, rgb: (H, W, 3) uint8; mine: (H, W) bool, what is not somebody else's.
    """
    small, scale = overview_of(alpha)
    allowed = cv2.resize(mine.astype(np.uint8), small.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    mask = person.mask_on(small.shape, scale) * allowed
    metre = body_height(person) * scale / STATURE_M
    picture = cv2.resize(rgb, small.shape[::-1], interpolation=cv2.INTER_AREA)
    filled = np.zeros_like(small)
    for limb in _limbs(person, alpha.shape, scale, metre, small, mask):
        part = _around(limb.wide, round(AROUND_M * metre) + 2)
        found = _outline(picture[part], small[part], mask[part], limb.wide[part], limb.seeds[part], metre)
        if (found & limb.narrow[part]).sum() > KEPT * limb.narrow.sum():
            filled[part][found] = 1
        elif limb.sure:  # colours do not tell, but the mask does
            filled[limb.narrow] = 1
    if filled.any():
        part, share = enlarged(cv2.GaussianBlur(filled, (0, 0), 0.8) * allowed, scale, alpha.shape)
        more = share > alpha[part]
        alpha[part][more], foreground[part][more] = share[more], rgb[part][more]


def capsule(
    person: BodyLandmarks, ends: tuple[L, L], half_width: float, scale: float, shape: tuple[int, ...]
) -> np.ndarray:
    """(h, w) bool: what lies within half a width, pixels, of the line between two landmarks, the photo at `scale`."""
    drawn = np.zeros(shape, np.uint8)
    start, end = (person.points[[*ends], :2] * scale).round().astype(int).tolist()
    cv2.line(drawn, start, end, [1], max(1, round(2 * half_width)))
    return drawn > 0


@dataclass(frozen=True)
class _Limb:
    """What the matte lacks of a limb, (h, w) bool each: of its usual width, and of the widest that it may have; seeds:
    what of it is the limb for certain; sure: whether the mask alone is enough."""

    narrow: np.ndarray
    wide: np.ndarray
    seeds: np.ndarray
    sure: bool


def _limbs(person, shape, scale, metre, alpha, mask):
    """The head and the limbs that the matte lacks a part of."""
    if (head := _head(person, shape, scale, metre, alpha, mask)) is not None:
        yield head
    for _, joint, end, half in LIMBS:
        if person.seen(joint, end) < SEEN or not inside(person, shape, joint, end):
            continue
        core = capsule(person, (joint, end), CORE * half * metre, scale, alpha.shape)
        on = core & (mask > MASK)
        faded = on & (alpha < 0.5)
        if on.sum() >= WHOLE * core.sum() and faded.sum() > FADED * core.sum():
            most = WIDE_FOOT if end in FEET else WIDE
            lacking = (mask > MASK) & (alpha < SURE)
            narrow, wide = (
                capsule(person, (joint, end), share * half * metre, scale, alpha.shape) & lacking for share in (1, most)
            )
            # Shoes have colours of their own, which only the mask tells; what landmarks imagine are no feet.
            seeds = faded & (mask > SURE_MASK) & (end in FEET)
            yield _Limb(narrow, wide, seeds, bool(np.quantile(mask[faded], 0.1) > SURE_MASK))


def _head(person, shape, scale, metre, alpha, mask):
    """The head, with its hair, if the matte lacks a part of it; else None."""
    if not inside(person, shape, *EARS):
        return None
    ears, shoulders = person.between(*EARS), person.between(*SHOULDERS)
    up = (ears - shoulders) / max(1e-6, float(np.hypot(*(ears - shoulders))))
    middle = (scale * ears + ABOVE_EARS_M * metre * up).round().astype(int).tolist()
    core, narrow, wide = (
        cv2.circle(np.zeros(alpha.shape, np.uint8), middle, max(1, round(half * metre)), [1], -1) > 0
        for half in (HEAD_CORE_M, HEAD_M, HAIR_M)
    )
    on = core & (mask > MASK)
    faded = on & (alpha < 0.5)
    if on.sum() < WHOLE * core.sum() or faded.sum() <= FADED * core.sum():
        return None
    lacking = (mask > MASK) & (alpha < SURE)
    sure = bool(np.quantile(mask[faded], 0.1) > SURE_MASK)
    return _Limb(narrow & lacking, wide & lacking, faded & (mask > SURE_MASK), sure)


def _around(area, margin):
    left, top, width, height = cv2.boundingRect(area.astype(np.uint8))
    return np.s_[max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin]


def _outline(picture, alpha, mask, wanted, seeds, metre):
    """(h, w) bool: what GrabCut finds of the limb that is wanted, up to its outline in the picture."""
    reach = 2 * max(1, round(BEYOND_M * metre)) + 1
    near = cv2.dilate(wanted.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    labels = np.full(alpha.shape, cv2.GC_PR_BGD, np.uint8)
    labels[wanted] = cv2.GC_PR_FGD
    labels[(mask < DOUBT) & (alpha < NONE) & ~near] = cv2.GC_BGD
    labels[(alpha > SURE) | seeds] = cv2.GC_FGD
    if not (labels == cv2.GC_BGD).any() or not (labels == cv2.GC_FGD).any():
        return np.zeros(alpha.shape, bool)
    cv2.setRNGSeed(0)
    models = np.zeros((2, 1, 65))
    cv2.grabCut(picture, labels, [0, 0, 0, 0], models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)
    return (labels & 1).astype(bool) & near & (mask > DOUBT)
