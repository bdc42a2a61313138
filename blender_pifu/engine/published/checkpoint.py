# SPDX-License-Identifier: GPL-3.0-or-later
"""Published checkpoints, read without running what is in them and converted once to safetensors and a card.

A torch file is a pickle, and a pickle is a program. Here it may make tensors, plain containers and
argparse.Namespace, the bag of options in PIFuHD's file, and nothing else. A file of Torch7 is read as data.
"""

import argparse
import hashlib
import json
import math
import os
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from ..device import is_out_of_memory
from ..errors import InputError, OutOfMemory
from ..files.cards import check_card
from ..files.tensors import WRONG_FILE, Tensors
from ..files.writable import cannot_write, check_output
from .layer_tree import taken_from
from .pifu import COLOR, SHAPE, PIFuModel
from .pifuhd import PIFuHDModel
from .settings import Settings
from .torch7 import TorchObject, is_torch7, read_torch7
from .vrn import LayerSettings, VRNModel

ENDING = ".safetensors"
KNOWN = "Choose pifuhd.pt, net_G of PIFu, or vrn-unguided.t7."
LEGACY, ZIP = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", b"PK\x03\x04"  # what torch files begin with
READ, CHECK, SUM, WRITE = STEPS = (
    "Reading the checkpoint",
    "Checking that everything is there",
    "Taking its checksum",
    "Writing the converted file",
)
SOURCES = {
    "pifuhd": (
        "https://github.com/facebookresearch/pifuhd",
        "Shunsuke Saito, Tomas Simon, Jason Saragih, Hanbyul Joo: PIFuHD: Multi-Level Pixel-Aligned Implicit Function "
        "for High-Resolution 3D Human Digitization, CVPR 2020, arXiv 2004.00452",
    ),
    "pifu": (
        "https://github.com/shunsukesaito/PIFu",
        "Shunsuke Saito, Zeng Huang, Ryota Natsume, Shigeo Morishima, Angjoo Kanazawa, Hao Li: PIFu: Pixel-Aligned "
        "Implicit Function for High-Resolution Clothed Human Digitization, ICCV 2019, arXiv 1905.05172",
    ),
    "vrn": (
        "https://github.com/AaronJackson/vrn",
        "Aaron S. Jackson, Adrian Bulat, Vasileios Argyriou, Georgios Tzimiropoulos: Large Pose 3D Face Reconstruction "
        "from a Single Image via Direct Volumetric CNN Regression, ICCV 2017, arXiv 1703.07834",
    ),
}


def import_checkpoint(source, output, color=None, load_size=None, z_size=None, progress=None) -> dict:
    """Convert pifuhd.pt, PIFu's net_G with its net_C as `color`, or VRN's vrn-unguided.t7, to `output` (.safetensors)
    and a card beside it.

    load_size, z_size: how depth was measured in training, in place of what the file says or the publications had.
    progress(step, fraction): called as each of STEPS begins; what it raises stops the import.
    Returns the card as written. An older import of that name is replaced, no other file. Raises InputError
    naming what is wrong, OutOfMemory.
    """
    report = progress or (lambda step, fraction: None)
    source, output = Path(source), Path(output)
    files = [source] if color is None else [source, Path(color)]
    check_output(output, (ENDING,), files)
    check_card(output, files)
    report(READ, 0.0)
    settings: Any
    given = {"load_size": load_size, "z_size": z_size}
    if is_torch7(source):  # of files that cannot be opened the usual reader tells why
        family, notes = VRNModel, []
        tensors, settings = _volume_network(*files)
        report(CHECK, 0.3)
    else:
        family, tensors, options = _collect(*files)
        report(CHECK, 0.3)
        settings, notes = _settings(options, given, source.name, family is PIFuHDModel)
    name = " + ".join(file.name for file in files)
    family.of(Tensors(tensors, name), settings, source.stem)  # fits, or says what does not
    _check_values(tensors, name)
    report(SUM, 0.5)
    hashes = {file.name: _sha256(file) for file in files}
    metadata = {
        "family": family.family,
        "settings": settings.to_json(),
        "license": family.license,
        "source_sha256": json.dumps(hashes),
    }
    report(WRITE, 0.7)
    _write(output, lambda path: save_file(_separate(tensors), str(path), metadata))
    where, paper = SOURCES[family.family]
    card = {
        "name": family.title + (" with colour" if family is PIFuModel and color is not None else ""),
        "source": where,
        "paper": paper,
        "license": family.license,
        "converted_by": "python -m blender_pifu.engine import-checkpoint",
        "changes": "the container only" + (": both networks in one file" if color is not None else ""),
        **({"settings": json.loads(settings.to_json())} if family is not VRNModel else {}),
        **({"notes": notes} if notes else {}),
        "tensors": len(tensors),
        "parameters": sum(tensor.numel() for tensor in tensors.values()),
        "source_sha256": hashes,
        "sha256": {output.name: _sha256(output)},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    _write(output.with_suffix(".json"), lambda path: path.write_text(text, encoding="utf-8"))
    return card


def read_checkpoint(path: Path):
    """What a torch file of the old or the zip kind holds, its tensors on the CPU. Raises InputError, OutOfMemory."""
    if not path.is_file():
        raise InputError(f'There is no file "{path}".', fix="Give the path of a checkpoint.")
    try:
        with path.open("rb") as file:
            head = file.read(len(LEGACY))
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters becomes an error
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f'"{path.name}" cannot be read: {reason}.', fix="Choose another file.") from error
    except Exception as error:  # a damaged file can fail in any way
        if is_out_of_memory(error):
            raise OutOfMemory(f'"{path.name}" does not fit into memory.', fix="Close other programs.") from error
        raise _unreadable(path.name, head, str(error)) from error


