# SPDX-License-Identifier: GPL-3.0-or-later
"""Published checkpoints become files of ours, and malformed ones end in one clear line, whatever they hold."""

import hashlib
import json
import pickle
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from blender_pifu.engine import load_model
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.errors import InputError
from blender_pifu.engine.published.checkpoint import STEPS, import_checkpoint
from helpers import published_layout as layout

NET_G, NET_C = layout.filled(layout.net_g_layout(), 1), layout.filled(layout.net_c_layout(), 2)


class Evil:
    """Would make a file if its pickle were run."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


class EvilCommand(Evil):
    def __reduce__(self):
        return subprocess.call, (["touch", str(self.marker)],)


def save(content, path, old=True):
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    return path


def refused(source, tmp_path, **options):
    """The error of an import that must leave nothing behind."""
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    with pytest.raises(InputError) as caught:
        import_checkpoint(source, folder / "out.safetensors", **options)
    assert list(folder.iterdir()) == []
    assert caught.value.exit_code == 2 and caught.value.fix
    return str(caught.value)


@pytest.fixture(scope="module")
def thin():
    """pifuhd.pt with thin normal generators."""
    return layout.filled(layout.pifuhd_layout(normal_width=4), 3)


@pytest.mark.parametrize("old", [True, False], ids=["old", "zip"])
def test_pifuhd_is_converted_with_its_licence(tmp_path, capsys, thin, old):
    source, out = save(layout.pifuhd_checkpoint(thin), tmp_path / "pifuhd.pt", old), tmp_path / "hd.safetensors"
    assert main(["import-checkpoint", str(source), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "764 tensors" in said and "CC BY-NC 4.0" in said
    found = load_file(out)
    assert found.keys() == thin.keys()
    assert all(torch.equal(found[name], thin[name]) for name in thin)
    card = json.loads(out.with_suffix(".json").read_text())
    assert "CC BY-NC 4.0" in card["license"] and "notes" not in card
    assert card["settings"] == {"load_size": 512, "z_size": 200.0}
    assert card["source_sha256"] == {"pifuhd.pt": hashlib.sha256(source.read_bytes()).hexdigest()}
    assert card["sha256"] == {"hd.safetensors": hashlib.sha256(out.read_bytes()).hexdigest()}
    model = load_model(out)
    assert model.name == "hd" and "not for commercial use" in model.notes[0]


def test_as_json_it_tells_its_steps_and_the_card(tmp_path, capsys, thin):
    source, out = save(layout.pifuhd_checkpoint(thin), tmp_path / "pifuhd.pt"), tmp_path / "hd.safetensors"
    assert main(["import-checkpoint", str(source), "-o", str(out), "--json"]) == 0
    *steps, card = map(json.loads, capsys.readouterr().out.splitlines())
    assert [item["step"] for item in steps] == list(STEPS)
    assert card == json.loads(out.with_suffix(".json").read_text())


def test_options_come_from_the_file_or_the_command_line_or_are_told_as_assumed(tmp_path, capsys, thin):
    checkpoint = layout.pifuhd_checkpoint(thin)
    checkpoint["opt_netG"].loadSize, checkpoint["opt_netG"].z_size = 256, 100.0
    source, out = save(checkpoint, tmp_path / "other.pt"), tmp_path / "hd.safetensors"
    assert import_checkpoint(source, out)["settings"] == {"load_size": 256, "z_size": 100.0}
    assert load_model(out).settings.depth_scale == 1.28
    main(["import-checkpoint", str(source), "-o", str(out), "--z-size", "64"])
    assert load_model(out).settings.depth_scale == 2.0
    del checkpoint["opt_netG"].z_size
    capsys.readouterr()
    assert main(["import-checkpoint", str(save(checkpoint, source)), "-o", str(out)]) == 0
    assert "opt_netG.z_size: taken as 200" in capsys.readouterr().out
    checkpoint["opt_netG"].z_size = "deep"
    assert "z_size cannot be 'deep'" in refused(save(checkpoint, source), tmp_path)
    checkpoint["opt_netG"].hg_down = "conv64"
    assert "hg_down = conv64" in refused(save(checkpoint, source), tmp_path)


def test_pifu_is_converted_alone_or_with_its_colours(tmp_path, capsys):
    shape, color = save(NET_G, tmp_path / "net_G"), save(NET_C, tmp_path / "net_C", old=False)
    out = tmp_path / "pifu.safetensors"
    assert main(["import-checkpoint", str(shape), "-o", str(out)]) == 0
    assert "441 tensors" in capsys.readouterr().out
    image = torch.rand(1, 3, 64, 64)
    model = load_model(out)
    assert model.encode(image).color is None and model.notes == ()
    assert main(["import-checkpoint", str(shape), "--color", str(color), "-o", str(out)]) == 0
    assert "494 tensors" in capsys.readouterr().out
    model = load_model(out)
    assert model.query_color(model.encode(image), torch.zeros(5, 3)).shape == (5, 3)


@pytest.mark.parametrize("old", [True, False], ids=["old", "zip"])
@pytest.mark.parametrize("kind", [Evil, EvilCommand])
def test_code_in_a_checkpoint_is_not_run(tmp_path, kind, old):
    marker = tmp_path / "marker"
    source = save({"model_state_dict": NET_C, "opt": kind(marker)}, tmp_path / "evil.pt", old)
    said = refused(source, tmp_path)
    assert "not run" in said and ("touch" in said or "call" in said or "getattr" in said or "Path" in said)
    assert not marker.exists()


def test_code_in_a_plain_pickle_is_not_run(tmp_path):
    marker, source = tmp_path / "marker", tmp_path / "evil.pt"
    for protocol in (0, 2, 4):
        source.write_bytes(pickle.dumps(EvilCommand(marker), protocol))
        refused(source, tmp_path)
        assert not marker.exists()


@pytest.mark.parametrize("old", [True, False], ids=["old", "zip"])
def test_a_file_cut_short_is_told(tmp_path, old):
    whole = save(NET_C, tmp_path / "net_C", old).read_bytes()
    for length in (40, 1000, len(whole) // 2, len(whole) - 100):
        (tmp_path / "short.pt").write_bytes(whole[:length])
        assert '"short.pt" is damaged or cut short' in refused(tmp_path / "short.pt", tmp_path)


def changed(**changes):
    """net_G with other entries; None takes one out. Two underscores stand for a dot."""
    state = dict(NET_G)
    for name, value in changes.items():
        name = name.replace("__", ".")
        state.pop(name) if value is None else state.update({name: value})
    return state


WEIGHT = "image_filter__m1__b2_1__conv1__weight"
BROKEN = {
    "missing": (changed(**{WEIGHT: None}), "it lacks netG.image_filter.m1.b2_1.conv1.weight"),
    "missing first": (changed(image_filter__conv1__weight=None), "lacks the tensor netG.image_filter.conv1.weight"),
    "extra": (changed(image_filter__m4__weight=torch.zeros(3)), "not known are netG.image_filter.m4.weight"),
    "shape": (changed(**{WEIGHT: torch.zeros(128, 256, 1, 1)}), "conv1.weight (128x256x1x1 instead of 128x256x3x3)"),
    "mlp shape": (changed(surface_classifier__conv2__weight=torch.zeros(256, 700, 1)), "conv2.weight has the shape"),
    "groups": (changed(image_filter__conv1__weight=torch.zeros(63, 3, 7, 7)), "63x3x7x7"),
    "rank": (changed(surface_classifier__conv0__weight=torch.zeros(1024, 257)), "not 3 dimensions"),
    "nan": (changed(**{WEIGHT: torch.full((128, 256, 3, 3), float("nan"))}), "NaN"),
    "infinite": (changed(surface_classifier__conv4__bias=torch.tensor([float("inf")])), "conv4.bias holds values"),
    "whole numbers": (changed(surface_classifier__conv4__bias=torch.tensor([1])), "no plain array"),
    "claims more": (changed(**{WEIGHT: torch.zeros(1).expand(128, 256, 3, 3)}), "no plain array"),
    "no tensor": (changed(surface_classifier__conv4__bias="much"), "conv4.bias is no tensor"),
    "another model": ({"weight": torch.zeros(3)}, "lacks the tensor netG.image_filter.conv1.weight"),
    "a list": ([torch.zeros(3)], "holds no weights"),
    "nothing": ({}, "holds no weights"),
    "an inner list": ({"model_state_dict": [1, 2]}, "holds no weights"),
    "colour": (NET_C, "is a colour network"),
}


@pytest.mark.parametrize("content,word", BROKEN.values(), ids=BROKEN)
def test_what_does_not_fit_is_named(tmp_path, content, word):
    said = refused(save(content, tmp_path / "net_G"), tmp_path)
    assert word in said and "net_G" in said


def test_pifuhd_names_what_it_lacks(tmp_path, thin):
    state = {name: value for name, value in thin.items() if not name.startswith("netG.netB.")}
    said = refused(save(layout.pifuhd_checkpoint(state), tmp_path / "hd.pt"), tmp_path)
    assert "netG.image_filter.conv1.weight" in said and "64x9x7x7" in said
    state = {**thin, "mlp.filters.0.weight": torch.zeros(512, 271, 1)}
    assert "mlp.filters." in refused(save(layout.pifuhd_checkpoint(state), tmp_path / "hd.pt"), tmp_path)


def test_what_is_no_checkpoint_at_all_is_told(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n" + bytes(range(256)) * 9)
    (tmp_path / "empty.pt").write_bytes(b"")
    assert "no checkpoint of torch" in refused(tmp_path / "photo.png", tmp_path)
    assert "no checkpoint of torch" in refused(tmp_path / "empty.pt", tmp_path)
    assert "There is no file" in refused(tmp_path / "nowhere.pt", tmp_path)
    assert "There is no file" in refused(tmp_path, tmp_path)


def test_colours_go_with_pifus_shape_only(tmp_path, thin):
    shape, color = save(NET_G, tmp_path / "net_G"), save(NET_C, tmp_path / "net_C")
    assert "no colour network" in refused(shape, tmp_path, color=shape)
    hd = save(layout.pifuhd_checkpoint(thin), tmp_path / "hd.pt")
    assert "takes no colour network" in refused(hd, tmp_path, color=color)


@pytest.mark.parametrize(
    "arguments",
    [
        ["{net}"],
        ["-o", "{tmp}/out.safetensors"],
        ["{net}", "-o", "{tmp}/out.glb"],
        ["{net}", "-o", "{tmp}/missing/out.safetensors"],
        ["{net}", "-o", "{net}"],
        ["{net}", "-o", "{tmp}/out.safetensors", "--z-size", "nan"],
        ["{net}", "-o", "{tmp}/out.safetensors", "--load-size", "0"],
        ["{net}", "-o", "{tmp}/out.safetensors", "--color", "{tmp}/nowhere"],
    ],
)
def test_bad_use_ends_with_2_and_one_line(tmp_path, capsys, arguments):
    net = save(NET_G, tmp_path / "net.safetensors")
    before = net.read_bytes()
    try:
        code = main(["import-checkpoint", *(word.format(net=net, tmp=tmp_path) for word in arguments)])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [net] and net.read_bytes() == before


def test_a_checkpoint_given_as_model_is_told_to_be_converted_first(tmp_path):
    with pytest.raises(InputError) as caught:
        load_model(save(NET_C, tmp_path / "net_C"))
    assert "import-checkpoint" in caught.value.fix


def test_files_of_another_version_are_told(tmp_path):
    path = tmp_path / "other.safetensors"
    for family, settings in (("icon", "{}"), ("pifu", "{"), ("pifu", '{"x": 1}')):
        save_file({"netG.weight": torch.zeros(1)}, path, {"family": family, "settings": settings})
        with pytest.raises(InputError, match="not written by this version"):
            load_model(path)
