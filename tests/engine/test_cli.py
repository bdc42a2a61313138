# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: a person out of a real photo, one clear line and an exit code for everything else."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import blender_pifu
from blender_pifu.engine.__main__ import main
from helpers import silhouette

PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"
COMMAND = [sys.executable, "-m", "blender_pifu.engine"]
KEYS = [
    "output",
    "vertices",
    "faces",
    "watertight",
    "components",
    "evaluations",
    "seconds",
    "peak_memory_mb",
    "device",
    "weights",
]


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return silhouette.write_cut_out(tmp_path_factory.mktemp("photo") / "person.png")


def run(*arguments):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=600)


def test_a_real_photo_becomes_one_closed_person(tmp_path):
    out = tmp_path / "human.npz"
    done = run(PHOTO, "-o", out, "--resolution", 128, "--device", "cpu", "--height", 1.8, "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    steps = lines[:-1]
    assert all(set(line) == {"step", "fraction"} for line in steps)
    summary = lines[-1]
    assert set(KEYS) <= set(summary)
    assert summary["output"] == str(out)
    assert summary["watertight"] is True
    assert summary["components"] == 1
    print(f"{summary['evaluations']} evaluations at 128, seconds {summary['seconds']}")
    with np.load(out, allow_pickle=False) as data:
        assert len(data["vertices"]) == len(data["normals"]) == len(data["colors"]) == summary["vertices"]
        assert np.isclose(data["vertices"][:, 2].max(), 1.8)
        assert np.ptp(data["vertices"][:, 0]) < 1.4
        assert json.loads(str(data["summary"])) == summary


def test_without_json_steps_and_result_are_told_in_words(photo, tmp_path, capsys):
    out = tmp_path / "human.glb"
    assert main([str(photo), "-o", str(out), "--resolution", "128", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "Carving the surface" in said
    assert str(out) in said
    assert out.read_bytes()[:4] == b"glTF"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["{photo}"], "--output"),
        (["{photo}", "-o", "{tmp}/out.stl"], ".glb"),
        (["{photo}", "-o", "{tmp}/missing/out.glb"], "missing"),
        (["{photo}", "-o", "{tmp}/out.glb", "--resolution", "100"], "100"),
        (["{photo}", "-o", "{tmp}/out.glb", "--device", "tpu"], "tpu"),
        (["{photo}", "-o", "{tmp}/out.glb", "--height", "-1"], "height"),
        (["{photo}", "-o", "{tmp}/out.glb", "--model", "nobody"], "nobody"),
        (["{tmp}/nothing.png", "-o", "{tmp}/out.glb"], "nothing.png"),
        (["{tmp}", "-o", "{tmp}/out.glb"], ""),
    ],
)
def test_bad_input_and_usage_end_with_2_and_one_line(photo, tmp_path, capsys, arguments, word):
    arguments = [argument.format(photo=photo, tmp=tmp_path) for argument in arguments]
    try:
        code = main(arguments)
    except SystemExit as exit_:
        code = exit_.code
    said = capsys.readouterr().err
    assert code == 2
    assert len(said.splitlines()) == 1
    assert word in said
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_output_is_told_before_the_photo_is_looked_at(tmp_path, capsys):
    assert main([str(tmp_path / "nothing.png"), "-o", str(tmp_path / "missing" / "out.glb")]) == 2
    assert "out.glb" in capsys.readouterr().err


def test_a_photo_without_a_person_ends_with_3(tmp_path, capsys):
    x, y = np.meshgrid(np.linspace(90, 200, 320), np.linspace(0, 50, 240))
    Image.fromarray(np.stack([x, x + y, 255 - y], -1).astype(np.uint8)).save(tmp_path / "sky.png")
    assert main([str(tmp_path / "sky.png"), "-o", str(tmp_path / "out.glb"), "--device", "cpu"]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out.glb").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one child on Windows")
def test_an_interrupt_ends_with_130_and_leaves_nothing(photo, tmp_path):
    out = tmp_path / "out.npz"
    process = subprocess.Popen(
        [*COMMAND, photo, "-o", out, "--resolution", "1024", "--device", "cpu", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    assert "Reading the photo" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert said.splitlines() == ["Interrupted."]
    assert list(tmp_path.iterdir()) == []


def test_who_is_cut_by_the_border_keeps_the_proportions_and_is_told(tmp_path):
    out = tmp_path / "half.npz"
    half = Path(__file__).parents[1] / "data" / "biden_three_quarter.jpg"
    done = run(half, "-o", out, "--resolution", 128, "--device", "cpu", "--height", 1.8, "--person", 1, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["people"], summary["person"], summary["framing"]) == (1, 1, "half")
    assert any("knees" in note for note in summary["notes"])
    with np.load(out, allow_pickle=False) as data:
        assert 1.1 < data["vertices"][:, 2].max() < 1.5, "of 1.8 m"
