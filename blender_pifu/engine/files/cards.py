# SPDX-License-Identifier: GPL-3.0-or-later
"""Cards (.json) beside weights, and whether one may be written there."""

import json
from pathlib import Path

from ...outputs import replaced_input
from ..errors import OutputError


def check_card(weights: Path, inputs=()) -> None:
    """Raise OutputError if the card of `weights` would replace one of `inputs` or a file that is no card of theirs."""
    weights = Path(weights)
    card = weights.with_suffix(".json")
    if replaced_input([card], inputs) or card.exists() and not _is_card_of(card, weights.name):
        raise OutputError(
            f'Beside "{weights.name}" its card would replace "{card}", which is another file.',
            fix="Choose another name for the output.",
        )


def _is_card_of(path: Path, name: str) -> bool:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(card, dict) or not {"license", "licence"} & set(card):
        return False
    sums = card.get("sha256")
    return isinstance(sums, str) or isinstance(sums, dict) and name in sums
