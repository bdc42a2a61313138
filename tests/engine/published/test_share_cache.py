# SPDX-License-Identifier: GPL-3.0-or-later
"""Columns asked again are found where they are, and never mistaken for those that overwrote them."""

import torch

from blender_pifu.engine.published import share_cache
from blender_pifu.engine.published.share_cache import ShareCache


def test_rows_hold_the_columns_asked_for_however_often_the_ring_goes_round(monkeypatch):
    monkeypatch.setattr(share_cache, "CAPACITY", 100)
    made = []

    def make(xy):
        made.append(len(xy))
        return [[xy * 2, None], [xy.sum(1, keepdim=True)]]

    cache, generator = ShareCache(make), torch.Generator().manual_seed(0)
    known = torch.rand(130, 2, generator=generator) * 2 - 1
    for count in (40, 3, 50, 1, 45, 50, 80, 30, 50):
        xy = known[torch.randperm(130, generator=generator)[:count]]
        ((double, nothing), (sums,)), rows = cache(xy)
        assert torch.equal(double[rows], xy * 2) and nothing is None
        assert torch.equal(sums[rows, 0], xy.sum(1))
    cache, xy = ShareCache(make), known[:20]
    cache(xy)
    calls = len(made)
    cache(xy.flip(0))
    assert len(made) == calls
