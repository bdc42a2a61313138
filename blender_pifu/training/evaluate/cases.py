# SPDX-License-Identifier: GPL-3.0-or-later
"""What weights are judged on: held-out synthetic people, and folders with a photo and a scan."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as count_up
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import trimesh

from ...engine.errors import InputError
from ...engine.reading.crop import Crop
from ...engine.reading.matte import Matte
from ...engine.reading.person_cut import PersonCut
from ...engine.reading.photo import load_photo
from ...engine.subject.figure import Figures
from ...engine.subject.lens import Lens
from ..data.glance import read
from ..data.sample import GENERATION, KINDS, is_whole, make_scene
from ..data.truth import LIFT, inside, winding
from ..native.folders import cache_folder
from ..people.person import pose_kind
from ..people.topology import compact
from .measures.face_error import bare_face
from .measures.metrics import normal_views

PHOTO_PX = 512  # models are given this resampled to their own size
VOLUME_POINTS = 20000
FORMAT = {3: 3, 4: 4}  # of the cached cases of a generation: raise it when what is in them changes
MAPS = (
    *("front_depth", "back_depth", "front_normals", "back_normals", "back_rgb"),
    # Which not every generation of people has:
    *("labels_front", "labels_back", "albedo_front", "albedo_back"),
)
SPLITS = {"test": 50, "hard": 30}  # people scored by default


@dataclass(frozen=True)
class Case:
    """One person to judge by: `rgb` and `mask` (PHOTO_PX) as `sample.fields`, and the truth in field space: the outer
    surface `vertices (V, 3)`, `faces (F, 3)`, `volume (VOLUME_POINTS, 3)` and whether each is `solid`, and `views` (see
    `metrics.normal_views`). `scale`: field units a metre. `maps`: drawn truth of the photo's pixels (those of MAPS that
    the sample has, as `sample.fields`), or None where the truth has another place and size than the photo, so that
    results must be aligned first. `landmarks`: as the engine reads them in the photo, see `landmarks_in`. None of
    scans: `lens`, of the camera that took the photo; `marks (33, 3)`, where landmarks truly are, field space;
    `garments`, their kind; `face (N, 3)`, points of it, see `face_error.bare_face`."""

    name: str
    kind: str
    rgb: np.ndarray
    mask: np.ndarray
    vertices: np.ndarray
    faces: np.ndarray
    volume: np.ndarray
    solid: np.ndarray
    views: np.ndarray
    scale: float
    maps: dict[str, np.ndarray] | None
    landmarks: np.ndarray | None
    lens: Lens | None = None
    marks: np.ndarray | None = None
    garments: str | None = None
    face: np.ndarray | None = None

    @property
    def cut(self) -> PersonCut:
        """The person as models take it."""
        return cut_of(self.rgb, self.mask, self.landmarks)


def cut_of(rgb: np.ndarray, mask: np.ndarray, landmarks: np.ndarray | None) -> PersonCut:
    """A sample's picture (PHOTO_PX) as models take it."""
    matte = Matte(mask.astype(np.float32) / 255, rgb)
    return PersonCut(matte, Crop(PHOTO_PX / 2, PHOTO_PX / 2, PHOTO_PX), landmarks)


def photo_sized(maps: torch.Tensor, size: int = PHOTO_PX) -> np.ndarray:
    """Drawn maps (1, C, h, w) on a picture's pixels: (size, size, C) float32, of one channel (size, size)."""
    planes = np.ascontiguousarray(maps[0].permute(1, 2, 0).float().cpu().numpy())
    return cv2.resize(planes, (size, size), interpolation=cv2.INTER_LINEAR)


def split_seeds(split: str, generation: int = GENERATION) -> Iterator[int]:
    """Seeds of whole people of the test set, for "hard" those in hard poses; nobody is built."""
    for seed in count_up():
        if is_whole(seed, "test", generation) and (split == "test" or pose_kind(seed, "test") == split):
            yield seed


