# SPDX-License-Identifier: GPL-3.0-or-later
"""Models by name or file: encode a photo once, then query its field as often as needed."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor

from .errors import InputError
from .field import Field
from .networks import CoarseConfig, CoarseLevel, Maps

DATA = Path(__file__).parents[1] / "data"
BUNDLED = ("human",)


@dataclass(frozen=True)
class Encoding:
    """One encoded photo: the drawn maps (see `Maps` for shapes and units) and the network's input."""

    image: Tensor  # (1, 4, h, w): masked photo in [-1, 1], mask 0..1
    maps: Maps

    @property
    def mask(self) -> Tensor:
        return self.image[:, 3:4]

    @property
    def front_normals(self) -> Tensor:
        return self.maps.front_normals

    @property
    def back_normals(self) -> Tensor:
        return self.maps.back_normals

    @property
    def front_depth(self) -> Tensor:
        return self.maps.front_depth

    @property
    def back_depth(self) -> Tensor:
        return self.maps.back_depth

    @property
    def back_rgb(self) -> Tensor:
        return self.maps.back_rgb


class HumanModel:
    """The bundled family: one coarse level."""

    def __init__(self, level: CoarseLevel, name: str):
        self.level, self.name = level.eval(), name
        self.input_px = level.config.input_px

    @property
    def device(self) -> torch.device:
        return next(self.level.parameters()).device

    @torch.inference_mode()
    def encode(self, image: Tensor, mask: Tensor | None = None) -> Encoding:
        """Encode a crop. `image: (1, 3, H, W)` in [-1, 1], 0 outside the person; `mask: (1, 1, H, W)` 0..1, by default
        wherever the image is not exactly 0. Other sizes than `input_px` are resampled."""
        parameter = next(self.level.parameters())
        if mask is None:
            mask = (image != 0).any(1, keepdim=True).to(image.dtype)
        both = torch.cat([image, mask], 1).to(parameter)
        if both.shape[-2:] != (self.input_px, self.input_px):
            both = F.interpolate(
                both, (self.input_px, self.input_px), mode="bilinear", antialias=True, align_corners=False
            )
        return Encoding(both, self.level(both))

    def field(self, encoding: Encoding) -> Field:
        """The occupancy field of an encoded photo."""
        return Field(self.level, encoding.maps, encoding.image)

    def query(self, encoding: Encoding, points: Tensor) -> Tensor:
        """Occupancy (N,) at `points: (N, 3)` in field space."""
        points = points.to(encoding.image)
        index = torch.arange(len(points), device=points.device)
        return self.field(encoding).query_columns(points[:, :2], index, points[:, 2])


def load_model(
    name_or_path: str | Path = "human", device: str | torch.device = "cpu", dtype=torch.float32
) -> HumanModel:
    """Load a bundled model by name, or a `.safetensors` file. Raises InputError naming what is wrong with the file."""
    path = DATA / f"{name_or_path}.safetensors" if str(name_or_path) in BUNDLED else Path(name_or_path)
    if not path.is_file():
        known = ", ".join(BUNDLED)
        raise InputError(
            f"There is no model named {name_or_path} and no such file.",
            fix=f"Choose one of: {known}; or a .safetensors file.",
        )
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path.name} cannot be read as weights ({error}).", fix="Get the file again.") from error
    if "config" not in metadata:
        raise InputError(f"{path.name} holds no model of this program.", fix="Choose weights made by its trainer.")
    level = CoarseLevel(config_from_json(metadata["config"]))
    wanted = level.state_dict()
    missing, extra = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    misfit = [key for key in wanted.keys() & tensors.keys() if wanted[key].shape != tensors[key].shape]
    if missing or extra or misfit:
        raise InputError(
            f"{path.name} does not fit: missing {missing[:3]}, not known {extra[:3]}, other shape {misfit[:3]}."
        )
    level.load_state_dict({key: value.float() for key, value in tensors.items()})
    return HumanModel(level.to(device=device, dtype=dtype), path.stem)


def config_from_json(text: str) -> CoarseConfig:
    """The inverse of `json.dumps(dataclasses.asdict(config))`."""
    values = json.loads(text)
    return CoarseConfig(**{**values, "widths": tuple(values["widths"])})
