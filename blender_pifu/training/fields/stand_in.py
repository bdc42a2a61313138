# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of the published networks' sizes whose surface is a given body, for measuring where their weights are not.

On random weights an occupancy network has no surface to follow. Here the body's depths are written into a few channels
of the feature maps and carried by a sixteenth of the units to the output, as logit SLOPE * (how deep the point lies
inside); all other weights and channels are seeded noise that roughens the surface. Every layer, width and skip
connection is the published one, so a point costs what it costs there.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.published import pifu, pifuhd
from ...engine.published.point_mlp import SLOPE as LEAK
from ...engine.published.point_mlp import PointMLP
from ...engine.published.settings import Settings

CARRIERS = 32  # units that carry one value through a layer, each with its own gain
CHANNELS = 16  # of the feature maps that hold one value, each with its own gain: rounding them is to average out
SLOPE = 400.0  # logits a field unit: about as steep as the bundled weights
NOISE = 0.3  # logits, root mean square
GAINS = torch.linspace(0.7, 1.9, CHANNELS)
SIGN_GAINS = torch.linspace(0.5, 2.0, CARRIERS)
SCALE = Settings().depth_scale


def stand_in(family: str, front: Tensor, back: Tensor, mask: Tensor, seed: int = 0):
    """The field of a network of `family` ("pifu" or "pifuhd") whose body lies between two depth maps.

    front, back: z of the body's surfaces, (1, 1, h, w) field units; mask: (1, 1, h, w) 0..1, the body ends at 0.5.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        half = torch.where(mask > 0.5, ((front - back) / 2).clamp_min(0.01), -0.03)
        body = torch.cat([(front + back) / 2 * mask, half], 1) * SCALE
        return {"pifu": _pifu, "pifuhd": _pifuhd}[family](body, mask)


def _pifu(body, mask):
    mlp = _mlp([257, 1024, 512, 256, 128, 1], {1, 2, 3, 4}, 256)
    carried = _fold(mlp)
    for k in (1, 2, 3):
        carried = _carry(mlp, k, carried)
    _end(mlp, carried)
    encoding = pifu.Encoding(_maps(body, 256, 128), None, mask)
    return _calmed(pifu.PIFuField(mlp, encoding, SCALE), mlp)


def _pifuhd(body, mask):
    coarse = _mlp([257, 1024, 512, 256, 128, 1], {2, 3, 4}, 256)
    fine = _mlp([272, 512, 256, 128, 1], {1, 2}, 16)
    carried = _carry(coarse, 1, _fold(coarse))
    depth = _carry(coarse, 2, carried)
    # Layer 2 also hands on how thick the body is, from its skip connection; the fine level subtracts.
    _both_signs(coarse.layers[2], CARRIERS, _half(coarse.starts[2]))
    inside = _difference(16 + CARRIERS) | {16 + i: -1 / (CARRIERS * float(gain)) for i, gain in enumerate(depth)}
    _both_signs(fine.layers[0], 0, inside)
    for k in (1, 2):
        _both_signs(fine.layers[k], 0, _difference())
    _end(fine, None)
    encoding = pifuhd.Encoding(None, None, _maps(body, 256, 128), torch.randn(1, 16, 512, 512), mask)
    return _calmed(pifuhd.PIFuHDField((coarse, fine), 2, encoding, SCALE), fine)


def _mlp(widths, skips, column):
    inputs = [widths[0], *(widths[k] + (widths[0] if k in skips else 0) for k in range(1, len(widths) - 1))]
    mlp = PointMLP("conv{}", widths[1:], inputs, column, ()).requires_grad_(False)
    for layer in mlp.layers:
        torch.nn.init.normal_(layer.weight, std=1.4 / layer.in_channels**0.5)
        torch.nn.init.zeros_(layer.get_parameter("bias"))
    return mlp


def _maps(body, channels, size):
    body = F.interpolate(body, (size, size), mode="bilinear", align_corners=True)
    body = body.repeat_interleave(CHANNELS, 1) * GAINS.repeat(2).view(1, -1, 1, 1)
    return torch.cat([body, torch.randn(1, channels - 2 * CHANNELS, size, size)], 1)


def _middle(gain):
    """Weights on a point's input that sum up to the body's middle, times a gain."""
    return {i: gain / (CHANNELS * float(own)) for i, own in enumerate(GAINS)}


def _half(start):
    """The same for half the body's thickness, where the input begins at `start`."""
    return {start + CHANNELS + i: weight for i, weight in _middle(1.0).items()}


def _row(layer, row, weights):
    layer.weight[row] = 0
    for column, value in weights.items():
        layer.weight[row, column, 0] = value


def _fold(mlp):
    """Layer 0: the depth's distance from the body's middle and its negative; returns the gains."""
    gains = torch.rand(CARRIERS) * 1.5 + 0.5
    for i, gain in enumerate(gains.tolist()):
        _row(mlp.layers[0], i, {mlp.column: gain, **_middle(-gain)})
        _row(mlp.layers[0], CARRIERS + i, {mlp.column: -gain, **_middle(gain)})
    return torch.cat([gains, gains]) * (1 - LEAK) / 2  # either side is 0 but for the leak


def _carry(mlp, k, gains):
    """Layer k: means of what the layer before carries, with new gains, which are returned."""
    fresh = torch.rand(CARRIERS) * 1.5 + 0.5
    for i, gain in enumerate(fresh.tolist()):
        share = torch.rand(len(gains)) if len(gains) == CARRIERS else torch.rand(CARRIERS).repeat(2)
        share = share / share.sum() * gain / gains
        _row(mlp.layers[k], i, dict(enumerate(share.tolist())))
    return fresh


def _both_signs(layer, first, weights):
    """Units from `first` on that carry a weighted sum, times SIGN_GAINS, then as many that carry its negative."""
    for i, gain in enumerate(SIGN_GAINS.tolist()):
        _row(layer, first + i, {column: gain * value for column, value in weights.items()})
        _row(layer, first + CARRIERS + i, {column: -gain * value for column, value in weights.items()})


def _difference(first=0):
    """Weights on the units of `_both_signs` that give back what they carry."""
    shares = (1 / (CARRIERS * (1 + LEAK) * SIGN_GAINS)).tolist()
    return {first + i: share for i, share in enumerate(shares)} | {
        first + CARRIERS + i: -share for i, share in enumerate(shares)
    }


def _end(mlp, gains):
    """The last layer: how deep inside, in logits, before noise is added by `_calmed`."""
    slope = SLOPE / SCALE
    if gains is None:
        path = {column: slope * value for column, value in _difference().items()}
    else:
        path = {i: -slope / (CARRIERS * float(gain)) for i, gain in enumerate(gains)}
        path |= {column: slope * weight for column, weight in _half(mlp.starts[-1]).items()}
    mlp.path = path


def _calmed(field, mlp):
    """The field with its last layer's noise brought to NOISE and the body's path put into it."""
    layer = mlp.layers[-1]
    layer.weight[0, list(mlp.path)] = 0
    points = torch.rand(4096, 3) * 1.6 - 0.8
    noise = torch.logit(field.at(points).clamp(1e-6, 1 - 1e-6))
    layer.weight *= NOISE / noise.std()
    layer.bias -= noise.mean() * NOISE / noise.std()
    for column, value in mlp.path.items():
        layer.weight[0, column, 0] = value
    del mlp.path
    return field
