# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a CPython for the engine where the machine has none: uv, pinned by hash, and the Python it manages."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import zipfile
from pathlib import Path

from ..child import clean_environment
from .process import InstallError, run

UV = "0.13.8"
# sha256 of uv's wheels; pip refuses any other.
HASHES = (
    "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",  # Linux x86_64, glibc
    "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",  # Linux x86_64, musl
    "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",  # Linux aarch64
    "cfbc13020a64cdf2f116d2936824c38edbf41e5c07f1ea291baf02e31ebf3ed0",  # Windows amd64
    "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",  # macOS arm64
    "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",  # macOS x86_64
)
_DOWNLOAD_S = 900


def managed_python(version: str, home: Path, log: Path) -> Path:
    """Download CPython `version` ("3.11") into `home`/python and return its executable; raises InstallError."""
    uv = _uv(home / "uv", log)
    env = clean_environment(UV_PYTHON_INSTALL_DIR=str(home / "python"), UV_CACHE_DIR=str(home / "uv" / "cache"))
    env.setdefault("UV_HTTP_TIMEOUT", "30")
    command = [uv, "python", "install", version, "--no-bin", "--no-registry"]
    code, lines = run(command, log=log, env=env, cwd=home, timeout_s=_DOWNLOAD_S)
    if code:
        raise InstallError(f"Python {version} could not be downloaded: {_last(lines)}")
    code, lines = run([uv, "python", "find", "--managed-python", "--no-project", version], log=log, env=env, cwd=home)
    if code:
        raise InstallError(f"The downloaded Python {version} was not found again: {_last(lines)}")
    return Path(_last(lines))


def _uv(folder: Path, log: Path) -> Path:
    name = "uv.exe" if os.name == "nt" else "uv"
    program = folder / UV / name
    if program.exists():
        return program
    downloads = folder / "download"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    pins = downloads / "uv.txt"
    pins.write_text(f"uv=={UV}" + "".join(f" --hash=sha256:{digest}" for digest in HASHES) + "\n", encoding="utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--timeout=30", "--retries=1"]
    code, lines = run([*_pip(log), "download", *options, "-r", pins, "-d", downloads], log=log, timeout_s=_DOWNLOAD_S)
    if code:
        raise InstallError(f"uv {UV}, which brings Python, could not be downloaded: {_last(lines)}")
    with zipfile.ZipFile(next(downloads.glob("uv-*.whl"))) as wheel:
        inside = next(item for item in wheel.namelist() if item.endswith(f".data/scripts/{name}"))
        fresh = downloads / name
        fresh.write_bytes(wheel.read(inside))
    fresh.chmod(0o755)
    program.parent.mkdir(exist_ok=True)
    fresh.replace(program)
    shutil.rmtree(downloads)
    return program


def _pip(log: Path) -> list[str]:
    """A pip to download with: this Python's own, else the wheel that `ensurepip` carries, run as it lies there."""
    python = [sys.executable, "-I", "-u"]
    if run([*python, "-m", "pip", "--version"], log=log, timeout_s=60)[0] == 0:
        return [*python, "-m", "pip"]
    found = importlib.util.find_spec("ensurepip")
    bundled = sorted(Path(found.origin).parent.glob("_bundled/pip-*.whl")) if found and found.origin else []
    if not bundled:
        raise InstallError("This Python has neither pip nor ensurepip to download with.")
    return [*python, str(bundled[-1] / "pip")]


def _last(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "no reason was given")
