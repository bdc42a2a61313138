# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a run's averaged weights into the shipped file and its card."""

import csv
import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ...engine.files.cards import check_card
from ...engine.files.tensors import read_tensors
from ...engine.files.writable import check_output
from ...engine.model import FINE
from ..learn.train import run_folder

BUNDLED_FILE = Path(__file__).parents[2] / "data" / "human.safetensors"


def export(
    run: str,
    fine: str | None = None,
    target: Path = BUNDLED_FILE,
    scores: Path | None = None,
    reads_back: bool = False,
    blend: tuple[Path, float] | None = None,
) -> None:
    """Write `target` (float16) with the coarse level of a run and the fine level of the run `fine`, and the card beside
    it (`.json`): how they were trained, licence, sha256, and the table of `scores`, the JSON file that `evaluate`
    writes. reads_back: as for `HumanModel`. blend: older weights and their share of what is written, 0..1: between
    weights and those they began from lie better ones than either (Wortsman et al. 2022, Robust fine-tuning)."""
    _check_target(target, [scores, blend and blend[0]])
    state = _checkpoint(run)
    tensors, metadata = dict(state["average"]), {"config": state["config"]}
    trained = {"coarse": _trained(run, state)}
    if fine:
        finer = _checkpoint(fine)
        tensors |= {FINE + name: value for name, value in finer["average"].items()}
        metadata["fine"] = finer["config"]
        trained["fine"] = _trained(fine, finer)
    if blend:
        tensors = _blended(tensors, *blend)
        trained["blend"] = {"sha256": hashlib.sha256(blend[0].read_bytes()).hexdigest(), "share": blend[1]}
    tensors = {name: value.to(torch.float16).contiguous() for name, value in tensors.items()}
    beside = target.with_name(f".{target.name}.new")
    save_file(tensors, beside, metadata={**metadata, "reads_back": "yes" if reads_back else "no"})
    os.replace(beside, target)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=BUNDLED_FILE.parent, capture_output=True, text=True, check=True
    ).stdout.strip()
    card = {
        "name": "human",
        "what": "front and back depth, normals, hidden colours and occupancy of a clothed person, in one or two levels",
        "licence": "CC0-1.0: trained only on synthetic people made from MakeHuman's CC0 assets",
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "bytes": target.stat().st_size,
        "parameters": sum(value.numel() for value in tensors.values()),
        "commit": commit,
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}",
        "trained": trained,
    }
    if scores:
        card["scores"] = json.loads(scores.read_text())["table"]
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")


def _check_target(target: Path, inputs: list[Path | None]) -> None:
    """Raises OutputError where weights or card would replace an input, or a file that is no card of theirs."""
    check_output(target, (".safetensors",), inputs)
    check_card(target, inputs)


def _blended(tensors: dict[str, Tensor], path: Path, share: float) -> dict[str, Tensor]:
    """The tensors moved towards those of a file; residual blocks that its network did not have
    were the identity there; what else it did not have, as the hints' layers, stays whole."""
    old, _ = read_tensors(path, fix="Name weights made by this trainer.")
    out = {}
    for name, value in tensors.items():
        added = torch.zeros_like(value) if name.split(".")[-2] == "conv2" else value
        out[name] = value.lerp(old.get(name, added).to(value), share)
    return out


def _checkpoint(run: str) -> dict:
    return torch.load(run_folder(run) / "checkpoint.pt", map_location="cpu", weights_only=True)


def _trained(run: str, state: dict) -> dict:
    """What the card says of one level; `begun_from`: sha256 of the weights it began with."""
    plan = json.loads(state["plan"])
    return {
        "begun_from": state["begun_from"],
        "steps": state["step"],
        "samples": state["step"] * plan["batch"],
        "people": _people_seen(run_folder(run) / "curves.csv"),
        "hours": round(state["seconds"] / 3600, 2),
        "plan": plan,
    }


def _people_seen(curves: Path) -> int | None:
    """How many different people the run's last logged steps were drawn from; None for a run that logged nothing."""
    if not curves.exists():
        return None
    with curves.open(newline="") as file:
        return int(list(csv.DictReader(file))[-1]["people"])
