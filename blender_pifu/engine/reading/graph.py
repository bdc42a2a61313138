# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a network that is stored as a list of layers beside its weights.

The file is safetensors: float16 weights named by numbers, and as metadata "graph" the JSON of
{"input": [height, width], "outputs": [value, ...], "layers": [{"op", "in": [value, ...], "out": value, ...}, ...]}.
Values are numbered, 0 is the picture. `training/pack/mediapipe.py` writes such files.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors

DATA = Path(__file__).parents[2] / "data"
Layer = Callable[..., Tensor]  # called with the layer's entry, its weights as tensors, and the values it takes


class Graph:
    """A network read from a file, float32, on one device.

    size: (height, width) of the picture it takes.
    """

    def __init__(self, path: Path, device: torch.device | str = "cpu", more: Mapping[str, Layer] | None = None):
        """more: layers beside those of LAYERS, by name. Raises ModelError when the file is missing, damaged, or holds
        no such graph."""
        known = {**LAYERS, **(more or {})}
        tensors, metadata = read_tensors(path)
        weights = {name: tensor.float().to(device) for name, tensor in tensors.items()}
        try:
            graph = json.loads(metadata["graph"])
            self.size = tuple(graph["input"])
            self._outputs = graph["outputs"]
            self._layers = [(known[layer["op"]], _with_weights(layer, weights)) for layer in graph["layers"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path.name} holds no network of this program ({error}).", fix=REINSTALL) from error
        self.device = torch.device(device)

    def options(self, op: str) -> list[dict]:
        """The entries of all layers of one kind, in their order."""
        return [layer for _, layer in self._layers if layer["op"] == op]

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> list[Tensor]:
        """pictures: (N, 3, height, width) on this device. Returns the outputs: (N, C, h, w), or (N, ...) as flattened
        with channels last."""
        values = {0: pictures}
        for run, layer in self._layers:
            out = run(layer, *(values[index] for index in layer["in"]))
            values[layer["out"]] = _activate(out, layer.get("activation"))
        return [values[index] for index in self._outputs]


def _with_weights(layer, weights):
    """The layer with the names of its weights replaced by the tensors."""
    return {**layer, **{key: weights[layer[key]] for key in ("weight", "bias") if key in layer}}


def _activate(x, name):
    match name:
        case None:
            return x
        case "relu":
            return F.relu(x)
        case "relu6":
            return F.relu6(x)
        case "sigmoid":
            return torch.sigmoid(x)
    raise ValueError(f"unknown activation {name}")


def _conv(layer, x):
    return F.conv2d(F.pad(x, layer["pad"]), layer["weight"], layer["bias"], layer["stride"], groups=layer["groups"])


def _pad(layer, x):
    return F.pad(x, layer["pad"])


def _add(layer, x, y):
    return x + y


def _multiply(layer, x):
    return x * layer["weight"]


def _prelu(layer, x):
    return F.prelu(x, layer["weight"])


def _mean(layer, x):
    return x.mean((2, 3))


def _linear(layer, x):
    return F.linear(x, layer["weight"], layer["bias"])


def _max_pool(layer, x):
    return F.max_pool2d(F.pad(x, layer["pad"], value=float("-inf")), layer["kernel"], layer["stride"])


def _resize(layer, x):
    return F.interpolate(x, layer["size"], mode="bilinear", align_corners=False)


def _depth_to_space(layer, x):
    """Channels last, the block's row and column come before the channel; pixel_shuffle has them after it."""
    n, c, h, w = x.shape
    block = layer["block"]
    x = x.view(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // block**2, h * block, w * block)


def _reshape(layer, x):
    return (x.permute(0, 2, 3, 1) if x.dim() == 4 else x).reshape(len(x), *layer["shape"])


def _concatenate(layer, *parts):
    return torch.cat(parts, layer["axis"])


def _same(layer, x):
    return x


LAYERS = {
    "conv": _conv,
    "pad": _pad,
    "add": _add,
    "multiply": _multiply,
    "prelu": _prelu,
    "mean": _mean,
    "linear": _linear,
    "max_pool": _max_pool,
    "resize": _resize,
    "depth_to_space": _depth_to_space,
    "reshape": _reshape,
    "concatenate": _concatenate,
    "activate": _same,
}
