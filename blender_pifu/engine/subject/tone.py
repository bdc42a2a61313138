# SPDX-License-Identifier: GPL-3.0-or-later
"""No colours where a photo has none: the one tone, grey or sepia, of a photo that has a single colour at each
luminance."""

import cv2
import numpy as np

from ..reading.matte import ROWS, Matte
from ..srgb import LUMA

SIDE_PX = 384  # longer side of the picture that is judged: noise and blocks of JPEG are averaged out of it
STRAY, SHARE = 10.0, 0.985  # steps of 8 bits from the tone that this share of the pixels keeps within
SMOOTH = 12.0  # steps of luminance over which the tone is averaged
ALONE = 3.0  # the same, of a person who is of one tone where the rest of the picture is not
RANGE, GREY = 50, 4.0  # luminance between the darkest and the lightest that a tint is told by; a tint that is none
SOLID = 0.9  # matte from which a pixel is the person's alone
LEAST = 64  # pixels that tell


def tone_of(rgb: np.ndarray, alpha: np.ndarray, cut_out: bool) -> np.ndarray | None:
    """The colours (256, 3) float32, 0..255, that a photo has at each luminance; None for a photo in colour.

    rgb: (H, W, 3) uint8; alpha: (H, W) the person's matte; cut_out: what the matte leaves out is no part of the photo.
    The person and the whole photo are judged, each by itself: people in black and white clothes have few colours, and
    photos may be in colour but for the person or before a grey background. Whoever has no colour at all gets none,
    whatever is round them: a mount, a stamp, a wall that was painted in.
    """
    scale = min(1.0, SIDE_PX / max(alpha.shape))
    size = tuple(max(1, round(side * scale)) for side in alpha.shape[::-1])
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    person = small[cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > SOLID]
    whole = person if cut_out else small.reshape(-1, 3)
    if len(person) < LEAST:
        return None
    for judged, stray in ((whole, STRAY), (person, ALONE)):
        tone = _curve(judged)
        if _is_told(judged, tone) and all(_keeps(pixels, tone, stray) for pixels in (person, judged)):
            return tone
    return None


def toned(colors: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """Colours (..., 3), 0..255, brought to a tone at their luminance; float32."""
    luma = np.asarray(colors, np.float32) @ LUMA
    return np.stack([np.interp(luma, np.arange(256), tone[:, channel]) for channel in range(3)], -1).astype(np.float32)


def tone_matte(matte: Matte, tone: np.ndarray) -> None:
    """Bring a matte's colours to a tone, in place: the matte network gives grey ones a tinge."""
    for first in range(0, len(matte.foreground), ROWS):  # photos are large
        rows = np.s_[first : first + ROWS]
        matte.foreground[rows] = np.rint(toned(matte.foreground[rows], tone))


def tone_hidden(hidden: dict[str, np.ndarray], tone: np.ndarray | None) -> dict[str, np.ndarray]:
    """What a model knows of the hidden side, as `colors.paint` takes it (sRGB 0..1), in the photo's tone."""
    if tone is None:
        return hidden
    return {
        name: np.concatenate([toned(255 * shown[..., :3], tone) / 255, shown[..., 3:]], -1).astype(np.float32)
        for name, shown in hidden.items()
    }


def _curve(pixels):
    """The mean colour (256, 3) at each luminance, smooth, of pixels (n, 3), held to that luminance."""
    luma = np.clip(np.rint(pixels @ LUMA), 0, 255).astype(int)
    sums = np.stack([np.bincount(luma, channel, 256) for channel in (np.ones(len(pixels)), *(pixels.T - luma))])
    sums = sums @ _kernel()
    tint = sums[1:] / np.maximum(sums[0], 1e-12)
    tint -= LUMA @ tint
    return np.clip(np.arange(256)[:, None] + tint.T, 0, 255).astype(np.float32)


def _kernel():
    """(256, 256): averages a function of luminance over SMOOTH; far from every pixel the nearest ones count."""
    apart = np.abs(np.subtract.outer(np.arange(256.0), np.arange(256.0)))
    return np.exp(-0.5 * (apart / SMOOTH) ** 2) + 1e-3 * np.exp(-apart / SMOOTH)


def _is_told(pixels, tone):
    """Whether pixels (n, 3) are bright and dark enough to tell a tint, or have none."""
    return np.ptp(np.quantile(pixels @ LUMA, (0.05, 0.95))) >= RANGE or np.ptp(toned(pixels, tone), axis=1).max() < GREY


def _keeps(pixels, tone, stray):
    """Whether nearly all of pixels (n, 3) lie so near the tone."""
    return np.quantile(np.abs(pixels - toned(pixels, tone)).max(1), SHARE) < stray
