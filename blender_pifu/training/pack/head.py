# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack the heads that people can have, on the body's own vertices, and where a face's 468 marks lie on them.

Heads are drawn as the people of generation 4 get them (statistics of real faces, sliders, face types), all on one adult
body; what is left beside their mean are principal components. Sizes are those of the packed body, 1.7 m tall.
"""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ...engine.body.model import DATA
from ...engine.body.model import load_body as load_packed
from ...engine.errors import InputError
from ..people.body import ADULT_AGE, BASE_VERTICES, Shape, load_body
from ..people.face.faces import TARGETS, move_face
from ..people.library import Library, load_library
from .body import EYES, SKIN
from .cards import write_card

HEADS, SEED = 1500, 17
COMPONENTS = 50
LEAST_MOVE = 1e-4  # metres, of the standard deviation; what moves less stays
MARKS = "makehuman/mediapipe468_on_hm08.npz"
MARKS_SHA256 = "f2e2ef856fcaf27801babfb256d3d372c0af2cb7b1c14b2a40525061ec6becab"
LICENSE = "LICENSE-MIT-ICT-FaceKit.txt"
SOURCES = {
    "ICT-FaceKit": "https://github.com/ICT-VGL/ICT-FaceKit at da5f95a607f5e6b37755b38d3385d7f2853732e5, identities 0 "
    "to 59: MIT, Copyright (c) 2020 USC Institute for Creative Technologies (text in " + LICENSE + ")",
    "MakeHuman": "base mesh, sliders and face types, PyPI package makehuman 1.3.2: CC0-1.0",
    "MediaPipe": "where the points of face_landmark_with_attention lie on the base mesh: Apache-2.0, The MediaPipe "
    "Authors (text in LICENSE-APACHE-2.0.txt)",
}


def pack_head(assets: Path, target: Path = DATA) -> dict:
    """Write head.safetensors, its card, which is returned, and the licence's text. assets: the folder of the source
    assets. Raises InputError for what is missing or changed there."""
    library, marks = load_library(assets), _marks(assets)
    kept, size = _kept_rows()
    moves = _drawn_heads(library)[:, kept] * size
    mean = moves.mean(0)
    moves -= mean
    moved = np.flatnonzero(np.linalg.norm(moves.std(0), axis=1) > LEAST_MOVE)
    flat = moves[:, moved].reshape(len(moves), -1).astype(np.float64)
    variance, turned = np.linalg.eigh(flat @ flat.T / len(flat))
    variance, turned = variance[::-1][:COMPONENTS], turned[:, ::-1][:, :COMPONENTS]
    # Each component times its standard deviation: coefficients are standard normal.
    modes = (turned.T @ flat / np.sqrt(len(flat))).reshape(COMPONENTS, -1, 3)
    row_of = np.full(BASE_VERTICES, -1)
    row_of[kept] = np.arange(len(kept))
    arrays = {
        "vertices": moved.astype(np.uint16),
        "mean": mean[moved].astype(np.float32),
        "modes": modes.astype(np.float16),
        "mark_vertices": row_of[marks["tri"].astype(int)].astype(np.uint16),
        "mark_shares": marks["bary"].astype(np.float32),
        "mark_trust": marks["confidence"].astype(np.float32),
        "mark_groups": np.unique(marks["group"], return_inverse=True)[1].astype(np.uint8),
    }
    path = target / "head.safetensors"
    groups = json.dumps([str(name) for name in np.unique(marks["group"])])
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, {"groups": groups})
    shutil.copyfile(library.path("ict/LICENSE"), target / LICENSE)
    (target / LICENSE).chmod(0o644)
    left = (flat - turned @ (turned.T @ flat)).reshape(len(flat), -1, 3)
    return write_card(path, _about(np.sqrt((left**2).sum(2).mean()), variance.sum() * len(flat) / (flat**2).sum()))


def _about(error, explained):
    return {
        "name": "head",
        "what": f"{COMPONENTS} principal components of {HEADS} drawn heads on the vertices of body.safetensors, and "
        "the places of 468 face marks on them",
        "licence": "MIT and CC0-1.0; the places of the marks Apache-2.0",
        "source": SOURCES,
        "made_by": "python -m blender_pifu.training pack-face",
        "explained": round(float(explained), 4),
        "error_mm": round(1000 * float(error), 2),
    }


def _marks(assets: Path) -> dict[str, np.ndarray]:
    path = assets / MARKS
    if not path.is_file():
        raise InputError(f"{path} is missing.", "Give the folder that holds it as --assets.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != MARKS_SHA256:
        raise InputError(f"{path} is not the file it should be: its sha256 is not {MARKS_SHA256}.", "Fetch it again.")
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _kept_rows() -> tuple[np.ndarray, float]:
    """Vertices of the base mesh that the packed body has, in its order, and its head's size against theirs."""
    body = load_body()
    groups = list(body.arrays["group_names"])
    eyes = [np.unique(body.arrays["faces"][body.arrays["face_groups"] == groups.index(name)]) for name in EYES]
    kept = np.concatenate([np.arange(SKIN), *eyes])
    packed = load_packed()
    head = packed.arrays["face_region"].numpy()[: packed.vertices] > 128
    spans = [np.ptp(points[head], axis=0) for points in (packed.arrays["mean"].numpy()[: len(kept)], _adult()[kept])]
    return kept, float(np.mean(spans[0] / spans[1]))


def _adult() -> np.ndarray:
    """(19158, 3) the mean adult in rest, metres."""
    body = load_body()
    ages = body.phenotypes[:, body.phenotype_names.index("age")]
    flat = body.arrays["mean"] + body.samples[ages >= ADULT_AGE].mean(0) @ body.basis
    return flat[: 3 * BASE_VERTICES].reshape(-1, 3).astype(np.float32)


def _drawn_heads(library: Library) -> np.ndarray:
    """(HEADS, 19158, 3) what faces of their own make of the mean adult, metres."""
    body, rng, adult = load_body(), np.random.default_rng(SEED), _adult()
    library.arrays(TARGETS)
    found = np.empty((HEADS, BASE_VERTICES, 3), np.float32)
    for row in range(HEADS):
        phenotype = body.sample_shape(rng).phenotype
        while phenotype["age"] < ADULT_AGE:
            phenotype = body.sample_shape(rng).phenotype
        found[row] = move_face(library, Shape(adult, body.mean_heads, phenotype), rng) - adult
    return found
