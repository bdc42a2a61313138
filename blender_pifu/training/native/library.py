# SPDX-License-Identifier: GPL-3.0-or-later
"""C files of the training code, compiled once by the machine's C compiler and called through ctypes."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from .folders import cache_folder

FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC")


@lru_cache(maxsize=8)
def library(source: Path, *flags: str) -> ctypes.CDLL:
    """Compile if this source was not yet compiled on this kind of processor; the library lies in the cache folder.
    `flags`: beside FLAGS."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise RuntimeError("Making training people needs a C compiler: install gcc (or clang, named cc) and try again.")
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    flags = (*FLAGS, *flags)
    native = subprocess.run([compiler, "-march=native", "-E", "-v", "-"], stdin=subprocess.DEVNULL, capture_output=True)
    key = hashlib.sha256(source.read_bytes() + " ".join(flags).encode() + native.stderr).hexdigest()[:16]
    built = folder / f"{source.stem}_{key}.so"
    if not built.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            beside = Path(scratch) / built.name
            run = subprocess.run([compiler, *flags, source, "-o", beside, "-lm"], capture_output=True, text=True)
            if run.returncode:
                raise RuntimeError(f"The C compiler {compiler} could not compile {source}:\n{run.stderr}")
            os.replace(beside, built)
    return ctypes.CDLL(str(built))


def call(functions: ctypes.CDLL, name: str, *arguments: np.ndarray | int | float | None) -> None:
    """Arrays go as pointers, int as int64_t, float as float."""
    kinds = {int: ctypes.c_int64, float: ctypes.c_float}
    given = [
        ctypes.c_void_p(None if a is None else a.ctypes.data)
        if a is None or isinstance(a, np.ndarray)
        else kinds[type(a)](a)
        for a in arguments
    ]
    getattr(functions, name)(*given)
