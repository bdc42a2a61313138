# SPDX-License-Identifier: GPL-3.0-or-later
"""All photos of one person together: which of them fit, the bent field, and what each shows of the surface."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..body.fit import thinned
from ..color.light import Light
from ..color.painting import Elsewhere
from ..color.rim import without_rim
from ..crop_space import pixels_at
from ..interfaces import Field
from ..srgb import lit
from ..surface.normals import smooth_normals
from .bending import bend
from .bent_field import BentField, bent_field
from .clothes import apart, clothes_of
from .laying import THICK_M, Laid
from .light import Gain, Look, match_lights, mirrored
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
NOBODY = "Nobody is recognised in it."
SAMPLE_M = 0.012  # between the places whose colours are compared
GAIN_PX, MATCH_PX = 128, 384


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
    """field: the first photo's, bent to what all that fit show; first: that photo; laid: the others, laid over the
    surface, and gains: what brings their colours into the first one's light."""

    field: BentField
    first: OnePhoto
    laid: tuple[Laid, ...]
    gains: tuple[Gain, ...]

    def elsewhere(self, most_px: int, light: Light | None) -> list[Elsewhere]:
        """What the further photos show, as painting and baking take it, of at most so many pixels, in the first one's
        light, or without that light where it is given."""

        def placed(laid: Laid):
            return lambda points: laid.place(self.first.lens.straight(points))

        pairs = zip(self.laid, self.gains, strict=True)
        return [Elsewhere(_lit_picture(laid, gain, most_px, light), placed(laid)) for laid, gain in pairs]


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
    laid = [Laid(other, shared, surface) for other in others]
    gains = _lights(first, surface, laid, shared.metre)
    return Together(bent_field(field, first, bent), first, tuple(laid), tuple(gains)), None


def _lights(first: OnePhoto, surface, laid: list[Laid], metre: float) -> list[Gain]:
    """The gains of the photos after the first."""
    vertices, _, normals = surface
    chosen = thinned(vertices, SAMPLE_M * metre)
    shown = visible(vertices, normals, THICK_M * metre)
    first_facing = np.where(shown, normals[:, 2].clip(0), 0)
    looks = [_look(first, first.seen(vertices)[chosen], normals[chosen], first_facing[chosen])]
    looks += [_look(each.photo, each.places[chosen], each.normals[chosen], each.facing[chosen]) for each in laid]
    return match_lights(looks, normals[chosen])


def _look(photo: OnePhoto, places, normals, facing) -> Look:
    rgb, alpha = photo.cut(MATCH_PX)
    column, row = pixels_at(places[:, 0], places[:, 1], MATCH_PX)
    solid = cv2.erode(alpha.astype(np.float32), np.ones((5, 5)))[row, column] > 0.9
    return Look(cv2.blur(rgb.astype(np.float32), (5, 5))[row, column], facing * solid, normals)


def _lit_picture(laid: Laid, gain: Gain, most_px: int, light: Light | None) -> np.ndarray:
    """(n, n, 4) float32: a photo in the first one's light, or without it, and its matte."""
    cut = laid.photo.cut
    seen = without_rim(np.dstack(cut(cut.side_px(most_px))), cut.landmarks)
    own, shared = _normal_maps(laid)
    factors = gain(own, shared)
    if light is not None:
        factors = factors / light.shading(mirrored(shared))
    return np.dstack([lit(seen[..., :3], factors), seen[..., 3]]).astype(np.float32)


def _normal_maps(laid: Laid) -> tuple[np.ndarray, np.ndarray]:
    """(GAIN_PX, GAIN_PX, 3) each: normals of what a photo shows, as its camera sees them, and in the shared space; they
    go on beyond the outline."""
    column, row = pixels_at(laid.places[:, 0], laid.places[:, 1], GAIN_PX)
    seen = laid.facing > 0
    values = np.column_stack([laid.normals, laid.shared_normals, np.ones(len(row))])[seen]
    total = np.zeros((GAIN_PX, GAIN_PX, 7), np.float32)
    np.add.at(total, (row[seen], column[seen]), values)
    for blur in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0):
        wider = np.dstack([cv2.GaussianBlur(total[..., k], (0, 0), blur) for k in range(7)])
        total = np.where(total[..., 6:] > 1e-3, total, wider)
    parts = total[..., :3], total[..., 3:6]
    own, shared = (part / np.maximum(np.linalg.norm(part, axis=-1, keepdims=True), 1e-6) for part in parts)
    return own, shared
