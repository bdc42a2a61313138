# SPDX-License-Identifier: GPL-3.0-or-later
"""How a result differs from the golden one: exactly on the machine that made it, roughly on another.

Where the processor (or torch) adds in another order, the last bits differ, and with them the side of the surface on
which a few lattice points lie. Counts, and the numbers of all vertices after, then differ, so that only what does not
hang on the numbering is compared: sizes, means, names, the skeleton, how far expressions move.

How rough: with torch, numpy, OpenCV and OpenBLAS held to what processors without AVX2 can do, of 13,458 vertices of the
sculpt two went (the others lie 0.1 mm off), the quads' counts changed by up to 0.5 % and their charts from 95 to 85,
the extent of "game" by 4 mm and its mean colour by 0.9, bones by 1.3 mm, the animation mesh's vertices by 1 mm and
lengths of expressions by less than 0.1 %. The tolerances are some times that.
"""

import math

import numpy as np

FLOAT, BYTE = 1e-4, 1  # of metres, of unit vectors, of UV; of 256 shades
# On other processors: counts and lengths by share, places in metres, shades of 256.
SHARE, PLACE, SHADE = 0.02, 0.01, 3.0


def differences(kept, made, same_machine):
    """Sentences, none where the Golden `made` is as `kept`."""
    return _exact(kept, made) if same_machine else _rough(kept, made)


def _exact(kept, made):
    found = _values("", kept.facts, made.facts)
    found += [f"{name}: only in one" for name in sorted(kept.arrays.keys() ^ made.arrays.keys())]
    for name in sorted(kept.arrays.keys() & made.arrays.keys()):
        found += _array(name, kept.arrays[name], made.arrays[name])
    if kept.texture is not None and made.texture is not None:
        found += _array("texture", kept.texture, made.texture)
    return found


def _array(name, kept, made):
    if kept.shape != made.shape:
        return [f"{name}: {kept.shape} became {made.shape}"]
    if not np.isfinite(made).all():
        return [f"{name}: not finite"]
    off = np.abs(kept.astype(np.float64) - made)
    if name.startswith("colors") or name == "texture":
        most = BYTE
    else:
        most = 1e-6 if name.startswith(("faces", "bone_parents")) else FLOAT
    share = (off > most).mean()
    return [f"{name}: {share:.1%} differ, by up to {off.max():.3g}"] if share else []


def _values(path, kept, made):
    """Plain values side by side, floats to FLOAT."""
    if isinstance(kept, dict) and isinstance(made, dict):
        names = [*kept, *(name for name in made if name not in kept)]
        pairs = [(f"{path}.{name}".lstrip("."), kept.get(name), made.get(name)) for name in names]
        return [sentence for pair in pairs for sentence in _values(*pair)]
    if isinstance(kept, float) and isinstance(made, float):
        same = math.isclose(kept, made, rel_tol=0, abs_tol=FLOAT)
    else:
        same = kept == made
    return [] if same else [f"{path}: {kept} became {made}"]


def _rough(kept, made):
    found = []
    for name in ("bones", "shape_keys", "texture"):
        found += _values(name, kept.facts.get(name), made.facts.get(name))
    names = [f"summary.{name}" for name in kept.facts["summary"]], [f"summary.{name}" for name in made.facts["summary"]]
    found += _values("summary", *map(sorted, names))
    for name, (kind, *shape) in kept.facts["arrays"].items():
        now_kind, *now = made.facts["arrays"].get(name, ["none"])
        alike = kind == now_kind and shape[1:] == now[1:] and np.allclose(shape[:1], now[:1], rtol=SHARE)
        found += [] if alike else [f"{name}: {kind} {shape} became {now_kind} {now}"]
    if found:
        return found
    for name, most in {"vertices span": PLACE, "colors span": SHADE, "bone_heads": PLACE, "bone_tails": PLACE}.items():
        if name in kept.arrays:
            rows = slice(2, None) if name == "colors span" else slice(None)  # of colours, the mean
            off = np.abs(kept.arrays[name][rows] - made.arrays[name][rows]).max()
            found += [f"{name}: off by up to {off:.3g}"] if off > most else []
    if "shape_key_lengths" in kept.arrays:
        shares = made.arrays["shape_key_lengths"] / kept.arrays["shape_key_lengths"]
        changed = np.abs(shares - 1).max() > SHARE
        found += [f"shape keys: {shares.min():.3f} to {shares.max():.3f} as long"] if changed else []
    return found + (_rough_of_one_layout(kept, made) if kept.facts["summary"]["topology"] == "animation" else [])


def _rough_of_one_layout(kept, made):
    """Of a mesh that is numbered and unwrapped alike for everybody."""
    found = []
    for name in ("faces", "uv"):
        found += _array(f"{name} runs", kept.arrays[f"{name} runs"], made.arrays[f"{name} runs"])
    for name, most in {"vertices runs": PLACE, "colors runs": 10.0, "weights runs": 0.02}.items():
        off = np.abs(kept.arrays[name] - made.arrays[name]).max()
        found += [f"{name}: off by up to {off:.3g}"] if off > most else []
    off = np.abs(kept.texture.astype(np.float64) - made.texture).mean()
    return found + ([f"texture: off by {off:.3g} on average"] if off > SHADE else [])
