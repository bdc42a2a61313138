# SPDX-License-Identifier: GPL-3.0-or-later
"""MakeHuman's files: meshes (.obj) and how a piece hangs on the base mesh (.mhclo)."""

from pathlib import Path

import numpy as np


def read_obj(path: Path) -> dict[str, np.ndarray]:
    """Read a Wavefront file: positions, uv, faces and face_uv (F, 4), -1 last in a triangle, group (F,)."""
    positions, uv, faces, face_uv, groups, names = [], [], [], [], [], {}
    group = 0
    for line in path.read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            positions.append([float(x) for x in rest.split()[:3]])
        elif word == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif word == "g":
            group = names.setdefault(rest.strip(), len(names))
        elif word == "f":
            corners = [corner.split("/") for corner in rest.split()]
            if len(corners) not in (3, 4):
                raise ValueError(f"{path}: a face with {len(corners)} corners")
            faces.append([int(c[0]) - 1 for c in corners] + [-1] * (4 - len(corners)))
            face_uv.append([int(c[1]) - 1 if len(c) > 1 and c[1] else 0 for c in corners] + [-1] * (4 - len(corners)))
            groups.append(group)
    return {
        "positions": np.asarray(positions, np.float32),
        "uv": np.asarray(uv, np.float32).reshape(-1, 2),
        "faces": np.asarray(faces, np.int32),
        "face_uv": np.asarray(face_uv, np.int32),
        "groups": np.asarray(groups, np.int16),
        "group_names": np.asarray(list(names)),
    }


def read_fit(path: Path) -> dict[str, np.ndarray]:
    """Read a .mhclo fit file: where each vertex hangs on the base mesh, and which base vertices it hides."""
    lines = iter(path.read_text().splitlines())
    scale_vertices, scale_reference = np.zeros((3, 2), np.int32), np.ones(3, np.float32)
    rows: list[list[float]] = []
    hidden: list[int] = []
    section = ""
    for line in lines:
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("x_scale", "y_scale", "z_scale"):
            axis = "xyz".index(words[0][0])
            scale_vertices[axis], scale_reference[axis] = [int(w) for w in words[1:3]], float(words[3])
        elif words[0] in ("verts", "delete_verts"):
            section = words[0]
        elif section == "verts" and words[0].isdigit():
            if len(words) == 1:
                words = [words[0], words[0], words[0], "1", "0", "0", "0", "0", "0"]
            rows.append([float(w) for w in words])
        elif section == "delete_verts" and words[0].isdigit():
            hidden += _ranges(words)
    table = np.asarray(rows, np.float32)
    return {
        "fit_vertices": table[:, :3].astype(np.int32),
        "fit_weights": table[:, 3:6],
        "fit_offsets": table[:, 6:9],
        "scale_vertices": scale_vertices,
        "scale_reference": scale_reference,
        "hidden": np.asarray(sorted(set(hidden)), np.int32),
    }


def _ranges(words: list[str]) -> list[int]:
    numbers: list[int] = []
    through = False
    for word in words:
        if word == "-":
            through = True
        elif through:
            numbers += range(numbers[-1] + 1, int(word) + 1)
            through = False
        else:
            numbers.append(int(word))
    return numbers


def vertex_uv(mesh: dict[str, np.ndarray]) -> np.ndarray:
    """One uv a vertex (V, 2): the last corner's, good enough where colour is kept per vertex."""
    uv = np.zeros((len(mesh["positions"]), 2), np.float32)
    if len(mesh["uv"]):
        corner = mesh["faces"] >= 0
        uv[mesh["faces"][corner]] = mesh["uv"][mesh["face_uv"][corner]]
    return uv
