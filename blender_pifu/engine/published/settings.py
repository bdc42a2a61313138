# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shapes of a published file cannot tell, kept beside its tensors."""

import json
import math
from dataclasses import asdict, dataclass

from ..errors import InputError


@dataclass(frozen=True)
class Settings:
    """How depth was measured in training; the defaults are those of both publications."""

    load_size: int = 512  # side of the image that the coarse level saw, pixels
    z_size: float = 200.0

    def __post_init__(self):
        """Raises InputError for values that cannot be."""
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 2 <= value < math.inf:
                raise InputError(f"The setting {name} cannot be {value!r}.", fix="Give a number, 2 or greater.")

    @property
    def depth_scale(self) -> float:
        """What z in field units is multiplied by on its way into the network."""
        return self.load_size // 2 / self.z_size

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        return cls(**json.loads(text))
