# SPDX-License-Identifier: GPL-3.0-or-later
"""Which device does the work."""

import errno
from typing import Any, TypeVar

import cv2
import torch

from .errors import DeviceError

N = TypeVar("N", bound=torch.nn.Module | torch.Tensor)
DEVICES = ("auto", "cuda", "xpu", "mps", "cpu")


def available_devices() -> list[str]:
    """The names of this machine's usable devices, the best first. A ROCm build of torch calls its device cuda."""
    checks = {
        "cuda": torch.cuda.is_available,
        "xpu": torch.xpu.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    return [name for name, check in checks.items() if check()]


def pick_device(name: str = "auto") -> torch.device:
    """The torch device of a name out of DEVICES. Raises DeviceError for another name or a device that is not there."""
    usable = available_devices()
    if name == "auto":
        return torch.device(usable[0])
    if name not in DEVICES:
        raise DeviceError(f'There is no device called "{name}".', fix=f"Choose {_either(DEVICES)}.")
    if name not in usable:
        raise DeviceError(
            f'The device "{name}" is not usable on this machine with the installed torch.',
            fix=f"Choose {_either(['auto', *usable])}, or install again for that device.",
        )
    return torch.device(name)


def placed(network: N, device: torch.device | str) -> N:
    """A network, or weights of a convolution (4 dimensions), on a device, laid out as its convolutions are quickest. On
    a CPU that is with channels last, a third less time; what they give, is."""
    order = {"memory_format": torch.channels_last} if torch.device(device).type == "cpu" else {}
    move: Any = network.to
    return move(device, **order)


def empty_cache(device: torch.device) -> None:
    """Give memory that torch keeps for later back to the device."""
    if device.type != "cpu":
        getattr(torch, device.type).empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that the device's or the machine's memory is used up."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, cv2.error):
        return error.code == cv2.Error.StsNoMem
    words = ("out of memory", "allocate memory", "not enough memory", "can't start new thread")
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or (
        isinstance(error, (RuntimeError, ImportError)) and any(word in str(error).lower() for word in words)
    )


def is_lost(error: BaseException) -> bool:
    """Whether an exception says that the device itself failed: reset by its driver, unplugged, or in a broken state, in
    which it stays for as long as the process lives."""
    if is_out_of_memory(error) or not isinstance(error, RuntimeError):
        return False
    known = getattr(torch, "AcceleratorError", None)
    words = ("cuda error", "hip error", "cudnn error", "device lost", "device_lost", "mps backend")
    return (known is not None and isinstance(error, known)) or any(word in str(error).lower() for word in words)


def _either(names):
    return ", ".join(names[:-1]) + " or " + names[-1]
