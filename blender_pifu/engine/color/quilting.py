# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine texture by image quilting (Efros and Freeman 2001): blocks of a material's weave and folds, taken at random from
near the same height so that stripes go on, each the best of several at its overlap with those laid before."""

import cv2
import numpy as np

from ..futures import check_wanted
from ..smooth_step import smooth_step

# In field units: 0.01 is about 1 cm on an adult.
BLOCK = 0.06
LEVEL, FARTHEST = 0.04, 0.4  # how far above or below a block is taken from: where there is choice, and else
OVERLAP = 1 / 3  # of a block
ENOUGH = 30  # blocks that are choice
TRIED = 24
LEVELLED = 0.5  # of a block's energy: what being LEVEL away costs, against differences at the overlap
AS_GOOD = 1.15  # times the least difference at the overlap that does as well
WHOLE = 0.97  # share of a block that must be its material's
LOUD = 1.7  # times the usual energy of the material's blocks: what has more is a button, a pocket, an edge
BUTTON, LOUDER = 0.012, 12.0  # across a button, and times the usual energy that is in that
COVERED = 0.05  # share of a block that must be asked for
RIM = 0.008  # inside a material's border, where others' colours are mixed in


def quilt(
    fine: np.ndarray,
    sources: np.ndarray,
    targets: np.ndarray,
    energy: np.ndarray | None = None,
    wide: float = BLOCK,
    farthest: float = FARTHEST,
    cut: bool = False,
) -> np.ndarray:
    """Texture (n, n, 3) for a material where `targets (n, n)` 0..1 has it, 0 elsewhere and where there is no block to
    take: of a fine band (n, n, 3) around 0, from places where `sources (n, n)` bool shows the material; energy: the
    band's `block_energy`, where that is known; wide: a block, and farthest: how far above or below one is taken
    from at most, field units; cut: let blocks meet along the line where they differ least, as a print's must, and not
    go over into each other."""
    size = len(fine)
    block, overlap = _block_px(size, wide), max(4, round(OVERLAP * wide / 2 * size))
    energy = block_energy(fine, wide) if energy is None else energy
    rows, columns = _whole_blocks(energy, sources, block)
    result = np.zeros_like(fine, np.float32)
    if not len(rows):
        return result
    laid = np.zeros((size, size), np.float32)  # sums of squared weights
    window = _window(block, overlap)
    rng = np.random.default_rng(0)
    wanted = cv2.boxFilter(
        np.asarray(targets, np.float32), -1, (block, block), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    step = block - overlap
    for row in range(0, size - block, step):
        check_wanted()
        for column in range(0, size - block, step):
            if wanted[row, column] < COVERED:
                continue
            place = np.s_[row : row + block, column : column + block]
            tried = _near(rows, row, size, farthest, rng)
            off = np.abs(rows[tried] - row) / (LEVEL / 2 * size)
            taken = _best(fine, rows[tried], columns[tried], off, (result[place], laid[place]), rng)
            if taken is None:
                continue
            if cut:
                result[place] += _cut(result[place], taken, laid[place] > 0, overlap)[..., None] * (
                    taken - result[place]
                )
                laid[place] = 1
            else:
                result[place] += window[..., None] * taken
                laid[place] += window**2
    # Independent textures add up in their squares.
    result /= np.sqrt(np.maximum(laid, 1e-6))[..., None]
    result *= targets[..., None].astype(np.float32)
    return result


def block_energy(fine: np.ndarray, wide: float = BLOCK) -> np.ndarray:
    """Mean squares (n, n) of a fine band (n, n, 3) in the block whose corner is at each pixel."""
    block = _block_px(len(fine), wide)
    how = {"anchor": (0, 0), "borderType": cv2.BORDER_CONSTANT}
    return cv2.boxFilter(np.square(fine).sum(-1), -1, (block, block), **how)


def without_buttons(sources: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Where `sources (n, n)` bool show a material, but for where its fine band (n, n, 3) is much louder within a
    finger's width than usual: a button or an eyelet, which is too small to make its block loud."""
    small = max(3, round(BUTTON / 2 * len(fine)))
    energy = cv2.boxFilter(np.square(fine).sum(-1), -1, (small, small), borderType=cv2.BORDER_REPLICATE)
    usual = np.median(energy[sources]) if sources.any() else 0.0
    return sources & (energy <= LOUDER * usual)


