# SPDX-License-Identifier: GPL-3.0-or-later
"""What a second photo, of the back, is worth: the same people made without and with it, against the truth."""

import logging
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ...engine.back_photo.back_cut import find_back
from ...engine.color.painting import paint
from ...engine.errors import InputError
from ...engine.model import HumanModel, load_model
from ...engine.reading.matte import Matte
from ...engine.reading.photo import Photo
from ...engine.subject.figure import Figure, Figures
from ...engine.surface.extraction import extract_surface
from ...engine.surface.mesh import largest_component, vertex_normals
from ..data.back_photo import photograph_back
from ..data.sample import make_sample
from ..native.raster import see
from .cases import PHOTO_PX, Case, photo_sized, split_case
from .measures.metrics import angle_deg, normal_views, surface_distances, views_error_deg

log = logging.getLogger(__name__)
BACK = 2  # of `metrics.normal_views`
SHEET_PX = 256
TONE_M = 0.05  # patterns that lie a little beside their place are evened out over so many metres
FIGURES = {  # figure: heading, decimals
    "drawn_deg": ("drawn back normals, degrees", 1),
    "front_deg": ("drawn front normals, degrees", 1),
    "back_deg": ("back normals of the mesh, degrees", 1),
    "color": ("back colours of the mesh, 0..255", 1),
    "tone": ("the same, averaged over 5 cm", 1),
    "chamfer": ("Chamfer, cm", 2),
}


def evaluate_back(
    seeds: Iterable[int], weights: str, read: bool, own_light: bool, resolution: int, folder: Path | None
) -> list[dict]:
    """One row a person: `seed`, `kind`, `overlap` of the outlines, `shaped` (whether the back photo was read for its
    shape), and without and with the photo the figures of FIGURES; only `seed`, `kind` and `refused` where the photo was
    refused. read: have the photo's shape read whatever the weights say of themselves. own_light: as for
    `photograph_back`. Pictures go into `folder` if given. Raises EngineError."""
    model, figures = load_model(weights), Figures("cpu")
    if not isinstance(model, HumanModel):
        raise InputError(f"{weights} draws no back to compare with.", fix="Choose weights made by this trainer.")
    model.reads_back |= read
    rows = []
    for seed in seeds:
        case = split_case(seed)
        back_rgb = make_sample(seed, "test", PHOTO_PX)["back_rgb"]
        photo = photograph_back(seed, own_light=own_light)
        row = {"seed": seed, "kind": case.kind}
        try:
            behind = find_back(figures, photo, _front_figure(case))
        except InputError as error:
            rows.append(row | {"refused": str(error)})
            log.info("%s", rows[-1])
            continue
        encoding = model.encode(*model.prepare(case.cut))
        joined, behind, shaped = model.with_back(encoding, behind)
        row |= {"overlap": round(behind.registration.overlap, 3), "shaped": shaped}
        cells = []
        for name, encoded, cut in (("without", encoding, None), ("with", joined, behind)):
            mesh, colors = _make(model, encoded, case, cut, resolution)
            row[name], seen = _score(encoded, mesh, colors, case, back_rgb)
            cells += [seen, _as_picture(normal_views(*mesh)[BACK])]
        rows.append(row)
        log.info("%s", row)
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            sheet = [case.rgb, _square(photo.rgb), back_rgb, *cells, _as_picture(case.views[BACK])]
            sheet = [cv2.resize(cell, (SHEET_PX, SHEET_PX), interpolation=cv2.INTER_AREA) for cell in sheet]
            cv2.imwrite(str(folder / f"{seed:05d}.png"), np.concatenate(sheet, 1)[..., ::-1])
    return rows


