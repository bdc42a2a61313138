# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn MediaPipe's published .tflite networks into the bundled weights and their lists of layers.

    python -m blender_pifu.training.pack.mediapipe SRC_DIR

SRC_DIR holds the .tflite files. Needs the PyPI packages tflite and flatbuffers (the file format's readers). The weights
stay the float16 numbers they are there, float32 ones (`hand_recrop`) are rounded to such; sparse ones are written out
in full. A custom operator becomes a layer of its own name that holds its options.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import tflite  # pyright: ignore[reportMissingImports]  # of what packs the networks alone
from flatbuffers import flexbuffers  # pyright: ignore[reportMissingImports]
from safetensors.numpy import save_file

from ...engine.files.cards import check_card

DATA = Path(__file__).parents[2] / "data"
NETWORKS = {
    "pose_detection": "boxes and body circles of the people in a picture",
    "pose_landmark_full": "33 points of one person's body, and roughly the person's mask",
    "face_landmark_with_attention": "468 points of a face, lids, lips and irises looked at again from near",
    "hand_recrop": "where in a picture of a wrist the hand lies",
    "hand_landmark_full": "21 points of one hand, in the picture and in metres, and which hand it is",
}
OPERATORS = {number: name for name, number in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}
ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: None,
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU6: "relu6",
}


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, metavar="SRC_DIR")
    parser.add_argument("--out", type=Path, default=DATA, metavar="DIR")
    parser.add_argument("--only", choices=tuple(NETWORKS), help="pack this network alone")
    args = parser.parse_args()
    for name, does in NETWORKS.items():
        if args.only and name != args.only:
            continue
        source, out = args.source / f"{name}.tflite", args.out / f"{name}.safetensors"
        check_card(out)
        converter = Converter(source.read_bytes())
        weights, graph = converter.convert()
        save_file(weights, out, {"graph": json.dumps(graph, separators=(",", ":"))})
        card = {
            "name": f"MediaPipe {name}",
            "does": does,
            "source": f"https://github.com/google-ai-edge/mediapipe, {name}.tflite as in the PyPI package "
            "mediapipe 0.10.21",
            "license": "Apache-2.0",
            "copyright": "The MediaPipe Authors (text of the licence in LICENSE-APACHE-2.0.txt)",
            "converted_by": "python -m blender_pifu.training.pack.mediapipe",
            "changes": "stored as float16 weights and a list of layers; the numbers are the original's"
            + (", rounded from float32" if converter.rounded else ""),
            "parameters": sum(array.size for array in weights.values()),
            "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (source, out)},
        }
        out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


