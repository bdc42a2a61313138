# SPDX-License-Identifier: GPL-3.0-or-later
"""Published weights: imported in the preferences by the real engine, chosen in the panel, removed again."""

import json
import time

import bpy
import pytest
import torch

from blender_pifu import paths
from blender_pifu.addon.work import job, models
from blender_pifu.addon.work.import_model import ImportTask
from blender_pifu.engine.published.checkpoint import STEPS
from helpers import published_layout as layout


def status():
    return bpy.context.window_manager.pifu


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """net_G as PIFu's authors published it, with seeded values that make a slab of any silhouette."""
    state = layout.filled(layout.net_g_layout(), 1)
    state["surface_classifier.conv4.bias"] += 9
    path = tmp_path_factory.mktemp("weights") / "net_G"
    torch.save(state, path)
    return path


@pytest.fixture(autouse=True)
def no_models(scene):
    yield
    for model in models.imported():
        models.remove(model)


def test_an_imported_model_is_offered_with_its_licence_used_and_removed(scene, checkpoint, photo, contents):
    scene.pifu.property_unset("model_key")
    assert scene.pifu.model == "human"
    assert bpy.ops.pifu.import_checkpoint(filepath=str(checkpoint)) == {"FINISHED"}
    assert status().about_engine and "PIFu" in status().message
    (model,) = models.imported()
    assert (model.key, model.name) == ("net_G.safetensors", "PIFu (net_G)") and "MIT" in model.licence
    assert [path.name for path in sorted(paths.models().iterdir())] == ["net_G.json", "net_G.safetensors"]

    scene.pifu.model = model.key
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    body = bpy.context.view_layer.objects.active
    assert body.type == "MESH" and len(body.data.polygons) > 1000

    bpy.ops.pifu.remove_model(key=model.key)
    assert models.imported() == () and list(paths.models().iterdir()) == []
    assert scene.pifu.model == model.key, "another model is not taken in silence"
    before = contents()
    with pytest.raises(RuntimeError, match='"net_G" is not on this computer'):
        bpy.ops.pifu.generate(filepath=str(photo))
    assert status().kind == "imported_model" and contents() == before
    scene.pifu.model = "human"
    with pytest.raises(TypeError):
        scene.pifu.model = model.key


def test_another_checkpoint_of_the_same_name_replaces_no_model(scene, checkpoint, tmp_path):
    for _again in range(2):
        bpy.ops.pifu.import_checkpoint(filepath=str(checkpoint))
    assert [model.key for model in models.imported()] == ["net_G.safetensors"]
    first = (paths.models() / "net_G.safetensors").read_bytes()
    state = torch.load(checkpoint, weights_only=True)
    state["surface_classifier.conv4.bias"] -= 1
    torch.save(state, tmp_path / "net_G")
    for _again in range(2):
        bpy.ops.pifu.import_checkpoint(filepath=str(tmp_path / "net_G"))
    assert [model.key for model in models.imported()] == ["net_G-2.safetensors", "net_G.safetensors"]
    assert (paths.models() / "net_G.safetensors").read_bytes() == first
    card = json.loads((paths.models() / "net_G-2.json").read_text())
    assert list(card["sha256"]) == ["net_G-2.safetensors"]


def test_the_choice_outlives_other_models_coming_and_going(scene):
    paths.models().mkdir(exist_ok=True)
    for name in ("a", "b", "c"):
        (paths.models() / f"{name}.safetensors").touch()
    (paths.models() / "b.json").write_text(json.dumps({"name": "PIFuHD", "license": "CC BY-NC 4.0"}))
    scene.pifu.model = "b.safetensors"
    models.remove(models.find("a.safetensors"))
    assert scene.pifu.model == "b.safetensors"
    assert (models.find("b.safetensors").name, models.find("b.safetensors").licence) == ("PIFuHD (b)", "CC BY-NC 4.0")
    assert "not known" in models.find("c.safetensors").licence


def test_a_model_that_is_broken_is_told_with_the_way_to_the_preferences(scene, photo):
    paths.models().mkdir(exist_ok=True)
    (paths.models() / "broken.safetensors").write_bytes(b"nothing")
    scene.pifu.model = "broken.safetensors"
    with pytest.raises(RuntimeError, match="broken.safetensors cannot be read"):
        bpy.ops.pifu.generate(filepath=str(photo))
    assert status().kind == "imported_model"


@pytest.mark.parametrize("what", ["a photo", "nothing", "cut short"])
def test_a_file_that_is_no_checkpoint_is_told_and_leaves_nothing(what, photo, checkpoint, tmp_path):
    path = {"a photo": photo, "nothing": "", "cut short": tmp_path / "net_G"}[what]
    if what == "cut short":
        path.write_bytes(checkpoint.read_bytes()[:100_000])
    with pytest.raises(RuntimeError):
        bpy.ops.pifu.import_checkpoint(filepath=str(path))
    assert (status().state, status().kind) == ("FAILED", "import_failed")
    said = {"a photo": "no checkpoint of torch", "nothing": "No checkpoint", "cut short": "damaged or cut short"}
    assert said[what] in status().message
    assert models.imported() == () and not (paths.models().exists() and list(paths.models().iterdir()))


def test_cancelled_it_leaves_nothing(checkpoint):
    job.begin(ImportTask(str(checkpoint)))
    limit = time.monotonic() + 120
    while job.tick() is not None:
        assert time.monotonic() < limit
        if status().step == STEPS[1]:
            bpy.ops.pifu.cancel()
        time.sleep(0.01)
    assert status().state == "CANCELLED"
    assert models.imported() == () and list(paths.models().iterdir()) == []
