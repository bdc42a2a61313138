# SPDX-License-Identifier: GPL-3.0-or-later
"""The head fitted to the photo in place of the body's own, and its expression taken off again."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ...body.fit import Fit
from ...body.head import Head, load_head
from ...body.model import load_body
from ..expressions import Expressions
from .lips import with_lips_apart
from .template import Template

ALL = slice(None)
AHEAD = 0.3  # least z of normals of the surface that depths are compared with
NEAR_M = 0.006  # in the picture, within which surface and mark are at one place
# Metres from ears and face within which the surface, an egg, does not say where the head's sides lie, and over which it
# comes to; beside the face, up to which distance and how stiffly it goes over into the rest of the head.
ROUND_EARS_M, ROUND_FACE_M, TOLD_M = 0.025, 0.0, 0.045
BESIDE_M, STIFF_BESIDE_M = 0.12, 0.06


def put_on(head: Head, fit: Fit, vertices: np.ndarray, normals: np.ndarray) -> tuple[Head, Fit]:
    """The head moved in depth to where the dense surface, vertices and normals (N, 3), has the face, if the photo shows
    that, its lips apart, and the fit with it for its own."""
    head = with_lips_apart(head)
    if head.face_seen:
        head = head.moved_in_depth(_depth_off(head, vertices, normals, fit.metre))
    weight = load_head().weight[:, None]
    rows = fit.rows.copy()
    count = len(weight)
    rows[:count] = (1 - weight) * rows[:count] + weight * head.seen(head.expressed)
    return head, replace(fit, rows=rows)


def _depth_off(head, vertices, normals, metre):
    """How much farther forward the surface has the face, field units: the median over its marks."""
    marks = head.seen(load_head().at_marks(head.expressed))
    front = vertices[normals[:, 2] > AHEAD]
    apart, near = cKDTree(front[:, :2]).query(marks[:, :2], k=16, distance_upper_bound=NEAR_M * metre)
    depth = np.append(front[:, 2], -np.inf)[near].max(1)  # of what lies behind the face nothing
    found = np.isfinite(apart[:, 0])
    return float(np.median((depth - marks[:, 2])[found])) if found.any() else 0.0


def held(template: Template) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of a fitted head when the mesh is wrapped, (V,) each: 0..1 how far vertices stay where it has them; confidence
    and stiff, as the template's."""
    rest = load_body().mean[: len(template.face)].numpy()
    from_face, from_ears = (cKDTree(rest[which]).query(rest)[0] for which in (template.face > 0.5, _ears(template)))
    told = (np.minimum(from_face - ROUND_FACE_M, from_ears - ROUND_EARS_M) / TOLD_M).clip(0, 1) ** 3
    mine = load_head().weight[: len(rest)]
    beside = mine * (1 - from_face / BESIDE_M).clip(0, 1)
    confidence = template.confidence * (1 - mine * (1 - told))
    return template.face, confidence, np.maximum(template.stiff, STIFF_BESIDE_M * beside)


def _ears(template):
    return template.regions == "ear"


def expressions(head: Head, vertices: np.ndarray, template: Template, rows: np.ndarray | slice = ALL) -> Expressions:
    """Those of vertices (V, 3) of field space as the photo shows them, that are `rows` of the template's."""
    moves = np.stack([head.directions(vertices, moves[rows]) for moves in template.expressions.values()])
    values = np.array([head.strength(name) for name in template.expressions], np.float32)
    return Expressions(tuple(template.expressions), moves, values)
