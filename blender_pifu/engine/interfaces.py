# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a model and of its occupancy field, whichever family they are of."""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np

    from .back_photo.back_cut import BackCut
    from .color.light import Shading
    from .color.regions import Regions
    from .reading.person_cut import PersonCut
    from .subject.lens import Lens

E = TypeVar("E")  # what a model keeps of an encoded photo


class Field(Protocol):
    """Occupancy of one person in field space. The surface is at 0.5; outside `support` occupancy is 0 by definition.

    Answers do not depend on which points are asked together. Inherit it to get the defaults.
    """

    device: torch.device

    @property
    def precision(self) -> str:
        """The name of what most of a point is worked out in."""
        return "float32"

    @abstractmethod
    def support(self, xy: Tensor) -> Tensor:
        """(C,) bool: columns `xy (C, 2)`, field units, that can hold the person."""

    @abstractmethod
    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """Occupancy (N,) of points given as depth `z (N,)` in columns `column (N,)` of `xy (C, 2)`, field units."""

    def lowered(self, dtype: torch.dtype) -> Field | None:
        """The field with most of its work in a lower precision than float32; None where that is no way to go."""
        return None


class NoField(Field):
    """In place of a field that is asked no more: what it held is free."""

    device = torch.device("cpu")

    def support(self, xy: Tensor) -> Tensor:
        """Nobody."""
        return torch.zeros(len(xy), dtype=torch.bool)

    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """Empty."""
        return torch.zeros(len(z))


class FieldOver(Field):
    """A field that changes what another one answers, in `query_columns`, and passes on all else."""

    def __init__(self, field: Field):
        self.device, self._field = field.device, field

    @property
    def precision(self) -> str:
        """As the other's."""
        return self._field.precision

    def support(self, xy: Tensor) -> Tensor:
        """As the other's."""
        return self._field.support(xy)

    def lowered(self, dtype: torch.dtype) -> Field | None:
        """The same over the other's own in low precision; None where it has none."""
        low = self._field.lowered(dtype)
        if low is None:
            return None
        over = copy.copy(self)
        over._field = low
        return over


class AnswersOver(FieldOver):
    """A field that changes another one's answers, each by itself."""

    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As the other's, changed."""
        return self.over(self._field.query_columns(xy, column, z), xy, column, z)

    @abstractmethod
    def over(self, occupancy: Tensor, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """What it makes of what the other answers, occupancy (N,), at points as `query_columns` takes them."""


class Model(Protocol[E]):
    """Encodes the photo of a person once, into whatever its field is then made of."""

    name: str
    makes_bodies: bool  # whether what it makes is a person, to whom a body can be fitted

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever uses its results must be told."""
        ...

    @property
    def device(self) -> torch.device: ...

    def prepare(self, cut: PersonCut) -> tuple:
        """What `encode` takes, from a photo's cut-out person."""
        ...

    def encode(self, *prepared: Any, **more: Any) -> E:
        """Encode what `prepare` gave."""
        ...

    def for_body(self) -> Model | None:
        """A quick model to fit the body by, which `encode` then takes drawn as `body`; None where it reads none."""
        ...

    def face_in(self, cut: PersonCut, fine: bool = False) -> Any:
        """Where the face is, where the model draws none that is as fine as the photo, or None: told by the photo alone,
        so that it can be asked beside `encode`. fine: as `with_folds` will be told."""
        ...

    def with_face(self, encoding: E, face: Any) -> E:
        """The encoding with a face where `face_in` found one."""
        ...

    def with_folds(self, encoding: E, cut: PersonCut, fine: bool = False) -> E:
        """The encoding with the folds that the photo's shades tell of, where the model draws none; fine: also those
        that are finer than its surface, for `drawn_normals`."""
        ...

    def with_legs(self, encoding: E, cut: PersonCut, lens: Lens) -> tuple[E, Any]:
        """The encoding with legs that a body can have, and what was found of them, or None."""
        ...

    def with_back(self, encoding: E, behind: BackCut) -> tuple[E, BackCut, bool]:
        """The encoding with the back as a photo of it shows it, that photo laid over what was drawn, and whether it was
        read for its shape."""
        ...

    def without_light(self, encoding: E, cut: PersonCut) -> tuple[E, Shading | None]:
        """The encoding with the hidden side as it is without the photo's light, and that light; as it was, and None,
        where none is found or the model does not tell where the surface looks."""
        ...

    def drawn_normals(self, encoding: E) -> np.ndarray | None:
        """Unit normals of what the photo shows, on its crop's pixels (n, n, 3), field space; None where the model draws
        none, or none that are finer than its surface."""
        ...

    def field(self, encoding: E) -> Field:
        """The occupancy field of an encoded photo."""
        ...

    def regions(self, encoding: E, cut: PersonCut) -> Regions | None:
        """Where hair, skin and each garment are, on either side; None where the model does not tell."""
        ...

    def hidden_side(self, encoding: E, cut: PersonCut | None, regions: Regions | None = None) -> dict[str, np.ndarray]:
        """What `painting.paint` may know of the side the photo does not show, beside `vertex_colors`; cut: None where a
        photo of the back is taken instead; regions: what `regions` told."""
        ...

    def vertex_colors(self, encoding: E, vertices: np.ndarray) -> dict[str, np.ndarray]:
        """What it may know of `vertices (V, 3)`, field space, wherever no picture shows them."""
        ...