def _volume_network(source: Path, *others: Path) -> tuple[dict[str, Tensor], LayerSettings]:
    """Tensors and layers of the network in a file of Torch7. Raises InputError, OutOfMemory."""
    if others:
        raise InputError("VRN takes no colour network.", fix="Import it without --color.")
    try:
        root = read_torch7(source)
        if not isinstance(root, TorchObject):
            raise InputError(f'"{source.name}" holds no network.', fix=WRONG_FILE)
        layers, tensors = taken_from(root, source.name)
    except OSError as error:
        raise InputError(
            f'"{source.name}" cannot be read: {error.strerror or error}.', fix="Choose another file."
        ) from error
    except MemoryError as error:
        raise OutOfMemory(f'"{source.name}" does not fit into memory.', fix="Close other programs.") from error
    return tensors, LayerSettings(layers)


def _unreadable(name: str, head: bytes, reason: str) -> InputError:
    asked = re.search(r"\bGLOBAL ([\w.]+)", reason)
    if asked:
        return InputError(
            f'"{name}" asks for {asked[1]}, which weights have no need of: it may want to run code. It was not run.',
            fix="Do not use this file; get one from the authors of the model.",
        )
    if not (head.startswith(ZIP) or head == LEGACY):
        return InputError(f'"{name}" is no checkpoint of torch.', fix=KNOWN)
    return InputError(f'"{name}" is damaged or cut short.', fix=WRONG_FILE)


def _collect(source: Path, color: Path | None = None):
    """Family, tensors by their names in our file, and options (a Namespace or None). Raises InputError."""
    content = read_checkpoint(source)
    if isinstance(content, dict) and "model_state_dict" in content:
        if color is not None:
            raise InputError("PIFuHD takes no colour network.", fix="Import it without --color.")
        return PIFuHDModel, _tensors(content["model_state_dict"], source.name), content.get("opt_netG")
    shape = _tensors(content, source.name)
    if "image_filter.model.1.weight" in shape:
        raise InputError(f'"{source.name}" is a colour network.', fix="Give net_G first, and this after --color.")
    tensors = {SHAPE + name: tensor for name, tensor in shape.items()}
    if color is not None:
        found = _tensors(read_checkpoint(color), color.name)
        if "image_filter.model.1.weight" not in found:
            raise InputError(f'"{color.name}" is no colour network of PIFu.', fix="Give net_C after --color.")
        tensors |= {COLOR + name: tensor for name, tensor in found.items()}
    return PIFuModel, tensors, None


def _tensors(state, file: str) -> dict[str, Tensor]:
    """A state dict whose entries are what they seem. Raises InputError."""
    if not isinstance(state, dict) or not any(isinstance(value, Tensor) for value in state.values()):
        raise InputError(f'"{file}" holds no weights of PIFuHD or PIFu.', fix=KNOWN)
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise InputError(f'In "{file}" the entry {name} is no tensor.', fix=WRONG_FILE)
        usual = value.layout is torch.strided and value.device.type == "cpu" and value.is_floating_point()
        # A tensor can claim to be larger than what the file holds of it.
        if not usual or value.untyped_storage().nbytes() < value.numel() * value.element_size():
            raise InputError(f'In "{file}" the tensor {name} is no plain array of numbers.', fix=WRONG_FILE)
    return dict(state)


def _settings(options, given: dict, file: str, expected: bool) -> tuple[Settings, list[str]]:
    """Settings out of the file's options, and notes on what had to be assumed although the file should say it."""
    found, notes = {}, []
    said = vars(options) if isinstance(options, argparse.Namespace) else {}
    if said.get("hg_down", "ave_pool") != "ave_pool":
        raise InputError(
            f'"{file}" was trained with hg_down = {said["hg_down"]}; only ave_pool is supported.', fix=WRONG_FILE
        )
    for ours, theirs in (("load_size", "loadSize"), ("z_size", "z_size")):
        if given[ours] is not None:
            found[ours] = given[ours]
        elif theirs in said:
            found[ours] = said[theirs]
        elif expected:
            notes.append(f"The file does not say opt_netG.{theirs}: taken as {getattr(Settings, ours)}.")
    return Settings(**found), notes


def _check_values(tensors: dict[str, Tensor], file: str) -> None:
    """Raises InputError naming the first tensors with values that are not numbers."""
    bad = [name for name, tensor in tensors.items() if not math.isfinite(tensor.sum(dtype=torch.float64))]
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise InputError(
            f'In "{file}" the tensor {bad[0]}{more} holds values that are not numbers (NaN or infinite).',
            fix=WRONG_FILE,
        )


def _separate(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as float32, none of them sharing memory, as safetensors wants them."""
    result, taken = {}, set()
    for name, tensor in tensors.items():
        tensor = tensor.detach().float().contiguous()
        place = tensor.untyped_storage().data_ptr()
        result[name] = tensor.clone() if place in taken else tensor
        taken.add(place)
    return result


def _write(path: Path, write) -> None:
    """Have a file written beside its place, then renamed into it. Raises InputError."""
    beside = path.with_name(f".new-{os.getpid()}{path.suffix}")  # short: names may be as long as the disk allows
    try:
        beside.touch()
        mode = beside.stat().st_mode
        write(beside)
        beside.chmod(mode)  # safetensors makes files that only their owner may read
        os.replace(beside, path)
    except (OSError, SafetensorError) as error:
        raise cannot_write(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
