# SPDX-License-Identifier: GPL-3.0-or-later
"""The regions of a person, hair, skin, garments and shoes, on pixels and on the surface."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..crop_space import nearest_within, sample
from ..labels import LABELS

# The labels of each region: which skin is the face's tells nothing of colours, and what is an outer garment no photo
# tells surely.
LABELS_OF = {
    "hair": ("hair",),
    "skin": ("face_skin", "other_skin"),
    "upper": ("upper_garment", "outer_garment"),
    "lower": ("lower_garment",),
    "shoes": ("shoes",),
    "thing": ("thing",),
}
REGIONS = {name: number for number, name in enumerate(LABELS_OF)}  # last index of `front` and `back`
GARMENTS = ("upper", "lower")
WORN = ("skin", *GARMENTS, "shoes")  # regions that end in lines
FACING = 0.0  # z of normals from which on what is seen tells of a place, and below what is hidden


@dataclass(frozen=True)
class Regions:
    """How likely each of REGIONS is, (n, n, R) float32 0..1, sum 1: `front` of what a photo shows, `back` of what is
    behind it. Beyond the outline, too: as nearest within. ends: (m, m) bool, beside which a garment is seen to end,
    None where nothing is told of that."""

    front: np.ndarray
    back: np.ndarray
    ends: np.ndarray | None = None

    @classmethod
    def of(
        cls, front: np.ndarray, back: np.ndarray, matte: np.ndarray, ends: np.ndarray | None = None
    ) -> "Regions | None":
        """From how likely each of LABELS is, (n, n, L), of a person's matte (n, n) 0..1; None where nothing is to be
        seen."""
        if not (matte > 0.5).any():
            return None
        of = [[LABELS[name] for name in names] for names in LABELS_OF.values()]
        seen, hidden = (
            nearest_within(np.stack([each[..., numbers].sum(-1) for numbers in of], -1), matte)
            for each in (front, back)
        )
        seen, hidden = (each / np.maximum(each.sum(-1, keepdims=True), 1e-6) for each in (seen, hidden))
        return cls(seen, hidden, ends)

    def at_size(self, size: int) -> "Regions":
        """The same on pictures of `size` pixels to a side."""
        how = cv2.INTER_AREA if size < len(self.front) else cv2.INTER_LINEAR
        front, back = (cv2.resize(each, (size, size), interpolation=how) for each in (self.front, self.back))
        return Regions(front, back, self.ends)

    def share(self, names: tuple[str, ...], size: int, where: tuple[slice, slice], behind: bool = False) -> np.ndarray:
        """How likely what is seen, or what is behind it, is of one of the regions named, (h, w) float32 0..1, in a part
        of a picture of `size` pixels."""
        of_side = (self.back if behind else self.front)[..., [REGIONS[name] for name in names]].sum(-1)
        rows, columns = where
        scale = len(of_side) / size  # the part alone: of a large picture all of it takes tens of megabytes
        shift = [(part.start + 0.5) * scale - 0.5 for part in (columns, rows)]
        place = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        shape = columns.stop - columns.start, rows.stop - rows.start
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(of_side, place, shape, flags=how, borderMode=cv2.BORDER_REPLICATE)

    def at(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(N, R) of places (N, 3) with unit normals (N, 3), field space, by the side they look to."""
        shares = np.empty((len(points), self.front.shape[-1]), np.float32)
        ahead = normals[:, 2] > FACING
        for mine, picture in ((ahead, self.front), (~ahead, self.back)):
            shares[mine] = sample(picture, *points[mine, :2].T, border="nearest")
        return shares

    def skin(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """(N,) how likely skin is there; as of `at`."""
        return self.at(points, normals)[:, REGIONS["skin"]]

    def thing(self, points: np.ndarray) -> np.ndarray:
        """(N,) how likely the photo shows a thing at points (N, 2), field space."""
        return sample(self.front, *points.T, border="nearest")[:, REGIONS["thing"]]

    def beside(self, points: np.ndarray, normals: np.ndarray, name: str, far: float) -> np.ndarray:
        """(N,) how likely a region is there or so far, field units, to either side, above or below; as of `at`."""
        steps = far * np.array([(0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
        return np.max([self.at(points + step, normals)[:, REGIONS[name]] for step in steps], 0)
