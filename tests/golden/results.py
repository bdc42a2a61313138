# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden results: what the engine makes of the bundled photo, kept in few numbers, and how another result differs.

A case keeps three small files in `kept/`: NAME.json (counts, types and summary), NAME.npz (arrays in parts, see
`excerpt`) and, where there is a texture, NAME.png (the texture reduced to 96 pixels). `write.py` writes them anew.
"""

import json
import platform
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import scipy
import torch

import blender_pifu
from blender_pifu.choices import Choices

HERE = Path(__file__).parent
KEPT = HERE / "kept"
PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"
# The sculpt of that photo drawn from behind, its hair painted over: a back in the same pose.
BACK = HERE / "man_polo_from_behind.png"

CASES = {
    "sculpt": {},
    "fast": {"model": "fast"},
    "back": {"back": str(BACK)},
    "game": {"topology": "game", "resolution": 64},
    "print": {"topology": "print"},
    "standard": {"topology": "standard", "texture_px": 1024, "rig": True},
    "animation": {"topology": "animation", "texture_px": 1024},
}
SLOW = ("print", "standard", "animation")  # 10 seconds and more

SOME, RUNS, TEXTURE_PX = 200, 100, 96
NOT_KEPT = ("seconds", "peak_memory_mb", "device")  # of the summary


@dataclass(frozen=True)
class Golden:
    """facts: plain values fit for JSON; arrays: by name; texture (96, 96, 3) uint8, or None."""

    facts: dict
    arrays: dict[str, np.ndarray]
    texture: np.ndarray | None


def make(engine, name):
    """The Reconstruction of a case. The one place that calls the engine."""
    return engine.reconstruct(PHOTO, Choices(**{"resolution": 128} | CASES[name]))


def golden(result):
    """What is kept of a Reconstruction."""
    mesh = {name: getattr(result, name) for name in ("vertices", "faces", "normals", "colors")}
    facts = {"summary": {name: value for name, value in result.summary.as_dict().items() if name not in NOT_KEPT}}
    whole, texture = {}, None
    if result.texture:
        mesh["uv"] = result.texture.uv
        picture = cv2.imdecode(np.frombuffer(result.texture.png, np.uint8), cv2.IMREAD_COLOR)
        facts["texture"] = list(picture.shape)
        texture = cv2.resize(picture, (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_AREA)
    if rig := result.rig:
        mesh["weights"] = np.zeros((len(rig.weights), len(rig.names)), np.float32)  # in no order of bones
        np.add.at(mesh["weights"], (np.arange(len(rig.weights))[:, None], rig.weight_bones), rig.weights)
        facts["bones"] = list(rig.names)
        whole = {"bone_parents": rig.parents, "bone_heads": rig.heads, "bone_tails": rig.tails}
    if keys := result.shape_keys:
        facts["shape_keys"] = list(keys.names)
        lengths = np.linalg.norm(keys.offsets.astype(np.float64), axis=2)
        whole["shape_key_lengths"] = np.stack([np.linalg.norm(lengths, axis=1), lengths.max(1)], 1)
        whole["shape_key_means"] = keys.offsets.mean(1, dtype=np.float64)
    arrays = {name: np.asarray(array) for name, array in (mesh | whole).items()}
    facts["arrays"] = {name: [str(array.dtype), *array.shape] for name, array in arrays.items()}
    parts = {f"{name} {part}": some for name in mesh for part, some in excerpt(arrays[name]).items()}
    # As a file has it: tuples become lists, enumerations text.
    return Golden(json.loads(json.dumps(facts)), {name: arrays[name] for name in whole} | parts, texture)


def excerpt(array):
    """What is kept of an array of many rows: `some` 200 of them, drawn by their count alone; the means of 100 `runs` of
    successive rows, which any change of the others shows in; and of the whole the least, greatest and mean (`span`)."""
    rows = array.reshape(len(array), -1)
    exact = rows.astype(np.float64)
    some = np.sort(np.random.default_rng(0).choice(len(rows), min(SOME, len(rows)), replace=False))
    runs = np.stack([run.mean(0) for run in np.array_split(exact, min(RUNS, len(rows)))])
    return {"some": rows[some], "runs": runs, "span": np.stack([exact.min(0), exact.max(0), exact.mean(0)])}


def machine():
    """What the last bits of a result hang on: the processor and the packages that calculate."""
    versions = {module.__name__: module.__version__ for module in (torch, np, scipy, cv2)}
    capability = torch.backends.cpu.get_cpu_capability()
    return {"processor": _processor(), "capability": capability, "threads": torch.get_num_threads()} | versions


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = dict(line.split("\t", 1) for line in lines if "\t" in line)
    return " ".join(named[key].strip(":\t ") for key in ("model name", "cpu family", "model") if key in named)


def read(name):
    """(the Golden kept of a case, the `machine` it was made on)"""
    facts = json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))
    made_on = facts.pop("machine")
    with np.load(KEPT / f"{name}.npz", allow_pickle=False) as file:
        arrays = dict(file)
    png = KEPT / f"{name}.png"
    return Golden(facts, arrays, cv2.imread(str(png)) if png.exists() else None), made_on


def write(name, made):
    """Keep a Golden as that of a case, in place of what was kept."""
    KEPT.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine(), **made.facts}, indent=1, ensure_ascii=False)
    (KEPT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    np.savez_compressed(KEPT / f"{name}.npz", **made.arrays)
    png = KEPT / f"{name}.png"
    png.unlink(missing_ok=True)
    if made.texture is not None:
        cv2.imwrite(str(png), made.texture)
