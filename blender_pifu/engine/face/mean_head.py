# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of somebody of whom no face can be fitted: the mean one of the fitted body's shape, without an expression,
as large as the photo shows it and turned likewise.

Where landmarks show a face, however small, it lies there, so that what the photo paints on it does; else the whole head
lies where the body fitted under the surface has it.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from ..body.fit import Fit
from ..body.head import Head, load_head
from ..body.model import load_body
from ..subject.lens import Lens
from .mean_face import Place, place_face, template

TO_CAMERA = 0.6  # cosine from it, from which on a photo would show the face
OF_HEAD, OF_FACE = 0.9, 0.5  # least weights of what places it
ALIKE = 0.75, 1.3  # times the size that the body's head has, within which landmarks are believed


def mean_head(fit: Fit, lens: Lens, landmarks: np.ndarray | None) -> Head | None:
    """The head of a fitted body; landmarks: (33, 2 or more) in field space where the photo shows a face, else None.

    None where the photo shows no face although the body's looks at the camera: then that was fitted the wrong way
    round. Where one is shown whose landmarks are none of such a head's, as behind a fringe, the body's is right."""
    model, skin = load_head(), load_body().skin_vertices
    rest = load_body().rest(fit.pose.shape)[:skin].numpy().astype(np.float64)
    own = model.weight[:skin] > OF_HEAD
    placed = _similarity(rest[own], lens.straight(fit.vertices[:skin][own].astype(np.float64)))
    place = None if landmarks is None else place_face(landmarks)
    seen = place is not None and ALIKE[0] < place.scale / placed.scale < ALIKE[1]
    if place is not None and seen:
        face = template().weight[:skin] > OF_FACE
        there = place(template().points[:skin][face])
        there[:, 2] += (fit.vertices[:skin][face, 2] - there[:, 2]).mean()
        placed = _similarity(rest[face], lens.straight(there))
    elif landmarks is None and placed.turn[2, 2] > TO_CAMERA:
        return None
    nothing = np.zeros(len(model.modes)), np.zeros(len(model.actions))
    pose = placed.turn, placed.scale, placed.shift
    return Head(fit.pose.shape, *nothing, *pose, lens.nearness, residual_m=0.0, face_seen=seen)


def _similarity(points: np.ndarray, to: np.ndarray) -> Place:
    """What brings points (N, 3) nearest to others (Umeyama 1991)."""
    middle, there = points.mean(0), to.mean(0)
    turn = Rotation.align_vectors(to - there, points - middle)[0].as_matrix()
    scale = float(((to - there) * ((points - middle) @ turn.T)).sum() / ((points - middle) ** 2).sum())
    return Place(turn, scale, there - scale * turn @ middle)