def as_table(rows: list[dict]) -> str:
    """Medians over the people without and with the photo, as markdown, and how many photos were refused."""
    taken = [row for row in rows if "refused" not in row]
    if not taken:
        return f"{len(rows)} people, all photos refused"
    overlaps = [row["overlap"] for row in taken]
    lines = [
        f"{len(rows)} people, {len(rows) - len(taken)} photos refused, {sum(row['shaped'] for row in taken)} read for "
        f"their shape; overlap {min(overlaps):.2f} to {max(overlaps):.2f}",
        "",
        "| median | without | with | change |",
        "|---|---|---|---|",
    ]
    for name, (heading, decimals) in FIGURES.items():
        without, with_back = (np.median([row[which][name] for row in taken]) for which in ("without", "with"))
        change = 100 * (with_back / without - 1)
        lines.append(f"| {heading} | {without:.{decimals}f} | {with_back:.{decimals}f} | {change:+.0f} % |")
    return "\n".join(lines)


def _front_figure(case: Case) -> Figure:
    """The case as if cut out of a photo: in its own square, so that truth and result lie in the same pixels."""
    alpha = case.mask.astype(np.float32) / 255
    cut = case.cut
    return Figure(Photo(case.rgb, alpha, (), case.name), Matte(alpha, case.rgb), cut.crop, 0, 0, None, None, 1.0, ())


def _make(model, encoding, case, behind, resolution):
    surface = extract_surface(model.field(encoding), resolution)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    size = 2 * resolution
    back = np.dstack(behind(size)) if behind else model.hidden_side(encoding, case.cut).get("back")
    normals = vertex_normals(vertices, faces)
    colors = paint(vertices, faces, normals, 2 / resolution, np.dstack(case.cut(size)), back).colors
    return (vertices, faces), colors


def _score(encoding, mesh, colors, case, back_rgb):
    """Figures, and the back as it is seen in the front's pixels (PHOTO_PX, PHOTO_PX, 3) uint8."""
    vertices, faces = mesh
    side = see(np.ascontiguousarray(vertices, np.float32), faces, PHOTO_PX, None)[1]
    seen = np.zeros((PHOTO_PX * PHOTO_PX, 3), np.float32)
    covered = np.zeros(PHOTO_PX * PHOTO_PX, bool)
    seen[side.pixels], covered[side.pixels] = side.interpolate(colors.astype(np.float32)), True
    solid = (np.abs(case.maps["back_normals"]).sum(-1) > 0) & (case.mask > 250)
    both = solid & covered.reshape(PHOTO_PX, PHOTO_PX)
    seen = seen.reshape(PHOTO_PX, PHOTO_PX, 3)
    return {
        "drawn_deg": _angle(encoding.back_normals, case.maps["back_normals"], solid),
        "front_deg": _angle(encoding.front_normals, case.maps["front_normals"], solid),
        "back_deg": views_error_deg(normal_views(*mesh)[BACK : BACK + 1], case.views[BACK : BACK + 1]),
        "color": float(np.abs(seen - back_rgb)[both].mean()),
        "tone": float(np.abs(averaged(seen - back_rgb, both, TONE_M * case.scale))[both].mean()),
        "chamfer": surface_distances(mesh, (case.vertices, case.faces))["chamfer"] * 100 / case.scale,
    }, seen.astype(np.uint8)


def averaged(picture, where, side):
    """Means of a picture (PHOTO_PX, PHOTO_PX, C) over what lies `where` in squares of that side, field units."""
    window = (2 * round(side * PHOTO_PX / 4) + 1,) * 2
    share = cv2.blur(where.astype(np.float32), window)[..., None]
    return cv2.blur((picture * where[..., None]).astype(np.float32), window) / np.maximum(share, 1e-6)


def _angle(drawn, truth, solid):
    """Mean angle in degrees between drawn normals (1, 3, h, w) and true ones (PHOTO_PX, PHOTO_PX, 3) where `solid`."""
    return angle_deg(photo_sized(drawn)[solid], truth.astype(np.float32)[solid])


def _as_picture(normals):
    """Normals (h, w, 3) of a back, as seen from behind through the front's pixels, as colours."""
    lit = (normals * (1, 1, -1) + 1) / 2 * 255
    return np.where(np.abs(normals).sum(-1, keepdims=True) > 0, lit, 0).astype(np.uint8)


def _square(rgb):
    """A photo (H, W, 3) with black beside it."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    square = np.zeros((side, side, 3), np.uint8)
    square[:height, (side - width) // 2 : (side - width) // 2 + width] = rgb
    return square
