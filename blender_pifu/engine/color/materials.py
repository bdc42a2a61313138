# SPDX-License-Identifier: GPL-3.0-or-later
"""The materials of a photo told apart by colour, with their shades and sheens, which are no materials of their own."""

import cv2
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components

from ..srgb import LUMINANCE, to_linear
from ..usual_colors import usual_colors
from .regions import GARMENTS, REGIONS

# Lengths are in pixels of a person in 256, 8 mm.
MATERIALS = 10  # asked for
LIGHTNESS = 0.8  # what differences of lightness count for, against those of hue
ONE, IN_SHADE = 10.0, 0.6  # Lab difference of what is taken for one material, and what lightness counts for in it
ONE_GARMENT = 16.0  # the same of what is mostly in one region: a garment of two materials has them farther apart
# Logarithm of how many times as much light one material reflects in the sun as in shade, at most; and what is added to
# either, as black is black in both.
SHADES, BLACK = np.log(14), 0.01
UNLIKE = 0.5  # share of skin, hair, shoes or a garment by which colours differ that are not of one material
SEEN_APART = 3.5  # Lab difference up to which no eye tells two colours, wherever labels have them: black and black
LIT, IN_SUN = 12.0, 0.3  # the same of what lies beside the outline at the same heights: there it is shade more likely
LEVEL, LEVEL_PX = 0.3, 4.0  # share of the lesser one that must be at the other's heights, and how exactly
DIMMED = (0.6, 1.3)  # times its own colour that a material shows under a sheen
GLOSS = (0.06, 0.2)  # share of a colour that a sheen adds, at least and at most
GREEN = 0.5  # of what it adds, against the lesser of red and blue: the sky and the sun have no purple
WIDE, WIDE_PX = 0.5, 5  # share of a sheen that is so wide: borders, where two materials are mixed, are thin
BORDERING, RING_PX = 0.5, 3  # share of the pixels so near a sheen that are of the material it lies on


