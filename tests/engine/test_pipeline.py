# SPDX-License-Identifier: GPL-3.0-or-later
"""From a photo file to a person in metres, with progress, and with failures in words."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from blender_pifu.choices import Choices
from blender_pifu.engine import pipeline, reconstruct
from blender_pifu.engine.device import available_devices, pick_device
from blender_pifu.engine.errors import Cancelled, InputError, OutOfMemory
from blender_pifu.engine.reading.stance import Framing
from blender_pifu.engine.surface.mesh import check_mesh
from blender_pifu.steps import BAKE, LAY_OUT, STEPS, UNWRAP
from helpers import silhouette


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return silhouette.write_cut_out(tmp_path_factory.mktemp("photo") / "person.png")


@pytest.fixture(scope="module")
def person(photo):
    return reconstruct(photo, model=silhouette.AnalyticModel(), resolution=128, height_m=1.8)


def test_the_person_stands_on_the_ground_in_metres(person):
    assert np.isclose(person.vertices[:, 2].min(), 0)
    assert np.isclose(person.vertices[:, 2].max(), 1.8)
    assert check_mesh(person.faces).watertight
    assert np.allclose(np.linalg.norm(person.normals, axis=1), 1, atol=1e-5)
    nose = person.vertices[person.vertices[:, 2] > 1.5][:, 1].argmin()
    assert person.normals[person.vertices[:, 2] > 1.5][nose][1] < -0.9


def test_the_front_wears_the_photo_and_the_back_the_drawn_back(person):
    front, back = person.normals[:, 1] < -0.95, person.normals[:, 1] > 0.95
    trunk = np.abs(person.vertices[:, 0]) < 0.1
    assert np.abs(person.colors[front & trunk].astype(int) - silhouette.FRONT).max() <= 3
    assert np.abs(person.colors[back & trunk].astype(int) - silhouette.BACK).max() <= 3


def test_the_summary_says_what_was_done_and_is_fit_for_json(person):
    summary = json.loads(json.dumps(person.summary.as_dict()))
    assert summary["vertices"] == len(person.vertices)
    assert summary["faces"] == len(person.faces)
    assert summary["watertight"] is True
    assert summary["components"] == 1
    assert isinstance(summary["evaluations"], int) and summary["evaluations"] > 10_000
    assert list(summary["seconds"]) == list(STEPS)
    assert summary["peak_memory_mb"] > 50
    assert summary["device"] == "cpu"
    assert summary["weights"] == "analytic"


def test_quads_come_out_as_asked_and_the_step_is_timed(photo):
    seen = []
    model = silhouette.AnalyticModel()
    report = lambda *report: seen.append(report)  # noqa: E731
    wanted = {"topology": "game", "texture_px": 1024}
    person = reconstruct(photo, model=model, resolution=64, height_m=1.8, progress=report, **wanted)
    assert person.faces.shape[1] == 4 and person.summary.topology == "game"
    assert person.summary.faces == len(person.faces) == pytest.approx(8000, rel=0.1)
    assert person.summary.watertight and person.summary.components == 1
    assert np.isclose(person.vertices[:, 2].max(), 1.8) and np.isclose(person.vertices[:, 2].min(), 0)
    assert list(person.summary.seconds) == [*STEPS, LAY_OUT, UNWRAP, BAKE]
    assert person.summary.quads >= 0.95 and person.summary.texture_px == 1024
    uv = person.texture.uv
    assert uv.shape == (*person.faces.shape, 2) and uv.min() >= 0 and uv.max() <= 1
    assert Image.open(io.BytesIO(person.texture.png)).size == (1024, 1024)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1


def test_progress_names_every_step_and_only_rises(photo):
    seen = []
    model = silhouette.AnalyticModel()
    reconstruct(photo, model=model, resolution=128, progress=lambda *report: seen.append(report))
    steps, fractions = zip(*seen, strict=True)
    assert list(dict.fromkeys(steps)) == list(STEPS)
    assert list(fractions) == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert steps.count("Carving the surface") > 4


@pytest.mark.parametrize("step", STEPS)
def test_the_work_can_be_stopped_in_every_step(photo, step):
    def progress(current, _fraction):
        if current == step:
            raise Cancelled()

    with pytest.raises(Cancelled):
        reconstruct(photo, model=silhouette.AnalyticModel(), resolution=64, progress=progress)


@pytest.mark.parametrize("step", ["load", "carve"])
def test_a_job_that_the_gpus_memory_does_not_last_for_is_done_on_the_cpu(photo, monkeypatch, step):
    """There is no GPU: the engine believes it has one, whose memory is used up where torch would notice."""
    load, seen = pipeline.load_model, []

    def load_onto(name, device):
        if device.type == "cpu":
            return load(name, device)
        if step == "load":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        model = load(name, "cpu")
        cramped = model.field

        def field(encoding):
            field = cramped(encoding)
            field.query_columns = lambda *_: torch.empty(1 << 60)
            return field

        model.field = field
        return model

    monkeypatch.setattr(pipeline, "load_model", load_onto)
    engine = pipeline.Engine("cpu")
    engine.device = torch.device("cuda")
    person = engine.reconstruct(
        photo, Choices(model="fast", resolution=64), progress=lambda *report: seen.append(report)
    )
    assert person.summary.device == "cpu" and person.summary.watertight
    assert person.summary.notes[-1] == (
        'The memory of the device "cuda" did not last: this person was made on the CPU.'
    )
    assert [fraction for _, fraction in seen] == sorted(fraction for _, fraction in seen)


def test_memory_running_out_is_told_with_a_way_out(photo):
    class TooLarge(silhouette.AnalyticModel):
        def encode(self, image, mask):
            return torch.empty(1 << 50)

    with pytest.raises(OutOfMemory) as caught:
        reconstruct(photo, model=TooLarge(), resolution=256)
    assert "lower quality" in caught.value.fix


@pytest.mark.parametrize(
    "options",
    [
        {"resolution": 3},
        {"height_m": 0},
        {"height_m": float("nan")},
        {"device": "tpu"},
        {"topology": "clay"},
        {"texture_px": 100},
    ],
)
def test_impossible_options_are_refused(photo, options):
    with pytest.raises(InputError):
        reconstruct(photo, **options)


def test_the_best_device_comes_first_and_a_missing_one_is_named():
    usable = available_devices()
    assert usable[-1] == "cpu"
    assert pick_device("auto").type == usable[0]
    assert pick_device("cpu").type == "cpu"
    for missing in {"cuda", "xpu", "mps"} - set(usable):
        with pytest.raises(InputError, match=missing):
            pick_device(missing)


def test_importing_the_engine_does_not_import_torch():
    code = "import sys, blender_pifu.engine as e; assert 'torch' not in sys.modules; assert 'reconstruct' in e.__all__"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_rig_comes_with_the_mesh_in_its_own_space(photo):
    steps = []
    rigged = reconstruct(
        photo, model=silhouette.AnalyticModel(), resolution=64, rig=True,
        progress=lambda step, fraction: steps.append((step, fraction)),
    )  # fmt: skip
    rig, vertices = rigged.rig, rigged.vertices
    assert {"Fitting the skeleton", "Binding the skin"} <= {step for step, _ in steps}
    assert [fraction for _, fraction in steps] == sorted(fraction for _, fraction in steps)
    assert rig.weights.shape == rig.weight_bones.shape == (len(vertices), 4)
    assert np.abs(rig.weights.sum(1) - 1).max() < 1e-4
    low, high = vertices.min(0) - 0.1, vertices.max(0) + 0.1
    assert ((rig.heads > low) & (rig.heads < high)).all()
    assert rigged.summary.skeleton in ("surface", "landmarks", "proportions")
    assert rigged.summary.watertight


def test_a_person_in_tight_clothes_comes_with_all_that_an_animator_needs(photo):
    """Over 5 s: it is the body's fit and a mesh of 13,000 faces."""
    person = reconstruct(photo, model=silhouette.AnalyticModel(), resolution=64, topology="animation", height_m=1.8)
    assert person.summary.topology == "animation" and person.summary.quads == 1
    assert np.isclose(person.vertices[:, 2].max(), 1.8) and person.summary.watertight
    assert person.texture.uv.shape == (*person.faces.shape, 2) and person.texture.png
    assert UNWRAP not in person.summary.seconds, "the UVs are the body's own"
    assert len(person.rig.names) == 52 and len(person.rig.weights) == len(person.vertices)
    keys = person.shape_keys
    assert len(keys.names) >= 12 and keys.offsets.shape == (len(keys.names), len(person.vertices), 3)
    jaw = keys.offsets[keys.names.index("jawOpen")]
    chin = person.vertices[np.linalg.norm(jaw, axis=1).argmax()]
    assert 0.005 < np.linalg.norm(jaw, axis=1).max() < 0.06 and chin[2] > 1.4 and jaw[:, 2].min() < -0.005


def test_who_is_cut_by_the_photo_gets_no_animation_mesh(photo, monkeypatch):
    monkeypatch.setattr(pipeline.Figures, "cut_out", lambda *_: SimpleNamespace(framing=Framing.HALF))
    with pytest.raises(InputError, match="only a part of the person") as refused:
        reconstruct(photo, model=silhouette.AnalyticModel(), resolution=64, topology="animation")
    assert "Standard" in refused.value.fix
