# SPDX-License-Identifier: GPL-3.0-or-later
"""What the coarse level is trained on: the drawn maps, and occupancy under the true surfaces or the drawn ones."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.crop_space import sample_maps
from ...engine.labels import LABELS
from ...engine.networks.coarse import CoarseLevel
from ...engine.networks.fine import FineLevel
from ...engine.networks.maps import Maps, enlarged, front_colors, without_light
from .bands import JUMP, disagreement, parted, slopes, texture_error
from .batches import Batch

WEIGHTS = {
    "occupancy": 1.0, "normals": 0.5, "bends": 1.0, "base": 8.0, "detail": 16.0, "slope": 1.0, "agreement": 0.1,
    "color": 0.6, "labels": 0.15, "albedo": 0.4,
}  # fmt: skip
FINE_WEIGHTS = {
    "normals": 1.0, "bends": 3.0, "base": 3.0, "detail": 24.0, "slope": 2.0, "agreement": 0.3,
    "color": 0.6, "labels": 0.15, "albedo": 0.4, "texture": 2.0,
}  # fmt: skip
WINDOW = 160  # pixels, side of what the fine level is shown at once while training
UNLIKE = 10.0  # extra weight of the hidden side's colour where it is not the front's
DEPTH_NOISE_M, UNITS_A_METRE = 0.006, 1.05


def half_precision(device: torch.device) -> torch.autocast:
    """Work in bfloat16, where the processor has instructions for it: without them it takes ten times as long."""
    pays = device.type != "cpu" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.autocast(device.type, torch.bfloat16, enabled=bool(pays))


def losses(
    level: CoarseLevel, batch: Batch, drawn_share: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Total and parts. `drawn_share`: share of samples whose points are measured from the drawn surfaces, the points
    shifted along with them; the others from the true ones with a little noise."""
    with half_precision(batch["image"].device):
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        maps = level(image, batch["hints"], batch.get("body"))
    parts = _map_losses(maps, batch, batch["scale"], 2 / batch["image"].shape[-1])
    logits = _point_logits(level, maps, batch, drawn_share, generator)
    known = batch["known"]
    parts["occupancy"] = (
        F.binary_cross_entropy_with_logits(logits, batch["occupancy"], reduction="none") * known
    ).sum() / known.sum()
    return _total(parts, WEIGHTS), parts


