# SPDX-License-Identifier: GPL-3.0-or-later
"""VRN (Jackson et al. 2017): a face as a volume, directly out of its picture. Unguided, as published."""

import json
import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import InputError, NoPersonError
from ..files.tensors import WRONG_FILE, Tensors, on_meta
from ..reading.crop import Crop
from ..reading.face_marks import face_reader
from ..reading.person_cut import PersonCut
from .column_field import PublishedField
from .layer_tree import built
from .model import PublishedModel, full_precision

PICTURE_PX = 192
FACE_PX = 90.0  # root of the area of the face's box in that picture
DEPTH_STEP = 0.5  # pixels between two layers of the volume
LEVEL = 10 / 255  # occupancy at the surface, as published
SHIFT, LEAST = math.log(LEVEL / (1 - LEVEL)), 1e-4
LEAST_LAYERS = 16
# Of the 468 marks those on the outline that the 68 of the publication have: jaw, chin, brows.
BOX = (234, 93, 132, 58, 172, 136, 152, 365, 397, 288, 361, 323, 454, 70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
NOSE, BESIDE_FACE = 4, (234, 454)
NO_FACE = "No face was found in the photo, and VRN makes nothing but faces."


@dataclass(frozen=True)
class LayerSettings:
    """layers: the network, as `layer_tree.taken_from` tells it."""

    layers: list

    def to_json(self) -> str:
        return json.dumps({"layers": self.layers})

    @classmethod
    def from_json(cls, text: str) -> "LayerSettings":
        """ValueError, KeyError or TypeError for any other text."""
        return cls(json.loads(text)["layers"])


@dataclass(frozen=True)
class FacePlace:
    """Where the square that the network sees lies in field space: its centre (2,), half of its side, and in it the
    marks (468, 2) of the face, -1 to 1, y up."""

    center: np.ndarray
    half: float
    marks: np.ndarray


@dataclass(frozen=True)
class Encoding:
    """volume: (D, 192, 192) occupancy 0..1, rows downwards, layers from the back to the front; place: of its square."""

    volume: Tensor
    place: FacePlace


class VolumeField(PublishedField):
    """The volume as an occupancy field: the surface, which it has at `LEVEL`, lies at 0.5."""

    def __init__(self, encoding: Encoding):
        volume, place = encoding.volume, encoding.place
        self.device, self._center = volume.device, torch.from_numpy(place.center).to(volume)
        self._volume = volume[None, None]
        solid = (volume > LEVEL).any(0)[None, None].float()
        self._near = F.max_pool2d(solid, 3, 1, 1)
        layers = (volume > LEVEL).flatten(1).any(1).nonzero()
        self._middle = float(layers.float().mean()) if len(layers) else len(volume) / 2
        self._half = place.half

    def support(self, xy: Tensor) -> Tensor:
        """(C,) bool: columns `xy (C, 2)` field units in which the volume is not empty."""
        grid = self._in_square(xy)[None, None]
        return F.grid_sample(self._near, grid, "nearest", align_corners=False)[0, 0, 0] > 0.5

    @torch.inference_mode()
    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """Occupancy (N,) of points given as depth `z (N,)` in columns `column (N,)` of `xy (C, 2)`, field units."""
        return self.occupancy(xy, column, z) * self.support(xy)[column]

    @torch.inference_mode()
    def occupancy(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As query_columns, also where the volume is empty."""
        count = self._volume.shape[2]
        layer = z / (self._half * 2 / PICTURE_PX * DEPTH_STEP) + self._middle
        deep = (2 * layer + 1) / count - 1
        grid = torch.cat([self._in_square(xy)[column], deep[:, None]], 1)[None, None, None]
        found = F.grid_sample(self._volume, grid, "bilinear", align_corners=False)[0, 0, 0, 0]
        return torch.sigmoid(torch.logit(found.clamp(LEAST, 1 - LEAST)) - SHIFT)

    def _in_square(self, xy: Tensor) -> Tensor:
        """Columns (C, 2) of field space in the square, -1 to 1, y downwards."""
        return (xy - self._center) / self._half * xy.new_tensor([1.0, -1.0])


class VRNModel(PublishedModel[Encoding]):
    """The family of vrn-unguided.t7, in whatever layers the file has. It makes the face, not the head."""

    family, title = "vrn", "VRN, faces"
    license = (
        "the code is MIT (c) 2019 Aaron S. Jackson; no licence is stated for the weights, whose training pictures "
        "(300W-LP) are for research: ask the authors before any commercial use"
    )
    notes = (
        "VRN makes the face only: the mesh has no body and no skeleton.",
        "No licence is stated for VRN's weights: ask its authors before any commercial use.",
    )
    settings_type = LayerSettings
    makes_bodies = False
    input_px = PICTURE_PX

    @classmethod
    def of(cls, tensors: Tensors, settings: LayerSettings, name: str) -> Self:
        """Made of all of a file's tensors. Raises InputError where they do not fit, or are no network of volumes."""
        try:
            with on_meta():
                network = built(settings.layers, tensors)
                volume = network.eval()(torch.empty(1, 3, PICTURE_PX, PICTURE_PX))
            fits = volume.ndim == 4 and volume.shape[1] >= LEAST_LAYERS and volume.shape[2:] == (PICTURE_PX,) * 2
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise _misfit(tensors.file, str(error).splitlines()[0]) from error
        if not fits:
            raise _misfit(tensors.file, f"it gives {tuple(volume.shape)[1:]}")
        return cls(tensors.fill(network), settings, name)

    def prepare(self, cut: PersonCut) -> tuple[Tensor, FacePlace]:
        """What `encode` takes: the square round the face (1, 3, 192, 192) 0..1 sRGB. Raises NoPersonError where no
        face is seen."""
        if cut.landmarks is None:
            raise _no_face()
        photo = cut.matte.foreground
        marks = face_reader().read(photo, cut.crop.to_photo(cut.landmarks[:, :2]))
        if marks is None:
            raise _no_face()
        low, high = marks.points[list(BOX)].min(0), marks.points[list(BOX)].max(0)
        (x, y), side = ((low + high) / 2).tolist(), math.sqrt(math.prod((high - low).tolist())) * PICTURE_PX / FACE_PX
        square = Crop(x, y, side)
        picture = torch.from_numpy(square.cut(photo, PICTURE_PX, border=255)).to(self.device)
        center = cut.crop.to_field(np.array([[x, y]]))[0].astype(np.float32)
        place = FacePlace(center, side / cut.crop.side, square.to_field(marks.points))
        return picture.permute(2, 0, 1)[None].float() / 255, place

    @torch.inference_mode()
    def encode(self, picture: Tensor, place: FacePlace, **_more: Any) -> Encoding:
        """Encode what `prepare` gave."""
        with full_precision():
            volume = self.network(picture.to(self._weight))[0].float()
        return Encoding(volume if _faces_last(volume, place.marks) else volume.flip(0), place)

    def field(self, encoding: Encoding) -> VolumeField:
        """The occupancy field of an encoded photo."""
        return VolumeField(encoding)


def _faces_last(volume: Tensor, marks: np.ndarray) -> bool:
    """Whether the face looks towards the volume's last layer: at that end the nose stands out from what lies beside the
    face. The publication does not tell the direction."""
    solid = volume > LEVEL
    depth = torch.arange(len(volume), device=volume.device)[:, None, None]
    last = torch.where(solid, depth, -1).amax(0)
    first = torch.where(solid, depth, len(volume)).amin(0)
    x, y = np.clip((marks * (1, -1) + 1) / 2 * PICTURE_PX, 0, PICTURE_PX - 1).astype(int).T
    there = solid.any(0)[y, x].cpu().numpy()
    beside = [k for k in BESIDE_FACE if there[k]]
    if not there[NOSE] or not beside:
        return True

    def stands_out(layers: Tensor) -> float:
        found = layers[y, x].float().cpu().numpy()
        return float(found[NOSE] - found[beside].mean())

    return stands_out(last) >= -stands_out(first)


def _no_face() -> NoPersonError:
    return NoPersonError(NO_FACE, fix="Choose a photo in which the face is seen from the front, or another model.")


def _misfit(file: str, reason: str) -> InputError:
    return InputError(f'The network in "{file}" makes no volume of a face: {reason}.', fix=WRONG_FILE)
