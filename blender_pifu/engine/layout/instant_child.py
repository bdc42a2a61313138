# SPDX-License-Identifier: GPL-3.0-or-later
"""Run as a process of its own by instant.py: `python instant_child.py IN.npz OUT.npz`."""

import sys

import numpy as np
from pynanoinstantmeshes import remesh


def main(source, target):
    """Remesh the triangles in `source` into quads in `target`."""
    with np.load(source, allow_pickle=False) as file:
        given = {name: file[name] for name in ("vertices", "faces")}
        vertex_count, extrinsic = int(file["vertex_count"]), bool(file["extrinsic"])
    # Deterministic: its parallel collapses are otherwise ordered by chance. Pure quads are the default.
    vertices, faces = remesh(
        given["vertices"], given["faces"], vertex_count=vertex_count, extrinsic=extrinsic, deterministic=True
    )
    np.savez(target, vertices=vertices, faces=faces)


if __name__ == "__main__":
    main(*sys.argv[1:])
