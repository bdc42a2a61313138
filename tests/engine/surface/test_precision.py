# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking in low precision keeps every face, moves vertices by hundredths of a cell, and is used where it saves time."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.interfaces import Field
from blender_pifu.engine.surface import precision
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component
from blender_pifu.engine.surface.precision import Mixed, choose
from blender_pifu.training.fields.dense import dense_surface
from blender_pifu.training.fields.stand_in import stand_in
from helpers import analytic

RESOLUTION = 96


@pytest.fixture(scope="module", params=["pifu", "pifuhd"])
def field(request):
    """A network of the published sizes whose surface is the person with fingers, inflated from the outline."""
    inside = analytic.outline(256)
    depth = inside.clamp(0, 0.1)
    return stand_in(request.param, depth, -depth, (inside > 0).float())


@pytest.fixture(scope="module")
def exact(field):
    return extract_surface(field, RESOLUTION, exact=True)


def test_sparse_equals_dense_on_networks_of_the_published_sizes(field):
    vertices, faces = largest_component(*dense_surface(field, 64))
    surface = extract_surface(field, 64, refine=False, exact=True)
    sparse_vertices, sparse_faces = largest_component(surface.vertices, surface.faces)
    assert len(faces) > 4000
    assert np.array_equal(sparse_faces, faces)
    assert np.abs(sparse_vertices - vertices).max() < 1e-4


def test_low_precision_gives_the_same_faces(field, exact, monkeypatch, capsys):
    # Whatever this machine gains, it is used here.
    monkeypatch.setattr(precision, "LEAST_GAIN", -np.inf)
    low = extract_surface(field, RESOLUTION)
    assert low.lowered == "bfloat16" and exact.lowered is None
    assert np.array_equal(low.faces, exact.faces)
    off = np.abs(low.vertices - exact.vertices).max(1) * RESOLUTION / 2
    with capsys.disabled():
        print(f"\nbfloat16 moves vertices by {off.mean():.4f} cells, 1 % by more than {np.percentile(off, 99):.3f}")
    assert off.mean() < 0.02 and np.percentile(off, 99) < 0.15
    assert check_mesh(low.faces).watertight
    assert low.evaluations < 1.25 * exact.evaluations


class Coarse(Field):
    """A field whose low precision is off by up to `error` logits and takes no time."""

    device, precision = torch.device("cpu"), "rough"

    def __init__(self, error=0.0, delay=20):
        self.error, self.delay, self.calls = error, delay, 0

    def support(self, xy):
        return torch.ones(len(xy), dtype=torch.bool)

    def query_columns(self, xy, column, z):
        self.calls += 1
        for _ in range(self.delay):
            torch.randn(400, 400) @ torch.randn(400, 400)
        logit = 40 * (0.5 - torch.sqrt((xy[column] ** 2).sum(1) + z**2))
        return torch.sigmoid(logit + self.error * torch.sin(1000 * z))

    def lowered(self, dtype):
        return Coarse(self.error or 0.2, 0 if self.delay else 20)


@pytest.mark.parametrize(("delay", "used"), [(20, True), (0, False)])
def test_low_precision_is_used_only_where_it_is_faster(delay, used):
    xy = torch.linspace(0.45, 0.55, 500)[:, None] * torch.tensor([[1.0, 0.0]])
    field = Coarse(delay=delay)
    chosen = choose(field, xy, torch.arange(500), torch.linspace(-0.1, 0.1, 500))
    assert isinstance(chosen, Mixed) == used
    if used:
        assert chosen.precision == "rough"


def test_answers_near_the_level_and_answers_that_are_no_numbers_are_asked_again():
    field = Coarse(delay=0)
    rough = Coarse(0.2, 0)
    mixed = Mixed(field, rough, margin=0.25)
    xy, column = torch.tensor([[0.5, 0.0], [0.3, 0.0]]), torch.arange(2).repeat_interleave(50)
    z = torch.linspace(-0.2, 0.2, 50).repeat(2)
    found, wanted = mixed.query_columns(xy, column, z), field.query_columns(xy, column, z)
    assert 0 < mixed.asked_again < 50
    assert torch.equal(found > 0.5, wanted > 0.5)
    rough.query_columns = lambda xy, column, z: torch.full_like(z, torch.nan)
    assert torch.equal(mixed.query_columns(xy, column, z), wanted)


def test_where_nothing_tells_the_error_nothing_is_lowered():
    assert precision.margin_of(np.ones(9, np.float32), np.ones(9, np.float32)) == np.inf
    assert precision.margin_of(np.full(9, 0.5, np.float32), np.full(9, np.nan, np.float32)) == np.inf
