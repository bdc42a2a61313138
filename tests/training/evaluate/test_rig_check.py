# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check of rigs gathers and draws; its table is tested where Blender makes the reports."""

import numpy as np

from blender_pifu.engine.benchmark import PHOTO
from blender_pifu.result_file import read_result
from blender_pifu.training.evaluate.rig_check import SHEET_PX, find_photos, posed_sheet
from helpers.posed_body import posed_body


def test_a_result_is_drawn_in_each_pose_from_front_and_side(tmp_path):
    np.savez(tmp_path / "Ann.npz", **posed_body())
    sheet = posed_sheet(read_result(tmp_path / "Ann.npz"))
    assert sheet.shape == (2 * SHEET_PX, 4 * SHEET_PX, 3)
    tiles = [tile for row in np.split(sheet, 2) for tile in np.split(row, 4, 1)]
    assert all((tile < 255).any() and (tile[:2] == 255).all() for tile in tiles), "whole, with a border above"
    assert not np.array_equal(tiles[0], tiles[1])


def test_bundled_photos_come_first_and_each_once(tmp_path):
    (tmp_path / PHOTO.name).write_bytes(b"")
    (tmp_path / "zoe.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"")
    names = [path.name for path in find_photos([tmp_path, tmp_path / "zoe.png"])]
    assert names[0] == PHOTO.name and names[-1] == "zoe.png" and len(names) == len(set(names)) == 3
