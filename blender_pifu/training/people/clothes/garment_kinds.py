# SPDX-License-Identifier: GPL-3.0-or-later
"""The kind of clothes a person wears, by which scores are told apart: tight, loose, a skirt, a coat."""

from collections.abc import Iterable
from typing import Protocol

GARMENT_KINDS = ("tight", "loose", "skirt", "coat")
LOOSE_M = 0.02  # metres off the body, half way down a garment, from which it is loose: about half of trousers and tops
KIND_OF_SUIT = {  # of the wardrobe, as they look
    "female_casualsuit01": "tight",
    "female_casualsuit02": "tight",
    "female_elegantsuit01": "skirt",
    "female_sportsuit01": "tight",
    "male_casualsuit01": "coat",
    "male_casualsuit02": "loose",
    "male_casualsuit03": "loose",
    "male_casualsuit04": "loose",
    "male_casualsuit05": "coat",
    "male_casualsuit06": "loose",
    "male_elegantsuit01": "coat",
    "male_worksuit01": "loose",
}


class AnyGarment(Protocol):
    """What garments of all generations have: `cloth`, a name; `ease` and `flare`, metres, see `outfit.Garment`."""

    @property
    def cloth(self) -> str: ...
    @property
    def ease(self) -> float: ...
    @property
    def flare(self) -> float: ...


def outfit_kind(outfit: Iterable[AnyGarment]) -> str:
    """One of `GARMENT_KINDS`: coat where a jacket, coat or waistcoat is worn over the rest; else skirt where there is a
    skirt or dress; else by the garment that stands off furthest."""
    garments = list(outfit)
    cloths = {garment.cloth for garment in garments}
    if "jacket" in cloths:
        return "coat"
    if cloths & {"skirt", "dress"}:
        return "skirt"
    return "loose" if max(garment.ease + garment.flare / 2 for garment in garments) >= LOOSE_M else "tight"


def suit_kind(name: str) -> str:
    """The same of a suit of the wardrobe; KeyError for one that `KIND_OF_SUIT` does not know."""
    return KIND_OF_SUIT[name]
