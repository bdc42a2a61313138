# SPDX-License-Identifier: GPL-3.0-or-later
"""How fine a base colour map is beside what the photo can give."""

import numpy as np

from ...surface.mesh import split_quads


def texels_per_metre(points: np.ndarray, faces: np.ndarray, uv: np.ndarray, size: int) -> float:
    """Of a map of `size` pixels, the mean over the surface: points (V, 3) metres, faces (F, 3|4), uv (F, 3|4, 2)."""
    triangles, corners = split_quads(faces)
    flat = uv.reshape(-1, 2)[corners].astype(np.float64)
    one, two = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    used = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    solid = points[triangles].astype(np.float64)
    true = np.linalg.norm(np.cross(solid[:, 1] - solid[:, 0], solid[:, 2] - solid[:, 0]), axis=1).sum()
    return float(size * np.sqrt(used / max(true, 1e-12)))


def finer_than_photo(size: int, sides: tuple[int, ...], texels_per_m: float, photo_px_per_m: float) -> str | None:
    """What to tell of a map of `size` pixels where a smaller one of `sides`, rising, shows all that the photo gives;
    else None."""
    enough = next((side for side in sides if side < size and texels_per_m * side / size >= photo_px_per_m), None)
    if enough is None:
        return None
    return (
        f"The photo gives {photo_px_per_m:.0f} pixels per metre and the texture of {size} px has {texels_per_m:.0f}: "
        f"{enough} px show as much."
    )
