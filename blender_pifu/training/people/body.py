# SPDX-License-Identifier: GPL-3.0-or-later
"""The parametric body: random shapes, facial actions and linear blend skinning of MakeHuman's CC0 base mesh.

Space: metres, z up, the person faces -y, the person's left is +x (Blender's). Rest pose: arms about 45 degrees down.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from .topology import triangulate

ASSETS = Path(__file__).parents[1] / "assets"
BASE_VERTICES = 19158
ADULT_AGE = 0.45  # MakeHuman's age scale: 0 a baby, 0.19 a child of about 12, 0.5 young adult, 1 old


@dataclass(frozen=True)
class Shape:
    """One body in rest pose. `vertices: (19158, 3)`, `heads: (104, 3)` bone heads, both metres."""

    vertices: np.ndarray
    heads: np.ndarray
    phenotype: dict[str, float]


class Body:
    """The sampler and the rig; load it with `load_body`."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        self.arrays = arrays
        self.bones = [str(name) for name in arrays["bone_names"]]
        self.bone = {name: i for i, name in enumerate(self.bones)}
        self.parents = arrays["bone_parents"].astype(int)
        self.basis = arrays["basis"].astype(np.float32)
        self.samples = arrays["coef_samples"]
        self.phenotypes = arrays["phenotypes"]
        self.phenotype_names = [str(name) for name in arrays["phenotype_names"]]
        self.weights = np.zeros((BASE_VERTICES, len(self.bones)), np.float32)
        np.add.at(
            self.weights,
            (np.arange(BASE_VERTICES)[:, None], arrays["skin_idx"].astype(int)),
            arrays["skin_w"].astype(np.float32),
        )
        self.weights /= self.weights.sum(1, keepdims=True)

    @cached_property
    def mean_vertices(self) -> np.ndarray:
        return self.arrays["mean"][: 3 * BASE_VERTICES].reshape(-1, 3)

    @cached_property
    def mean_heads(self) -> np.ndarray:
        return self.arrays["mean"][3 * BASE_VERTICES :].reshape(-1, 3)

    def group_faces(self, name: str) -> np.ndarray:
        """Triangles (T, 3) of one group of the base mesh, in base numbering."""
        group = list(self.arrays["group_names"]).index(name)
        return triangulate(self.arrays["faces"][self.arrays["face_groups"] == group])

    def mask(self, name: str) -> np.ndarray:
        """A skin region such as "lips" at the base vertices, (19158,) 0..1."""
        return self.arrays["mask_" + name].astype(np.float32) / 255

    def sample_shape(self, rng: np.random.Generator) -> Shape:
        """A random body: one of the sampled rows, moved a little; four of five are grown up."""
        age = self.phenotypes[:, self.phenotype_names.index("age")]
        height = self.phenotypes[:, self.phenotype_names.index("height")]
        likely = np.where(age > ADULT_AGE, 1.0, np.where(age > 0.15, 0.3, 0.02)) * np.exp(
            -(((height - 0.5) / 0.4) ** 2)
        )
        row = rng.choice(len(self.samples), p=likely / likely.sum())
        near = self.samples[rng.integers(len(self.samples))]
        coefficients = self.samples[row].copy()
        coefficients[1:] += 0.15 * (near - coefficients)[1:]
        flat = self.arrays["mean"] + coefficients @ self.basis
        vertices = flat[: 3 * BASE_VERTICES].reshape(-1, 3).astype(np.float32)
        phenotype = dict(zip(self.phenotype_names, self.phenotypes[row].tolist(), strict=True))
        return Shape(vertices, flat[3 * BASE_VERTICES :].reshape(-1, 3).astype(np.float32), phenotype)

    def express(self, vertices: np.ndarray, actions: dict[str, float]) -> np.ndarray:
        """Add facial actions (names as in the pack, strength 0..1) to rest vertices; returns a new array."""
        moved = vertices.ravel().copy()
        names = [str(name) for name in self.arrays["face_names"]]
        for name, strength in actions.items():
            k = names.index(name)
            span = slice(self.arrays["face_start"][k], self.arrays["face_start"][k + 1])
            moved[self.arrays["face_idx"][span].astype(int)] += strength * self.arrays["face_val"][span].astype(
                np.float32
            )
        return moved.reshape(-1, 3)

    def bone_transforms(self, heads: np.ndarray, rotations: np.ndarray) -> np.ndarray:
        """Forward kinematics. `rotations: (104, 3, 3)` about world axes relative to the rest pose, each in its parent's
        turned frame; returns (104, 3, 4) rest-to-posed transforms."""
        transforms = np.zeros((len(self.bones), 3, 4))
        for b, parent in enumerate(self.parents):
            own = np.concatenate([rotations[b], (heads[b] - rotations[b] @ heads[b])[:, None]], axis=1)
            if parent < 0:
                transforms[b] = own
            else:
                up = transforms[parent]
                transforms[b, :, :3] = up[:, :3] @ own[:, :3]
                transforms[b, :, 3] = up[:, :3] @ own[:, 3] + up[:, 3]
        return transforms


def skin(vertices: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning: `vertices: (V, 3)`, `weights: (V, B)`, `transforms: (B, 3, 4)` -> (V, 3) float32."""
    blended = (weights @ transforms.reshape(len(transforms), 12).astype(np.float32)).reshape(-1, 3, 4)
    return np.einsum("vij,vj->vi", blended[:, :, :3], vertices) + blended[:, :, 3]


@lru_cache(maxsize=1)
def load_body() -> Body:
    """The packed body; read once a process."""
    with np.load(ASSETS / "body.npz", allow_pickle=False) as pack:
        return Body({name: pack[name] for name in pack.files})
