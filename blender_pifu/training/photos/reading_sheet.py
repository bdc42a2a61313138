# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheet of how photos are read: photo, landmarks, matte, crop, and what is said of each."""

import textwrap
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ...engine.errors import EngineError
from ...engine.reading.instances import LIMBS
from ...engine.reading.photo import Photo, load_photo
from ...engine.reading.stance import SEEN
from ...engine.subject.figure import Figure, Figures

CELL_PX, GAP_PX = 300, 6
TEXT_PX, LETTERS = 15, 42  # height of the letters, and how many to a line
PAPER, INK = (250, 250, 248), (30, 30, 30)
SEEN_COLOR, HIDDEN_COLOR, CROP_COLOR = (255, 210, 0), (230, 60, 60), (60, 200, 255)


def reading_sheet(paths: Iterable[Path]) -> np.ndarray:
    """One row a photo file, (h, w, 3) uint8: the photo, turned upright, with the landmarks (red: hidden) and the crop;
    the matte; the crop as networks get it; the advice."""
    figures = Figures("cpu")
    return np.concatenate([_row(figures, path) for path in paths], 0)


def _row(figures: Figures, path: Path) -> np.ndarray:
    try:
        photo = load_photo(path)
        figure = figures.cut_out(photo)
    except EngineError as error:
        return _joined([*[np.full((CELL_PX, CELL_PX, 3), PAPER, np.uint8)] * 3, _text([path.name, str(error)])])
    said = [f"{advice.severity.value}: {advice.sentence}" for advice in figure.advice] or ["Nothing speaks against it."]
    people = "nobody recognised" if not figure.people else f"{figure.people} found, number {figure.number} taken"
    facts = f"{photo.rgb.shape[1]} x {photo.rgb.shape[0]}, {figure.framing or 'unknown framing'}; people: {people}"
    rgb, alpha = figure.cut(CELL_PX)
    cut = np.round(255 * (rgb * alpha[..., None] + 0.5 * (1 - alpha[..., None]))).astype(np.uint8)
    matte = np.repeat(np.round(255 * figure.matte.alpha).astype(np.uint8)[..., None], 3, 2)
    return _joined([_marked(figure), _fitted(matte), cut, _text([path.name, facts, *said, *figure.photo.notes])])


def _marked(figure: Figure) -> np.ndarray:
    """The photo in a cell, with landmarks and crop."""
    scale = CELL_PX / max(figure.photo.rgb.shape)
    cell = _fitted(figure.photo.rgb)
    crop = figure.crop
    corners = [(crop.center_x + s * crop.side / 2, crop.center_y + s * crop.side / 2) for s in (-1, 1)]
    shift = _margins(figure.photo)
    low, high = (_pixel(np.array(corner), scale, shift) for corner in corners)
    cv2.rectangle(cell, low, high, CROP_COLOR, 1)
    if figure.person:
        points, visible = figure.person.points[:, :2], figure.person.visibility >= SEEN
        for one, other in LIMBS:
            color = SEEN_COLOR if visible[one] and visible[other] else HIDDEN_COLOR
            cv2.line(
                cell, _pixel(points[one], scale, shift), _pixel(points[other], scale, shift), color, 1, cv2.LINE_AA
            )
        for point, seen in zip(points, visible, strict=True):
            cv2.circle(cell, _pixel(point, scale, shift), 2, SEEN_COLOR if seen else HIDDEN_COLOR, -1, cv2.LINE_AA)
    return cell


def _pixel(point, scale, shift):
    return tuple(np.round(point * scale + shift).clip(-9999, 9999).astype(int).tolist())


def _margins(photo: Photo) -> np.ndarray:
    """Left and upper margin of a photo in its cell."""
    size = np.array(photo.rgb.shape[1::-1])
    return (CELL_PX - np.round(size * CELL_PX / size.max())) // 2


def _fitted(picture):
    """A picture (h, w, 3) in the middle of a cell."""
    scale = CELL_PX / max(picture.shape[:2])
    size = [max(1, round(side * scale)) for side in picture.shape[1::-1]]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    cell = np.full((CELL_PX, CELL_PX, 3), PAPER, np.uint8)
    left, top = ((CELL_PX - side) // 2 for side in size)
    cell[top : top + size[1], left : left + size[0]] = small
    return cell


def _text(paragraphs):
    image = Image.new("RGB", (CELL_PX * 6 // 5, CELL_PX), PAPER)
    lines = [line for words in paragraphs for line in [*textwrap.wrap(words, LETTERS), ""]]
    font = ImageFont.load_default(TEXT_PX)
    ImageDraw.Draw(image).multiline_text((4, 2), "\n".join(lines), INK, font, spacing=2)
    return np.asarray(image)


def _joined(cells):
    gap = np.full((CELL_PX, GAP_PX, 3), PAPER, np.uint8)
    row = np.concatenate([part for cell in cells for part in (cell, gap)], 1)
    return np.concatenate([row, np.full((GAP_PX, row.shape[1], 3), PAPER, np.uint8)], 0)
