# SPDX-License-Identifier: GPL-3.0-or-later
"""Which label pixels have: on a bundled photo, in mirrors, and from files that hold no such network."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from blender_pifu.engine.color.regions import REGIONS
from blender_pifu.engine.errors import ModelError
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.model import DATA, load_model
from blender_pifu.engine.parsing.reading import ParsingReader
from blender_pifu.engine.parsing.recoloring import recolored
from blender_pifu.engine.parsing.stray_hair import without_hair_before_chin, without_stray_hair
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.subject.figure import Figures

PHOTO = DATA / "photos" / "man_polo_full_body.jpg"


@pytest.fixture(scope="module")
def man():
    """The bundled man in a polo shirt and shorts: his cut and what the levels draw of him."""
    cut = Figures("cpu").cut_out(load_photo(PHOTO)).cut
    model = load_model("human")
    encoding = model.encode(*model.prepare(cut))
    return model, encoding, cut


def share(labels, name, rows, columns):
    """How much of a part of the picture has a label, of what is a person."""
    part = labels[:, rows, columns]
    return float((part.argmax(0) == LABELS[name]).float().sum() / max(1, int((part.argmax(0) > 0).sum())))


def test_a_man_in_shirt_and_shorts_is_told_apart(man):
    model, encoding, cut = man
    labelled = model.with_parsing(encoding, cut)
    assert encoding.front_labels is None and model.with_parsing(labelled, cut) is labelled
    for labels in (labelled.front_labels[0], labelled.back_labels[0]):
        assert labels.shape == (len(LABELS), 512, 512) and torch.allclose(labels.sum(0), torch.ones(()), atol=2e-3)
        nobody = encoding.mask[0, 0] <= 0.5
        assert (labels[0][nobody] == 1).all() and (labels[0][~nobody] == 0).all()
        rows = torch.nonzero((~nobody).any(1)).ravel()
        top, tall = int(rows[0]), int(rows[-1] - rows[0])
        columns = slice(None)
        chest = slice(top + int(0.25 * tall), top + int(0.35 * tall))
        thighs = slice(top + int(0.55 * tall), top + int(0.65 * tall))
        feet = slice(top + int(0.97 * tall), top + tall)
        middle = torch.nonzero((~nobody)[chest].any(0)).ravel()
        inner = slice(int(middle[len(middle) // 3]), int(middle[2 * len(middle) // 3]))
        assert share(labels, "upper_garment", chest, inner) > 0.9
        assert share(labels, "lower_garment", thighs, columns) > 0.8
        assert share(labels, "shoes", feet, columns) > 0.9
    head = slice(top + int(0.085 * tall), top + int(0.105 * tall))  # below the glasses
    assert share(labelled.front_labels[0], "face_skin", head, columns) > 0.7
    assert share(labelled.back_labels[0], "hair", head, columns) > 0.7


def test_regions_go_on_beyond_the_outline(man):
    model, encoding, cut = man
    regions = model.regions(encoding, cut)
    assert regions.front.shape == (512, 512, len(REGIONS))
    assert np.allclose(regions.front.sum(-1), 1, atol=1e-3) and np.allclose(regions.back.sum(-1), 1, atol=1e-3)
    looks = np.array([[0, 0, 1], [0, 0, -1.0]])
    places = np.zeros((2, 3))
    here = regions.at(places, looks)
    assert np.allclose(here[0], regions.front[255:257, 255:257].mean((0, 1)), atol=1e-3)
    assert np.allclose(here[1], regions.back[255:257, 255:257].mean((0, 1)), atol=1e-3)


def test_files_without_such_a_network_are_refused(tmp_path):
    path = tmp_path / "parsing.safetensors"
    save_file({"weights": torch.zeros(2)}, path, {"config": '{"widths": [4, 4]}'})
    with pytest.raises(ModelError, match="no network of human parsing"):
        ParsingReader(path=path)


def test_a_sleeve_ends_where_its_colour_does():
    """Read by place a sleeve covers all of an arm, half of which is bare: cheeks tell what skin looks like."""
    labels = {name: number - 1 for name, number in LABELS.items()}
    face, arm, sleeve, trunk = (np.arange(count) for count in (200, 300, 150, 400))
    ends = np.cumsum([0, len(face), len(arm), len(sleeve), len(trunk)])
    parts = [slice(*pair) for pair in zip(ends, ends[1:], strict=False)]
    photo = np.empty((ends[-1], 3), np.float32)
    read = np.full((ends[-1], len(LABELS) - 1), 0.01, np.float32)
    noise = np.random.default_rng(0).normal(0, 0.02, photo.shape).astype(np.float32)
    for part, color in zip(parts, ((0.8, 0.6, 0.5), (0.8, 0.6, 0.5), (0.8, 0.1, 0.15), (0.8, 0.1, 0.15)), strict=True):
        photo[part] = color
    for part, shares in zip(parts, ((0.9, 0, 0), (0, 0.3, 0.6), (0, 0.3, 0.6), (0, 0.05, 0.9)), strict=True):
        read[part, labels["face_skin"]], read[part, labels["other_skin"]], read[part, labels["upper_garment"]] = shares
    read /= read.sum(1, keepdims=True)
    limb = np.zeros(ends[-1], bool)
    limb[parts[1]] = True
    front, back = recolored(read, read, (photo + noise).clip(0, 1), limb)
    assert np.allclose(front.sum(1), 1, atol=1e-4) and np.allclose(back.sum(1), 1, atol=1e-4)
    told = front.argmax(1)
    assert (told[parts[1]] == labels["other_skin"]).mean() > 0.95
    assert (told[parts[2]] == labels["upper_garment"]).mean() > 0.95
    assert (told[parts[3]] == labels["upper_garment"]).mean() > 0.95
    assert (back.argmax(1)[parts[1]] == labels["other_skin"]).mean() > 0.95
    assert (back.argmax(1)[parts[2]] == read.argmax(1)[parts[2]]).all()


def test_hair_hangs_together_with_the_head():
    """A head with hair to the shoulders, and dark cloth under an arm that was taken for hair, before and behind."""
    names = np.full((128, 128), "upper_garment", object)
    names[4:40, 44:84], names[14:36, 52:76] = "hair", "face_skin"
    names[38:60, 44:50] = "hair"  # a strand
    names[70:90, 90:100] = "hair"
    names[41:43, 44:50] = "thing"  # what holds the strand
    front = np.stack([0.1 + 0.9 * (names == name).ravel() for name in list(LABELS)[1:]], 1)
    front /= front.sum(1, keepdims=True)
    back = front.copy()
    inside = np.ones((128, 128), bool)
    for shares in without_stray_hair(front, back, inside):
        hair = (shares.argmax(1) == LABELS["hair"] - 1).reshape(128, 128)
        assert hair[4:14, 44:84].all() and hair[44:60, 44:50].all()
        assert not hair[70:90, 90:100].any()
        assert shares.sum(1) == pytest.approx(1)


def test_hair_without_a_face_is_that_of_the_largest_piece():
    """Somebody seen from behind."""
    hair = np.zeros((64, 64), bool)
    hair[2:20, 20:44] = hair[50:54, 10:16] = True
    shares = np.full((64 * 64, len(LABELS) - 1), 0.01)
    shares[np.arange(64 * 64), np.where(hair.ravel(), LABELS["hair"] - 1, LABELS["upper_garment"] - 1)] = 1
    told, _ = without_stray_hair(shares, shares, np.ones((64, 64), bool))
    left = (told.argmax(1) == LABELS["hair"] - 1).reshape(64, 64)
    assert left[2:20, 20:44].all() and not left[50:54, 10:16].any()


@pytest.mark.parametrize("away", [True, False])
def test_who_is_seen_from_behind_has_no_hair_before_the_chin(away):
    landmarks, left = np.zeros((33, 4), np.float32), -0.1 if away else 0.1
    for mark, place in {"EYE": (0.3, 0.6), "EAR": (1, 0.55), "MOUTH": (0.2, 0.4)}.items():
        for side, x in (("LEFT", left), ("RIGHT", -left)):
            name = f"MOUTH_{side}" if mark == "MOUTH" else f"{side}_{mark}"
            landmarks[L[name], :2] = place[0] * x, place[1]
    hair, shirt = LABELS["hair"] - 1, LABELS["upper_garment"] - 1
    names = np.full((128, 128), hair)
    names[60:] = shirt
    shares = (0.1 + 0.8 * np.eye(len(LABELS) - 1)[names.ravel()]) / 1.6
    shares[:, shirt] += 0.01
    told = without_hair_before_chin(shares, np.ones((128, 128), bool), landmarks).argmax(1).reshape(128, 128)
    assert (told[:32] == hair).all() and (told[:, :20] == names[:, :20]).all(), "on the crown, and beside the face"
    assert (told[45:, 58:70] == (shirt if away else names[45:, 58:70])).all()