def fine_losses(
    coarse: CoarseLevel, fine: FineLevel, batch: Batch, windows: int, generator: torch.Generator, late: float = 0.0
) -> tuple[Tensor, dict[str, Tensor]]:
    """Total and parts on `windows` square windows of every picture. The coarse level, which is done with learning, sees
    the whole at half the resolution. late: 0..1, how much the texture of the hidden side counts, which would mislead
    a level that has not yet drawn what can be known."""
    image = batch["image"]
    with torch.no_grad(), half_precision(image.device):
        small = F.avg_pool2d(image, 2).contiguous(memory_format=torch.channels_last)
        drawn = enlarged(coarse(small, batch["hints"], batch.get("body")))
    places = [place for i in range(len(image)) for place in draw_windows(batch, i, windows, fine.stride, generator)]

    def cut(values: Tensor) -> Tensor:
        return torch.stack([values[i // windows, :, y : y + WINDOW, x : x + WINDOW] for i, (y, x) in enumerate(places)])

    side = image.shape[-1]
    seen = {name: cut(values) for name, values in batch.items() if values.ndim == 4 and values.shape[-1] == side}
    window = drawn.each(lambda name, values: values if name == "wide" else cut(values))
    with half_precision(image.device):
        maps = fine(seen["image"].contiguous(memory_format=torch.channels_last), window)
    parts = _map_losses(maps, seen, batch["scale"].repeat_interleave(windows), 2 / side)
    if late:
        there, true = (torch.cat(pair, 1) for pair in (
            (maps.back_normals, 2 * maps.back_rgb), (seen["back_normals"], 2 * seen["back_rgb"])
        ))  # fmt: skip
        parts["texture"] = late * texture_error(there, true, seen["solid"])
    return _total(parts, FINE_WEIGHTS), parts


def _total(parts: dict[str, Tensor], weights: dict[str, float]) -> Tensor:
    first, *others = (weights[name] * value for name, value in parts.items())
    return sum(others, first)


def draw_windows(batch: Batch, i: int, count: int, stride: int, generator: torch.Generator) -> list[tuple[int, int]]:
    """First rows and columns of windows about pixels of sample i: half of them of any solid ones, the others of heads,
    of bare skin as hands have it, and of where one thing ends upon another, as hems do."""
    solid = batch["solid"][i, 0] > 0
    sorts = [solid]
    if "labels_front" in batch:
        labels = batch["labels_front"][i, 0]
        head = (labels == LABELS["hair"]) | (labels == LABELS["face_skin"])
        below = F.pad(labels[1:] != labels[:-1], (0, 0, 0, 1)) & ~head
        sorts += [kind & solid for kind in (head, labels == LABELS["other_skin"], below)]
    places = []
    for _ in range(count):
        draw = int(torch.randint(2 * (len(sorts) - 1) or 1, (1,), generator=generator))
        kind = sorts[draw + 1 if draw + 1 < len(sorts) else 0]
        pixels = (kind if kind.any() else solid).nonzero()
        middle = pixels[int(torch.randint(len(pixels), (1,), generator=generator))] - WINDOW // 2
        row, column = (middle // stride * stride).clamp(0, solid.shape[-1] - WINDOW).tolist()
        places.append((row, column))
    return places


def _map_losses(maps: Maps, batch: Batch, scale: Tensor, pitch: float) -> dict[str, Tensor]:
    """Parts that compare drawn maps with the true ones, where these are solid. scale (B,): field units a metre; pitch:
    field units a pixel."""
    solid = batch["solid"]
    area = solid.sum().clamp_min(1)

    def mean(error: Tensor) -> Tensor:
        return (error.sum(1, keepdim=True) * solid).sum() / area

    depth = torch.cat([maps.front_depth, maps.back_depth], 1)
    truth = torch.cat([batch["front_depth"], batch["back_depth"]], 1)
    base, detail = parted(depth - truth, solid, scale / pitch)
    bends = slopes(maps.front_normals - batch["front_normals"], solid)
    parts = {
        "normals": mean((maps.front_normals - batch["front_normals"]).abs())
        + mean((maps.back_normals - batch["back_normals"]).abs()),
        "bends": bends + slopes(maps.back_normals - batch["back_normals"], solid),
        "base": mean(base.abs()) / 2,
        "detail": mean(detail.abs().clamp_max(JUMP)) / 2,
        "slope": slopes(depth - truth, solid, JUMP) / (2 * pitch),
        "agreement": disagreement(maps.front_depth, maps.front_normals, batch["front_normals"], solid, pitch, 1)
        + disagreement(maps.back_depth, maps.back_normals, batch["back_normals"], solid, pitch, -1),
        "color": mean((maps.back_rgb - batch["back_rgb"]).abs() * (1 + UNLIKE * _unlike(batch))) / 3,
    }
    return parts | _further_losses(maps, batch, mean)


def _further_losses(maps: Maps, batch: Batch, mean: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """Of labels and albedo, where they are drawn and known."""
    parts = {}
    if maps.front_labels is not None and maps.back_labels is not None and "labels_front" in batch:
        pairs = ((maps.front_labels, batch["labels_front"]), (maps.back_labels, batch["labels_back"]))
        parts["labels"] = sum(
            (mean(-drawn.gather(1, true.long()).clamp_min(1e-4).log()) for drawn, true in pairs), torch.zeros(())
        )
    if maps.front_shading is not None and maps.back_shading is not None and "albedo_front" in batch:
        front = without_light(front_colors(batch["image"]), maps.front_shading)
        back = without_light(maps.back_rgb.detach(), maps.back_shading)
        parts["albedo"] = mean((front - batch["albedo_front"]).abs() + (back - batch["albedo_back"]).abs()) / 3
    return parts


def _unlike(batch: Batch) -> Tensor:
    """How much the hidden side differs from the front in a pixel, (B, 1, s, s) 0..1: hair behind a face above all."""
    return (front_colors(batch["image"]) - batch["back_rgb"]).abs().mean(1, keepdim=True).clamp(0, 1)


def _point_logits(
    level: CoarseLevel, maps: Maps, batch: Batch, drawn_share: float, generator: torch.Generator
) -> Tensor:
    xy, z = batch["points"][..., :2], batch["points"][..., 2]
    count = len(z)
    features, drawn_front, drawn_back = level.column_features(level.stack(maps, batch["image"]), maps, xy)
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
    with half_precision(z.device):
        return level.head(level.head.columns(features), under, over).float()


def _sample_solid(batch: Batch, xy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """True depths at `xy`, from solid pixels only: (share of solid in the sample, front, back), each (B, N)."""
    stack = torch.cat([batch["solid"], batch["front_depth"] * batch["solid"], batch["back_depth"] * batch["solid"]], 1)
    weight, front, back = sample_maps(stack, xy).unbind(1)
    return weight, front / weight.clamp_min(1e-3), back / weight.clamp_min(1e-3)
