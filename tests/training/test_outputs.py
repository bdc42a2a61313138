# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets, folders of results and exported weights replace neither what they are made of nor anybody's files."""

import json
import shutil
import sys
from pathlib import Path

import pytest

import blender_pifu
from blender_pifu.choices import READY
from blender_pifu.engine.errors import InputError
from blender_pifu.training.__main__ import main
from blender_pifu.training.evaluate.rig_check import rig_check
from blender_pifu.training.pack.export import export

PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"


@pytest.mark.parametrize(
    "given", [["a.jpg", "b.jpg"], ["a.jpg", "a.jpg"], ["a.jpg", "link.jpg"], ["sheet.xyz", "a.jpg"]]
)
def test_a_sheet_of_photos_is_no_photo(tmp_path, monkeypatch, given):
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(PHOTO, tmp_path / name)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a.jpg")
    files = [str(tmp_path / name) for name in given]
    monkeypatch.setattr(sys, "argv", ["training", "evaluate-reading", "--sheet", *files])
    with pytest.raises(SystemExit, match="sheet.xyz|a.jpg|link.jpg"):
        main()
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes() == PHOTO.read_bytes()
    assert len(list(tmp_path.iterdir())) == 3


def test_results_do_not_go_where_the_photos_are(tmp_path):
    shutil.copy(PHOTO, tmp_path / "a.jpg")
    for given in (tmp_path, tmp_path / "a.jpg"):
        with pytest.raises(InputError, match="Results in"):
            rig_check([given], 0, tmp_path, READY)
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_weights_are_not_exported_over_what_they_are_made_of(tmp_path):
    target, scores = tmp_path / "mine.safetensors", tmp_path / "mine.json"
    scores.write_text(json.dumps({"table": {}}))
    target.write_bytes(b"old")
    with pytest.raises(InputError, match="mine.json"):
        export("any", target=target, scores=scores)
    scores.unlink()
    with pytest.raises(InputError, match="would replace"):
        export("any", target=target, blend=(target, 0.5))
    assert target.read_bytes() == b"old"
