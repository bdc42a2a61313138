# SPDX-License-Identifier: GPL-3.0-or-later
"""The MLP on points, with all that is equal for the points of a pixel column done once a column.

A point's input is what its column saw in the image, then what is its own (its depth; PIFuHD's fine level: what the
coarse one thinks of it). Some layers are given that input again beside the running activations. Layers are linear in
it, so the column's share of each is a vector to add: the same sums in another order.
"""

import copy
from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..files.tensors import Tensors
from .hourglass import GROUPS

SLOPE = 0.01
FEW = 8  # inputs: products with no more are quick however they are done
PICTURES = 16


class PointMLP(nn.Module):
    """Linear layers with leaky ReLU between; what follows the last is the caller's."""

    def __init__(self, names: str, widths: Sequence[int], inputs: Sequence[int], column: int, normed: Sequence[int]):
        """names: "filters.{}" or "conv{}", of layer k; widths: (K,) outputs; inputs: (K,) inputs, as many as the layer
        before gives or as many more as the first has; column: how many of the input are the column's; normed: layers
        normalised before their activation."""
        super().__init__()
        self.layers = [nn.Conv1d(a, b, 1) for a, b in zip(inputs, widths, strict=True)]  # registered below, by name
        self.column = column
        self.starts = [0, *widths[:-1]]
        self.skips = [layer.in_channels > start for layer, start in zip(self.layers, self.starts, strict=True)]
        if "." in names:
            self.add_module(names.split(".")[0], nn.ModuleList(self.layers))
        else:
            for k, layer in enumerate(self.layers):
                self.add_module(names.format(k), layer)
        if normed:
            self.norms = nn.ModuleDict({str(k): nn.GroupNorm(GROUPS, widths[k]) for k in normed})
        self.normed = frozenset(normed)

    @classmethod
    def like(cls, tensors: Tensors, names: str, column: int) -> "PointMLP":
        """Built to the sizes of a file's tensors, whose first layer reads `column` features. Raises InputError."""
        first = tensors.shape(names.format(0) + ".weight", 3)[1]
        widths, inputs, normed = [], [], []
        for k in range(max(1, tensors.count(names + ".weight"))):
            name = names.format(k) + ".weight"
            width, given, _ = tensors.shape(name, 3)
            before = widths[-1] if widths else 0
            if given not in (before, before + first):
                raise tensors.misfit(name, f"where the layers before ask for {before} or {before + first} inputs")
            if f"norms.{k}.weight" in tensors:
                if width % GROUPS:
                    raise tensors.misfit(name, f"and {width} outputs cannot be normalised in {GROUPS} groups")
                normed.append(k)
            widths.append(width)
            inputs.append(given)
        if first <= column:
            name = names.format(0) + ".weight"
            raise tensors.misfit(name, f"where the image gives {column} features and depth comes after them")
        return cls(names, widths, inputs, column, normed)

    def columns(self, features: Tensor, until: int | None = None) -> list[Tensor | None]:
        """`features (C, column)` -> for each layer its share (C, width) of a column, None where it reads none.

        until: the last layer to be asked.
        """
        shares = []
        for k, layer in enumerate(self.layers[: None if until is None else until + 1]):
            part = layer.weight[:, self.starts[k] : self.starts[k] + self.column, 0]
            shares.append(product(features.to(part), part, layer.bias) if self.skips[k] else None)
        return shares

    def forward(self, shares: list[Tensor | None], column: Tensor, own: Tensor) -> Tensor:
        """Outputs (N, width) of points: `column (N,)` index into the shares, `own (N, P)` the points' own input.

        With shares of the first layers only, the activations of the last of them.
        """
        own = _kept_exact(own, self.layers[0].weight.dtype)
        y: Tensor | None = None
        for k, share in enumerate(shares):
            layer, start = self.layers[k], self.starts[k]
            weight = layer.weight[..., 0]
            y = y if y is None else y.to(weight)
            if share is not None:
                out = share.index_select(0, column)
                out = add_product(out, own.to(weight), weight[:, start + self.column :].expand(-1, own.shape[1]))
                out = out if y is None else add_product(out, y, weight[:, :start])
            else:
                assert y is not None  # the first layer reads the column
                out = product(y, weight, layer.bias)
            if k == len(self.layers) - 1:
                return out
            if k in self.normed:
                # Over all points of the call: with such weights answers depend on who is asked together.
                out = self.norms[str(k)](out.T[None])[0].T
            y = F.leaky_relu_(out, SLOPE)
        assert y is not None
        return y

    def lowered(self, dtype: torch.dtype) -> "PointMLP":
        """A copy in another precision, but for the last layer: it costs little, and large terms may cancel in it."""
        low = copy.deepcopy(self)
        for layer in low.layers[:-1]:
            layer.to(dtype)
        return low


def _kept_exact(own: Tensor, dtype: torch.dtype) -> Tensor:
    """`own (N, P)`, a depth (P = 1) on its way to a lower precision as two parts (N, 2) that lose next to nothing."""
    if own.shape[1] > 1 or dtype == own.dtype:
        return own
    rough = own.to(dtype).to(own)
    return torch.cat([rough, own - rough], 1)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x (N, K) @ weight (M, K).T + bias (M,)`, whichever way is fast."""
    if not (_is_slow(x) and len(x) % PICTURES == 0):
        return F.linear(x, weight, bias)
    # Torch gives to oneDNN what is a convolution, from so many pictures on.
    pictures = x.view(PICTURES, -1, 1, x.shape[1]).permute(0, 3, 1, 2)
    return F.conv2d(pictures, weight[:, :, None, None], bias).permute(0, 2, 3, 1).reshape(len(x), -1)


def add_product(out: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """`out (N, M) + x (N, K) @ weight (M, K).T`; out is lost."""
    return out.add_(product(x, weight)) if x.shape[1] > FEW and _is_slow(x) else out.addmm_(x, weight.T)


def _is_slow(x: Tensor) -> bool:
    """Whether torch would multiply `x` at half of the CPU's speed: it has MKL do float32, which uses but half of the
    registers on CPUs of other makers than its own."""
    return x.dtype == torch.float32 and x.device.type == "cpu" and _has_onednn()


@cache
def _has_onednn() -> bool:
    return torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
