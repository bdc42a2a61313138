# SPDX-License-Identifier: GPL-3.0-or-later
"""The named tensors of one file: read, sizes taken from shapes, networks filled strictly, errors that name tensors."""

from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..errors import InputError, ModelError

Network = TypeVar("Network", bound=nn.Module)

REINSTALL = "Install the extension again."
WRONG_FILE = "Get the file again from where its authors published it."
NAMED = 3  # so many tensors are named in a message, the rest counted


def read_tensors(path: Path, fix: str = REINSTALL) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors on the CPU and metadata of a .safetensors file. Raises ModelError, with `fix`."""
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            # keys() lists names; the file itself cannot be iterated.
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path.name} cannot be read as weights ({error}).", fix=fix) from error


class Tensors:
    """Tensors by name, seen from a prefix. `file` is the file's name, for messages."""

    def __init__(self, values: dict[str, Tensor], file: str, prefix: str = ""):
        self.values, self.file, self.prefix = values, file, prefix

    def under(self, prefix: str) -> "Tensors":
        """The same tensors, with names given from `prefix` on."""
        return Tensors(self.values, self.file, self.prefix + prefix)

    def __contains__(self, name: str) -> bool:
        return self.prefix + name in self.values

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """The shape of a tensor of `rank` dimensions. Raises InputError where there is none or it has others."""
        if name not in self:
            raise InputError(f'"{self.file}" lacks the tensor {self.prefix}{name}.', fix=WRONG_FILE)
        shape = tuple(self.values[self.prefix + name].shape)
        if len(shape) != rank or 0 in shape:
            raise self.misfit(name, f"not {rank} dimensions")
        return shape

    def misfit(self, name: str, reason: str) -> InputError:
        """The error for a tensor whose shape does not fit."""
        shape = written(self.values[self.prefix + name].shape)
        return InputError(
            f'In "{self.file}" the tensor {self.prefix}{name} has the shape {shape}, {reason}.', fix=WRONG_FILE
        )

    def count(self, pattern: str, start: int = 0) -> int:
        """How many numbers from `start` on, without a gap, give the name of a tensor when put into `pattern`."""
        number = start
        while pattern.format(number) in self:
            number += 1
        return number - start

    def fill(self, network: Network) -> Network:
        """Give a network (built on the meta device) these tensors, all of them, as float32, ready to be asked.

        Raises InputError naming what is missing, not known, or of another shape.
        """
        wanted = network.state_dict()
        given = {name[len(self.prefix) :]: t for name, t in self.values.items() if name.startswith(self.prefix)}
        missing, extra = [name for name in wanted if name not in given], [name for name in given if name not in wanted]
        others = [
            f"{name} ({written(given[name].shape)} instead of {written(tensor.shape)})"
            for name, tensor in wanted.items()
            if name in given and given[name].shape != tensor.shape
        ]
        faults = (("it lacks", missing), ("not known are", extra), ("of another shape are", others))
        said = [f"{what} {_listed(names, self.prefix)}" for what, names in faults if names]
        if said:
            raise InputError(f'The tensors of "{self.file}" do not fit: {"; ".join(said)}.', fix=WRONG_FILE)
        network.load_state_dict({name: tensor.float() for name, tensor in given.items()}, assign=True)
        return network.eval().requires_grad_(False)


def on_meta() -> torch.device:
    """A context in which networks are built without memory: their tensors are given to them by `Tensors.fill`."""
    return torch.device("meta")


def written(shape) -> str:
    """A shape as people write it: 64x9x7x7."""
    return "x".join(map(str, shape)) or "a single number"


def _listed(names: list[str], prefix: str) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(prefix + name for name in names[:NAMED]) + more
