# SPDX-License-Identifier: GPL-3.0-or-later
"""What the coarse level is trained on: the drawn maps, and occupancy under the true surfaces or the drawn ones."""

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.crop_space import sample_maps
from ...engine.networks.coarse import CoarseLevel, Maps
from ...engine.networks.fine import FineLevel, enlarged
from .batches import Batch

WEIGHTS = {"occupancy": 1.0, "normals": 0.5, "depth": 8.0, "slope": 1.0, "color": 0.6}
FINE_WEIGHTS = {"normals": 1.0, "depth": 4.0, "slope": 2.0, "color": 0.6}
WINDOW = 160  # pixels, side of what the fine level is shown at once while training
UNLIKE = 10.0  # extra weight of the hidden side's colour where it is not the front's
DEPTH_NOISE_M, UNITS_A_METRE = 0.006, 1.05


def losses(
    level: CoarseLevel, batch: Batch, drawn_share: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Total and parts. `drawn_share`: share of samples whose points are measured from the drawn surfaces, the points
    shifted along with them; the others from the true ones with a little noise."""
    with torch.autocast(batch["image"].device.type, torch.bfloat16):
        maps = level(batch["image"].contiguous(memory_format=torch.channels_last), batch["hints"])
    parts = _map_losses(maps, batch)
    logits = _point_logits(level, maps, batch, drawn_share, generator)
    known = batch["known"]
    parts["occupancy"] = (
        F.binary_cross_entropy_with_logits(logits, batch["occupancy"], reduction="none") * known
    ).sum() / known.sum()
    return _total(parts, WEIGHTS), parts


def fine_losses(
    coarse: CoarseLevel, fine: FineLevel, batch: Batch, windows: int, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Total and parts on `windows` square windows of every picture, each about a random pixel of the person. The coarse
    level, which is done with learning, sees the whole at half the resolution."""
    image = batch["image"]
    autocast = torch.autocast(image.device.type, torch.bfloat16)
    with torch.no_grad(), autocast:
        small = F.avg_pool2d(image, 2).contiguous(memory_format=torch.channels_last)
        drawn = enlarged(coarse(small, batch["hints"]))
    places = [_window(solid, fine.stride, generator) for solid in batch["solid"] for _ in range(windows)]

    def cut(values: Tensor) -> Tensor:
        return torch.stack([values[i // windows, :, y : y + WINDOW, x : x + WINDOW] for i, (y, x) in enumerate(places)])

    seen = {name: cut(values) for name, values in batch.items() if values.ndim == 4 and name != "hints"}
    values = {field.name: getattr(drawn, field.name) for field in dataclasses.fields(drawn)}
    window = Maps(**{name: value if name == "wide" else cut(value) for name, value in values.items()})
    with autocast:
        maps = fine(seen["image"].contiguous(memory_format=torch.channels_last), window)
    parts = _map_losses(maps, seen)
    return _total(parts, FINE_WEIGHTS), parts


def _total(parts: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    first, *others = (weights[name] * value for name, value in parts.items())
    return sum(others, first)


def _window(solid: Tensor, stride: int, generator: torch.Generator) -> tuple[int, int]:
    """First row and column of a window about a random solid pixel of `solid (1, s, s)`."""
    pixels = solid[0].nonzero()
    middle = pixels[int(torch.randint(len(pixels), (1,), generator=generator))] - WINDOW // 2
    row, column = (middle // stride * stride).clamp(0, solid.shape[-1] - WINDOW).tolist()
    return row, column


def _map_losses(maps: Maps, batch: Batch) -> dict[str, Tensor]:
    """Parts that compare drawn maps with the true ones, where these are solid."""
    solid = batch["solid"]
    area = solid.sum().clamp_min(1)

    def mean(error: Tensor) -> Tensor:
        return (error.sum(1, keepdim=True) * solid).sum() / area

    depth = torch.cat([maps.front_depth, maps.back_depth], 1)
    truth = torch.cat([batch["front_depth"], batch["back_depth"]], 1)
    return {
        "normals": mean((maps.front_normals - batch["front_normals"]).abs())
        + mean((maps.back_normals - batch["back_normals"]).abs()),
        "depth": mean((depth - truth).abs()) / 2,
        "slope": _slope(depth - truth, solid),
        "color": mean((maps.back_rgb - batch["back_rgb"]).abs() * (1 + UNLIKE * _unlike(batch))) / 3,
    }


def _unlike(batch: Batch) -> Tensor:
    """How much the hidden side differs from the front in a pixel, (B, 1, s, s) 0..1: hair behind a face above all."""
    mask = batch["image"][:, 3:]
    front = (batch["image"][:, :3] / mask.clamp_min(0.1) + 1) / 2
    return (front - batch["back_rgb"]).abs().mean(1, keepdim=True).clamp(0, 1)


def _slope(error: Tensor, solid: Tensor) -> Tensor:
    """Mean absolute difference of the depth error between neighbours: shape without position. Jumps are left out."""
    across, down = (error[..., 1:] - error[..., :-1]).abs(), (error[..., 1:, :] - error[..., :-1, :]).abs()
    both_across, both_down = solid[..., 1:] * solid[..., :-1], solid[..., 1:, :] * solid[..., :-1, :]
    total = (across.clamp_max(0.1) * both_across).sum() + (down.clamp_max(0.1) * both_down).sum()
    return 10 * total / (2 * solid.sum()).clamp_min(1)


def _point_logits(
    level: CoarseLevel, maps: Maps, batch: Batch, drawn_share: float, generator: torch.Generator
) -> Tensor:
    xy, z = batch["points"][..., :2], batch["points"][..., 2]
    count = len(z)
    features, drawn_front, drawn_back = level.column_features(level.stack(maps, batch["image"]), maps.wide, xy)
    drawn_front, drawn_back = drawn_front.detach(), drawn_back.detach()
    weight, front, back = _sample_solid(batch, xy)
    front, back = (torch.where(weight > 0.5, true, drawn) for true, drawn in ((front, drawn_front), (back, drawn_back)))

    noise = DEPTH_NOISE_M * UNITS_A_METRE * torch.randn(2, *z.shape, generator=generator).to(z)
    true_under, true_over = front - z + noise[0], z - back + noise[1]
    # Points keep their place between the surfaces when these move: near the front they follow it, near the back that.
    between = ((front - z) / (front - back).clamp_min(1e-3)).clamp(0, 1)
    shifted = z + (1 - between) * (drawn_front - front) + between * (drawn_back - back)
    use_drawn = (torch.rand(count, 1, generator=generator) < drawn_share).to(z.device)
    under = torch.where(use_drawn, drawn_front - shifted, true_under)
    over = torch.where(use_drawn, shifted - drawn_back, true_over)
    with torch.autocast(z.device.type, torch.bfloat16):
        return level.head(level.head.columns(features), under, over).float()


def _sample_solid(batch: Batch, xy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """True depths at `xy`, from solid pixels only: (share of solid in the sample, front, back), each (B, N)."""
    stack = torch.cat([batch["solid"], batch["front_depth"] * batch["solid"], batch["back_depth"] * batch["solid"]], 1)
    weight, front, back = sample_maps(stack, xy).unbind(1)
    return weight, front / weight.clamp_min(1e-3), back / weight.clamp_min(1e-3)
