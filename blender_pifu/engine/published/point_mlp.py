# SPDX-License-Identifier: GPL-3.0-or-later
"""The MLP on points, with all that is equal for the points of a pixel column done once a column.

A point's input is what its column saw in the image, then what is its own (its depth; PIFuHD's fine level: what the
coarse one thinks of it). Some layers are given that input again beside the running activations. Layers are linear in
it, so the column's share of each is a vector to add: the same sums in another order.
"""

import copy
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from .hourglass import GROUPS
from .tensors import Tensors

SLOPE = 0.01


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

    def columns(self, features: Tensor) -> list[Tensor | None]:
        """`features (C, column)` -> for each layer its share (C, width) of a column, None where it reads none."""
        shares = []
        for layer, start, skips in zip(self.layers, self.starts, self.skips, strict=True):
            part = layer.weight[:, start : start + self.column, 0]
            shares.append(F.linear(features.to(part), part, layer.bias) if skips else None)
        return shares

    def forward(self, shares: list[Tensor | None], column: Tensor, own: Tensor, until: int | None = None) -> Tensor:
        """Outputs (N, width) of points: `column (N,)` index into the shares, `own (N, P)` the points' own input.

        until: give the activations of that layer instead of the last one's output.
        """
        last = len(self.layers) - 1
        y = None
        for k, layer in enumerate(self.layers):
            weight, start = layer.weight[..., 0], self.starts[k]
            y = y if y is None else y.to(weight)
            if self.skips[k]:
                out = shares[k].index_select(0, column)
                if y is not None:
                    out.addmm_(y, weight[:, :start].T)
                _add_own(out, own, weight[:, start + self.column :])
            else:
                out = F.linear(y, weight, layer.bias)
            if k == last:
                return out
            if k in self.normed:
                # Over all points of the call: with such weights answers depend on who is asked together.
                out = self.norms[str(k)](out.T[None])[0].T
            y = F.leaky_relu_(out, SLOPE)
            if k == until:
                return y
        raise AssertionError("a layer is the last")

    def lowered(self, dtype) -> "PointMLP":
        """A copy in another precision, but for the last layer: it costs little, and large terms may cancel in it."""
        low = copy.deepcopy(self)
        for layer in low.layers[:-1]:
            layer.to(dtype)
        return low


def _add_own(out: Tensor, own: Tensor, weight: Tensor) -> None:
    """out (N, width) += own (N, P) @ weight (width, P).T, a depth in float32 whatever the weights are."""
    if own.shape[1] == 1:
        out.addcmul_(own, weight[:, 0])
    else:
        out.addmm_(own.to(weight), weight.T)
