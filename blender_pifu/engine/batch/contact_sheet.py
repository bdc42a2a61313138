# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of a batch: each photo beside its person from the front, the left and the back."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ...result_file import Reconstruction
from ..errors import OutputError
from ..surface.mesh import split_quads

CELL_PX, ACROSS, ON_A_PAGE = (168, 240), 2, 16  # width and height of a view, strips beside each other, and on a page
TURNS_DEG = (0, 90, 180)
LABEL_PX = 18
GROUND = 235  # grey of the paper
LIGHT = np.array([0.35, -0.8, 0.5]) / np.linalg.norm([0.35, -0.8, 0.5])


def strip(photo: np.ndarray, person: Reconstruction, name: str) -> np.ndarray:
    """The photo (H, W, 3) uint8 RGB and the person, uint8 RGB in one row of views, with its name below."""
    row = np.concatenate([_fitted(photo), *(view(person, turn) for turn in TURNS_DEG)], 1)
    label = np.full((LABEL_PX, row.shape[1], 3), 255, np.uint8)
    cv2.putText(label, name[:60], (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return np.concatenate([row, label], 0)


def view(person: Reconstruction, turn_deg: float) -> np.ndarray:
    """A person in its vertices' colours, turned about the vertical, (height, width, 3) uint8: triangles painted from
    the farthest to the nearest."""
    width, height = CELL_PX
    angle = np.radians(turn_deg)
    points = person.vertices.astype(np.float64) - (person.vertices.min(0) + person.vertices.max(0)) / 2
    across = points[:, 0] * np.cos(angle) + points[:, 1] * np.sin(angle)
    depth = points[:, 1] * np.cos(angle) - points[:, 0] * np.sin(angle)
    scale = 0.94 * min(height / np.ptp(points[:, 2]), width / max(np.hypot(points[:, 0], points[:, 1]).max() * 2, 1e-9))
    pixels = np.stack([width / 2 + scale * across, height / 2 - scale * points[:, 2]], 1)
    triangles, _ = split_quads(person.faces)
    corners = np.stack([across, depth, points[:, 2]], 1)[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    towards = np.flatnonzero(normals[:, 1] < 0)
    order = towards[np.argsort(-corners[towards, :, 1].mean(1))]
    lit = 0.55 + 0.45 * np.clip(normals[order] @ LIGHT / np.linalg.norm(normals[order], axis=1).clip(1e-12), 0, 1)
    colors = person.colors[triangles[order]].mean(1) * lit[:, None]
    places = np.round(pixels[triangles[order]] * 16).astype(np.int32)  # sixteenths of a pixel
    picture = np.full((height, width, 3), GROUND, np.uint8)
    for place, color in zip(places, colors.tolist(), strict=True):
        cv2.fillConvexPoly(picture, place, color, cv2.LINE_8, 4)
    return picture


def _fitted(photo: np.ndarray) -> np.ndarray:
    """A picture in the middle of a cell, whole."""
    width, height = CELL_PX
    scale = min(width / photo.shape[1], height / photo.shape[0])
    size = max(1, round(scale * photo.shape[1])), max(1, round(scale * photo.shape[0]))
    cell = np.full((height, width, 3), GROUND, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    return cell


def save_picture(picture: np.ndarray, path: Path) -> None:
    """Write uint8 RGB (h, w, 3) as the ending says. Raises OutputError."""
    found, data = cv2.imencode(path.suffix, picture[..., ::-1])
    try:
        if not found:
            raise OSError("it could not be encoded")
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise OutputError(f'"{path}" cannot be written: {error}.', "Free some room on the disk.") from error


def save_sheets(strips: Iterable[Path], folder: Path) -> list[Path]:
    """Lay saved strips, those that are there, out on pages contact_sheet-1.jpg, ... in `folder`; returns the pages."""
    there = [file for file in strips if file.is_file()]
    pages = []
    for start in range(0, len(there), ON_A_PAGE):
        loaded = [cv2.imread(str(file)) for file in there[start : start + ON_A_PAGE]]
        rows = [picture[..., ::-1] for picture in loaded if picture is not None]
        rows += [np.full_like(rows[0], 255)] * (-len(rows) % ACROSS)
        page = np.concatenate([np.concatenate(rows[k : k + ACROSS], 1) for k in range(0, len(rows), ACROSS)], 0)
        pages.append(folder / f"contact_sheet-{len(pages) + 1}.jpg")
        save_picture(page, pages[-1])
    return pages
