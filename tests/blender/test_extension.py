# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip as Blender's own tool builds it, installed in an empty Blender, with the real engine behind it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import bpy
import pytest

from blender_pifu import child
from helpers import extension


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return extension.build(tmp_path_factory.mktemp("zip"))


def test_it_validates(archive):
    extension.tool("validate", archive)


def test_it_holds_what_artists_need_and_nothing_else(archive):
    with zipfile.ZipFile(archive) as file:
        names = file.namelist()
    for needed in (
        "__init__.py", "blender_manifest.toml", "vendor_install.py", "LICENSE", "blender_pifu/client.py",
        "blender_pifu/engine/worker.py", "blender_pifu/install/requirements/engine.txt",
        "blender_pifu/data/human.safetensors", "blender_pifu/data/rvm.safetensors",
        "blender_pifu/data/photos/man_polo_full_body.jpg",
    ):  # fmt: skip
        assert needed in names
    tops = {name.split("/")[0] for name in names}
    assert tops <= {"__init__.py", "blender_manifest.toml", "vendor_install.py", "LICENSE", "README.md", "blender_pifu"}
    assert not [name for name in names if "/training/" in name or "__pycache__" in name or "/." in name]
    assert max(map(len, names)) < 100, "deep paths break Windows"


_SESSION = """
import os, sys
import bpy
import addon_utils
archive, photo = sys.argv[1:]
def check(condition, what):
    if not condition:
        print("NOT", what, flush=True)
        os._exit(1)
addon_utils.enable("bl_pkg")
bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
module = "bl_ext.user_default.blender_pifu"
check(module in bpy.context.preferences.addons, "installed and enabled")
folder = os.path.dirname(sys.modules[module].__file__)
listing = lambda: sorted(os.path.join(a, c) for a, b, d in os.walk(folder) for c in d if "__pycache__" not in a)
before = listing()
for _ in range(2):
    check(hasattr(bpy.types.Scene, "pifu") and hasattr(bpy.types, "PIFU_PT_main"), "registered")
    check(addon_utils.disable(module, default_set=True) is None, "disabled")
    check(not hasattr(bpy.types.Scene, "pifu") and not hasattr(bpy.types, "PIFU_PT_main"), "unregistered")
    check(not [name for name in dir(bpy.types) if "PIFU" in name], "nothing left")
    check(addon_utils.enable(module, default_set=True) is not None, "enabled again")
preferences = bpy.context.preferences.addons[module].preferences
preferences.device, preferences.keep_warm_min = "cpu", 1
choices = bpy.context.scene.pifu
choices.quality, choices.topology, choices.texture, choices.skeleton = "DRAFT", "SCULPT", "NONE", False
check(bpy.ops.pifu.generate(filepath=photo) == {"FINISHED"}, "generated")
check(len(bpy.context.view_layer.objects.active.data.polygons) > 1000, "a person")
check("torch" not in sys.modules, "without torch")
addon_utils.disable(module, default_set=True)
check(listing() == before, "nothing written into the extension's folder")
print("WELL", flush=True)
os._exit(0)
"""


def test_it_installs_enables_disables_and_generates(archive, photo, shared_home, tmp_path):
    environment = {
        **child.clean_environment(),
        "BLENDER_USER_RESOURCES": str(tmp_path / "blender"),
        "BLENDER_PIFU_HOME": str(shared_home),
    }
    (tmp_path / "blender").mkdir()
    answer = subprocess.run(
        [sys.executable, "-c", _SESSION, str(archive), str(photo)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert "WELL" in answer.stdout and answer.returncode == 0, answer.stdout + answer.stderr


_DEMO = """
import os, sys
from blender_pifu.addon import demo
demo._SAMPLES = 1
demo.VIEW_PX = (64, 90)
code = demo.main(sys.argv[1:])
sys.stdout.flush(), sys.stderr.flush()
os._exit(code)
"""


def run_demo(photo, out, home):
    environment = {**os.environ, "BLENDER_PIFU_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", _DEMO, str(photo), "--out", str(out)],
        cwd=child.ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip


def test_the_demo_leaves_a_person_ready_to_rig_a_model_and_a_picture(full_photo, tmp_path, shared_home):
    answer = run_demo(full_photo, tmp_path / "out", shared_home)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["human.blend", "human.glb", "human.png"]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "out" / "human.blend"))
    bpy.ops.pifu.validate()
    report = bpy.context.window_manager.pifu_report
    # One press, no choice made: what is promised is there. How well a person stands is up to the weights.
    kept = {line.name for line in report.lines if line.state == "OK"}
    assert kept >= {"height", "ground", "transforms", "pieces", "holes", "manifold", "quads", "count", "bones", "rest"}
    assert kept >= {"groups", "unweighted", "sums", "influences", "uv_maps", "uv_overlaps", "material", "texture"}
    glb = (tmp_path / "out" / "human.glb").read_bytes()
    tree = json.loads(glb[20 : 20 + int.from_bytes(glb[12:16], "little")])
    assert len(tree["skins"]) == 1 and len(tree["images"]) == 3, "base colours, normals, roughness"
    assert {"JOINTS_0", "WEIGHTS_0", "TEXCOORD_0"} <= set(tree["meshes"][0]["primitives"][0]["attributes"])
    picture = bpy.data.images.load(str(tmp_path / "out" / "human.png"))
    assert tuple(picture.size) == (3 * 64, 90)


def test_the_demo_replaces_no_file(photo, tmp_path, shared_home):
    mine = tmp_path / "human.png"
    shutil.copy(photo, mine)
    (tmp_path / "human-2.blend").write_bytes(b"mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    answer = run_demo(mine, tmp_path, shared_home)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    made = [tmp_path / f"human-3{ending}" for ending in (".blend", ".glb", ".png")]
    assert answer.stdout.splitlines()[-3:] == list(map(str, made))
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path not in made} == before


def test_the_demo_fails_in_one_line(tmp_path, shared_home, empty_home, photo):
    answer = run_demo(tmp_path / "none.jpg", tmp_path / "out", shared_home)
    assert answer.returncode == 1
    assert len(answer.stderr.strip().splitlines()) == 1 and "none.jpg" in answer.stderr
    answer = run_demo(photo, tmp_path / "out", empty_home)
    assert answer.returncode == 1
    assert "not installed" in answer.stderr.strip().splitlines()[-1]