def _block_px(size, wide):
    return max(4, round(wide / 2 * size))


def _whole_blocks(energy, sources, block):
    """Rows and columns of the corners of blocks that are one material's, and no louder than it usually is."""
    reach = max(1, round(RIM / 2 * len(energy)))
    inner = cv2.erode(np.pad(sources, 1).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8))[1:-1, 1:-1]
    how = {"anchor": (0, 0), "borderType": cv2.BORDER_CONSTANT}
    whole = cv2.boxFilter(inner.astype(np.float32), -1, (block, block), **how) >= WHOLE
    whole[-block:], whole[:, -block:] = False, False
    if whole.any():
        whole &= energy <= LOUD * np.median(energy[whole])
    return np.nonzero(whole)


def _near(rows, row, size, farthest, rng):
    """Indices of some of the sorted `rows` that are near one."""
    for reach in (LEVEL, farthest):
        far = reach / 2 * size
        first, last = np.searchsorted(rows, (row - far, row + far + 1))
        if last - first >= ENOUGH:
            break
    return rng.integers(first, last, TRIED) if last > first else np.zeros(0, int)


def _best(fine, rows, columns, off, laid, rng):
    """Of the blocks at those corners one that goes on well from what is laid, None of none; off: how far each is from
    its height; laid: sums (b, b, 3), and energy (b, b)."""
    if not len(rows):
        return None
    block = len(laid[1])
    blocks = np.stack([fine[r : r + block, c : c + block] for r, c in zip(rows, columns, strict=True)])
    costs = LEVELLED * np.square(blocks).mean() * off**2
    over = laid[1] > 0
    if over.any():
        there = laid[0][over] / np.sqrt(laid[1][over])[:, None]
        costs += np.square(blocks[:, over] - there).mean((1, 2))
    return blocks[rng.choice(np.flatnonzero(costs <= AS_GOOD * costs.min()))]


def _cut(before, block, laid, overlap):
    """(b, b) 0..1: what of a block (b, b, 3) is laid over `before` (b, b, 3), where `laid` (b, b) bool is: what lies
    beyond the line, in the overlap on its left and on its top, along which both differ least (minimum error boundary
    cut)."""
    error = np.square(before - block).sum(-1) * laid
    share = np.ones(laid.shape, np.float32)
    for costs, mine, there in ((error, share, laid), (error.T, share.T, laid.T)):
        if there[:, :overlap].mean() > 0.5:
            mine[:, :overlap][np.arange(overlap) < _least_path(costs[:, :overlap])[:, None]] = 0
    return np.where(laid, cv2.GaussianBlur(share, (0, 0), 0.7), 1)


def _least_path(costs):
    """(b,) column of each row of costs (b, w), next to the one above, whose sum is least."""
    sums = costs.astype(np.float64)
    for row in range(1, len(sums)):
        above = np.pad(sums[row - 1], 1, constant_values=np.inf)
        sums[row] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.empty(len(sums), int)
    path[-1] = sums[-1].argmin()
    for row in range(len(sums) - 2, -1, -1):
        first = max(path[row + 1] - 1, 0)
        path[row] = first + sums[row, first : path[row + 1] + 2].argmin()
    return path


def _window(block, overlap):
    """(block, block) weights that fall to nearly 0 over the overlap."""
    inside = np.minimum(np.arange(block) + 0.5, block - np.arange(block) - 0.5)
    ramp = smooth_step(inside, 0, overlap).astype(np.float32)
    return np.outer(ramp, ramp) + np.float32(1e-4)
