# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps that are the same for all skins: texture coordinates of the base mesh, where lips, nails, brows, the rims of the
lids and the hair's roots lie."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ...native.raster import rasterize
from ..body import Body, load_body
from ..clothes.pieces import fitted
from ..library import Library
from ..mesh_files import read_fit, read_obj
from ..topology import triangulate

FOLDER = "makehuman/"
SCALP_FROM = FOLDER + "skins/2048/middleage_darkskinned_male_diffuse.jpg"  # its hair ends clearly
MASK_PX, FRONT_PX = 1024, 1024
FRONT_M = 0.20  # side of the maps seen from the front, metres on the mean body


def look_up(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`image (H, W[, C])` bilinearly at pixel places x, y (P,), pixel centres on whole numbers; (P[, C]) float32."""
    if not len(x):
        return np.zeros((0, *image.shape[2:]), np.float32)
    wide = 1024  # OpenCV takes no image with a side over 32767
    spare = -len(x) % wide
    across, down = (np.pad(np.asarray(place, np.float32), (0, spare)).reshape(-1, wide) for place in (x, y))
    found = cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.reshape(-1, *image.shape[2:])[: len(x)].astype(np.float32)


def on_texture(image: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """`image` at texture coordinates `uv (P, 2)`, v up."""
    height, width = image.shape[:2]
    return look_up(image, uv[:, 0] * width - 0.5, (1 - uv[:, 1]) * height - 0.5)


@dataclass(frozen=True)
class SkinMaps:
    """`masks (s, s, 4)` uint8 on the texture: lips, eyelids, nails, hair's roots; `face (s, s)` uint8 likewise. Seen
    from the front of the mean body, about `centre (2,)` (x, z): `brows` (h, w, 2) uint8 a style: how dense and how
    light; `rim (h, w)` metres from the opening of the lids, negative inside."""

    masks: np.ndarray
    face: np.ndarray
    centre: np.ndarray
    brows: tuple[np.ndarray, ...]
    rim: np.ndarray

    def from_front(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        """`image` at `points (P, 3)` of the mean body, seen from the front."""
        at = (points[:, [0, 2]] - self.centre) / FRONT_M
        return look_up(image, (at[:, 0] + 0.5) * FRONT_PX - 0.5, (0.5 - at[:, 1]) * FRONT_PX - 0.5)


def corner_uv(library: Library, body: Body, group: str) -> np.ndarray:
    """Texture coordinates (T, 3, 2) of the corners of `body.group_faces(group)`."""
    uv, face_uv = _base_uv(library)
    index = list(body.arrays["group_names"]).index(group)
    return uv[triangulate(face_uv[body.arrays["face_groups"] == index])]


@lru_cache(maxsize=1)
def _base_uv(library: Library) -> tuple[np.ndarray, np.ndarray]:
    mesh = read_obj(library.path(FOLDER + "base/base.obj"))
    return mesh["uv"], mesh["face_uv"]


@lru_cache(maxsize=1)
def load_maps(library: Library) -> SkinMaps:
    """Made once a process."""
    body = load_body()
    masks = [_mask(library, name) for name in ("lips", "eyelids", "fingernails", "toenails")]
    masks = np.stack([masks[0], masks[1], np.maximum(masks[2], masks[3]), _roots(library)], 2)
    eyes = body.mean_vertices[np.unique(np.r_[body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])]
    centre = eyes.mean(0)[[0, 2]]
    names = library.names(FOLDER + "eyebrows/", ".png")
    brows = tuple(_brow(library, name, body, centre) for name in names)
    return SkinMaps(masks, _mask(library, "face"), centre, brows, _lid_rim(body, centre))


def _mask(library: Library, name: str) -> np.ndarray:
    whole = library.image(f"{FOLDER}skin_masks/mpfb_{name}.jpg")
    return cv2.resize(whole, (MASK_PX, MASK_PX), interpolation=cv2.INTER_AREA)


def _roots(library: Library) -> np.ndarray:
    """Where hair grows on a head that was photographed with short black hair: much darker than the face."""
    photo = cv2.resize(library.image(SCALP_FROM), (MASK_PX, MASK_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    grey = cv2.GaussianBlur(photo.mean(2), (0, 0), 2)
    face = np.median(photo.mean(2)[_mask(library, "face") > 128])
    roots = np.clip((0.78 - grey / face) / 0.2, 0, 1)
    head = np.zeros((MASK_PX, MASK_PX), np.float32)
    head[int(0.17 * MASK_PX) : int(0.87 * MASK_PX), int(0.63 * MASK_PX) :] = 1
    head[int(0.48 * MASK_PX) : int(0.56 * MASK_PX), : int(0.67 * MASK_PX)] = 0  # a leg's corner
    features = cv2.GaussianBlur((_mask(library, "face") > 250).astype(np.float32), (0, 0), 2)
    return np.round(255 * roots * head * (1 - features)).astype(np.uint8)


def _seen_from_front(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Metres -> the square of the maps from the front, as field space."""
    return np.stack([points[:, 0] - centre[0], points[:, 2] - centre[1], -points[:, 1]], 1) * (2 / FRONT_M)


def _brow(library: Library, name: str, body: Body, centre: np.ndarray) -> np.ndarray:
    """One pair of brows drawn from the front: how dense and how light, (h, w, 2) uint8."""
    texture = library.image(name)
    mesh, fit = (read(library.path(name[:-3] + kind)) for read, kind in ((read_obj, "obj"), (read_fit, "mhclo")))
    faces, face_uv = triangulate(mesh["faces"]), triangulate(mesh["face_uv"])
    places = fitted(fit, body.mean_vertices)
    split, uv = places[faces.ravel()], mesh["uv"][face_uv.ravel()]
    corners = np.arange(faces.size).reshape(-1, 3)
    index, weights, _ = rasterize(_seen_from_front(split, centre), corners, FRONT_PX)
    on = index >= 0
    w = np.append(weights[on], 1 - weights[on].sum(1, keepdims=True), axis=1)
    drawn = np.zeros((FRONT_PX, FRONT_PX, 2), np.uint8)
    texel = on_texture(texture, np.einsum("pk,pkc->pc", w, uv[corners[index[on]]]))
    drawn[on] = np.stack([texel[:, 3], texel[:, :3].mean(1)], 1).astype(np.uint8)
    return drawn


def _lid_rim(body: Body, centre: np.ndarray) -> np.ndarray:
    skin = body.group_faces("body")
    eyes = np.concatenate([body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])
    index, _, _ = rasterize(_seen_from_front(body.mean_vertices, centre), np.concatenate([skin, eyes]), FRONT_PX)
    eye = (index >= len(skin)).astype(np.uint8)
    out, inside = (cv2.distanceTransform(side, cv2.DIST_L2, 5) for side in (1 - eye, eye))
    return ((out - inside) * (FRONT_M / FRONT_PX)).astype(np.float32)
