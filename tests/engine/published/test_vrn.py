# SPDX-License-Identifier: GPL-3.0-or-later
"""VRN's file of Torch7 becomes a model of ours that gives the same volume; damaged and hostile ones end in words."""

import json
import struct

import numpy as np
import pytest
import torch
from skimage.measure import marching_cubes

from blender_pifu.choices import Choices
from blender_pifu.engine import Engine, load_model
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.errors import InputError, NoPersonError, TopologyError
from blender_pifu.engine.published.checkpoint import import_checkpoint
from blender_pifu.engine.published.vrn import LEVEL, Encoding, FacePlace, VolumeField
from helpers.torch7_file import Network, written

MAN = "blender_pifu/data/photos/man_polo_full_body.jpg"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file of the published layout with few and narrow layers, and its network."""
    network = Network(width=16, layers=24, levels=1)
    return written(network.object, tmp_path_factory.mktemp("vrn") / "small.t7"), network


def refused(content, tmp_path):
    source = tmp_path / "bad.t7"
    source.write_bytes(content)
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    with pytest.raises(InputError) as caught:
        import_checkpoint(source, folder / "out.safetensors")
    assert list(folder.iterdir()) == [] and caught.value.fix
    return str(caught.value)


def test_the_published_layout_gives_the_volume_of_an_independent_network(tmp_path, capsys):
    network = Network(seed=3)
    source, out = written(network.object, tmp_path / "vrn-unguided.t7"), tmp_path / "vrn.safetensors"
    assert main(["import-checkpoint", str(source), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "VRN" in said and "ask the authors" in said
    card = json.loads(out.with_suffix(".json").read_text())
    assert 19e6 < card["parameters"] < 20e6
    picture = torch.rand(1, 3, 192, 192, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        found, expected = load_model(out).network(picture), network.forward(picture)
    assert found.shape == (1, 200, 192, 192)
    assert (found - expected).abs().max() < 1e-4


def test_layers_of_cudnn_are_read_as_others(tmp_path):
    network = Network(width=16, layers=24, levels=1, package="cudnn")
    import_checkpoint(written(network.object, tmp_path / "gpu.t7"), tmp_path / "gpu.safetensors")
    picture = torch.rand(1, 3, 192, 192)
    with torch.inference_mode():
        found, expected = load_model(tmp_path / "gpu.safetensors").network(picture), network.forward(picture)
    assert (found - expected).abs().max() < 1e-4


def test_no_part_of_a_file_does_anything_but_end_in_words(tmp_path, small):
    whole = small[0].read_bytes()
    random = np.random.default_rng(5)
    for end in [15, 40, 400, len(whole) // 2, len(whole) - 1]:
        assert "damaged" in refused(whole[:end], tmp_path)
    for _ in range(60):
        content = bytearray(whole)
        for place in random.integers(15, min(len(whole), 6000), 3):
            content[place] = random.integers(256)
        source = tmp_path / "changed.t7"
        source.write_bytes(content)
        try:
            import_checkpoint(source, tmp_path / "changed.safetensors")
        except InputError as error:
            assert error.fix


def test_a_file_that_claims_to_be_larger_or_to_run_something_is_refused(tmp_path):
    def tensor(sizes, strides, stored, first=1):
        rank = len(sizes)
        head = struct.pack("<iii3si", 4, 1, 3, b"V 1", 17) + b"torch.FloatTensor"
        head += struct.pack(f"<i{2 * rank + 1}q", rank, *sizes, *strides, first)
        return head + struct.pack("<iii3si", 4, 2, 3, b"V 1", 18) + b"torch.FloatStorage" + stored

    four = struct.pack("<q4f", 4, 1, 2, 3, 4)
    assert "holds no network" in refused(tensor([2, 2], [2, 1], four), tmp_path)
    for bad in [
        tensor([2, 3], [2, 1], four),  # beyond what is stored
        tensor([1 << 40], [0], four),  # one number, told to be a million million
        tensor([2, 2], [-2, 1], four),
        tensor([4], [1], four, first=0),
        tensor([4], [1], struct.pack("<q", 1 << 60)),
        tensor([4], [1], struct.pack("<q", -1)),
        struct.pack("<iii3si", 4, 1, 3, b"V 1", 1 << 30) + b"nn.Sequential",
        struct.pack("<iii3si", 4, 1, 3, b"V 1", 13) + b"nn.Sequential" + struct.pack("<iii", 3, 2, 1 << 30),
    ]:
        assert "damaged" in refused(bad, tmp_path)
    deep = struct.pack("<iii3si", 4, 1, 3, b"V 1", 13) + b"nn.Sequential"
    for k in range(5000):
        deep += struct.pack("<iiiid", 3, k + 2, 1, 1, 1.0)
    assert "damaged" in refused(deep, tmp_path)
    runs = struct.pack("<iii3si", 4, 1, 3, b"V 1", 13) + b"nn.Sequential" + struct.pack("<ii", 6, 1)
    assert "function" in refused(runs, tmp_path)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (("nn.Sequential", {"modules": {1: ("os.execute", {})}}), "os.execute"),
        (("nn.Sequential", {}), "no list of layers"),
        (("nn.Sequential", {"modules": {1: ("nn.SpatialConvolution", {})}}), "no nInputPlane"),
        (("nn.Sequential", {"modules": {1: ("nn.ReLU", {})}}), "makes no volume"),
    ],
)
def test_what_is_no_such_network_is_named(tmp_path, network, said):
    source = written(network, tmp_path / "made.t7")
    assert said in refused(source.read_bytes(), tmp_path)


def test_a_layer_within_itself_ends(tmp_path):
    modules = {}
    network = ("nn.Sequential", {"modules": modules})
    modules[1] = network
    assert refused(written(network, tmp_path / "loop.t7").read_bytes(), tmp_path)


def test_the_surface_is_that_of_the_volume():
    """Where scikit-image's marching cubes finds it, in pixels of the face's square."""
    z, y, x = np.mgrid[:81, :192, :192].astype(np.float32)
    out = ((z - 40) ** 2 / 4 + (y - 90) ** 2 + (x - 110) ** 2) ** 0.5 - 12
    ball = 1 / (1 + np.exp(out.clip(-20, 20)))
    place = FacePlace(np.array([0.1, 0.4], np.float32), 0.2, np.zeros((468, 2)))
    field = VolumeField(Encoding(torch.from_numpy(ball.astype(np.float32)), place))
    vertices = marching_cubes(ball, LEVEL)[0]
    xy = torch.from_numpy(((vertices[:, [2, 1]] + 0.5) / 96 - 1) * (1, -1) * 0.2 + (0.1, 0.4)).float()
    depth = torch.from_numpy((vertices[:, 0] - 40) * 0.5 * 0.4 / 192).float()
    occupancy = field.query_columns(xy, torch.arange(len(xy)), depth)
    assert (occupancy - 0.5).abs().max() < 1e-3
    outside = field.query_columns(torch.tensor([[0.9, 0.9]]), torch.tensor([0]), torch.tensor([0.0]))
    assert float(outside) == 0


class _Ball(torch.nn.Module):
    """In place of a trained network: a head-like solid whose nose stands out towards the first layer."""

    def forward(self, picture):
        z, y, x = torch.meshgrid(*(torch.arange(n).float() for n in (200, 192, 192)), indexing="ij")
        head = ((z - 100) / 70) ** 2 + ((y - 92) / 58) ** 2 + ((x - 96) / 44) ** 2 < 1
        return (head & (z < 110)).float()[None]


def test_a_face_becomes_a_mesh_of_its_size_with_the_photos_colours_and_no_skeleton(tmp_path, small):
    out = tmp_path / "vrn.safetensors"
    import_checkpoint(small[0], out)
    model = load_model(out)
    ball = _Ball()
    ball.anything = torch.nn.Parameter(torch.zeros(1))
    model.network = ball
    result = Engine("cpu").reconstruct(MAN, Choices(resolution=256, rig=True), model=model)
    assert result.rig is None and result.summary.watertight
    assert any("no skeleton" in note for note in result.summary.notes)
    high = np.ptp(result.vertices[:, 2])
    assert 0.15 < high < 0.35 and abs(high - result.summary.height_m) < 1e-3
    # The nose, which was at the first layer, looks at the viewer: -Y in Blender.
    front = result.normals[:, 1] < -0.5
    assert result.vertices[front, 1].mean() < result.vertices[~front, 1].mean()
    skin = result.colors[front]
    assert (skin[:, 0] > skin[:, 2]).mean() > 0.6


def test_who_shows_no_face_is_told(tmp_path, small):
    out = tmp_path / "vrn.safetensors"
    import_checkpoint(small[0], out)
    cut = type("Cut", (), {"landmarks": None})()
    with pytest.raises(NoPersonError, match="nothing but faces"):
        load_model(out).prepare(cut)


def test_a_mesh_that_is_a_body_is_refused_before_anything_is_cut_out(tmp_path, small):
    out = tmp_path / "vrn.safetensors"
    import_checkpoint(small[0], out)
    seen = []
    with pytest.raises(TopologyError, match="no whole people"):
        choices = Choices(topology="animation")
        Engine("cpu").reconstruct(MAN, choices, model=load_model(out), progress=lambda step, _: seen.append(step))
    assert set(seen) == {"Reading the photo"}
