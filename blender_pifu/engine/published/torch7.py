# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of Torch7 (.t7), read as data: numbers, texts, tables, arrays and named objects. Nothing in them is executed.

The layout follows from Torch7's public documentation of its binary serialisation: every value begins with a 4-byte
number that tells its type; tables and objects have a number of their own, by which they are referred to later.
"""

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files.tensors import WRONG_FILE

HEAD = struct.pack("<iii", 4, 1, 3) + b"V 1"  # what the file of an object begins with
NIL, NUMBER, TEXT, TABLE, OBJECT, BOOLEAN = range(6)
ELEMENTS = {
    "Float": "<f4", "Double": "<f8", "Half": "<f2", "Byte": "u1", "Char": "i1", "Short": "<i2", "Int": "<i4",
    "Long": "<i8", "Cuda": "<f4", "CudaDouble": "<f8", "CudaHalf": "<f2", "CudaByte": "u1", "CudaChar": "i1",
    "CudaShort": "<i2", "CudaInt": "<i4", "CudaLong": "<i8",
}  # fmt: skip
DEEPEST = 120  # values within values: networks go some fifty deep
LONGEST_NAME = 200
MOST_DIMENSIONS = 8


@dataclass(eq=False)
class TorchObject:
    """kind: its class by Torch's name, as "nn.Sequential"; fields: what it holds, by name."""

    kind: str
    fields: dict = field(default_factory=dict)

    @property
    def layer(self) -> str:
        """The kind without its package: those of nn and cudnn are alike."""
        return self.kind.split(".", 1)[-1]


def is_torch7(path: Path) -> bool:
    """Whether a file begins as those of Torch7 do; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(HEAD)) == HEAD
    except OSError:
        return False


def read_torch7(path: Path):
    """What the file holds: float, bool, None, str, dict, TorchObject, or an array. Raises InputError, OSError."""
    return _Reader(path.read_bytes(), path.name).value(0)


class _Reader:
    """A place in the file's bytes, and what was read so far."""

    def __init__(self, content: bytes, name: str):
        self.content, self.name, self.place = content, name, 0
        self.known: dict[int, object] = {}

    def value(self, depth: int):
        """The value that begins here, `depth` values within others."""
        if depth > DEEPEST:
            raise self._damaged()
        (kind,) = self._numbers("i")
        if kind == NIL:
            return None
        if kind == NUMBER:
            return self._numbers("d")[0]
        if kind == BOOLEAN:
            return self._numbers("i")[0] != 0
        if kind == TEXT:
            return self._text(len(self.content))
        if kind == TABLE:
            return self._table(depth)
        if kind == OBJECT:
            return self._object(depth)
        if kind in (6, 7, 8):
            raise InputError(
                f'"{self.name}" holds a function, which weights have no need of. It was not run.',
                fix="Do not use this file; get one from the authors of the model.",
            )
        raise self._damaged()

    def _table(self, depth: int) -> dict:
        (index,) = self._numbers("i")
        if index in self.known:
            found = self.known[index]
            if not isinstance(found, dict):
                raise self._damaged()
            return found
        table = self.known[index] = {}
        (count,) = self._numbers("i")
        for _ in range(count):  # every round reads some bytes, so a false count ends at the file's end
            key = self.value(depth + 1)
            if not isinstance(key, (str, float)):
                raise self._damaged()
            table[key] = self.value(depth + 1)
        return table

    def _object(self, depth: int):
        (index,) = self._numbers("i")
        if index in self.known:
            return self.known[index]
        kind = self._text(LONGEST_NAME)
        if kind.startswith("V "):
            kind = self._text(LONGEST_NAME)
        package, _, name = kind.partition(".")
        if package == "torch" and name.endswith("Tensor") and name.removesuffix("Tensor") in ELEMENTS:
            found = self._tensor(ELEMENTS[name.removesuffix("Tensor")], depth)
        elif package == "torch" and name.endswith("Storage") and name.removesuffix("Storage") in ELEMENTS:
            found = self._storage(np.dtype(ELEMENTS[name.removesuffix("Storage")]))
        else:
            found = self.known[index] = TorchObject(kind)
            fields = self.value(depth + 1)
            if not isinstance(fields, dict):
                raise self._damaged()
            found.fields = fields
        self.known[index] = found
        return found

    def _tensor(self, element: str, depth: int) -> np.ndarray:
        (rank,) = self._numbers("i")
        if not 0 <= rank <= MOST_DIMENSIONS:
            raise self._damaged()
        sizes, strides = self._numbers(f"{rank}q"), self._numbers(f"{rank}q")
        (first,) = self._numbers("q")
        storage = self.value(depth + 1)
        if rank == 0 or storage is None:
            return np.zeros(0, element)
        if not isinstance(storage, np.ndarray) or storage.dtype != np.dtype(element) or min(sizes + strides) < 0:
            raise self._damaged()
        if 0 in sizes:
            return np.zeros(0, element)
        last = first - 1 + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
        if not 1 <= first <= last + 1 <= len(storage) or math.prod(sizes) > len(storage):
            raise self._damaged()
        steps = [stride * storage.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(storage[first - 1 :], sizes, steps, writeable=False)

    def _storage(self, element: np.dtype) -> np.ndarray:
        (count,) = self._numbers("q")
        return np.frombuffer(self._bytes(count * element.itemsize), element)

    def _text(self, longest: int) -> str:
        (length,) = self._numbers("i")
        if length > longest:
            raise self._damaged()
        return self._bytes(length).decode("latin-1")

    def _numbers(self, kinds: str) -> tuple:
        layout = struct.Struct("<" + kinds)
        return layout.unpack(self._bytes(layout.size))

    def _bytes(self, count: int) -> bytes:
        if not 0 <= count <= len(self.content) - self.place:
            raise self._damaged()
        self.place += count
        return self.content[self.place - count : self.place]

    def _damaged(self) -> InputError:
        return InputError(f'"{self.name}" is damaged or cut short.', fix=WRONG_FILE)
