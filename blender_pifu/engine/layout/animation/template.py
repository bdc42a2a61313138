# SPDX-License-Identifier: GPL-3.0-or-later
"""The body model's own skin as a mesh to animate: quads, UVs, weights, expressions, and how firm its parts are."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import splu

from ...body.bones import BONES, FINGERS
from ...body.model import REGIONS, load_body
from ...body.weights import strongest
from ...surface.mesh import directed_edges

# Metres over which vertices move alike: features that the surface is too coarse to show keep their form.
STIFF_FACE, STIFF_HAND, STIFF_TOES, STIFF_REGION = 0.05, 0.05, 0.15, 0.05
TOES_CONFIDENCE = 0.5  # the surface shows shoes
EYE_SHARE = 0.97  # of the eye's radius at which the skin behind the lids becomes its front


@dataclass(frozen=True)
class Template:
    """faces (F, 4) int32; uv (F, 4, 2) float32; labels (V,) the bone that moves each vertex most; regions (V,) str, of
    model.REGIONS; face (V,) 0..1, with eyes and mouth; confidence (V,) 0..1 and stiff (V,) metres, see `wrap.Skin`;
    weight_bones, weights (V, 4) of the canonical bones; expressions: {name: offsets (V, 3) float32, metres of the model
    in rest}."""

    faces: np.ndarray
    uv: np.ndarray
    labels: np.ndarray
    regions: np.ndarray
    face: np.ndarray
    confidence: np.ndarray
    stiff: np.ndarray
    weight_bones: np.ndarray
    weights: np.ndarray
    expressions: dict[str, np.ndarray]

    @cached_property
    def rest(self) -> np.ndarray:
        """Where the mean body's skin rests, (V, 3) metres, field axes."""
        return load_body().mean[: len(self.labels)].numpy().astype(np.float64)

    def with_eyes(self, vertices: np.ndarray) -> np.ndarray:
        """The skin (V, 3) of `vertices` (skin and eyes, posed), the bags behind its lids laid on the fronts of the
        eyes: so it stays one closed piece, and has eyes."""
        count = len(self.labels)
        skin, eyes = vertices[:count].astype(np.float64), vertices[count:].astype(np.float64)
        rest_x = load_body().mean[count : count + len(eyes), 0].numpy()
        for side in (1, -1):
            eye = eyes[side * rest_x > 0]
            middle = eye.mean(0)
            radius = EYE_SHARE * np.linalg.norm(eye - middle, axis=1).mean()
            bag = np.flatnonzero((self.regions == "socket") & (side * load_body().mean[:count, 0].numpy() > 0))
            outward = self._spanned(skin, bag) - middle
            skin[bag] = middle + radius * outward / np.linalg.norm(outward, axis=1, keepdims=True)
        return skin.astype(np.float32)

    def _spanned(self, skin, bag):
        """Vertices `bag (B,)` of the skin as even as they go between those round them: (B, 3)."""
        start, end = directed_edges(self.faces)
        links = coo_matrix((np.ones(len(start)), (start, end)), (len(skin),) * 2).tocsr()
        laplacian = diags(links.sum(1).A1) - links
        rest = np.setdiff1d(np.arange(len(skin)), bag)
        return splu(laplacian[bag][:, bag].tocsc()).solve(-(laplacian[bag][:, rest] @ skin[rest]))


@lru_cache(maxsize=1)
def load_template() -> Template:
    """The packed body's skin. Raises ModelError."""
    body = load_body()
    count = body.skin_vertices
    solid = (body.faces < count).all(1)
    face_uv = body.arrays["face_uv"].numpy().astype(np.int64)[solid]
    labels = body.labels[:count]
    regions = np.array(REGIONS)[body.arrays["regions"].numpy()]
    face = body.arrays["face_region"].numpy()[:count] / 255
    face[np.isin(regions, ("mouth", "socket"))] = 1
    stiff = STIFF_FACE * face
    stiff[_moved_by(labels, ("hand", *FINGERS))] = STIFF_HAND
    stiff[_moved_by(labels, ("toe",))] = STIFF_TOES
    stiff[regions != "skin"] = STIFF_REGION
    confidence = np.where(regions == "skin", 1.0, 0.0)
    confidence[_moved_by(labels, ("toe",))] = TOES_CONFIDENCE
    weight_bones, weights = strongest(body.weights[:count].numpy())
    return Template(
        body.faces[solid],
        body.arrays["uv"].numpy()[face_uv],
        labels,
        regions,
        face,
        confidence,
        stiff,
        weight_bones,
        weights,
        _expressions(body, regions == "socket"),
    )


def bones_of_hands(sides: tuple[str, ...]) -> np.ndarray:
    """(52,) bool: the canonical bones of the hands of some sides (".L", ".R"), fingers included."""
    return np.array([bone.endswith(sides) and bone.startswith(("hand", *FINGERS)) for bone in BONES])


def moved_by_hands(template: Template, sides: tuple[str, ...]) -> np.ndarray:
    """(V,) 0..1, how far each vertex goes with the hands of some sides, fingers included."""
    return (template.weights * bones_of_hands(sides)[template.weight_bones]).sum(1)


@lru_cache(maxsize=1)
def hand_numbers() -> np.ndarray:
    """(V,) 1 and 2 of the skin's vertices on the left and on the right hand, 0 of others."""
    left, right = (moved_by_hands(load_template(), (side,)) > 0.5 for side in (".L", ".R"))
    return np.where(left, 1, np.where(right, 2, 0))


def _moved_by(labels, beginnings):
    return np.array([bone.startswith(beginnings) for bone in BONES])[labels]


def _expressions(body, still):
    """Offsets by name, field axes; `still (V,)` stays."""
    return {name: body.moves_of(name)[: body.skin_vertices] * ~still[:, None] for name in body.expressions}
