# SPDX-License-Identifier: GPL-3.0-or-later
"""What the models of the published families have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self

import torch
from torch import Tensor, nn

from ..files.tensors import Tensors, on_meta
from ..interfaces import E
from .column_field import PublishedField
from .settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from ..back_photo.back_cut import BackCut
    from ..reading.person_cut import PersonCut
    from ..subject.lens import Lens


class PublishedModel(Generic[E], ABC):
    """A network filled with a file's tensors. Encode a photo once, then query its field as often as needed."""

    family: str  # as files name it
    title: str
    license: str
    notes: tuple[str, ...] = ()  # what whoever uses its results must be told
    settings_type: type = Settings
    build: ClassVar[Callable[[Tensors], nn.Module]]  # the network to the sizes of a file's tensors, or InputError
    makes_bodies = True
    input_px: int

    def __init__(self, network: nn.Module, settings: Any, name: str):
        self.network, self.settings, self.name = network, settings, name

    @classmethod
    def of(cls, tensors: Tensors, settings: Any, name: str) -> Self:
        """Made of all of a file's tensors. Raises InputError where they do not fit."""
        with on_meta():
            network = cls.build(tensors)
        return cls(tensors.fill(network), settings, name)

    @property
    def _weight(self) -> Tensor:
        return next(self.network.parameters())

    @property
    def device(self) -> torch.device:
        return self._weight.device

    def to(self, device: str | torch.device, dtype: torch.dtype) -> Self:
        """Move the network; returns self."""
        self.network.to(device=device, dtype=dtype)
        return self

    @abstractmethod
    def prepare(self, cut: PersonCut) -> tuple:
        """What `encode` takes, from a photo's cut-out person (see person_cut.PersonCut)."""

    @abstractmethod
    def encode(self, *prepared: Any, **more: Any) -> E:
        """Encode what `prepare` gave."""

    def regions(self, encoding: E, cut: PersonCut) -> None:
        """As `model.HumanModel.regions`: these draw nothing to tell them by."""
        return

    def hidden_side(self, encoding: E, cut: PersonCut | None, regions: object = None) -> dict[str, np.ndarray]:
        """What `painting.paint` may know of the side the photo does not show: nothing."""
        return {}

    def vertex_colors(self, encoding: E, vertices: np.ndarray) -> dict[str, np.ndarray]:
        """What `painting.paint` may know of vertices (V, 3): nothing."""
        return {}

    @abstractmethod
    def field(self, encoding: E) -> PublishedField:
        """The occupancy field of an encoded photo."""

    def with_back(self, encoding: E, behind: BackCut) -> tuple[E, BackCut, bool]:
        """As `model.HumanModel.with_back`: these draw no surfaces, or none that another photo's could replace."""
        return encoding, behind, False

    def for_body(self) -> None:
        """As `model.HumanModel.for_body`: these read no body."""
        return

    def face_in(self, cut: PersonCut, fine: bool = False) -> None:
        """As `model.HumanModel.face_in`: these see faces as large as the close-up would."""
        return

    def with_face(self, encoding: E, face: object) -> E:
        """As `model.HumanModel.with_face`."""
        return encoding

    def without_light(self, encoding: E, cut: PersonCut) -> tuple[E, None]:
        """As `model.HumanModel.without_light`: these do not tell well enough where the surface looks."""
        return encoding, None

    def with_folds(self, encoding: E, cut: PersonCut, fine: bool = False) -> E:
        """As `model.HumanModel.with_folds`: these draw folds themselves."""
        return encoding

    def drawn_normals(self, encoding: E) -> None:
        """As `model.HumanModel.drawn_normals`: what is drawn here is no finer than the surface."""
        return None

    def with_legs(self, encoding: E, cut: PersonCut, lens: Lens) -> tuple[E, None]:
        """As `model.HumanModel.with_legs`: these draw no depth that could be moved."""
        return encoding, None

    def query(self, encoding: E, points: Tensor) -> Tensor:
        """Occupancy (N,) at `points (N, 3)` in field space, as the network says it, outside the support too."""
        return self.field(encoding).at(points.to(self.device, torch.float32))


def full_precision():
    """A context in which CUDA's convolutions do not round float32 to TF32, which moves normals by a thousandth."""
    cudnn = torch.backends.cudnn
    return cudnn.flags(
        enabled=cudnn.enabled, benchmark=cudnn.benchmark, deterministic=cudnn.deterministic, allow_tf32=False
    )
