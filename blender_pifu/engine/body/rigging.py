# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pipeline asks for: the body under a surface, the surface cut apart where it must be, a rig for a mesh."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...result_file import Rig
from ..interfaces import Field
from ..reading.stance import Framing
from ..subject.figure import Figure
from ..surface.extraction import Surface
from ..surface.mesh import components, largest_component, volumes
from .fit import Fit, fit_body
from .model import load_body
from .part_cuts import SeparatedField, Sheet, find_sheets
from .skeleton import skeleton
from .weights import skin_weights

MOST_LOST = 0.005  # share of the volume that may fall off when parts are cut apart


@dataclass(frozen=True)
class Fitted:
    """field: the one given; sheets: that cut its limbs apart; mesh: vertices (V, 3) and faces (F, 3) of the surface so
    cut, one piece; fit: the body under it; notes: sentences for the artist."""

    field: Field
    sheets: list[Sheet]
    mesh: tuple[np.ndarray, np.ndarray]
    fit: Fit
    notes: list[str]

    def field_at(self, spacing: float) -> Field:
        """The field cut apart, for a lattice of another spacing."""
        return SeparatedField(self.field, self.sheets, spacing) if self.sheets else self.field

    def rig(self, vertices: np.ndarray, faces: np.ndarray, place: Callable[[np.ndarray], np.ndarray]) -> Rig:
        """The rig of a mesh laid over the surface, `vertices (V, 3)` field space, `faces (F, 3|4)`; place: field space
        -> the rig's space, (N, 3) -> (N, 3)."""
        bones = skeleton(self.fit)
        weight_bones, weights = skin_weights(vertices, faces, self.fit, bones.stands_for)
        names = tuple(str(name) for name in bones.names)
        return Rig(names, bones.parents, place(bones.heads), place(bones.tails), weight_bones, weights)

    @property
    def about(self) -> dict:
        """Entries of the Summary."""
        return {"skeleton": self.fit.source, "residual_cm": round(100 * self.fit.residual_m, 2)}


def fit_under(
    field: Field,
    mesh: tuple[np.ndarray, np.ndarray],
    spacing: float,
    extract: Callable[[Field], Surface],
    figure: Figure | None = None,
) -> Fitted:
    """Fit the body under a surface, and cut apart what the photo fused.

    field: what the surface came from; mesh: vertices (V, 3) and faces (F, 3) of its largest piece;
    spacing: of its lattice, field units; extract(field) -> Surface of another field on the same lattice; figure: the
    engine's Figure, for landmarks and for where the photo ends, or None.
    """
    fit = fit_body(*mesh, *landmarks_of(figure))
    notes = [fit.note] if fit.note else []
    if fit.source != "surface":
        return Fitted(field, [], mesh, fit, notes)
    sheets, more = find_sheets(field, fit)
    while sheets:
        surface = extract(SeparatedField(field, sheets, spacing))
        lost = _lost(surface, fit)
        if not lost:
            mesh = largest_component(surface.vertices, surface.faces)
            return Fitted(field, sheets, mesh, fit, notes + more)
        fallen = [sheet for sheet in sheets if sheet.limb in lost] or sheets
        more += [f"{sheet.name} cannot be separated: a piece would fall off." for sheet in fallen]
        sheets = [sheet for sheet in sheets if sheet not in fallen]
    return Fitted(field, [], mesh, fit, notes + more)


def landmarks_of(figure: Figure | None) -> tuple[np.ndarray | None, np.ndarray | None, tuple | None]:
    """What `fit_body` takes of a Figure, or of None: landmarks (33, 3) in field space or None, their visibility, the
    photo's frame where it cuts the person."""
    if figure is None or figure.person is None:
        return None, None, None
    height, width = figure.photo.rgb.shape[:2]
    frame = figure.crop.to_field(np.array([[0, height], [width, 0]])).ravel()
    return (
        figure.person.in_field(figure.crop),
        figure.person.visibility,
        None if figure.framing is Framing.FULL else tuple(frame),
    )


def _lost(surface, fit):
    """The parts of the body (as `bones.part`) of which a piece no longer hangs together with the rest."""
    labels = components(surface.faces, len(surface.vertices))
    size = np.bincount(labels[surface.faces[:, 0]], weights=volumes(surface.vertices, surface.faces))
    lost = set()
    for piece in np.flatnonzero(size > MOST_LOST * size.max()):
        if piece != size.argmax():
            centre = surface.vertices[labels == piece].mean(0)
            near = np.linalg.norm(fit.vertices - centre, axis=1).argmin()
            lost.add(str(load_body().parts[near]))
    return lost