def tell_apart(
    features: np.ndarray,
    plain: np.ndarray,
    near: np.ndarray,
    regions: np.ndarray | None = None,
    printed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (n, n) of what looks the same, and of what is one material in light and shade, and where (n, n) bool it
    has a sheen. features: (n, n, 3) Lab, lightness times LIGHTNESS; plain: (n, n) bool, pixels they are found by; near:
    (n, n) bool, beside the outline; regions: (n, n) numbers of REGIONS, if known; printed:
    (n, n) numbers of the printed garment that there is, 0 of none, if any is: each is one material."""
    seen = features[plain].astype(np.float64)
    centres = usual_colors(seen, MATERIALS)
    count = len(centres)
    tint = ((features[..., None, :] - centres) ** 2).sum(-1).argmin(-1)
    apart = centres[:, None] - centres
    alike = np.linalg.norm(apart * [IN_SHADE, 1, 1], axis=-1)
    alike = alike < (ONE if regions is None else np.where(_one_region(tint, plain, regions, count), ONE_GARMENT, ONE))
    heights = np.stack([(near & (tint == k)).sum(1) for k in range(count)]).astype(np.float32)
    heights = cv2.GaussianBlur(heights, (0, 0), LEVEL_PX, sigmaY=0.01)
    level = np.minimum(heights[:, None], heights).sum(-1)
    least = np.minimum(heights.sum(1)[:, None], heights.sum(1))
    white = centres[:, :1] / LIGHTNESS + 16  # by which a shade divides the others too
    hues = np.linalg.norm((centres / white)[:, None, 1:] - (centres / white)[:, 1:], axis=-1) * (white + white.T) / 2
    lit = (np.hypot(IN_SUN * apart[..., 0], hues) < LIT) & (level > LEVEL * least)
    sheens = _sheens(centres, tint, plain)
    one = alike | lit | sheens
    if regions is not None:
        unlike = _unlike(tint, plain, regions, count) & (np.linalg.norm(apart, axis=-1) > SEEN_APART)
        alike, one = alike & ~unlike, one & ~unlike
    one_material = _within_range(connected_components(one, directed=False)[1], centres)
    weave, cloth = connected_components(alike)[1][tint], one_material[tint]
    if printed is not None:  # however large, and in whatever colours shoes or skin have too
        for each in (weave, cloth):
            each[printed > 0] = each.max() + printed[printed > 0]
    return weave, cloth, sheens.any(1)[tint]


def _within_range(numbers, centres):
    """Numbers (K,) of materials whose colours, Lab centres (K, 3), are linked by shades between, once each has but what
    one light and its shade make: black cloth and white cloth have all greys between them in folds and borders."""
    logs = np.log(_linear(centres) @ LUMINANCE + BLACK)
    parts = numbers.copy()
    for one in np.unique(numbers):
        mine = np.flatnonzero(numbers == one)
        if np.ptp(logs[mine]) > SHADES:
            groups = fcluster(linkage(logs[mine, None], "complete"), SHADES, "distance")
            parts[mine] = numbers.max() + numbers[mine] * len(numbers) + groups
    return np.unique(parts, return_inverse=True)[1]


def _linear(centres):
    """Linear sRGB (K, 3) of Lab centres (K, 3)."""
    lab = (centres / np.array([LIGHTNESS, 1, 1])).astype(np.float32)[None]
    return to_linear(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)[0].astype(np.float64).clip(0, 1))


def _one_region(tint, plain, regions, count):
    """(K, K) bool: whether two colours are mostly in the same region, garments as one."""
    whole = np.where(np.isin(regions, [REGIONS[name] for name in GARMENTS]), REGIONS[GARMENTS[0]], regions)
    pixels = np.stack([np.bincount(whole[plain & (tint == k)], minlength=len(REGIONS)) for k in range(count)])
    mostly = pixels.argmax(1)
    return mostly[:, None] == mostly


def _unlike(tint, plain, regions, count):
    """(K, K) bool: whether two colours are of regions that no material is in both. A forearm in the shade is of the
    tone of a red shirt, and no shade of it; nor is dark hair of a dark one, nor are grey trousers of a darker shirt,
    nor shoes of a skirt."""
    all_of_it = np.maximum(np.bincount(tint[plain], minlength=count), 1)
    skin, hair, shoes, upper, lower = (
        np.bincount(tint[plain & (regions == REGIONS[name])], minlength=count) / all_of_it
        for name in ("skin", "hair", "shoes", "upper", "lower")
    )
    garments = (lower - upper) / 2
    return np.max([np.abs(share[:, None] - share) for share in (skin, hair, shoes, garments)], 0) >= UNLIKE


def _sheens(centres, tint, plain):
    """(K, K) bool: whether colours k, Lab centres (K, 3), are a sheen on a material of colour j: that one and a little
    of the light it mirrors, in the midst of it (Shafer 1985, the dichromatic model). tint: (n, n) numbers of colours;
    plain: (n, n) bool, where they tell."""
    linear, count = _linear(centres), len(centres)
    pixels = np.bincount(tint[plain], minlength=count)
    sheens = np.zeros((count, count), bool)
    for k in range(count):
        mine = (tint == k).astype(np.uint8)
        wide = cv2.morphologyEx(mine, cv2.MORPH_OPEN, np.ones((WIDE_PX, WIDE_PX), np.uint8)) > 0
        ring = cv2.dilate(mine, np.ones((2 * RING_PX + 1,) * 2, np.uint8)) > 0
        around = np.bincount(tint[ring & plain & (tint != k)], minlength=count)
        j = int(around.argmax())
        if wide[plain].sum() >= WIDE * pixels[k] and pixels[k] < pixels[j] and around[j] >= BORDERING * around.sum():
            sheens[k, j] = _is_sheen(linear[k], linear[j])
    return sheens


def _is_sheen(color, material):
    """Whether a linear colour (3,) is a material's with a little light that it mirrors."""
    times = min(float((color / np.maximum(material, 1e-3)).min()), DIMMED[1])
    added = color - times * material
    share = np.linalg.norm(added) / max(float(np.linalg.norm(color)), 1e-6)
    mirrored = added[1] >= GREEN * min(added[0], added[2]) - 1e-3
    return times > DIMMED[0] and GLOSS[0] < share < GLOSS[1] and mirrored
