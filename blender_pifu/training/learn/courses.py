# SPDX-License-Identifier: GPL-3.0-or-later
"""What is learned in a run: the coarse level on whole people, or the fine level on windows of them."""

from typing import Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.networks.coarse import CoarseConfig, CoarseLevel
from ...engine.networks.fine import FineConfig, FineLevel
from ...engine.networks.maps import Maps, enlarged
from .batches import Batch
from .losses import fine_losses, losses

WINDOWS = 4  # a picture and step of the fine level
TEXTURE_FROM, TEXTURE_WHOLE = 0.5, 0.7  # parts of its steps: from where on texture counts, and counts wholly
Level = TypeVar("Level", CoarseLevel, FineLevel)


class _Course(Generic[Level]):
    """What both courses share: a level whose weights a new run may begin from."""

    _start: Level | None

    @property
    def given(self) -> set[str]:
        """Names of the parameters whose values `start` gives."""
        return set(self._start.state_dict()) if self._start else set()


class CoarseCourse(_Course[CoarseLevel]):
    """First the core at its own resolution, then everything at full size."""

    points = True
    warped = 0.75  # share of the samples: people seen a dozen times were drawn nearer by a quarter than new ones

    def __init__(self, config: CoarseConfig, start: CoarseLevel | None = None):
        """`start`: a level whose weights a new run begins from, of this config or of a less deep one."""
        self.config, self._start = config, start

    def network(self) -> CoarseLevel:
        """A new network to train; it draws what `start` draws, since further blocks begin as the identity."""
        level = CoarseLevel(self.config)
        if self._start:
            level.load_state_dict(level.state_dict() | self._start.state_dict())
        return level

    def size(self, plan, step: int) -> int:
        """Pixels of the pictures at a step."""
        return self.config.core_px if step < plan.core_share * plan.steps else self.config.input_px

    def losses(
        self, network: CoarseLevel, batch: Batch, plan, step: int, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Total and parts; of a network that begins to draw, points lie under drawn surfaces from a quarter of the plan
        on, more and more."""
        drawn_share = 0.5 * min(1.0, max(0.0, 4 * step / plan.steps - 1)) if self._start is None else 0.5
        return losses(network, batch, drawn_share, generator)

    def maps(self, network: CoarseLevel, batch: Batch) -> Maps:
        """What the level draws of whole pictures."""
        return network(batch["image"], batch["hints"], batch.get("body"))


class FineCourse(_Course[FineLevel]):
    """The fine level above a finished coarse level, on pictures of twice that one's size."""

    points = False  # it has nothing to do with occupancy
    warped = 0.0  # resampling would take away the detail that is to be learned

    def __init__(self, coarse: CoarseLevel, config: FineConfig, start: FineLevel | None = None):
        """`start`: a level whose weights a new run begins from, of this config or of a smaller one."""
        self.coarse, self.config, self._start = coarse.eval().requires_grad_(False), config, start

    def network(self) -> FineLevel:
        """A new network to train."""
        level = FineLevel(self.config, self.coarse.config.widths[0])
        if self._start:
            level.widen(self._start)
        return level

    def size(self, _plan, _step: int) -> int:
        """Pixels of the pictures at a step."""
        return 2 * self.coarse.config.input_px

    def losses(
        self, network: FineLevel, batch: Batch, plan, step: int, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Total and parts; late ones among them after half of the plan."""
        self.coarse.to(batch["image"].device)
        late = (step / plan.steps - TEXTURE_FROM) / (TEXTURE_WHOLE - TEXTURE_FROM)
        return fine_losses(self.coarse, network, batch, WINDOWS, generator, min(1.0, max(0.0, late)))

    def maps(self, network: FineLevel, batch: Batch) -> Maps:
        """What both levels draw of whole pictures."""
        image = batch["image"]
        return network(image, enlarged(self.coarse(F.avg_pool2d(image, 2), batch["hints"], batch.get("body"))))
