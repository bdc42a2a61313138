# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a matte of several people is the chosen one's."""

from collections.abc import Sequence

import cv2
import numpy as np

from .landmarks import BodyLandmarks
from .landmarks import Landmark as L

SIDE = 640  # longer side of the picture on which this is decided
ARMS = (
    (L.LEFT_SHOULDER, L.LEFT_ELBOW),
    (L.LEFT_ELBOW, L.LEFT_WRIST),
    (L.LEFT_WRIST, L.LEFT_PINKY),
    (L.LEFT_WRIST, L.LEFT_INDEX),
    (L.RIGHT_SHOULDER, L.RIGHT_ELBOW),
    (L.RIGHT_ELBOW, L.RIGHT_WRIST),
    (L.RIGHT_WRIST, L.RIGHT_PINKY),
    (L.RIGHT_WRIST, L.RIGHT_INDEX),
)
LIMBS = (
    *ARMS,
    (L.LEFT_SHOULDER, L.RIGHT_SHOULDER),
    (L.NOSE, L.LEFT_SHOULDER),
    (L.NOSE, L.RIGHT_SHOULDER),
    (L.LEFT_HIP, L.LEFT_KNEE),
    (L.LEFT_KNEE, L.LEFT_ANKLE),
    (L.LEFT_ANKLE, L.LEFT_FOOT),
    (L.LEFT_ANKLE, L.LEFT_HEEL),
    (L.LEFT_HEEL, L.LEFT_FOOT),
    (L.RIGHT_HIP, L.RIGHT_KNEE),
    (L.RIGHT_KNEE, L.RIGHT_ANKLE),
    (L.RIGHT_ANKLE, L.RIGHT_FOOT),
    (L.RIGHT_ANKLE, L.RIGHT_HEEL),
    (L.RIGHT_HEEL, L.RIGHT_FOOT),
)
TRUNK = (L.LEFT_SHOULDER, L.RIGHT_SHOULDER, L.RIGHT_HIP, L.LEFT_HIP)
# In lengths of the trunk:
LIMB_WIDTH, HEAD_RADIUS = 0.09, 0.16
ARM_MASK = 0.3  # mask below which an arm is mistaken: one hidden behind somebody is read where that one's arm is
FAR = 0.25  # from every limb: beyond it a pixel may be somebody else's
UNCLAIMED = 0.3  # mask below which nobody claims a pixel
NEAR = 0.08  # to a limb: nearer than that a pixel is the limb's
STRANGER = 0.12  # of the area of a person found: what nobody claims must be larger to be somebody else
INNER = 0.9  # share of the trunk's width and length that lies within the body for certain
COLOR = 0.5  # what colours may add to a score
BINS, RARE = 16, 1e-4  # to a channel; share of the pixels that counts as none
WINDOW = (7, 7)  # over which colours are averaged
SURE = 0.9  # lead over the next that makes a pixel one person's for certain


