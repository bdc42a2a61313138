# SPDX-License-Identifier: GPL-3.0-or-later
"""No file is lost: an output is never an input, and what is written beside it replaces nothing."""

import io
import json
import os
import shutil

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from blender_pifu.engine.__main__ import main
from blender_pifu.engine.errors import InputError
from blender_pifu.engine.files.result import write_result
from blender_pifu.engine.published.checkpoint import import_checkpoint
from blender_pifu.outputs import free_place, same_file
from blender_pifu.result_file import Reconstruction, Summary, Texture
from helpers import published_layout as layout
from helpers import silhouette


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return silhouette.write_cut_out(tmp_path_factory.mktemp("photo") / "person.png")


@pytest.fixture
def textured():
    """A tetrahedron with a texture."""
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], np.int32)
    uv = np.tile(np.array([[0, 0], [1, 0], [0, 1]], np.float32), (4, 1, 1))

    def make(shade):
        image = io.BytesIO()
        Image.new("RGB", (8, 8), (shade,) * 3).save(image, "png")
        return Reconstruction(
            points, faces, points, np.zeros((4, 3), np.uint8), Summary(), Texture(uv, image.getvalue())
        )

    return make


def kept(folder):
    """What each file of a folder holds."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_photo_named_as_the_texture_would_be_stays(photo, tmp_path, capsys):
    mine = shutil.copy(photo, tmp_path / "anna.png")
    (tmp_path / "anna.mtl").write_text("newmtl Mine\n")
    before = kept(tmp_path)
    options = ["--resolution", "128", "--device", "cpu", "--texture", "1024"]
    assert main([str(mine), "-o", str(tmp_path / "anna.obj"), *options]) == 0
    assert "anna-2.png, anna-2.mtl" in capsys.readouterr().out
    after = kept(tmp_path)
    assert set(after) - set(before) == {"anna.obj", "anna-2.mtl", "anna-2.png"}
    assert all(after[name] == content for name, content in before.items())
    assert trimesh.load(tmp_path / "anna.obj").visual.material.image.size == (1024, 1024)


@pytest.mark.parametrize("taken", ["out.png", "out.mtl", "out.png/", "out.mtl@"])
def test_what_lies_beside_an_obj_is_never_replaced(textured, tmp_path, taken):
    place = tmp_path / taken.strip("/@")
    if taken.endswith("/"):
        place.mkdir()
    elif taken.endswith("@"):
        place.symlink_to(tmp_path / "nowhere")
    else:
        place.write_bytes(b"mine")
    others = write_result(textured(9), tmp_path / "out.obj")
    assert sorted(path.name for path in others) == ["out-2.mtl", "out-2.png"]
    assert os.path.lexists(place) and (not place.is_file() or place.read_bytes() == b"mine")
    text = (tmp_path / "out.obj").read_text()
    assert "mtllib out-2.mtl" in text and "map_Kd out-2.png" in (tmp_path / "out-2.mtl").read_text()


def test_a_texture_that_was_painted_on_stays_when_the_person_is_made_again(textured, tmp_path):
    write_result(textured(9), tmp_path / "out.obj")
    (tmp_path / "out.png").write_bytes(b"painted")
    write_result(textured(9), tmp_path / "out.obj")
    assert (tmp_path / "out.png").read_bytes() == b"painted" and (tmp_path / "out-2.png").exists()
    write_result(textured(200), tmp_path / "out.obj")
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["out-2.png", "out-3.png", "out.png"]


def test_the_same_again_needs_no_more_files(textured, tmp_path):
    write_result(textured(9), tmp_path / "out.obj")
    before = kept(tmp_path)
    write_result(textured(9), tmp_path / "out.obj")
    assert kept(tmp_path) == before and len(before) == 3


@pytest.mark.parametrize("ending", [".obj", ".glb", ".npz", ".ply"])
@pytest.mark.parametrize("letter", ["x", "\xe9"])
def test_names_as_long_as_the_disk_allows_are_written(textured, tmp_path, ending, letter):
    """What is written first beside them has names of its own; so has a picture of which another one is there."""
    place = tmp_path / (letter * ((255 - len(ending)) // len(letter.encode())) + ending)
    for shade in (9, 200):
        write_result(textured(shade), place)
    assert place.exists() and not list(tmp_path.glob(".*"))
    assert len(list(tmp_path.iterdir())) == (5 if ending == ".obj" else 1)


def test_names_that_no_disk_takes_are_refused_before_work(photo, tmp_path, capsys):
    for output in ("x" * 300 + ".glb", f"{photo.name}/anna.glb"):
        assert main([str(photo), "-o", str(photo.parent / output)]) == 2
        said = capsys.readouterr()
        assert "cannot be written" in said.err and len(said.err.splitlines()) == 1 and not said.out
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize(
    "name", [" anna.obj", "anna .obj", "an\nna.obj", "\t.obj", "a#b %20.obj", "\xc4nn\xe4 \u5199.OBJ"]
)
def test_readers_find_the_picture_of_an_obj_of_any_name(textured, tmp_path, name):
    write_result(textured(200), tmp_path / name)
    image = trimesh.load(tmp_path / name).visual.material.image
    assert image.convert("RGB").getpixel((2, 2)) == (200, 200, 200)


def _spellings(path):
    """Other ways to one file."""
    link, hard = path.with_name("link" + path.suffix), path.with_name("hard" + path.suffix)
    link.symlink_to(path)
    os.link(path, hard)
    return {"same": path, "dots": path.parent / "." / ".." / path.parent.name / path.name, "link": link, "hard": hard}


@pytest.mark.parametrize("which", ["photo", "--back", "--model"])
@pytest.mark.parametrize("how", ["same", "dots", "link", "hard"])
def test_an_output_that_is_an_input_is_refused_before_work(photo, tmp_path, capsys, which, how):
    given = tmp_path / "anna.glb"  # what is in a file tells its kind, not its name
    shutil.copy(photo, given)
    output = _spellings(given)[how]
    before = kept(tmp_path)
    inputs = [str(given)] if which == "photo" else [str(photo), which, str(given)]
    assert main([*inputs, "-o", str(output)]) == 2
    said = capsys.readouterr()
    assert "would replace" in said.err and len(said.err.splitlines()) == 1
    assert not said.out, "no step began"
    assert kept(tmp_path) == before


def test_another_case_is_the_same_file_where_the_disk_says_so(tmp_path):
    (tmp_path / "anna.png").write_bytes(b"")
    assert same_file(tmp_path / "anna.png", tmp_path / "ANNA.png") == (tmp_path / "ANNA.png").exists()
    assert not same_file(tmp_path / "anna.png", "a\0b") and not same_file("none", "none")


def test_free_names_are_counted_on(tmp_path):
    for name in ("human.png", "human-2.glb"):
        (tmp_path / name).touch()
    assert free_place(tmp_path / "human", lambda _: dict.fromkeys((".glb", ".png"))).name == "human-3"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "net_G"
    torch.save(layout.filled(layout.net_g_layout(), 1), path)
    return path


def test_a_card_replaces_an_older_card_of_its_weights_and_nothing_else(checkpoint, tmp_path):
    target = tmp_path / "mine.safetensors"
    import_checkpoint(checkpoint, target)
    import_checkpoint(checkpoint, target)
    (tmp_path / "mine.json").write_text(json.dumps({"name": "shopping", "sha256": "of nothing"}))
    before = kept(tmp_path)
    with pytest.raises(InputError, match="mine.json"):
        import_checkpoint(checkpoint, target)
    source = shutil.copy(checkpoint, tmp_path / "source.json")
    for output in (tmp_path / "source.safetensors", source):  # the card, and the file itself
        with pytest.raises(InputError):
            import_checkpoint(source, output)
    os.link(checkpoint, tmp_path / "hard.safetensors")
    assert main(["import-checkpoint", str(checkpoint), "-o", str(tmp_path / "hard.safetensors")]) == 2
    assert before.items() <= kept(tmp_path).items()
