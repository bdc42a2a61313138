# SPDX-License-Identifier: GPL-3.0-or-later
"""Where marks lie on the head: MediaPipe's 468 of the face, and further ones on ears, skull, jaw and neck."""

import numpy as np

from ...engine.body.head import HeadModel, load_head
from ..people.body import load_body

FACE, EAR, REST = 468, 24, 42  # marks of the face; further ones on an ear, and on all else of a side
MARKS = FACE + 2 * (EAR + REST)
CLEAR_M = 0.014  # from the face's marks
LEAST_WEIGHT = 0.35  # of the head's bone: so far down the neck


class MarkPlaces:
    """vertices, shares (MARKS, 3): of the base mesh's skin, whose sum a mark is, the first FACE MediaPipe's; skin
    (T, 3): the triangles of the body's skin."""

    def __init__(self) -> None:
        model, body = load_head(), load_body()
        self.skin = body.group_faces("body")
        further = _further(model)
        self.vertices = np.concatenate([model.mark_vertices, np.repeat(further[:, None], 3, 1)])
        self.shares = np.concatenate([model.mark_shares, np.tile([1.0, 0.0, 0.0], (len(further), 1))])

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values (V, 3) on the base mesh's vertices at the marks, (MARKS, 3)."""
        return np.einsum("mk,mkc->mc", self.shares, values[self.vertices])


def _further(model: HeadModel) -> np.ndarray:
    """Vertices of the left side, EAR and REST, as far from one another as can be (Gonzalez 1985), all on the outer
    skin; then the right side's, which mirror them."""
    body = load_body()
    rest = body.mean_vertices
    outer = np.zeros(len(rest), bool)
    outer[np.unique(body.group_faces("body"))] = True
    outer &= (body.mask("inside_mouth") < 0.5) & (body.weights[:, body.bone["head"]] > LEAST_WEIGHT)
    face = model.at_marks(rest[: model.body.vertices])
    apart = np.linalg.norm(rest[:, None] - face[None], axis=2).min(1)
    left, ears = outer & (rest[:, 0] > 0), body.mask("ears") > 0.5
    found = [_spread(rest, np.flatnonzero(left & ears), EAR)]
    found.append(_spread(rest, np.flatnonzero(left & ~ears & (apart > CLEAR_M)), REST))
    chosen, skin = np.concatenate(found), np.flatnonzero(outer)
    mirrored = rest[chosen] * [-1, 1, 1]
    return np.concatenate([chosen, skin[np.linalg.norm(mirrored[:, None] - rest[skin], axis=2).argmin(1)]])


def mirror_of(places: MarkPlaces) -> np.ndarray:
    """(MARKS,) which mark lies where a mark's mirror image does."""
    at = places(load_body().mean_vertices)
    return np.linalg.norm((at * [-1, 1, 1])[:, None] - at, axis=2).argmin(1)


def _spread(points: np.ndarray, among: np.ndarray, count: int) -> np.ndarray:
    """Of the rows among, `count` that are spread evenly."""
    chosen = [int(among[np.linalg.norm(points[among] - points[among].mean(0), axis=1).argmax()])]
    away = np.linalg.norm(points[among] - points[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(among[away.argmax()]))
        away = np.minimum(away, np.linalg.norm(points[among] - points[chosen[-1]], axis=1))
    return np.array(chosen)