class Converter:
    """Walks through the operators of a .tflite file in their order."""

    def __init__(self, data: bytes):
        self.model = tflite.Model.GetRootAsModel(data, 0)
        self.tensors = self.model.Subgraphs(0)
        self.constants = {}  # index of tensor -> array, for what is unpacked on the way
        self.values = {self.tensors.Inputs(0): 0}  # index of tensor -> number of value
        self.weights = {}
        self.layers = []
        self.rounded = False  # whether any weight was more than float16

    def convert(self):
        """Returns the weights by name, float16, and the graph as in `engine/reading/graph.py`."""
        for index in range(self.tensors.OperatorsLength()):
            operator = self.tensors.Operators(index)
            code = self.model.OperatorCodes(operator.OpcodeIndex())
            name = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            inputs = [int(tensor) for tensor in operator.InputsAsNumpy()]
            if name == "CUSTOM":
                layer = self.custom(operator, code.CustomCode().decode())
            else:
                layer = getattr(self, name.lower())(operator, inputs)
            if layer is not None:
                layer["in"] = [self.values[tensor] for tensor in inputs if tensor in self.values]
                layer["out"] = self.values[operator.Outputs(0)] = len(self.values)
                self.layers.append({key: value for key, value in layer.items() if value is not None})
        outputs = [self.values[int(tensor)] for tensor in self.tensors.OutputsAsNumpy()]
        return self.weights, {
            "input": self.shape(self.tensors.Inputs(0))[1:3],
            "outputs": outputs,
            "layers": self.layers,
        }

    # One method for each operator; None where nothing is left to do at run time.

    def dequantize(self, operator, inputs):
        self.constants[operator.Outputs(0)] = self.constant(inputs[0])

    def densify(self, operator, inputs):
        """Three dense dimensions and a compressed last one."""
        tensor = self.tensors.Tensors(inputs[0])
        shape = self.shape(inputs[0])
        sparsity = tensor.Sparsity()
        rows = sparsity.DimMetadata(3)
        segments, columns = (
            _int_vector(kind, table)
            for kind, table in (
                (rows.ArraySegmentsType(), rows.ArraySegments()),
                (rows.ArrayIndicesType(), rows.ArrayIndices()),
            )
        )
        dense = np.zeros((int(np.prod(shape[:3])), shape[3]), np.float16)
        dense[np.repeat(np.arange(len(dense)), np.diff(segments)), columns] = self.buffer(inputs[0])
        self.constants[operator.Outputs(0)] = dense.reshape(shape)

    def conv_2d(self, operator, inputs):
        options = _options(operator, tflite.Conv2DOptions)
        weight = self.constant(inputs[1]).transpose(0, 3, 1, 2)
        return self.convolution(operator, inputs, options, weight, 1)

    def depthwise_conv_2d(self, operator, inputs):
        options = _options(operator, tflite.DepthwiseConv2DOptions)
        weight = self.constant(inputs[1]).transpose(3, 0, 1, 2)
        return self.convolution(operator, inputs, options, weight, len(weight))

    def convolution(self, operator, inputs, options, weight, groups):
        assert options.DilationHFactor() == options.DilationWFactor() == 1
        stride = [options.StrideH(), options.StrideW()]
        return {
            "op": "conv",
            "weight": self.store(weight),
            "bias": self.store(self.constant(inputs[2])),
            "stride": stride,
            "pad": self.padding(inputs[0], options.Padding(), weight.shape[2:], stride),
            "groups": groups,
            "activation": ACTIVATIONS[options.FusedActivationFunction()],
        }

    def max_pool_2d(self, operator, inputs):
        options = _options(operator, tflite.Pool2DOptions)
        kernel = [options.FilterHeight(), options.FilterWidth()]
        stride = [options.StrideH(), options.StrideW()]
        pad = self.padding(inputs[0], options.Padding(), kernel, stride)
        return {"op": "max_pool", "kernel": kernel, "stride": stride, "pad": pad}

    def pad(self, operator, inputs):
        (_, top_bottom, left_right, channels) = self.constant(inputs[1]).reshape(4, 2).tolist()
        return {"op": "pad", "pad": left_right + top_bottom + channels}

    def add(self, operator, inputs):
        assert all(tensor in self.values for tensor in inputs)
        options = _options(operator, tflite.AddOptions)
        return {"op": "add", "activation": ACTIVATIONS[options.FusedActivationFunction()]}

    def mul(self, operator, inputs):
        assert inputs[0] in self.values and _options(operator, tflite.MulOptions).FusedActivationFunction() == 0
        return {"op": "multiply", "weight": self.store(self.constant(inputs[1]))}

    def prelu(self, operator, inputs):
        return {"op": "prelu", "weight": self.store(self.constant(inputs[1]).ravel())}

    def custom(self, operator, name):
        """The options are a FlexBuffer's map; an operator without any has none."""
        options = flexbuffers.Loads(bytes(operator.CustomOptionsAsNumpy())) if operator.CustomOptionsLength() else {}
        assert isinstance(options, dict)
        return {"op": name, **options}

    def resize_bilinear(self, operator, inputs):
        options = _options(operator, tflite.ResizeBilinearOptions)
        assert options.HalfPixelCenters() and not options.AlignCorners()
        return {"op": "resize", "size": self.constant(inputs[1]).tolist()}

    def depth_to_space(self, operator, inputs):
        return {"op": "depth_to_space", "block": _options(operator, tflite.DepthToSpaceOptions).BlockSize()}

    def strided_slice(self, operator, inputs):
        """One that keeps everything, or all but the last channels: a negative pad."""
        whole, kept = self.shape(inputs[0]), self.shape(operator.Outputs(0))
        begin, step = (self.constant(tensor).tolist() for tensor in (inputs[1], inputs[3]))
        assert whole[:3] == kept[:3] and not any(begin) and step == [1] * len(whole), "no other is known"
        return {"op": "activate"} if whole == kept else {"op": "pad", "pad": [0, 0, 0, 0, 0, kept[3] - whole[3]]}

    def mean(self, operator, inputs):
        assert self.constant(inputs[1]).tolist() == [1, 2]
        return {"op": "mean"}

    def fully_connected(self, operator, inputs):
        options = _options(operator, tflite.FullyConnectedOptions)
        weight, bias = (self.store(self.constant(tensor)) for tensor in inputs[1:])
        activation = ACTIVATIONS[options.FusedActivationFunction()]
        return {"op": "linear", "weight": weight, "bias": bias, "activation": activation}

    def reshape(self, operator, inputs):
        return {"op": "reshape", "shape": self.shape(operator.Outputs(0))[1:]}

    def concatenation(self, operator, inputs):
        dimensions = len(self.shape(operator.Outputs(0)))
        axis = _options(operator, tflite.ConcatenationOptions).Axis() % dimensions
        return {"op": "concatenate", "axis": {3: 1, 1: 2, 2: 3}[axis] if dimensions == 4 else axis}

    def logistic(self, operator, inputs):
        return {"op": "activate", "activation": "sigmoid"}

    def shape(self, tensor) -> list[int]:
        return self.tensors.Tensors(tensor).ShapeAsNumpy().tolist()

    def constant(self, tensor) -> np.ndarray:
        if tensor not in self.constants:
            self.constants[tensor] = self.buffer(tensor).reshape(self.shape(tensor))
        return self.constants[tensor]

    def buffer(self, tensor) -> np.ndarray:
        entry = self.tensors.Tensors(tensor)
        types = {
            tflite.TensorType.FLOAT16: np.float16,
            tflite.TensorType.FLOAT32: np.float32,
            tflite.TensorType.INT32: np.int32,
        }
        return self.model.Buffers(entry.Buffer()).DataAsNumpy().view(types[entry.Type()])

    def store(self, array) -> str:
        name = str(len(self.weights))
        self.rounded |= array.dtype == np.float32
        self.weights[name] = np.ascontiguousarray(array, np.float16)
        return name

    def padding(self, tensor, kind, kernel, stride) -> list[int]:
        """Left, right, top, bottom. The odd one of SAME goes to the right and the bottom."""
        sides = []
        for size, window, step in zip(self.shape(tensor)[1:3], kernel, stride, strict=True):
            total = max(0, (-(-size // step) - 1) * step + window - size) if kind == tflite.Padding.SAME else 0
            sides.insert(0, [total // 2, total - total // 2])
        return sides[0] + sides[1]


def _options(operator, kind):
    options = kind()
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _int_vector(kind, table):
    vector = {
        tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
        tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
        tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector,
    }[kind]()
    vector.Init(table.Bytes, table.Pos)
    return vector.ValuesAsNumpy().astype(np.int64)


if __name__ == "__main__":
    main()
