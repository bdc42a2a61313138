# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose face it is: statistics of real faces, MakeHuman's sliders and face types, asymmetry, and what it does.

The 60 modes are those of ICT-FaceKit's scanned people (Li et al. 2020, "Learning formation of physically-based face
attributes"), carried over to the base mesh; sliders and types are MakeHuman's.
"""

import numpy as np

from ..body import Body, Shape
from ..library import Library

MODES = "makehuman/face_identity_modes.npz"
TARGETS = "makehuman/face_targets.npz"
SIGMA, EXTREME = 0.8, 2.5  # standard deviations: of the draws, and what is drawn again
SLIDERS = 9  # moved in one face, on average
WILD = ("head-fat", "nubian", "head-angle", "neck-double", "prognathism", "head-scale", "head-trans", "head-back")
HELD_BACK = ("ear-wing", "eye-scale", "scale-depth", "head-age", "neck-scale", "neck-trans")


def move_face(library: Library, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Rest vertices (19158, 3) of a body with a face of its own."""
    vertices = shape.vertices.copy()
    age, feminine = shape.phenotype["age"], shape.phenotype["gender"] > 0.5
    modes, targets = library.arrays(MODES), library.arrays(TARGETS)
    size = _head_size(vertices, targets)
    grown = float(np.clip((age - 0.15) / 0.3, 0.35, 1))  # statistics are of adults
    weights = rng.normal(size=len(modes["modes"]))
    while (wild := np.abs(weights) > EXTREME).any():
        weights[wild] = rng.normal(size=wild.sum())
    delta = modes["mean_delta"] + np.tensordot(
        (SIGMA * weights).astype(np.float32), modes["modes"].astype(np.float32), 1
    )
    vertices[modes["head_idx"]] += size * grown * delta
    _slide(vertices, targets, rng, size)
    _take_type(vertices, targets, rng, age, feminine, size)
    return vertices


def _head_size(vertices: np.ndarray, targets: dict) -> float:
    """Of a body's head against the mean adult's."""
    head = targets["head_weight"] > 0.9
    return float(np.ptp(vertices[head], axis=0).mean() / np.ptp(targets["adult_mean"][head], axis=0).mean())


def _slide(vertices, targets: dict, rng, size: float) -> None:
    """A few sliders, alike left and right but for a little; asymmetries are sliders of their own."""
    names = [str(name) for name in targets["slider_names"]]
    mirror = targets["slider_mirror"]
    done = np.zeros(len(names), bool)
    for k in rng.permutation(len(names)):
        if done[k] or rng.random() > SLIDERS / 110:
            continue
        asymmetric = names[k].startswith("asym")
        spread = 0.12 if any(w in names[k] for w in WILD) else 0.18 if any(w in names[k] for w in HELD_BACK) else 0.3
        value = float(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread)) * (1.5 if asymmetric else 1)
        _add_slider(vertices, targets, k, value, size)
        other = int(mirror[k])
        if not asymmetric and other >= 0 and other != k:
            _add_slider(vertices, targets, other, value + rng.normal(0, 0.04), size)
            done[other] = True


def _add_slider(vertices, targets: dict, slider: int, value: float, size: float) -> None:
    target = int(targets["slider_pos" if value > 0 else "slider_neg"][slider])
    if target >= 0:
        span = slice(*targets["start"][target : target + 2])
        vertices[targets["idx"][span]] += abs(value) * size * targets["val"][span].astype(np.float32)


def _take_type(vertices, targets: dict, rng, age: float, feminine: bool, size: float) -> None:
    """Part of the way to one or two face types of this sex and age."""
    names = [str(name) for name in targets["macro_names"]]
    when = "child" if age < 0.2 else "old" if age > 0.5 + 0.4 * rng.random() else "young"
    kin = [k for k, name in enumerate(names) if name.endswith(f"-{'female' if feminine else 'male'}-{when}")]
    strength = rng.uniform(0, 0.7) if rng.random() < 0.6 else 0.0
    for k, share in zip(rng.permutation(kin)[:2], rng.dirichlet([1, 0.5]), strict=True):
        moved = targets["macro_val"][k].astype(np.float32)
        vertices[targets["macro_idx"]] += strength * float(share) * size * moved


def draw_expression(body: Body, rng: np.random.Generator) -> dict[str, float]:
    """Actions of a face that is photographed: mostly mild, smiles above all, some with teeth, few wild."""
    draw = rng.random()
    actions: dict[str, float] = {}
    if draw < 0.12:
        return actions
    found = [str(name) for name in body.arrays["face_names"] if not name.startswith(("tongue", "eye", "jawOpen"))]
    if draw < 0.68:  # a smile
        strength = rng.beta(1.6, 1.8)
        lean = np.clip(rng.normal(0, 0.08, 2), -0.2, 0.2)
        for side, extra in zip(("Left", "Right"), lean, strict=True):
            actions[f"mouthSmile{side}"] = float(np.clip(strength + extra, 0, 1))
            actions[f"cheekSquint{side}"] = 0.6 * strength
            actions[f"eyeSquint{side}"] = 0.35 * strength * rng.uniform(0, 1)
        if strength > 0.45 and rng.random() < 0.6:  # teeth show
            shown = rng.uniform(0.3, 0.8)
            for side in ("Left", "Right"):
                actions[f"mouthUpperUp{side}"] = shown * rng.uniform(0.8, 1)
                actions[f"mouthLowerDown{side}"] = 0.6 * shown * rng.uniform(0.5, 1)
            actions["jawOpen"] = rng.uniform(0.0, 0.16)
    strong = 0.6 if draw > 0.93 else 0.25
    for name in rng.choice(found, 4, replace=False):
        actions.setdefault(str(name), float(rng.uniform(0, strong)))
    if draw > 0.86 and rng.random() < 0.6:
        actions["jawOpen"] = float(rng.uniform(0.05, 0.45))
    blink = rng.random()
    if blink < 0.25:  # heavy lids, seldom closed
        closed = rng.uniform(0.05, 0.4) if blink > 0.02 else 1.0
        actions |= {f"eyeBlink{side}": float(closed) for side in ("Left", "Right")}
    return actions


def opens_mouth(actions: dict[str, float]) -> bool:
    """Whether lips part so far that teeth show."""
    lips = max(actions.get(f"mouth{part}{side}", 0) for part in ("UpperUp", "LowerDown") for side in ("Left", "Right"))
    return actions.get("jawOpen", 0) > 0.06 or lips > 0.25 or actions.get("mouthFunnel", 0) > 0.3
