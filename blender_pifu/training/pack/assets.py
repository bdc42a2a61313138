# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack MakeHuman's CC0 assets into the compact arrays the people generator reads.

`python -m blender_pifu.training.pack.assets SOURCE` where SOURCE holds MakeHuman's CC0 assets (`base/`, `clothes/`,
`hair/`, `eyebrows/`, `skin_masks/`); writes `training/assets/`: `body.npz`, one `.npz` a garment or hair style with its
texture beside it, and `ASSETS.json` naming licence, source and sha256 of every packed file.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np

ASSETS = Path(__file__).with_name("assets")
LICENCE = "CC0-1.0"
SOURCE = (
    "MakeHuman assets (released as CC0 in September 2020 by Data Collection AB, Joel Palmius, Jonas Hauquier) and MPFB2"
)


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


def pack_body(source: Path, target: Path) -> None:
    """Body sampler, base mesh faces by group, and grey skin masks sampled at the vertices."""
    mesh = read_obj(source / "base" / "base.obj")
    sampler = np.load(source / "base" / "body_pca60.npz", allow_pickle=False)
    uv = vertex_uv(mesh)
    masks = {}
    for path in sorted((source / "skin_masks").glob("mpfb_*.jpg")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        rows = np.clip(((1 - uv[:, 1]) * grey.shape[0]).astype(int), 0, grey.shape[0] - 1)
        columns = np.clip((uv[:, 0] * grey.shape[1]).astype(int), 0, grey.shape[1] - 1)
        masks["mask_" + path.stem.removeprefix("mpfb_").replace("-", "_")] = grey[rows, columns]
    np.savez_compressed(
        target / "body.npz",
        faces=mesh["faces"],
        face_groups=mesh["groups"],
        group_names=mesh["group_names"],
        **masks,
        **{name: sampler[name] for name in sampler.files},
    )


def _obj_name(fit: Path) -> str:
    return next(line.split()[1] for line in fit.read_text().splitlines() if line.startswith("obj_file"))


def pack_piece(folder: Path, fit: Path, target: Path) -> None:
    """One garment, hair style or pair of brows."""
    mesh = read_obj(folder / _obj_name(fit))
    np.savez_compressed(
        target / f"{fit.stem}.npz",
        faces=mesh["faces"].astype(np.int16 if len(mesh["positions"]) < 32768 else np.int32),
        uv=vertex_uv(mesh).astype(np.float16),
        **read_fit(fit),
    )
    for texture in sorted(folder.glob("*_diffuse.*")) + sorted(folder.glob("eyebrow*.png")):
        shutil.copyfile(texture, target / f"{fit.stem}{texture.suffix}")


def pack(source: Path, target: Path) -> None:
    """Pack everything and write the list of what was packed."""
    for kind in ("clothes", "hair", "eyebrows"):
        (target / kind).mkdir(parents=True, exist_ok=True)
        for folder in sorted((source / kind).iterdir()):
            for fit in sorted(folder.glob("*.mhclo")):
                pack_piece(folder, fit, target / kind)
    pack_body(source, target)
    shutil.copyfile(source / "LICENSE-CC0.md", target / "LICENSE-CC0.md")
    files = [p for p in sorted(target.rglob("*")) if p.is_file() and p.name != "ASSETS.json"]
    listing = {
        "licence": LICENCE,
        "source": SOURCE,
        "made_by": "python -m blender_pifu.training.pack.assets",
        "sha256": {p.relative_to(target).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files},
    }
    (target / "ASSETS.json").write_text(json.dumps(listing, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    pack(parser.parse_args().source, ASSETS)
