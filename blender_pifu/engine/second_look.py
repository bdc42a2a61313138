# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a person, fit the body under what was drawn, and have the network draw again with that body in sight.

The loop is ICON's (Xiu et al. 2022), once round. The body only informs: where it lies off the surface it is not shown,
and the network learned to see past bodies that are wrong.
"""

import logging

import numpy as np
import torch
from torch import Tensor

from .body.fit import Fit, fit_body
from .body.model import load_body
from .body.rigging import landmarks_of
from .errors import EngineError
from .interfaces import Model
from .layout.texture.texels import cover
from .memory import give_back_memory
from .networks.body_maps import BODY_PX, stack_body
from .reading.person_cut import PersonCut
from .subject.figure import Figure
from .surface.extraction import extract_surface
from .surface.mesh import largest_component, vertex_normals

log = logging.getLogger(__name__)
RESOLUTION = 96  # of the surface that the body is fitted to: all that its points, 2.6 cm apart, can tell
# Metres that a part of the body may lie off the surface on average and still be shown.
MOST_OFF_M = 0.03
SAMPLING = 2  # the body is drawn so many times larger, then reduced


def draw(model: Model, cut: PersonCut, figure: Figure | None = None):
    """The encoding of a photo's cut-out person, with a look at the fitted body where the model reads one and the body
    is believed. figure: whose cut it is, for where the photo ends; None: the person is whole."""
    prepared = model.prepare(cut)
    quick = model.for_body()
    if quick is None or cut.landmarks is None:
        return model.encode(*prepared)
    frame = landmarks_of(figure)[2]
    body = _body(quick, cut, frame)
    give_back_memory()  # the second look takes the most of this step
    return model.encode(*prepared) if body is None else model.encode(*prepared, body=body.to(model.device))


def _body(model: Model, cut: PersonCut, frame: tuple | None) -> Tensor | None:
    """The drawn body; None where none is believed, or what can go wrong with a rough surface does: the photo is then
    read without one."""
    assert cut.landmarks is not None
    try:
        surface = extract_surface(model.field(model.encode(*model.prepare(cut))), RESOLUTION)
        if not len(surface.faces):
            return None
        mesh = largest_component(surface.vertices, surface.faces)
        fit = fit_body(*mesh, cut.landmarks[:, :3].astype(np.float64), cut.landmarks[:, 3], frame, quick=True)
    except (EngineError, ValueError) as error:
        log.warning("no body was fitted: %s", error)
        return None
    return draw_body(fit) if fit.source == "surface" else None


def draw_body(fit: Fit) -> Tensor:
    """A fitted body, without the parts that lie off the surface, as `body_maps.stack_body` gives it, (1, C, n, n)."""
    body = load_body()
    quads = body.faces
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    normals = vertex_normals(fit.vertices, faces)
    off = [part for part, apart in fit.limbs_m.items() if apart > MOST_OFF_M]
    faces = faces[~np.isin(body.parts, off)[faces].any(1)]
    size = SAMPLING * BODY_PX
    pixels = cover((fit.vertices[faces][..., :2] + 1) / 2, size)
    corners, weights = faces[pixels.face], pixels.weights
    depth = np.einsum("nk,nk->n", weights, fit.vertices[corners, 2])
    seen = np.einsum("nk,nkc->nc", weights, normals[corners])
    seen /= np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)
    maps = []
    for facing in (1, -1):
        order = np.argsort(facing * depth, kind="stable")  # what is nearest is written last
        z, across = np.zeros(size * size, np.float32), np.zeros((size * size, 3), np.float32)
        z[pixels.texel[order]], across[pixels.texel[order]] = depth[order], seen[order]
        maps.append((torch.from_numpy(z).view(1, 1, size, size), torch.from_numpy(across).view(1, size, size, 3)))
    (front, front_normals), (back, back_normals) = maps
    return stack_body(front, back, front_normals.permute(0, 3, 1, 2), back_normals.permute(0, 3, 1, 2))
