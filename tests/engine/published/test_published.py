# SPDX-License-Identifier: GPL-3.0-or-later
"""The published families say what their networks say by definition, for whichever points are asked together."""

import math

import numpy as np
import pytest
import torch

from blender_pifu.engine.errors import InputError
from blender_pifu.engine.files.tensors import Tensors
from blender_pifu.engine.published.pifu import PIFuModel
from blender_pifu.engine.published.pifuhd import PIFuHDModel
from blender_pifu.engine.published.point_mlp import PointMLP
from blender_pifu.engine.published.settings import Settings
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component
from blender_pifu.training.fields.dense import dense_surface
from helpers import published_layout as layout
from helpers import published_reference as reference


def picture(size, seed):
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def points(count, reach=1.15):
    """Seeded points, some beyond the crop, the first ones exactly on its corners."""
    xyz = (torch.rand(count, 3, generator=torch.Generator().manual_seed(5)) * 2 - 1) * reach
    xyz[:4] = torch.tensor([[1, 1, 1], [-1, 1, 0], [1, -1, -1], [-1, -1, 0.5]])
    return xyz


@pytest.fixture(scope="module")
def pifuhd():
    """Model, its encoding, and the definition's answers; with thin normal generators."""
    state = layout.filled(layout.pifuhd_layout(normal_width=4), 1)
    model = PIFuHDModel.of(Tensors(state, "pifuhd.pt"), Settings(), "pifuhd")
    small, large = picture(64, 2), picture(128, 3)
    return model, model.encode((small, large)), reference.PIFuHD(state, small, large)


@pytest.fixture(scope="module")
def pifu():
    net_g, net_c = layout.filled(layout.net_g_layout(), 1), layout.filled(layout.net_c_layout(), 2)
    image = picture(64, 4)
    # Half of the crop is to be inside.
    inside = reference.PIFu(net_g, net_c, image).occupancy(points(400, reach=0.9))
    net_g["surface_classifier.conv4.bias"] -= torch.logit(inside.median())
    both = {"netG." + name: value for name, value in net_g.items()}
    both |= {"netC." + name: value for name, value in net_c.items()}
    model = PIFuModel.of(Tensors(both, "net_G"), Settings(), "pifu")
    return model, model.encode(image), reference.PIFu(net_g, net_c, image)


@pytest.mark.parametrize(
    ("family", "names", "expected"),
    [
        (PIFuHDModel, layout.pifuhd_layout(), [layout.PIFUHD]),
        (
            PIFuModel,
            {"netG." + name: shape for name, shape in layout.net_g_layout().items()}
            | {"netC." + name: shape for name, shape in layout.net_c_layout().items()},
            [layout.NET_G, layout.NET_C],
        ),
    ],
)
def test_networks_take_every_tensor_of_the_published_files(family, names, expected):
    empty = {name: torch.empty(shape, device="meta") for name, shape in names.items()}
    state = family.of(Tensors(empty, "file"), Settings(), "file").network.state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == names
    assert len(state) == sum(tensors for tensors, _ in expected)
    assert sum(math.prod(shape) for shape in names.values()) == sum(values for _, values in expected)


def test_pifuhd_draws_the_normals_and_features_of_the_definition(pifuhd):
    _, encoding, truth = pifuhd
    assert encoding.front_normals.shape == encoding.back_normals.shape == (1, 3, 64, 64)
    assert (encoding.front_normals - truth.front).abs().max() < 1e-5
    assert (encoding.back_normals - truth.back).abs().max() < 1e-5
    assert (encoding.coarse - truth.coarse).abs().max() < 1e-4
    assert (encoding.fine - truth.fine).abs().max() < 1e-4


@pytest.mark.parametrize("family", ["pifuhd", "pifu"])
def test_occupancy_is_the_definitions(request, family):
    model, encoding, truth = request.getfixturevalue(family)
    asked = points(400)
    found, wanted = model.query(encoding, asked), truth.occupancy(asked)
    assert (found - wanted).abs().max() < 1e-5
    assert wanted.std() > 0.02
    assert (wanted[(asked[:, :2].abs() > 1).any(1)] == 0).all()
    assert (found[:4] > 0).all()


def test_colours_are_the_definitions(pifu):
    model, encoding, truth = pifu
    asked = points(200)
    found = model.query_color(encoding, asked)
    assert (found - truth.color(asked)).abs().max() < 1e-5
    assert found.min() >= 0 and found.max() <= 1 and found.std() > 0.02


