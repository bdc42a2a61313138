# SPDX-License-Identifier: GPL-3.0-or-later
"""The published families in the pipeline: what they are shown of the photo, and how their people are coloured."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from blender_pifu.engine import reconstruct
from blender_pifu.engine.files.tensors import Tensors
from blender_pifu.engine.published.pifu import PIFuModel
from blender_pifu.engine.published.pifuhd import PIFuHDModel
from blender_pifu.engine.published.settings import Settings
from blender_pifu.engine.reading.crop import Crop
from blender_pifu.engine.reading.person_cut import PersonCut
from helpers import published_layout as layout
from helpers import silhouette


@pytest.fixture(scope="module")
def pifu():
    state = {"netG." + name: value for name, value in layout.filled(layout.net_g_layout(), 1).items()}
    state |= {"netC." + name: value for name, value in layout.filled(layout.net_c_layout(), 2).items()}
    # Inside all over, so that the person is the silhouette's slab.
    state["netG.surface_classifier.conv4.bias"] += 9
    state["netC.surface_classifier.conv4.weight"] *= 0.1  # colours between the extremes
    return PIFuModel.of(Tensors(state, "net_G"), Settings(), "slab")


@pytest.fixture(scope="module")
def ramp():
    """A photo that gets brighter to the right in equal steps, with the crop well inside it."""
    columns = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    matte = SimpleNamespace(alpha=np.ones((256, 256), np.float32), foreground=np.dstack([columns] * 3))
    return PersonCut(matte, Crop(128, 128, 128))


def test_both_images_of_pifuhd_have_their_outer_pixels_centres_on_the_crops_border(ramp):
    model = PIFuHDModel.of(Tensors(layout.filled(layout.pifuhd_layout(normal_width=2), 1), "hd"), Settings(), "hd")
    (small, large), mask = model.prepare(ramp)
    assert small.shape == (1, 3, 512, 512) and large.shape == (1, 3, 1024, 1024) and mask.shape == (1, 1, 512, 512)
    # The border of the crop lies at photo columns 64 and 192; column c's centre, at c + 0.5, has the value c.
    border = torch.tensor([63.5, 191.5]) / 255 * 2 - 1
    for image in (small, large):
        assert (image[0, 1, 100, [0, -1]] - border).abs().max() < 0.1 / 255


def test_background_is_mid_grey(ramp, pifu):
    alpha = np.ones((256, 256), np.float32)
    alpha[:, :128] = 0
    half = PersonCut(SimpleNamespace(alpha=alpha, foreground=ramp.matte.foreground), ramp.crop)
    rgb, matte = half(64)
    assert (matte[:, :31] == 0).all() and (matte[:, 33:] == 1).all()
    assert np.isclose(rgb[5, 40, 0], (64 + 40.5 * 2 - 0.5) / 255, atol=1e-3)
    image, mask = pifu.prepare(half)
    assert image.shape == (1, 3, 512, 512)
    assert (image[mask.expand_as(image) == 0] == 0).all()


def test_pifu_wears_the_photo_in_front_and_its_colour_network_elsewhere(tmp_path, pifu):
    photo = silhouette.write_cut_out(tmp_path / "person.png")
    person = reconstruct(photo, model=pifu, resolution=64, height_m=1.8)
    assert person.summary.watertight and person.summary.weights == "slab"
    # Of so deep a slab the front is nearer by far, and smaller than in the photo once perspective is out.
    trunk = (np.abs(person.vertices[:, 0]) < 0.08) & (np.abs(person.vertices[:, 2] - 1.02) < 0.08)
    front, back = trunk & (person.normals[:, 1] < -0.95), trunk & (person.normals[:, 1] > 0.95)
    assert front.sum() > 20 and back.sum() > 20
    assert np.abs(person.colors[front].astype(int) - silhouette.FRONT).max() <= 3
    assert np.abs(person.colors[back].astype(int) - silhouette.FRONT).max() > 20
    assert person.colors[back].std(0).max() > 0.5
