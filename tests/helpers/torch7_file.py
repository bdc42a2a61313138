# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Torch7 as its documentation describes them, and in them the published layout of VRN with seeded values."""

import struct

import numpy as np
import torch
import torch.nn.functional as F


class Writer:
    """Writes values one after the other; what is met again is referred to by its number, as Torch does."""

    def __init__(self):
        self.parts, self.numbers = [], {}

    def int(self, *values):
        self.parts.append(struct.pack(f"<{len(values)}i", *values))

    def text(self, value):
        self.int(len(value))
        self.parts.append(value.encode())

    def value(self, value):
        if value is None:
            self.int(0)
        elif isinstance(value, bool):
            self.int(5, value)
        elif isinstance(value, (int, float)):
            self.int(1)
            self.parts.append(struct.pack("<d", value))
        elif isinstance(value, str):
            self.int(2)
            self.text(value)
        elif isinstance(value, dict):
            if self._new(3, value):
                self.int(len(value))
                for each in value.items():
                    self.value(each[0])
                    self.value(each[1])
        elif isinstance(value, np.ndarray):
            self._tensor(value)
        elif self._new(4, value):
            kind, fields = value
            self.text("V 1")
            self.text(kind)
            self.value(fields)

    def _new(self, kind, value):
        known = id(value) in self.numbers
        number = self.numbers.setdefault(id(value), len(self.numbers) + 1)
        self.int(kind, number)
        return not known

    def _tensor(self, array):
        self._new(4, array)
        self.text("V 1")
        self.text("torch.FloatTensor")
        self.int(array.ndim)
        strides = [step // array.itemsize for step in array.strides]
        self.parts.append(struct.pack(f"<{2 * array.ndim + 1}q", *array.shape, *strides, 1))
        self.int(4, 10**6 + self.numbers[id(array)])
        self.text("V 1")
        self.text("torch.FloatStorage")
        self.parts.append(struct.pack("<q", array.size))
        self.parts.append(array.tobytes())


def written(value, path):
    """`value` as a file of Torch7."""
    writer = Writer()
    writer.value(value)
    path.write_bytes(b"".join(writer.parts))
    return path


class Network:
    """The published layout as objects of Torch7, and beside it, written by hand from the paper's description, what it
    gives of a picture: nothing is shared but the values."""

    def __init__(self, width=256, layers=200, seed=0, package="nn", levels=4):
        self.random, self.package = np.random.default_rng(seed), package
        self.width, self.layers = width, layers
        self.object, self.forward = self._whole(levels)

    def _module(self, kind, **fields):
        return f"{self.package if kind.startswith('Spatial') or kind == 'ReLU' else 'nn'}.{kind}", fields

    def _values(self, *shape, size=1.0, middle=0.0):
        return (middle + size * self.random.standard_normal(shape)).astype(np.float32)

    def sequence(self, *pairs):
        modules, functions = zip(*pairs, strict=True)

        def run(x):
            for function in functions:
                x = function(x)
            return x

        return self._module("Sequential", modules={k + 1: each for k, each in enumerate(modules)}), run

    def sum(self, *pairs):
        modules, functions = zip(*pairs, strict=True)
        table = self._module("ConcatTable", modules={k + 1: each for k, each in enumerate(modules)})
        both = self._module("Sequential", modules={1: table, 2: self._module("CAddTable")})
        return both, lambda x: sum(function(x) for function in functions)

    def conv(self, inputs, outputs, side=1, step=1, pad=0):
        weight = self._values(outputs, inputs, side, side, size=(inputs * side * side) ** -0.5)
        bias = self._values(outputs, size=0.1)
        sizes = {"nInputPlane": inputs, "nOutputPlane": outputs, "kW": side, "kH": side, "dW": step, "dH": step}
        module = self._module("SpatialConvolution", **sizes, padW=pad, padH=pad, weight=weight, bias=bias)
        return module, lambda x: F.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias), step, pad)

    def norm(self, width):
        mean, scale, shift = (self._values(width, size=0.1, middle=m) for m in (0.0, 1.0, 0.0))
        spread = self.random.uniform(0.5, 1.5, width).astype(np.float32)
        fields = {"running_mean": mean, "running_var": spread, "weight": scale, "bias": shift, "eps": 1e-5}

        def run(x):
            m, v, w, b = (torch.from_numpy(each)[:, None, None] for each in (mean, spread, scale, shift))
            return (x - m) / (v + 1e-5).sqrt() * w + b

        return self._module("SpatialBatchNormalization", **fields), run

    def relu(self):
        return self._module("ReLU", inplace=True), lambda x: x.clamp_min(0)

    def pool(self):
        sides = {name: 2 for name in ("kW", "kH", "dW", "dH")}
        return self._module("SpatialMaxPooling", **sides, padW=0, padH=0, ceil_mode=False), lambda x: F.max_pool2d(x, 2)

    def larger(self):
        return self._module("SpatialUpSamplingNearest", scale_factor=2), lambda x: x.repeat_interleave(
            2, 2
        ).repeat_interleave(2, 3)

    def residual(self, inputs, outputs, middle):
        way = self.sequence(
            self.norm(inputs), self.relu(), self.conv(inputs, middle),
            self.norm(middle), self.relu(), self.conv(middle, middle, 3, 1, 1),
            self.norm(middle), self.relu(), self.conv(middle, outputs),
        )  # fmt: skip
        beside = (
            (self._module("Identity"), lambda x: x) if inputs == outputs else self.sequence(self.conv(inputs, outputs))
        )
        return self.sum(way, beside)

    def _residuals(self, count):
        return [self.residual(self.width, self.width, self.width // 2) for _ in range(count)]

    def _nested(self, level):
        inner = [self.residual(self.width, self.width, self.width // 2)] if level > 1 else []
        fine = self._residuals(3) + ([self._nested(level - 1), *inner] if level > 1 else [])
        coarse = [self.pool(), *self._residuals(6 if level > 1 else 9), self.larger()]
        return self.sum(self.sequence(*fine), self.sequence(*coarse))

    def _block(self, levels):
        width = self.width
        tail = [part for _ in range(2) for part in (self.conv(width, width), self.norm(width), self.relu())]
        way = self.sequence(self._nested(levels), self.residual(width, width, width // 2), *tail)
        return self.sum((self._module("Identity"), lambda x: x), way)

    def _whole(self, levels):
        width = self.width
        stem = [self.conv(3, width // 4, 7, 2, 3), self.norm(width // 4), self.relu()]
        stem += [self.residual(width // 4, width // 2, width // 4), self.pool()]
        stem += [self.residual(width // 2, width // 2, width // 4), self.residual(width // 2, width, width // 2)]
        head = [self.conv(width, width), self.norm(width), self.relu(), self.conv(width, self.layers)]
        rise = (
            self._module("SpatialUpSamplingBilinear", scale_factor=4),
            lambda x: F.interpolate(x, scale_factor=4, mode="bilinear", align_corners=True),
        )
        last = self._module("Sigmoid"), torch.sigmoid
        return self.sequence(*stem, self._block(levels), self._block(levels), *head, rise, last)