def split_case(seed: int, generation: int = GENERATION, assets: Path | None = None) -> Case:
    """The whole test person of a seed, from the cache folder if it was asked for before; generation and assets: as
    `make_scene`."""
    folder = cache_folder() / f"cases_g{generation}_{FORMAT[generation]}"
    path = folder / f"{seed:05d}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as pack:
            return _unpacked({name: pack[name] for name in pack.files})
    scene = make_scene(seed, "test", PHOTO_PX, generation, assets)
    sample = scene.sample
    truth = truth_arrays(scene.vertices, scene.faces, scene.alpha)
    arrays = {
        "name": np.array(f"{seed:05d}"),
        "kind": np.array(KINDS[int(sample["kind"])]),
        **{name: sample[name] for name in ("rgb", "mask", "scale")},
        "nearness": np.float32(scene.nearness),
        "marks": scene.landmarks,
        "garments": np.array(scene.person.garments),
        **{f"map_{name}": sample[name] for name in MAPS if name in sample},
        **truth,
        "face": bare_face(scene, (truth["vertices"], truth["faces"])),
    }
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{seed:05d}.{os.getpid()}.new.npz"
    np.savez(beside, **arrays)
    os.replace(beside, path)
    return _unpacked(arrays)


def _unpacked(arrays: dict[str, np.ndarray]) -> Case:
    maps = {name[4:]: arrays.pop(name) for name in list(arrays) if name.startswith("map_")}
    name, kind, scale = str(arrays.pop("name")), str(arrays.pop("kind")), float(arrays.pop("scale"))
    garments = str(arrays.pop("garments")) if "garments" in arrays else None
    views = arrays.pop("views").astype(np.float32) / 127
    nearness = arrays.pop("nearness", None)
    lens = None if nearness is None else Lens(float(nearness))
    others: dict[str, Any] = arrays
    read_in = read(arrays["rgb"])
    plain = {"scale": scale, "garments": garments}
    return Case(name, kind, **others, **plain, views=views, maps=maps or None, landmarks=read_in, lens=lens)


def truth_arrays(vertices: np.ndarray, faces: np.ndarray, alpha: np.ndarray | None) -> dict[str, np.ndarray]:
    """Outer surface, volume points and views of a mesh in field space; views as int8. ValueError without a surface."""
    views = np.round(normal_views(vertices, faces, alpha) * 127).astype(np.int8)
    volume = np.random.default_rng(0).uniform(vertices.min(0), vertices.max(0), (VOLUME_POINTS, 3)).astype(np.float32)
    solid = inside(vertices, faces, volume)
    corners = vertices[faces].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    # Just above the outer surface the winding number is 0, and so 1 below; under a garment it is more.
    outer = np.abs(winding(vertices, faces, corners.mean(1) + LIFT * normals)) < 0.5
    if not outer.any():
        raise ValueError("the mesh encloses nothing: its faces may look inwards")
    touched = np.zeros(
        len(vertices), bool
    )  # with the faces round them: else the seams between layers are full of holes
    touched[faces[outer]] = True
    outer_faces, used = compact(faces[touched[faces].any(1)])
    return {"vertices": vertices[used], "faces": outer_faces, "volume": volume, "solid": solid, "views": views}


def folder_cases(folder: Path) -> Iterator[Case]:
    """A case from every folder in `folder` that holds `photo.png` (its alpha is the matte; without one ours is made)
    and `mesh.ply` (metres, Z up, facing -Y). Raises InputError."""
    paths = sorted(path.parent for path in folder.glob("*/mesh.ply"))
    if not paths:
        raise InputError(
            f"No case was found in {folder}.", fix="Give a folder of folders, each with a photo.png and a mesh.ply."
        )
    figures = Figures("cpu")
    for path in paths:
        figure = figures.cut_out(load_photo(path / "photo.png"))
        rgb, alpha = figure.cut(PHOTO_PX)
        try:
            mesh: Any = trimesh.load(path / "mesh.ply", force="mesh", process=False)
            vertices, scale = to_field(np.asarray(mesh.vertices))
            truth = truth_arrays(vertices, np.asarray(mesh.faces, np.int32), None)
        except (ValueError, IndexError) as error:
            raise InputError(
                f"{path / 'mesh.ply'} is no mesh of a person ({error}).", fix="Export it as triangles, faces outward."
            ) from error
        yield _unpacked(
            {
                "name": np.array(path.name),
                "kind": np.array("case"),
                "rgb": np.round(rgb * 255 * (alpha[..., None] > 0)).astype(np.uint8),
                "mask": np.round(alpha * 255).astype(np.uint8),
                "scale": np.asarray(scale, np.float32),
                **truth,
            }
        )


def to_field(vertices: np.ndarray) -> tuple[np.ndarray, float]:
    """Metres in Blender's axes -> field space, 1.8 units tall about the origin; and field units a metre."""
    turned = np.stack([vertices[:, 0], vertices[:, 2], -vertices[:, 1]], 1)
    low, high = turned.min(0), turned.max(0)
    scale = 1.8 / (high[1] - low[1])
    return ((turned - (low + high) / 2) * scale).astype(np.float32), float(scale)
