# SPDX-License-Identifier: GPL-3.0-or-later
"""The matte along the photo's left and right border, where the network takes what is behind a sleeve for a part of it.

It pads with zeros, and where a person reaches the border that ends in ragged blocks. Asked again with the picture's
last columns repeated beyond, it finds the sleeve's edge.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

BEYOND, BAND = 12, 24  # pixels of repeated columns, and over which the second answer gives way to the first
TOUCHES = 0.5  # matte at the border from which a person reaches it


def answer_with_borders(network, picture: Tensor) -> Tensor:
    """What a matte network says of a picture (1, 3, h, w) 0..1: (1, 4, h, w), colour's shift and matte."""
    answer = network(picture)
    width = picture.shape[3]
    if width <= 2 * BAND or float(answer[0, 3, :, [0, -1]].max()) < TOUCHES:
        return answer
    again = network(pad(picture, (BEYOND, BEYOND, 0, 0), mode="replicate"))[..., BEYOND:-BEYOND]
    column = torch.arange(width, device=picture.device, dtype=picture.dtype)
    share = (1 - torch.minimum(column, width - 1 - column) / BAND).clamp(0, 1)
    return answer + share * (again - answer)
