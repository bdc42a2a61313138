# SPDX-License-Identifier: GPL-3.0-or-later
"""Field-aligned quads by Instant Meshes (Jakob et al. 2015, "Instant Field-Aligned Meshes"), in a process of its own.

Apart because the library prints on standard output, cannot be cancelled, and would take the engine with it if it fell.
"""

import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

CHILD = Path(__file__).with_name("instant_child.py")
POLL_S = 0.01

log = logging.getLogger(__name__)


class Remeshing:
    """One run of the library, from now on."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, face_count: int, extrinsic: bool = True):
        """About `face_count` quads are to be made of a closed triangle mesh, vertices (V, 3) and faces (F, 3)."""
        self._folder = tempfile.TemporaryDirectory(prefix="blender_pifu_")
        source, self._target = Path(self._folder.name, "in.npz"), Path(self._folder.name, "out.npz")
        # The library makes a base mesh and splits each of its faces into quads: four of a quad.
        np.savez(
            source,
            vertices=vertices.astype(np.float32),
            faces=faces.astype(np.uint32),
            vertex_count=face_count // 4,
            extrinsic=extrinsic,
        )
        self._output = open(Path(self._folder.name, "log"), "w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._child = subprocess.Popen(
            [sys.executable, "-I", CHILD, source, self._target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._output,
        )

    def result(self, waiting: Callable[[], None] | None = None) -> tuple[np.ndarray, np.ndarray] | None:
        """The quads (F, 4) int64 and their vertices (V, 3) float32, or None where the library failed. They may leave
        holes and pinched vertices: see repair.py. waiting: called often meanwhile; what it raises stops the work."""
        try:
            while self._child.poll() is None:
                time.sleep(POLL_S)
                if waiting:
                    waiting()
            if self._child.returncode or not self._target.exists():
                self._output.seek(0)
                words = self._output.read()[-2000:]
                log.warning("Instant Meshes ended with %s: %s", self._child.returncode, words)
                return None
            with np.load(self._target, allow_pickle=False) as file:
                return file["vertices"], file["faces"].astype(np.int64)
        finally:
            self.stop()

    def stop(self) -> None:
        """End the work, whatever it has come to, and take away its files."""
        self._child.kill()
        self._child.wait()
        self._output.close()
        self._folder.cleanup()


def instant_quads(
    vertices: np.ndarray,
    faces: np.ndarray,
    face_count: int,
    extrinsic: bool = True,
    waiting: Callable[[], None] | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The result of a Remeshing, waited for."""
    return Remeshing(vertices, faces, face_count, extrinsic).result(waiting)
