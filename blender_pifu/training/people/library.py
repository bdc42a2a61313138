# SPDX-License-Identifier: GPL-3.0-or-later
"""The asset library of people of generation 4: skins, masks, brows and face shapes in a folder outside the project.

`library.json` names every file with its sha256, licence and public origin; nothing is read that differs from it.
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from ...engine.errors import InputError

LIST = Path(__file__).with_name("library.json")


class Library:
    """A verified folder. Images are uint8, channels RGB(A); arrays as `np.load` gives them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files = json.loads(LIST.read_text())["files"]
        for name, entry in self.files.items():
            _verify(folder, name, entry)

    @lru_cache(maxsize=64)  # noqa: B019 - one library a process
    def image(self, name: str) -> np.ndarray:
        """(H, W) of grey ones, (H, W, 3) or (H, W, 4)."""
        found = cv2.imread(str(self.path(name)), cv2.IMREAD_UNCHANGED)
        return found if found.ndim == 2 else found[..., [2, 1, 0, 3][: found.shape[2]]]

    @lru_cache(maxsize=8)  # noqa: B019
    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """All arrays of an .npz file."""
        with np.load(self.path(name), allow_pickle=False) as pack:
            return {key: pack[key] for key in pack.files}

    def path(self, name: str) -> Path:
        """Where a listed file lies. KeyError for a file that was never verified."""
        self.files[name]
        return self.folder / name

    def names(self, prefix: str, suffix: str) -> list[str]:
        """Listed files whose names begin and end so, in order."""
        return sorted(name for name in self.files if name.startswith(prefix) and name.endswith(suffix))


def _verify(folder: Path, name: str, entry: dict) -> None:
    """InputError where a file is missing or not the one that the list names."""
    path, origin = folder / name, entry["origin"]
    source = ", ".join(str(origin[key]) for key in ("repository", "package", "commit", "path") if key in origin)
    if not path.is_file():
        raise InputError(f"{path} is missing.", f"Give the folder that holds it as --assets. It comes from: {source}.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != entry["sha256"]:
        raise InputError(
            f"{path} is not the file it should be: its sha256 is {found}, not {entry['sha256']}.",
            f"Fetch it again from: {source}.",
        )


@lru_cache(maxsize=2)
def load_library(folder: Path) -> Library:
    """The library in a folder, read and verified once a process. InputError names what is missing or changed."""
    return Library(folder)
