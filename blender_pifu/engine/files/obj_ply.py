# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh as .obj (with .mtl and .png where there is a texture) and as binary .ply, quads kept.

Neither format says which way is up. Readers take an .obj to have Y up, and a .ply as it is: Z up in Blender.
"""

import numpy as np

from ...outputs import free_place
from ...result_file import Reconstruction
from ..surface.mesh import y_up

LONGEST_NAME = 240  # bytes of the 255 that disks allow, for what is added to it


def obj_files(result, path):
    """The files of a Reconstruction at `path` (.obj) with their contents, the one at `path` last: Y up, facing +Z.

    Material and picture have its name as far as their readers can find that, or a free one where other files have it.
    Vertices carry their colour as three more numbers, which Blender, MeshLab and others read.
    """
    files = {}
    lines = []
    names = result.slots.names if result.slots else ("Human",)
    if result.texture or result.slots:
        beside = {".png": result.texture.png} if result.texture else {}

        def written(place):
            return {**beside, ".mtl": _materials(names, f"{place.name}.png" if beside else None)}

        place = free_place(path.with_name(_name_in_text(path.stem)), written)
        beside = written(place)
        files |= {place.with_name(place.name + ending): content for ending, content in beside.items()}
        lines += [f"mtllib {place.name}.mtl"]
    positions = np.column_stack([y_up(result.vertices), result.colors / 255])
    lines += [f"v {x:.7g} {y:.7g} {z:.7g} {r:.4f} {g:.4f} {b:.4f}" for x, y, z, r, g, b in positions.tolist()]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in y_up(result.normals).tolist()]
    if result.texture:
        uvs, places = np.unique(result.texture.uv.reshape(-1, 2), axis=0, return_inverse=True)
        lines += [f"vt {u:.7g} {v:.7g}" for u, v in uvs.tolist()]
        places = places.reshape(result.faces.shape) + 1
        corners = zip((result.faces + 1).tolist(), places.tolist(), strict=True)
        faces = [
            "f " + " ".join(f"{v}/{t}/{v}" for v, t in zip(face, place, strict=True) if v) for face, place in corners
        ]
    else:
        faces = ["f " + " ".join(f"{v}//{v}" for v in face if v) for face in (result.faces + 1).tolist()]
    slots = result.slots.faces if result.slots else np.zeros(len(faces), np.uint8)
    for slot, name in enumerate(names):
        lines += [f"usemtl {_in_a_word(name)}"] if files else []
        lines += [faces[face] for face in np.flatnonzero(slots == slot)]
    files[path] = ("\n".join(lines) + "\n").encode()
    return files


def _name_in_text(stem: str) -> str:
    """A file's name as readers of .obj and .mtl find it: these end names at the end of a line and drop spaces round
    them. Short enough that a number may follow."""
    cut = " ".join(stem.split()).encode()[:LONGEST_NAME].decode(errors="ignore")
    return "".join(letter for letter in cut if letter.isprintable()).strip() or "human"


def _materials(names: tuple[str, ...], picture: str | None) -> bytes:
    """The contents of a .mtl whose base colour is that picture, where there is one."""
    about = "Kd 1 1 1\nKs 0.04 0.04 0.04\nNs 20\nillum 2\n" + (f"map_Kd {picture}\n" if picture else "")
    return "\n".join(f"newmtl {_in_a_word(name)}\n{about}" for name in names).encode()


def _in_a_word(name: str) -> str:
    """A material's name as readers that end it at a space find it."""
    return name.replace(" ", "_")


def ply_bytes(result: Reconstruction) -> bytes:
    """The contents of a binary .ply of a Reconstruction: Z up, facing -Y."""
    kinds = [("xyz", "<f4", 3), ("normal", "<f4", 3), ("rgba", "u1", 4)]
    vertices = np.zeros(len(result.vertices), np.dtype(kinds))
    vertices["xyz"], vertices["normal"] = result.vertices, result.normals
    vertices["rgba"] = np.column_stack([result.colors, np.full(len(result.colors), 255, np.uint8)])
    width = result.faces.shape[1]
    rows = np.zeros(len(result.faces), np.dtype([("count", "u1"), ("index", "<i4", width)]))
    rows["count"], rows["index"] = (result.faces >= 0).sum(1), result.faces
    used = np.arange(rows.itemsize) < 1 + 4 * rows["count"][:, None].astype(int)
    faces = rows.view(np.uint8).reshape(len(rows), -1)[used]
    properties = [f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")]
    properties += [f"property uchar {name}" for name in ("red", "green", "blue", "alpha")]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}", *properties]
    header += [f"element face {len(rows)}", "property list uchar int vertex_indices", "end_header", ""]
    return "\n".join(header).encode() + vertices.tobytes() + faces.tobytes()
