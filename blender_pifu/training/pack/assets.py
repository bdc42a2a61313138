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

from ..people.mesh_files import read_fit, read_obj, vertex_uv

ASSETS = Path(__file__).parents[1] / "assets"
LICENCE = "CC0-1.0"
SOURCE = (
    "MakeHuman assets (released as CC0 in September 2020 by Data Collection AB, Joel Palmius, Jonas Hauquier) and MPFB2"
)


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
