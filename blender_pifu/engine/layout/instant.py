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
POLL_S = 0.05

log = logging.getLogger(__name__)


def instant_quads(
    vertices: np.ndarray,
    faces: np.ndarray,
    face_count: int,
    extrinsic: bool = True,
    waiting: Callable[[], None] | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """About `face_count` quads (F, 4) int64 and their vertices (V, 3) float32 for a closed triangle mesh, or None where
    the library failed. They may leave holes and pinched vertices: see repair.py.

    waiting: called often meanwhile; what it raises stops the work.
    """
    with tempfile.TemporaryDirectory(prefix="blender_pifu_") as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        # The library makes a base mesh and splits each of its faces into quads: four of a quad.
        np.savez(
            source,
            vertices=vertices.astype(np.float32),
            faces=faces.astype(np.uint32),
            vertex_count=face_count // 4,
            extrinsic=extrinsic,
        )
        with open(Path(folder, "log"), "w+", encoding="utf-8", errors="replace") as output:
            child = subprocess.Popen(
                [sys.executable, "-I", CHILD, source, target],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
            try:
                while child.poll() is None:
                    time.sleep(POLL_S)
                    if waiting:
                        waiting()
            finally:
                child.kill()
                child.wait()
            if child.returncode or not target.exists():
                output.seek(0)
                log.warning("Instant Meshes ended with %s: %s", child.returncode, output.read()[-2000:])
                return None
        with np.load(target) as file:
            return file["vertices"], file["faces"].astype(np.int64)
