# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of Torch7 as a tree of layers: taken out of its file, told in plain words, and built again.

What is built runs the layers in the order in which the file holds them, whatever they are nested in, so that no
layout has to be known beforehand. Lists of tensors pass between branches (ConcatTable) and sums (CAddTable).
"""

import math
from collections.abc import Container

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import InputError
from ..files.tensors import WRONG_FILE
from .torch7 import TorchObject

Layer = list  # ["Sequential", [Layer, ...]], ["Convolution", inputs, outputs, ...]: what JSON can hold
DEEPEST = 60
LARGEST = 4096  # of sizes, widths and strides that a layer may have
PLAIN = {"ReLU": nn.ReLU, "Sigmoid": nn.Sigmoid, "Identity": nn.Identity}


def taken_from(root: TorchObject, file: str) -> tuple[Layer, dict[str, Tensor]]:
    """The layers of a network and its tensors, float32, by the names that `built` gives them. Raises InputError."""
    tensors: dict[str, Tensor] = {}
    return _Taker(file, tensors).layer(root, "", 0), tensors


class _Taker:
    """Walks a network in order."""

    def __init__(self, file: str, tensors: dict[str, Tensor]):
        self.file, self.tensors = file, tensors

    def layer(self, found: object, name: str, depth: int) -> Layer:
        if not isinstance(found, TorchObject) or depth > DEEPEST:
            raise InputError(f'"{self.file}" holds no network.', fix=WRONG_FILE)
        kind, number = found.layer, self._numbers(found)
        if kind in ("Sequential", "ConcatTable"):
            modules = found.fields.get("modules")
            if not isinstance(modules, dict) or set(modules) != {float(k + 1) for k in range(len(modules))}:
                raise InputError(f'In "{self.file}" {found.kind} has no list of layers.', fix=WRONG_FILE)
            return [kind, [self.layer(modules[k + 1.0], f"{name}{k}.", depth + 1) for k in range(len(modules))]]
        if kind in ("SpatialConvolution", "SpatialConvolutionMM"):
            return self._convolution(found, name, number)
        if kind == "SpatialBatchNormalization":
            width = self._keep(found, name, ("running_mean", "running_var"), ("weight", "bias"))
            return ["Normalization", width, float(found.fields.get("eps", 1e-5))]
        if kind == "SpatialMaxPooling":
            sides = [number(each) for each in ("kH", "kW", "dH", "dW")] + [number("padH", 0), number("padW", 0)]
            return ["MaxPooling", *sides, bool(found.fields.get("ceil_mode", False))]
        if kind in ("SpatialUpSamplingNearest", "SpatialUpSamplingBilinear"):
            return ["Nearest" if kind.endswith("Nearest") else "Bilinear", number("scale_factor")]
        if kind == "CAddTable" or kind in PLAIN:
            return [kind]
        raise InputError(f'"{self.file}" has a layer that is not known here: {found.kind[:80]}.', fix=WRONG_FILE)

    def _convolution(self, found: TorchObject, name: str, number) -> Layer:
        if number("groups", 1) != 1:
            raise InputError(f'In "{self.file}" a convolution works in groups.', fix=WRONG_FILE)
        inputs, outputs, high, wide = (number(each) for each in ("nInputPlane", "nOutputPlane", "kH", "kW"))
        shape = outputs, inputs, high, wide
        self._keep(found, name, ("weight",), ("bias",))
        weight = self.tensors[name + "weight"]
        if weight.numel() != math.prod(shape):
            raise InputError(f'In "{self.file}" a convolution has {weight.numel()} weights.', fix=WRONG_FILE)
        self.tensors[name + "weight"] = weight.reshape(shape)
        steps = [number("dH"), number("dW"), number("padH", 0), number("padW", 0)]
        return ["Convolution", *shape, *steps, name + "bias" in self.tensors]

    def _keep(self, found: TorchObject, name: str, needed: tuple[str, ...], further: tuple[str, ...]) -> int:
        """Keep the arrays of a layer; how many numbers the first of them has."""
        for each in (*needed, *further):
            array = found.fields.get(each)
            if isinstance(array, np.ndarray) and array.size:
                self.tensors[name + each] = torch.from_numpy(array.astype("float32"))  # a copy of its own
            elif each in needed:
                raise InputError(f'In "{self.file}" a layer {found.kind} lacks its {each}.', fix=WRONG_FILE)
        return self.tensors[name + needed[0]].numel()

    def _numbers(self, found: TorchObject):
        def number(name: str, default: int | None = None) -> int:
            value = found.fields.get(name, default)
            if not isinstance(value, (int, float)) or value != value or not 0 <= value <= LARGEST or value % 1:
                raise InputError(f'In "{self.file}" a layer {found.kind} has no {name}.', fix=WRONG_FILE)
            return int(value)

        return number


def built(layer: Layer, tensors: Container[str], name: str = "", depth: int = 0) -> nn.Module:
    """The network of layers as `taken_from` tells them; tensors: the names that the file has. What is no layer raises
    ValueError, TypeError or IndexError."""
    if depth > DEEPEST:
        raise ValueError("layers lie too deep in each other")
    kind, *rest = layer
    if kind in ("Sequential", "ConcatTable"):
        parts = [built(part, tensors, f"{name}{k}.", depth + 1) for k, part in enumerate(rest[0])]
        return nn.Sequential(*parts) if kind == "Sequential" else Branches(parts)
    if kind == "Convolution":
        outputs, inputs, *side = rest[:4]
        return nn.Conv2d(inputs, outputs, tuple(side), tuple(rest[4:6]), tuple(rest[6:8]), bias=rest[8])
    if kind == "Normalization":
        return Normalization(rest[0], rest[1], name + "weight" in tensors)
    if kind == "MaxPooling":
        return nn.MaxPool2d(tuple(rest[:2]), tuple(rest[2:4]), tuple(rest[4:6]), ceil_mode=rest[6])
    if kind == "Nearest":
        return nn.UpsamplingNearest2d(scale_factor=rest[0])
    if kind == "Bilinear":  # outer centres stay, as Torch7 had it
        return nn.UpsamplingBilinear2d(scale_factor=rest[0])
    if kind == "CAddTable":
        return Sum()
    if kind in PLAIN:
        return PLAIN[kind]()
    raise ValueError(f"no layer is named {kind}")


class Normalization(nn.Module):
    """Batch normalisation by the statistics of the training; torch's own wants a count that these files have not."""

    running_mean: Tensor
    running_var: Tensor
    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, width: int, eps: float, affine: bool):
        super().__init__()
        self.eps = eps
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, torch.empty(width))
        for name in ("weight", "bias"):
            self.register_parameter(name, nn.Parameter(torch.empty(width)) if affine else None)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)


class Branches(nn.ModuleList):
    """What each of several layers makes of the same, as a list."""

    def forward(self, x: Tensor) -> list[Tensor]:
        """A tensor (B, C, h, w) -> one for each layer."""
        return [part(x) for part in self]


class Sum(nn.Module):
    """The sum of a list of tensors."""

    def forward(self, x: list[Tensor]) -> Tensor:
        """Tensors (B, C, h, w) of one shape -> their sum."""
        total = x[0]
        for part in x[1:]:
            total = total + part
        return total
