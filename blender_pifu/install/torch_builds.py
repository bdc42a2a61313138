# SPDX-License-Identifier: GPL-3.0-or-later
"""Which build of PyTorch fits this machine, and where to look for its wheel."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..child import clean_environment
from .process import InstallError

TORCH = "2.13.0"
# PyTorch's own wheel site: the general package index carries one build for each platform, this one carries them all.
PYTORCH_WHEELS = "https://download.pytorch.org/whl/"
DEVICES = ("auto", "cuda", "rocm", "xpu", "mps", "cpu")

_NEWEST_CUDA, _OLD_CUDA, _ROCM = "cu130", "cu126", "rocm7.2"
_DOWNLOAD_MB = {"cpu": 250, "mps": 150, "cu": 3200, "rocm": 5500, "xpu": 2600}
_DISK_MB = {"cpu": 1700, "mps": 1400, "cu": 8500, "rocm": 17000, "xpu": 8000}


@dataclass(frozen=True)
class Build:
    """A build of PyTorch: the device it computes on, the label its version carries, and why it was chosen."""

    device: str
    label: str
    reason: str

    @property
    def download_mb(self) -> int:
        """About how much is downloaded for it."""
        return _by_label(_DOWNLOAD_MB, self.label)

    @property
    def disk_mb(self) -> int:
        """About how much room the engine's environment needs with it, downloads included."""
        return _by_label(_DISK_MB, self.label)


def installation_mb(device: str) -> tuple[int, int]:
    """About how many MB are downloaded for `device` (none of them "auto"), and how many it takes on the disk."""
    build = Build(device, "cu" if device == "cuda" else device, "")
    return build.download_mb, build.disk_mb


def choose(device: str) -> Build:
    """The build for `device` on this machine; "auto" takes a graphics card where there is a usable one.

    Raises InstallError if PyTorch does not exist for that device on this system.
    """
    system, machine = platform.system(), platform.machine().lower()
    if system == "Darwin":
        if machine != "arm64":
            raise InstallError(
                f"PyTorch {TORCH} does not exist for Macs with Intel processors.", "Use a Mac with Apple silicon."
            )
        if device not in ("auto", "mps", "cpu"):
            raise InstallError(f"A Mac has no {device} device.", "Use --device mps or --device cpu.")
        return Build("cpu", "cpu", "asked for") if device == "cpu" else Build("mps", "mps", "Apple silicon")
    if device == "mps" or (device in ("rocm", "xpu") and machine not in ("x86_64", "amd64")):
        raise InstallError(f"There is no PyTorch for {device} on {system} {machine}.", "Use --device auto.")
    if device == "rocm" and system != "Linux":
        raise InstallError(f"PyTorch {TORCH} for ROCm exists for Linux alone.", "Use --device cpu.")
    if device in ("auto", "cuda"):
        found = from_nvidia(_nvidia_cards(), machine)
        if found.device == "cuda" or device == "auto" and found.reason:
            return found
        if device == "cuda":
            return Build("cuda", _NEWEST_CUDA, "asked for; no NVIDIA driver was found")
    if device == "rocm" or device == "auto" and system == "Linux" and machine == "x86_64" and _has_rocm():
        return Build("rocm", _ROCM, "AMD graphics card")
    if device == "xpu" or device == "auto" and system == "Linux" and machine == "x86_64" and _has_xpu():
        return Build("xpu", "xpu", "Intel graphics card")
    return Build("cpu", "cpu", "asked for" if device == "cpu" else "no usable graphics card was found")


def from_nvidia(cards: str, machine: str) -> Build:
    """The build for what `nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader` printed.

    CUDA 13 needs driver 580 and a card from 2018 on (compute 7.5); CUDA 12.6 serves older drivers and cards.
    """
    parsed = []
    for line in cards.splitlines():
        parts = [part.strip() for part in line.rsplit(",", 2)]
        try:
            parsed.append((float(parts[2]), int(parts[1].split(".")[0]), parts[0]))
        except (IndexError, ValueError):
            continue
    if not parsed:
        return Build("cpu", "cpu", "")
    compute, driver, name = max(parsed)
    is_arm = machine in ("aarch64", "arm64")
    if driver >= 580 and compute >= (8.0 if is_arm else 7.5):
        return Build("cuda", _NEWEST_CUDA, name)
    if driver >= 528 and (8.0 if is_arm else 5.0) <= compute < 10:
        return Build("cuda", _OLD_CUDA, name)
    if compute >= 5.0:
        return Build("cpu", "cpu", f"the driver {driver} of {name} is too old for PyTorch {TORCH}: update it to 580")
    return Build("cpu", "cpu", f"{name} is too old for PyTorch {TORCH}")


def wheel_choices(label: str, system: str, offline: bool) -> list[tuple[str, list[str]]]:
    """(requirement, pip options) to try in turn, what the user's own pip settings find before the vendor's site.

    A plain `==` would also be met by a build with another label, so `===` asks for the unlabelled one.
    """
    labelled, unlabelled = f"torch=={TORCH}+{label}", f"torch==={TORCH}"
    if system == "Darwin":
        return [(f"torch=={TORCH}", [])]
    if offline:  # the folder holds what the studio chose
        return [(labelled, []), (f"torch=={TORCH}", [])]
    # A network that swallows the vendor's site must not hold an artist up for minutes.
    vendor = (labelled, ["--extra-index-url", PYTORCH_WHEELS + label, "--timeout=30", "--retries=2"])
    # The general index has CUDA 13 for Linux and CPU for Windows under the bare version number.
    bare = {"Linux": _NEWEST_CUDA, "Windows": "cpu"}.get(system)
    return [(labelled, []), (unlabelled, []), vendor] if label == bare else [(labelled, []), vendor]


def _by_label(table: dict[str, int], label: str) -> int:
    return next(value for prefix, value in table.items() if label.startswith(prefix))


def _nvidia_cards() -> str:
    program = shutil.which("nvidia-smi")
    if not program:
        return ""
    command = [program, "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, env=clean_environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode("utf-8", "replace") if answer.returncode == 0 else ""


def _has_rocm() -> bool:
    nodes = Path("/sys/class/kfd/kfd/topology/nodes").glob("*/properties")
    return any(
        line.split()[0] == "gfx_target_version" and line.split()[1] != "0"
        for node in nodes
        for line in node.read_text().splitlines()
        if len(line.split()) == 2
    )


def _has_xpu() -> bool:
    return any(Path("/sys/bus/pci/drivers/xe").glob("0000:*"))
