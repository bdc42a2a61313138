# SPDX-License-Identifier: GPL-3.0-or-later
"""The custom layers of MediaPipe's face network: squares round lips and eyes are cut out of its features and looked at
again, and what is found there is brought back (Grishchenko et al. 2020, "Attention Mesh").

Written from what the published operators do: a square lies level with two points, over the box of some others.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def _square_round(layer: dict, points: Tensor) -> Tensor:
    """points: (N, 468, 3) in pixels of the features -> (N, 4, 4): from pixels of the square cut out to theirs."""
    plane = points[..., :2]
    across = plane[:, layer["right_rotation_idx"]] - plane[:, layer["left_rotation_idx"]]
    angle = torch.atan2(across[:, 1], across[:, 0])
    cosine, sine = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], -2)  # level -> as seen
    level = plane[:, layer["subset_idxs"]] @ turn  # the inverse turn of each row
    low, high = level.amin(1), level.amax(1)
    centre = (turn @ ((low + high) / 2)[..., None])[..., 0]
    size = torch.tensor([layer["output_width"], layer["output_height"]]).to(points)
    larger = torch.tensor([layer["scale_x"], layer["scale_y"]]).to(points)
    scaled = turn * (larger * (high - low) / size)[:, None]
    matrix = torch.eye(4).to(points).repeat(len(points), 1, 1)
    matrix[:, :2, :2] = scaled
    matrix[:, :2, 3] = centre - (scaled @ (size / 2))
    return matrix


def _cut_out(layer: dict, features: Tensor, matrix: Tensor) -> Tensor:
    """features: (N, C, h, w) -> (N, C, output_height, output_width), bilinear, 0 outside; matrix: `_square_round`'s."""
    height, width = layer["output_height"], layer["output_width"]
    rows, columns = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    places = torch.stack([columns, rows], -1).to(features).reshape(1, -1, 2)
    places = _brought_back(layer, places.expand(len(features), -1, -1), matrix)
    span = torch.tensor([features.shape[3], features.shape[2]]).to(features)
    grid = (2 * places / span - 1).reshape(len(features), height, width, 2)
    return F.grid_sample(features, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _brought_back(layer: dict, points: Tensor, matrix: Tensor) -> Tensor:
    """points: (N, n, 2) in pixels of a square -> (N, n, 2)."""
    return points @ matrix[:, :2, :2].transpose(1, 2) + matrix[:, None, :2, 3]


ATTENTION = {
    "Landmarks2TransformMatrix": _square_round,
    "TransformTensorBilinear": _cut_out,
    "TransformLandmarks": _brought_back,
}