def share_of(person: BodyLandmarks, people: Sequence[BodyLandmarks], rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """How much of each pixel of the matte is this person's, 0..1.

    person: one of people, who are all that were found; rgb: (H, W, 3) uint8; alpha: (h, w) matte of everybody, those
    who were not found included, of the photo in any size. Returns (h, w) float32.
    """
    solid, scale = _solid(rgb.shape, alpha)
    if not solid.any():
        return np.ones_like(alpha)
    claims, distances = zip(*(claim_of(other, scale, solid.shape) for other in people), strict=True)
    scores = [mask - np.minimum(distance, 1) for mask, distance in zip(claims, distances, strict=True)]
    strangers = _strangers(np.max(claims, 0), np.min(distances, 0), solid, len(people))
    if strangers.any():
        away = cv2.distanceTransform((~strangers).astype(np.uint8), cv2.DIST_L2, 3) / max(solid.shape)
        scores.append(np.where(strangers, 1.5, -0.2 - 20 * away).astype(np.float32))
    if len(scores) == 1:
        return np.ones_like(alpha)
    picture = cv2.resize(rgb, solid.shape[::-1], interpolation=cv2.INTER_AREA)
    owner = _spread(np.stack(scores), solid, picture)
    index = next(index for index, other in enumerate(people) if other is person)
    share = cv2.resize((owner == index).astype(np.float32), alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return share


def unclaimed(people: Sequence[BodyLandmarks], shape: tuple[int, ...], alpha: np.ndarray) -> tuple[np.ndarray, float]:
    """What of a matte may be people who are not among those found: (h, w) bool, and its size in that of the photo.

    people: possibly none; shape: (H, W) of the photo; alpha: as in `share_of`.
    """
    solid, scale = _solid(shape, alpha)
    if not people:
        return solid, scale
    claims, distances = zip(*(claim_of(person, scale, solid.shape) for person in people), strict=True)
    return _strangers(np.max(claims, 0), np.min(distances, 0), solid, len(people)), scale


def trunk_of(person: BodyLandmarks, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool over the photo: what lies between shoulders and hips, and so is the person or held before it.

    Empty where these are not all seen.
    """
    return trunk_on(person, shape, share=INNER)


def trunk_on(person: BodyLandmarks, shape: tuple[int, ...], scale: float = 1.0, share: float = 1.0) -> np.ndarray:
    """(h, w) bool over the photo at `scale`: what lies between shoulders and hips, a share of its width and length.
    Nothing where these are not all seen."""
    trunk = np.zeros(shape, np.uint8)
    if person.seen(*TRUNK) > 0.5:
        corners = person.points[list(TRUNK), :2] * scale
        corners = corners.mean(0) + share * (corners - corners.mean(0))
        cv2.fillPoly(trunk, [corners.round().clip(-9999, 9999).astype(np.int32)], (1,))
    return trunk > 0


def _solid(shape, alpha):
    """Where the matte is more than half there, in a picture of at most SIDE, and the scale of that to the photo."""
    scale = min(1.0, SIDE / max(shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in shape[1::-1])
    return cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > 0.5, scale


def claim_of(person, scale, shape):
    """The person's mask, and the distance from the limbs in lengths of the trunk; both (h, w) float32."""
    mask = person.mask_on(shape, scale)
    points = person.points[:, :2] * scale
    trunk = np.hypot(*(points[list(TRUNK[:2])].mean(0) - points[list(TRUNK[2:])].mean(0)))
    limbs = np.zeros(shape, np.uint8)
    for index, (one, other) in enumerate(LIMBS):
        if index == len(ARMS):
            limbs[mask < ARM_MASK] = 0
        if person.seen(one, other) > 0.5:
            cv2.line(limbs, _pixel(points[one]), _pixel(points[other]), (1,), max(1, round(trunk * LIMB_WIDTH)))
    limbs[trunk_on(person, shape, scale)] = 1
    head = points[[L.NOSE, L.LEFT_EAR, L.RIGHT_EAR]].mean(0)
    cv2.circle(limbs, _pixel(head), max(1, round(trunk * HEAD_RADIUS)), (1,), -1)
    return mask, cv2.distanceTransform(1 - limbs, cv2.DIST_L2, 3) / max(trunk, 1.0)


def _pixel(point):
    return tuple(point.round().clip(-9999, 9999).astype(int).tolist())


def _strangers(claim, distance, solid, count):
    """(h, w) bool: large parts of the matte that belong to none of the `count` people found."""
    free = solid & (claim < UNCLAIMED) & (distance > FAR)
    width = 2 * max(1, round(0.006 * max(solid.shape))) + 1
    opened = cv2.morphologyEx(free.astype(np.uint8), cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(opened)
    large = statistics[:, cv2.CC_STAT_AREA] > STRANGER * (solid & ~free).sum() / count
    large[0] = False
    strangers = large[parts]
    if not strangers.any():
        return strangers
    # What hangs together with them without being claimed is theirs up to the limbs of those found.
    around = solid & (claim < UNCLAIMED) & (distance > NEAR) | strangers
    _, parts = cv2.connectedComponents(around.astype(np.uint8), connectivity=4)
    return np.isin(parts, np.unique(parts[strangers]))


def _spread(scores, solid, picture):
    """Owner (h, w) of each pixel: certain where a score leads, along the picture's edges between, and beyond the solid
    part that of the nearest solid pixel. scores: (n, h, w)."""
    best, lead = _leader(scores)
    scores = scores + _likeness(np.where((lead > SURE) & solid, best, -1), solid, picture, len(scores))
    best, lead = _leader(scores)
    markers = np.where((lead > SURE) & solid, best + 2, 0).astype(np.int32)
    markers[~solid] = 1
    cv2.watershed(cv2.bilateralFilter(picture, 5, 30, 5), markers)
    owner = np.where(markers > 1, markers - 2, best)
    _, nearest = cv2.distanceTransformWithLabels(
        1 - solid.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner_of = np.zeros(nearest.max() + 1, owner.dtype)
    owner_of[nearest[solid]] = owner[solid]
    return owner_of[nearest]


def _leader(scores):
    """Index of the highest of (n, h, w) scores, and its lead over the next; both (h, w)."""
    ranked = np.sort(scores, 0)
    return scores.argmax(0), ranked[-1] - ranked[-2]


def _likeness(owner, solid, picture, count):
    """How much more each pixel's colour is one of a person's certain pixels than one of everybody's: (count, h, w),
    -COLOR..COLOR, 0 for a person of whom nothing is certain.

    owner: (h, w) index of the person whose a pixel is for certain, -1 where nobody's; picture: (h, w, 3) uint8.
    """
    bins = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) // (256 // BINS)
    index = np.asarray(np.ravel_multi_index(tuple(bins.transpose(2, 0, 1)), (BINS,) * 3))
    likeness = np.zeros((count, *solid.shape), np.float32)
    known = [person for person in range(count) if (owner == person).any()]
    for person in known:
        shares = np.bincount(index[owner == person], minlength=BINS**3).reshape((BINS,) * 3).astype(np.float32)
        for axis in range(3):
            shares = shares + 0.5 * (np.roll(shares, 1, axis) + np.roll(shares, -1, axis))
        likeness[person] = np.log(shares / shares.sum() + RARE)[tuple(bins.transpose(2, 0, 1))]
    likeness[known] = np.clip(likeness[known] - likeness[known].mean(0), -1, 1) * solid
    near = cv2.blur(solid.astype(np.float32), WINDOW) + 1e-6
    return COLOR * np.stack([cv2.blur(values, WINDOW) / near for values in likeness])
