# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine texture of which the photo shows only a little, as of short hair: noise of the same spectrum (van Wijk 1991,
"Spot noise"; Galerne et al. 2011, "Random phase textures"). It has no seams and no blocks."""

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

LEAST = 40  # pixels that show a texture


def spot_noise(fine: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Texture (h, w, 3) float32 like that of a fine band (h, w, 3) around 0 where `sources (h, w)` bool shows it: as
    loud, in the same grain; 0 where too little is shown."""
    count = int(sources.sum())
    if count < LEAST:
        return np.zeros(fine.shape, np.float32)
    height, width = sources.shape
    spots = np.where(sources[..., None], fine - fine[sources].mean(0), 0)
    # The spots may lie anywhere: only how they repeat counts, so the circle of the transform needs no margin.
    shape = next_fast_len(height, real=True), next_fast_len(width, real=True)
    white = rfft2(np.random.default_rng(0).standard_normal(shape))
    spectrum = rfft2(spots, s=shape, axes=(0, 1)) * (white / np.sqrt(count))[..., None]
    return irfft2(spectrum, s=shape, axes=(0, 1))[:height, :width].astype(np.float32)
