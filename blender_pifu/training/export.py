# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a run's averaged weights into the shipped file and its card."""

import csv
import dataclasses
import hashlib
import json
import os
import platform
import subprocess
from pathlib import Path

import torch
from safetensors.torch import save_file

from ..engine.models import config_from_json
from .train import run_folder

DATA = Path(__file__).parents[1] / "data"


def export(
    run: str, target: Path = DATA / "human.safetensors", scores: Path | None = None, reads_back: bool = False
) -> None:
    """Write `target` (float16) and the card beside it (`.json`): how it was trained, licence, sha256, and the table of
    `scores`, the JSON file that `evaluate` writes. reads_back: as for `HumanModel`."""
    folder = run_folder(run)
    state = torch.load(folder / "checkpoint.pt", map_location="cpu", weights_only=True)
    config = config_from_json(state["config"])
    tensors = {name: value.to(torch.float16).contiguous() for name, value in state["average"].items()}
    beside = target.with_suffix(".new")
    metadata = {"config": json.dumps(dataclasses.asdict(config)), "reads_back": "yes" if reads_back else "no"}
    save_file(tensors, beside, metadata=metadata)
    os.replace(beside, target)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=DATA, capture_output=True, text=True, check=True
    ).stdout.strip()
    plan = json.loads(state["plan"])
    card = {
        "name": "human",
        "what": "coarse level: front and back depth, normals, hidden colours and occupancy of a clothed person",
        "licence": "CC0-1.0: trained only on synthetic people made from MakeHuman's CC0 assets",
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "bytes": target.stat().st_size,
        "parameters": sum(value.numel() for value in tensors.values()),
        "trained": {
            "generator_commit": commit,
            "steps": state["step"],
            "samples": state["step"] * plan["batch"],
            "people": _people_seen(folder / "curves.csv"),
            "hours": round(state["seconds"] / 3600, 2),
            "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}",
            "plan": plan,
        },
    }
    if scores:
        card["scores"] = json.loads(scores.read_text())["table"]
    target.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")


def _people_seen(curves: Path) -> int | None:
    """How many different people the run's last logged steps were drawn from; None for a run that logged nothing."""
    if not curves.exists():
        return None
    with curves.open(newline="") as file:
        return int(list(csv.DictReader(file))[-1]["people"])
