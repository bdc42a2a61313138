# SPDX-License-Identifier: GPL-3.0-or-later
"""The colours that a picture, or a part of one, mostly has."""

import numpy as np
from scipy.cluster.vq import kmeans2

SAMPLES = 4000  # by which they are found


def usual_colors(features: np.ndarray, most: int) -> np.ndarray:
    """Centres (K, C) of at most so many clusters of features (N, C), K-means of some of them."""
    few = features[np.random.default_rng(0).permutation(len(features))[:SAMPLES]]
    count = min(most, len(np.unique(few, axis=0)))
    return kmeans2(few, count, iter=12, minit="++", rng=0)[0]
