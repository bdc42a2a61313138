# SPDX-License-Identifier: GPL-3.0-or-later
"""How far drawn labels (skin, hair, garments, ...) cover the true ones."""

import numpy as np


def mean_label_iou(drawn: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float | None:
    """Mean intersection over union of the labels that the truth has in `where (h, w)`; both (h, w) whole numbers. None
    where it has none."""
    drawn, truth = drawn[where].astype(np.int64), truth[where].astype(np.int64)
    if not len(truth):
        return None
    count = int(max(drawn.max(), truth.max())) + 1
    table = np.bincount(truth * count + drawn, minlength=count * count).reshape(count, count)
    union = table.sum(0) + table.sum(1) - table.diagonal()
    shown = table.sum(1) > 0
    return float((table.diagonal()[shown] / union[shown]).mean())
