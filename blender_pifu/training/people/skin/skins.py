# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin of people of generation 4: CC0 photographs on the base mesh's texture coordinates, recoloured, blended, aged and
made up where they are seen, so that lips and brows stay sharp at any size.

Places are those of the mean body in rest, so a pattern moves with the face whatever its shape.
"""

from functools import lru_cache

import cv2
import numpy as np

from ..body import load_body
from ..face.beards import beard_cover
from ..face.face_places import FacePlaces, places_on_face
from ..library import Library
from ..looks import SKIN, to_linear
from ..noise import smooth_noise
from .skin_maps import FOLDER, load_maps, on_texture

PHOTOS = FOLDER + "skins/2048/"
# Never seen in training; the test split's people have these.
HELD_OUT = (
    "middleage_lightskinned_male_diffuse2",
    "young_darkskinned_male_diffuse",
    "young_lightskinned_female_diffuse3",
    "young_lightskinned_male_diffuse3",
)
FACE_ONLY = "young_caucasian_female_special_suit"  # wears a suit that is painted on
COARSE = 8  # texels of a photo in one of its base tone
PORES = 512  # side of the table of random grains
GRAIN = 2600.0  # grains along the texture


def photos(library: Library, split: str) -> list[str]:
    """Names of the skins of a split, without the one that is for faces only."""
    found = [name[len(PHOTOS) : -4] for name in library.names(PHOTOS, ".jpg")]
    return [name for name in found if (name in HELD_OUT) == (split == "test") and name != FACE_ONLY]


class Photo:
    """A photographed skin: sRGB uint8 in halving sizes, `coarse` its tone over a centimetre, `tone (3,)` 0..1."""

    def __init__(self, library: Library, name: str):
        image = library.image(f"{PHOTOS}{name}.jpg")
        self.sizes = [image]
        while len(self.sizes[-1]) > 256:
            half = len(self.sizes[-1]) // 2
            self.sizes.append(cv2.resize(self.sizes[-1], (half, half), interpolation=cv2.INTER_AREA))
        side = len(image) // COARSE
        self.coarse = cv2.GaussianBlur(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), (0, 0), 1.5)
        face = cv2.resize(load_maps(library).face, (256, 256)) > 128
        self.tone = np.median(self.sizes[-1][face] / 255, axis=0)


@lru_cache(maxsize=12)
def load_photo(library: Library, name: str) -> Photo:
    """Read once a process."""
    return Photo(library, name)


class Skin:
    """The skin of one person, painted by texture coordinates. `base`: its tone, linear (3,)."""

    mapped = True

    def __init__(self, library: Library, rng: np.random.Generator, split: str, feminine: bool, age: float):
        self.maps = load_maps(library)
        known = photos(library, split)
        dark = rng.random() < 0.36
        kin = [name for name in known if ("dark" in name) == dark]
        alike = [name for name in kin if ("female" in name) == feminine] or kin
        first = str(rng.choice(alike if rng.random() < 0.75 else kin))
        second = str(rng.choice(kin))
        self.photos = [load_photo(library, name) for name in (first, second)]
        self.shares = (1.0, 0.0) if first == second else tuple(np.array([1, -1]) * rng.uniform(0, 1) + [0, 1])
        self.made_up_photo = None
        if feminine and split == "train" and not dark and rng.random() < 0.1:
            self.made_up_photo = load_photo(library, FACE_ONLY)
        level = rng.uniform(2.4, 5.0) if dark else np.clip(rng.normal(1.3, 0.9), 0, 3.4)
        low = min(int(level), len(SKIN) - 2)
        ramp = SKIN[low] + (level - low) * (SKIN[low + 1] - SKIN[low])
        own = self.shares[0] * self.photos[0].tone + self.shares[1] * self.photos[1].tone
        self.tone = np.clip((ramp + rng.uniform(0, 0.6) * (own - ramp)) * rng.normal(1, 0.025, 3), 0.04, 0.97)
        self.own = own
        self.old = float(np.clip((age - 0.5) / 0.45, 0, 1))
        self.relief = rng.uniform(0.8, 1.25) + rng.uniform(0, 0.9) * self.old
        self.uneven = rng.uniform(0.7, 1.2)  # how much of the photo's own patches stays
        self._seed = int(rng.integers(2**31))
        self._grains = rng.random((PORES, PORES)).astype(np.float32)
        self._spots(rng)
        self._make_up(rng, feminine)
        self.base = to_linear(self.tone)
        self.brow_style = int(rng.integers(len(self.maps.brows)))
        self.brow = (np.full(3, 0.1), rng.uniform(0.75, 1.0), rng.uniform(-0.002, 0.002))
        self.lash = rng.uniform(0.35, 0.8) if not feminine else rng.uniform(0.6, 0.95)
        self.hair = np.full(3, 0.1)
        self.stubble, self.beard = 0.0, None

    def grow(self, tone: np.ndarray, stubble: float, beard: dict[str, float] | None) -> None:
        """Give the colour of hair (3,) sRGB, how dense it stands at the scalp, 0..1, and the beard (see beards.py)."""
        self.hair, self.stubble, self.beard = tone, stubble, beard
        grey = float(tone.mean())
        self.brow = (np.clip(tone * (0.75 if grey > 0.25 else 0.9), 0, 1), *self.brow[1:])

    def _spots(self, rng) -> None:
        body = load_body()
        skin = np.unique(body.group_faces("body"))
        upper = skin[body.mean_vertices[skin, 2] > 0.1]
        face = np.flatnonzero(body.mask("face") > 0.5)
        count = int(rng.poisson(5))
        on = np.where(rng.random(count) < 0.5, rng.choice(face, count), rng.choice(upper, count))
        self.moles = body.mean_vertices[on]
        self.mole_sizes = rng.uniform(0.0008, 0.0026, count)
        self.freckles = rng.uniform(0.2, 0.6) if rng.random() < 0.14 else 0.0
        self.blotches = rng.uniform(0, 0.3) if rng.random() < 0.3 else 0.0

    def _make_up(self, rng, feminine) -> None:
        made_up = feminine and rng.random() < 0.55
        self.lips = None
        if rng.random() < (0.75 if made_up else 0.1 if feminine else 0.003):
            hue = np.array([rng.uniform(0.45, 0.85), rng.uniform(0.08, 0.35), rng.uniform(0.12, 0.4)])
            self.lips = (hue, rng.uniform(0.3, 0.9))
        self.lip_red = rng.uniform(0.0, 0.5)
        self.blush = rng.uniform(0, 0.4 if made_up else 0.18)
        self.nose_red = rng.uniform(0, 0.2)
        self.shadow = (rng.uniform(0.05, 0.5, 3), rng.uniform(0.2, 0.7)) if made_up and rng.random() < 0.5 else None
        self.liner = rng.uniform(0.5, 1) if made_up and rng.random() < 0.6 else 0.0
        painted = rng.random() < (0.35 if feminine else 0.02)
        self.nails = rng.uniform(0, 0.9, 3) if painted else None

    def __call__(self, points: np.ndarray, uv: np.ndarray, spacing: float) -> np.ndarray:
        """Linear (P, 3) at places `points (P, 3)` of the mean body, `uv (P, 2)`; `spacing`: of fragments, in texels of
        the full photos."""
        if not len(points):
            return np.zeros((0, 3), np.float32)
        masks = on_texture(self.maps.masks, uv) / 255
        color = self._photographed(uv, spacing, masks[:, 3])
        face = places_on_face(points)
        color = self._tinted(color, face, masks)
        color = self._spotted(color, points, face)
        grains = self._grain(uv, spacing)
        on = np.flatnonzero((face.ahead > -0.03) & (face.up > -1.5))
        part = FacePlaces(face.across[on], face.up[on], face.ahead[on])
        color[on] = self._features(color[on], points[on], part, masks[on], grains[on])
        sparse = 1 - self.stubble
        share = masks[:, 3] * np.clip(self.stubble + 1.8 * sparse * min(2 * self.stubble, 1) * (grains - 0.5), 0, 1)
        color = _blend(color, self.hair * (1 - 0.35 * self.stubble), share)
        return to_linear(color)

    def _photographed(self, uv, spacing, roots) -> np.ndarray:
        """The photos, blended, in this person's tone and relief, without the hair that is in them; sRGB."""
        size = int(np.clip(np.round(np.log2(max(spacing, 1.0))), 0, len(self.photos[0].sizes) - 1))
        fine, coarse = np.zeros((2, len(uv), 3), np.float32)
        for photo, share in zip(self.photos, self.shares, strict=True):
            if share > 0:
                fine += (share / 255) * on_texture(photo.sizes[size], uv)
                coarse += (share / 255) * on_texture(photo.coarse, uv)
        if self.made_up_photo is not None:
            on_face = (on_texture(self.maps.face, uv) / 255)[:, None] ** 3
            other = self.made_up_photo
            gain = self.own / other.tone
            fine += on_face * (gain / 255 * on_texture(other.sizes[size], uv) - fine)
            coarse += on_face * (gain / 255 * on_texture(other.coarse, uv) - coarse)
        detail = fine - coarse
        coarse = coarse / self.own
        coarse += np.minimum(2 * roots, 1)[:, None] * (1.0 - coarse)  # a shaved head is as light as the face
        detail *= (1 - 0.6 * roots)[:, None]
        coarse = np.maximum(coarse, 0.05) ** self.uneven
        return np.clip(self.tone * (coarse + self.relief * detail / self.own), 0.01, 1)

    def _tinted(self, color, face: FacePlaces, masks) -> np.ndarray:
        """Blood and paint: cheeks, nose, lips, lids, nails."""
        red = self.tone * np.array([1.0, 0.66, 0.66])
        cheeks = np.exp(-(((face.across - 0.62) / 0.28) ** 2) - ((face.up - 0.45) / 0.3) ** 2) * (face.ahead > 0.02)
        nose = np.exp(-((face.across / 0.2) ** 2) - ((face.up - 0.5) / 0.2) ** 2) * (face.ahead > 0.05)
        color = _blend(color, red, np.clip(self.blush * cheeks + self.nose_red * nose, 0, 1))
        if self.blotches:
            noise = smooth_noise_at(self._seed, face, 3.0)
            color = _blend(color, red, self.blotches * np.clip(noise - 0.2, 0, 0.6) * (face.ahead > 0))
        color = _blend(color, color * np.array([1.0, 0.72, 0.74]), self.lip_red * masks[:, 0])
        if self.lips is not None:
            shade = color.mean(1, keepdims=True) / max(float(self.tone.mean()), 0.05)
            color = _blend(color, self.lips[0] * np.clip(shade, 0.5, 1.3), self.lips[1] * masks[:, 0])
        if self.shadow is not None:
            color = _blend(color, self.shadow[0], self.shadow[1] * masks[:, 1])
        if self.nails is not None:
            color = _blend(color, self.nails, 0.9 * masks[:, 2])
        return color

    def _spotted(self, color, points, face: FacePlaces) -> np.ndarray:
        for centre, size in zip(self.moles, self.mole_sizes, strict=True):
            away = ((points - centre) ** 2).sum(1)
            color = _blend(color, self.tone * np.array([0.45, 0.34, 0.3]), 0.8 * np.exp(-away / size**2))
        if self.freckles:
            on = np.flatnonzero((face.ahead > 0.0) & (face.up < 2) & (face.up > -0.6))
            rng = np.random.default_rng(self._seed)
            spots = np.clip(3 * smooth_noise(points[on].astype(np.float32), rng, 1 / 0.0032) - 2.0, 0, 1)
            color[on] = _blend(color[on], self.tone * np.array([0.72, 0.56, 0.46]), self.freckles * spots)
        return color

    def _features(self, color, points, face: FacePlaces, masks, grains) -> np.ndarray:
        """Beard, brows, lashes and the liner about the eyes, on a face."""
        if self.beard is not None:
            share = beard_cover(face, self.beard) * (1 - masks[:, 0])
            density = self.beard["density"]
            share = np.clip(share * (density + 0.8 * (grains - 0.5) * (1 - 0.5 * density)), 0, 0.97) * (share > 0.02)
            color = _blend(color, 0.85 * self.hair, share)
        rim = self.maps.from_front(self.maps.rim, points)
        front = face.ahead > 0.05
        above = points[:, 2] > self.maps.centre[1] - 0.001
        width = np.where(above, 0.0011, 0.0006)
        lashes = np.exp(-((np.maximum(rim, 0) / width) ** 2)) * np.where(above, 1.0, 0.45) * front
        color = _blend(color, 0.4 * self.hair, self.lash * lashes)
        if self.liner:
            drawn = np.clip(1.6 - np.maximum(rim, 0) / 0.0012, 0, 1) * front * np.where(above, 1, 0.5)
            color = _blend(color, np.full(3, 0.04), self.liner * drawn)
        tone, strength, raised = self.brow
        brow = self.maps.from_front(self.maps.brows[self.brow_style], points - [0, 0, raised]) / 255
        return _blend(color, tone * (0.75 + 0.5 * brow[:, 1:]), strength * brow[:, 0] * front)

    def _grain(self, uv, spacing: float) -> np.ndarray:
        """Random 0..1 a grain of half a millimetre, its mean where grains are finer than fragments."""
        row, column = (np.floor(uv[:, k] * GRAIN).astype(int) % PORES for k in (1, 0))
        keep = np.clip(2.2 - 1.3 * spacing * GRAIN / 2048 / 2, 0.15, 1)
        return 0.5 + keep * (self._grains[row, column] - 0.5)


def smooth_noise_at(seed: int, face: FacePlaces, frequency: float) -> np.ndarray:
    """Smooth noise over a face's own coordinates."""
    places = np.stack([face.across, face.up, 8 * face.ahead], 1).astype(np.float32)
    return smooth_noise(places, np.random.default_rng(seed), frequency)


def _blend(color: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return color + np.asarray(share)[:, None] * (other - color)
