# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of a synthetic film as a file."""

from pathlib import Path

import cv2
import numpy as np


def write_film(path: Path, frames: np.ndarray, fps: float) -> None:
    """Write frames (N, H, W, 3) uint8 sRGB as a film of OpenCV's writer, MPEG-4 in .mp4."""
    height, width = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