@pytest.mark.parametrize("family", ["pifuhd", "pifu"])
def test_columns_give_what_single_points_give_whoever_is_asked_along(request, family):
    model, encoding, truth = request.getfixturevalue(family)
    asked = points(44, reach=0.95)[4:]
    xy, z = asked[:, :2].contiguous(), torch.linspace(-1, 1, 9)
    column, depth = torch.arange(40).repeat_interleave(9), z.repeat(40)
    field = model.field(encoding)
    together = field.query_columns(xy, column, depth)
    every = torch.cat([xy[column], depth[:, None]], 1)
    assert (together - truth.occupancy(every)).abs().max() < 1e-5
    assert (together - model.query(encoding, every)).abs().max() < 1e-6
    few = field.query_columns(xy[7:8], torch.zeros(9, dtype=torch.long), z)
    assert (few - together[63:72]).abs().max() < 1e-6
    assert len(field.query_columns(xy[:0], column[:0], z[:0])) == 0


def test_depth_is_scaled_by_the_files_own_settings(pifu):
    model, encoding, truth = pifu
    other = PIFuModel(model.network, Settings(load_size=256, z_size=100.0), "same scale")
    twice = PIFuModel(model.network, Settings(load_size=1024), "twice")
    asked = points(100, reach=0.9)
    assert torch.equal(other.query(encoding, asked), model.query(encoding, asked))
    half = asked * torch.tensor([1, 1, 0.5])
    assert (twice.query(encoding, half) - truth.occupancy(asked)).abs().max() < 1e-5


def test_outside_the_dilated_mask_the_field_is_empty(pifu):
    model, _, _ = pifu
    image = picture(64, 4)
    image[..., :32] = 0
    encoding = model.encode(image)
    field = model.field(encoding)
    xy = torch.tensor([[-0.5, 0.1], [0.5, 0.1]])
    assert field.support(xy).tolist() == [False, True]
    assert field.query_columns(xy, torch.tensor([0, 1]), torch.zeros(2))[0] == 0
    assert model.query(encoding, torch.tensor([[-0.5, 0.1, 0.0]])) > 0


def test_sparse_extraction_equals_dense(pifu):
    model, _, _ = pifu
    image = picture(64, 4)
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 20:44] = 1
    field = model.field(model.encode(image, mask))
    surface = extract_surface(field, 64, refine=False, exact=True)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    dense_vertices, dense_faces = largest_component(*dense_surface(field, 64))
    assert len(faces) > 500
    assert np.array_equal(faces, dense_faces)
    assert np.abs(vertices - dense_vertices).max() < 1e-5
    assert check_mesh(faces).watertight


def test_bfloat16_weights_stay_near(pifu):
    _, encoding, truth = pifu
    net_g = {"netG." + name: value.bfloat16() for name, value in truth.g.state.items()}
    model = PIFuModel.of(Tensors(net_g, "net_G"), Settings(), "half").to("cpu", torch.bfloat16)
    asked = points(200, reach=0.9)
    near = model.query(encoding, asked)
    assert near.dtype == torch.float32
    assert (near - truth.occupancy(asked)).abs().max() < 0.05


def test_without_a_colour_network_there_are_no_colours(pifu):
    model, encoding, _ = pifu
    shape_only = {name: value for name, value in model.network.state_dict().items() if name.startswith("netG.")}
    model = PIFuModel.of(Tensors(shape_only, "net_G"), Settings(), "grey")
    encoding = model.encode(picture(64, 4))
    assert model.hidden_side(encoding, None) == model.vertex_colors(encoding, np.zeros((3, 3), np.float32)) == {}
    with pytest.raises(InputError, match="grey has no colours"):
        model.query_color(encoding, points(9))


def test_norms_between_layers_are_used_where_a_file_has_them():
    names = {"filters.0": (64, 9), "filters.1": (32, 73), "filters.2": (1, 32)}
    state = {f"{name}.weight": (*shape, 1) for name, shape in names.items()}
    state |= {f"{name}.bias": shape[:1] for name, shape in names.items()}
    state |= {"norms.0.weight": (64,), "norms.0.bias": (64,), "norms.1.weight": (32,), "norms.1.bias": (32,)}
    state = layout.filled(state, 6)
    tensors = Tensors(state, "file")
    mlp = PointMLP.like(tensors, "filters.{}", 8)
    tensors.fill(mlp)
    features, own = torch.randn(70, 8), torch.randn(70, 1)
    net = reference.Part(state)
    given = torch.cat([features, own], 1).T[None]
    y = torch.nn.functional.leaky_relu(net["norms"].norm("0", net["filters"].conv("0", given)), 0.01)
    y = net["norms"].norm("1", net["filters"].conv("1", torch.cat([y, given], 1)))
    wanted = net["filters"].conv("2", torch.nn.functional.leaky_relu(y, 0.01))[0].T
    found = mlp(mlp.columns(features), torch.arange(70), own)
    assert (found - wanted).abs().max() < 1e-5
