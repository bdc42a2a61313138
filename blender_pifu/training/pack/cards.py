# SPDX-License-Identifier: GPL-3.0-or-later
"""The card beside a packed file: what it is, its licence and source, how it was made."""

import hashlib
import json
from pathlib import Path


def write_card(path: Path, about: dict) -> dict:
    """Write the card of a packed file, `.json` beside it, with the file's sha256 and size after `about`; returned."""
    path.chmod(0o644)
    data = path.read_bytes()
    card = {**about, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return card
