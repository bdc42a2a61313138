# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's check of result files without a window, and the table made of it."""

import json
import subprocess
import sys

import numpy as np

from blender_pifu import child
from blender_pifu.training.evaluate.rig_check import as_table


def check(*paths):
    return subprocess.run(
        [sys.executable, "-m", "blender_pifu.addon.criteria", *map(str, paths)],
        cwd=child.ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_results_are_checked_as_they_come_and_in_t_pose(rigged_arrays, write_result, tmp_path):
    np.savez(tmp_path / "Ann.npz", **rigged_arrays)
    answer = check(tmp_path / "Ann.npz", write_result())
    ann, bare = (json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{"))
    assert answer.returncode == 0
    assert {line["id"]: line["state"] for line in ann["lines"]}["sums"] == "OK"
    assert ann["torn"] == {"edges": 0, "parts": []} and "rest" not in ann["failed_in_t_pose"]
    assert "torn" not in bare and bare["state"] == "WARNING"
    table = as_table([{"case": "Ann", "kind": "photo", **ann}, {"case": "Bob", "kind": "photo", **bare}])
    assert "| Weight sums | 1 | 0 | 0 |" in table and "| Skeleton | 1 | 1 | 0 | no armature, Bob |" in table


def test_a_file_that_is_no_result_is_named(tmp_path):
    (tmp_path / "Cid.npz").write_bytes(b"nothing")
    answer = check(tmp_path / "Cid.npz")
    assert answer.returncode == 1 and "Cid.npz" in answer.stderr
