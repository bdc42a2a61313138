# SPDX-License-Identifier: GPL-3.0-or-later
"""People by their generation: 3 is made of the bundled assets, 4 of a folder of source assets."""

from pathlib import Path

from .generation4 import Maker4
from .person import Maker, SyntheticPerson


def make_person(seed: int, split: str = "train", generation: int = 3, assets: Path | None = None) -> SyntheticPerson:
    """The person of `seed`; "test" people wear what training never sees, and have seeds of their own. People of
    `generation` 4 have skins, faces, hair and draped clothes from a folder of `assets` (see library.py); InputError
    where that lacks something."""
    if generation == 3:
        return Maker(seed, split).make()
    return Maker4(seed, split, assets).make()
