# SPDX-License-Identifier: GPL-3.0-or-later
"""All photos of one person together: which of them fit, the bent field, and what each shows of the surface."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..color.light import Light
from ..color.painting import Elsewhere
from ..color.rim import without_rim
from ..interfaces import Field
from ..smooth_step import smooth_step
from ..srgb import lit
from ..surface.normals import smooth_normals, unit
from .bending import bend
from .bent_field import BentField, bent_field
from .clothes import apart, clothes_of
from .laying import THICK_M, Laid
from .light import Gain, light_of, match_exposures, mirrored, spread_map
from .one_photo import OnePhoto
from .roles import role_of
from .shared_body import SharedBody, share_body, visible

MOST_APART = 0.96  # steps (`clothes`) that what is worn may lie apart
# Whose photo it is clothes tell; these only whether it can be laid.
MOST_OFF_M = 0.09  # that a photo's body may lie off the shared one, across its line of sight
MOST_MISSED = 0.45  # share of a photo's outline, but for the arms', that the surface may miss
OTHER_POSE = "The body in it lies {off} cm off that of the other photos: another pose, or another person."
OTHER_OUTLINE = "Its outline does not fit: {missed} % of it lie beside the body of the other photos."
OTHER_COLORS = "What it shows has other colours: another person, or other clothes."
# Cosine to the first photo's line of sight from which others begin to count for nothing, and do; and by which power of
# that to their own lines of sight they count.
FIRST_LOOKS, STRAIGHT = (0.05, 0.35), 3
FOLD_PX = 2.0  # of the maps of normals: folds of a carried surface that are finer are none of the person's
NOBODY = "Nobody is recognised in it."


@dataclass(frozen=True)
class Verdict:
    """What became of a further photo: its name, the side it shows (see `roles`), or None where that is not known, and
    why it was left out, a sentence, or None where it was taken."""

    name: str
    side: str | None
    why_not: str | None

    def as_dict(self) -> dict:
        """As the Summary has it."""
        told = {"side": self.side, "why_not": self.why_not}
        known = {name: value for name, value in told.items() if value is not None}
        return {"photo": self.name, "used": self.why_not is None, **known}


@dataclass(frozen=True)
class Together:
    """field: the first photo's, bent to what all that fit show; first: that photo; light: its own, None where it is not
    known; laid: the others, laid over the surface; gains: what brings their colours to the first one's; shares: what
    each counts for where others show the same, see `shares_of`."""

    field: BentField
    first: OnePhoto
    light: Light | None
    laid: tuple[Laid, ...]
    gains: tuple[Gain, ...]
    shares: tuple[np.ndarray, ...]

    def elsewhere(self, most_px: int, keeps_light: bool) -> list[Elsewhere]:
        """What the further photos show, as painting and baking take it, of at most so many pixels, in the first one's
        light, or without any."""

        light = self.light if keeps_light else None
        each = zip(self.laid, self.gains, self.shares, strict=True)
        return [_elsewhere(self.first, *what, most_px, light) for what in each]


def join(field: Field, first: OnePhoto, others: list[OnePhoto]) -> tuple[Together | None, list[Verdict]]:
    """Join the first photo, which gave the field, with those of the others that fit it; None where none does; and the
    verdict on each of the others, in their order."""
    verdicts: dict[int, Verdict] = {}
    left, worn = [], clothes_of(first)
    for other in others:
        if other.fit.source == "proportions":
            verdicts[id(other)] = Verdict(other.name, None, NOBODY)
        elif (apart(worn, clothes_of(other)) or 0) > MOST_APART:
            camera = (shared := share_body([first, other])).cameras[1]
            verdicts[id(other)] = Verdict(other.name, role_of(shared, camera), OTHER_COLORS)
        else:
            left.append(other)
    together = None
    while left and together is None:
        shared = share_body([first, *left])
        sides = [role_of(shared, camera) for camera in shared.cameras[1:]]
        together, wrong = _joined(field, first, left, shared)
        if wrong:
            index, why = wrong
            verdicts[id(left[index])] = Verdict(left[index].name, sides[index], why)
            left.pop(index)
        else:
            verdicts |= {id(each): Verdict(each.name, side, None) for each, side in zip(left, sides, strict=True)}
    return together, [verdicts[id(other)] for other in others]


def _joined(field, first: OnePhoto, others: list[OnePhoto], shared: SharedBody):
    """Together, or None; and which photo fits worst, with the reason, where one does not fit, or None."""
    worst = int(np.argmax(shared.off_m[1:]))
    if shared.off_m[worst + 1] > MOST_OFF_M:
        return None, (worst, OTHER_POSE.format(off=round(100 * shared.off_m[worst + 1])))
    bent = bend([first, *others], shared)
    worst = int(np.argmax(bent.missed))
    if bent.missed[worst] > MOST_MISSED:
        return None, (worst, OTHER_OUTLINE.format(missed=round(100 * bent.missed[worst])))
    surface = bent.vertices, first.faces, smooth_normals(bent.vertices, first.faces)
    laid = [Laid(other.through(lens), shared, surface) for other, lens in zip(others, bent.lenses, strict=True)]
    light = light_of(first)
    gains, shares = _gains(first, light, others), shares_of(first, surface, laid, shared.metre)
    return Together(bent_field(field, first, bent), first, light, tuple(laid), tuple(gains), tuple(shares)), None


def _gains(first: OnePhoto, light: Light | None, others: list[OnePhoto]) -> list[Gain]:
    """The gains of the photos after the first, whose light is given."""
    lights = [light, *map(light_of, others)]
    worn = [clothes_of(photo).without(own) for photo, own in zip([first, *others], lights, strict=True)]
    return [Gain(constant, own) for constant, own in zip(match_exposures(worn), lights[1:], strict=True)]


def shares_of(first: OnePhoto, surface, laid: list[Laid], metre: float) -> list[np.ndarray]:
    """What each photo after the first counts for at the vertices, (V,) 0..1 each, against those before it: all together
    the mean of what they show, by how straight they look at it; nothing where the first photo looks well enough."""
    vertices, _, normals = surface
    shown = visible(first.seen(vertices), normals, THICK_M * metre)
    left = 1 - smooth_step(np.where(shown, normals[:, 2], 0), *FIRST_LOOKS)
    counts = [each.facing**STRAIGHT for each in laid]
    return [left * one / np.maximum(sum(counts[: k + 1]), 1e-9) for k, one in enumerate(counts)]


def _elsewhere(
    first: OnePhoto, laid: Laid, gain: Gain, share: np.ndarray, most_px: int, light: Light | None
) -> Elsewhere:
    """A photo in a light of the first one's, or without any."""
    cut, shown = laid.photo.cut, laid.facing > 0
    seen = without_rim(np.dstack(cut(cut.side_px(most_px))), cut.landmarks)
    known = np.column_stack([laid.normals, laid.shared_normals, share])[shown]
    maps = spread_map(laid.places[shown], known)
    own, ahead = (unit(cv2.GaussianBlur(part, (0, 0), FOLD_PX)) for part in (maps[..., :3], maps[..., 3:6]))
    factors = gain(own)
    if light is not None:
        factors = factors * light.shading(mirrored(ahead))
    image = np.dstack([lit(seen[..., :3], factors), seen[..., 3]]).astype(np.float32)
    return Elsewhere(image, lambda points: laid.place(first.lens.straight(points)), np.ascontiguousarray(maps[..., 6]))
