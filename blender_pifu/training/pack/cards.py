# SPDX-License-Identifier: GPL-3.0-or-later
"""The card beside a packed file: what it is, its licence and source, how it was made."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

LICENCE = (
    "CC0-1.0: trained only on synthetic people made from MakeHuman's CC0-1.0 assets and statistics of faces under MIT, "
    "Copyright (c) 2020 USC Institute for Creative Technologies (text in LICENSE-MIT-ICT-FaceKit.txt)"
)


def write_card(path: Path, about: dict) -> dict:
    """Write the card of a packed file, `.json` beside it, with the file's sha256 and size after `about`; returned."""
    path.chmod(0o644)
    data = path.read_bytes()
    card = {**about, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card


def write_network(
    checkpoint: Path,
    target: Path,
    config: Any,
    what: str,
    made_by: str,
    licence: str = LICENCE,
    more: dict[str, torch.Tensor] | None = None,
) -> dict:
    """Write `target` (float16) with the averaged weights of a `ShortRun`'s checkpoint, the dataclass `config` in its
    metadata and `more` tensors as they are, and the card beside it, which is returned. what: it is; made_by: which
    commands."""
    state = torch.load(checkpoint, weights_only=True)
    tensors = {name: value.to(torch.float16).contiguous() for name, value in state["average"].items()}
    parameters = sum(value.numel() for value in tensors.values())
    save_file({**tensors, **(more or {})}, target, {"config": json.dumps(dataclasses.asdict(config))})
    about = {
        "name": target.stem,
        "what": what,
        "licence": licence,
        "made_by": f"python -m blender_pifu.training {made_by}",
        "steps": state["step"],
        "photos": state["photos"],
        **({"begun_from": state["from"]} if state.get("from") else {}),
        "parameters": parameters,
    }
    return write_card(target, about)
