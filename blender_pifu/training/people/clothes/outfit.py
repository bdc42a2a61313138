# SPDX-License-Identifier: GPL-3.0-or-later
"""What is worn: random sets of procedural garments, described by where they are cut and how they fall."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Cut:
    """Where a garment ends. Arm: 0 shoulder, 1 wrist. Trunk: 0 crotch, 1 neck; legs: -1 ankle."""

    sleeve: float = -1.0
    top: float = 1.0
    bottom: float = 0.0
    vee: float = 0.0  # how much deeper the neck is in front
    opening: float = 0.0  # half width of an open front, metres on the mean body; 0: closed
    spread: float = 0.0  # how much wider the opening gets from neck to crotch, metres


@dataclass(frozen=True)
class Garment:
    """One cut garment: geometry rules and the cloth's measure. Garments of one `cloth` share the fabric."""

    cloth: str
    cut: Cut
    ease: float  # metres it stands off the body
    flare: float = 0.0  # more ease towards sleeve and leg ends, metres
    drape: int = 4  # smoothing rounds: more lets the cloth bridge hollows
    wrinkle: float = 0.003  # height of folds, metres
    hang: float = 0.0  # height of folds that hang straight down, metres, at the hem
    snug: float = 2.0  # trunk coordinate from which upwards it fits closely, as trousers do at the waist
    skirt: bool = False


def sample_outfit(rng: np.random.Generator) -> list[Garment]:
    """A random outfit, from the skin outwards."""
    waist = rng.uniform(0.28, 0.42)
    tucked = rng.random() < 0.25
    top = _top(rng, waist, tucked)
    if rng.random() < 0.22:
        lower = _skirt(rng, waist, top, tucked)
        if rng.random() < 0.5:
            top, lower = replace(top, cloth="dress"), replace(lower, cloth="dress")
    else:
        lower = _legs(rng, waist, top, tucked)
        if not tucked:
            top = replace(top, ease=max(top.ease, 0.009))
    jacket = _jacket(rng) if rng.random() < 0.27 else []
    if jacket:
        top = replace(top, ease=min(top.ease, 0.009), flare=0.0, wrinkle=min(top.wrinkle, 0.003), hang=0.0)
        lower = replace(lower, ease=min(lower.ease, 0.009))
    return [*((top, lower) if tucked else (lower, top)), *jacket]


def _top(rng, waist: float, tucked: bool) -> Garment:
    loose = rng.choice([0.005, 0.010, 0.020], p=[0.35, 0.4, 0.25])
    sleeve = rng.choice(
        [-0.05, rng.uniform(0.15, 0.5), rng.uniform(0.55, 0.8), rng.uniform(0.9, 0.98)], p=[0.1, 0.4, 0.1, 0.4]
    )
    hem = rng.uniform(-0.02, 0.24) if rng.random() < 0.75 else rng.uniform(-0.3, 0.0)
    cut = Cut(
        sleeve=float(sleeve),
        top=rng.uniform(0.88, 1.02),
        bottom=waist - 0.05 if tucked else hem,
        vee=float(rng.choice([0, rng.uniform(0, 0.2)])),
    )
    return Garment(
        "top",
        cut,
        ease=float(0.003 if tucked else loose + rng.uniform(0.003, 0.008)),
        flare=float(rng.uniform(0, 0.025) if loose > 0.006 and not tucked else 0.0),
        drape=int(rng.integers(2, 10)),
        wrinkle=float(rng.uniform(0.001, 0.009)),
        hang=float(rng.uniform(0, 0.012) if loose > 0.006 and not tucked else 0.0),
    )


def _skirt(rng, waist: float, top: Garment, tucked: bool) -> Garment:
    length = rng.uniform(-0.5, -0.15) if rng.random() < 0.55 else rng.uniform(-0.97, -0.5)
    return Garment(
        "skirt",
        Cut(top=waist + 0.05 if tucked else min(waist, top.cut.bottom) + 0.05, bottom=float(length)),
        ease=0.014 if tucked else 0.008,
        flare=float(rng.uniform(0, 0.09)),
        drape=int(rng.integers(1, 4)),
        wrinkle=float(rng.uniform(0.001, 0.008)),
        hang=float(rng.uniform(0.0, 0.022)),
        skirt=True,
    )


def _legs(rng, waist: float, top: Garment, tucked: bool) -> Garment:
    short = rng.random() < 0.22
    wide = rng.random() < 0.18
    return Garment(
        "legs",
        Cut(
            top=waist if tucked else min(waist, top.cut.bottom + 0.06),
            bottom=float(rng.uniform(-0.6, -0.2) if short else rng.uniform(-1.02, -0.85)),
        ),
        ease=float(rng.uniform(0.014, 0.02) if wide else rng.choice([0.007, 0.010, 0.017], p=[0.4, 0.4, 0.2])),
        flare=float(rng.uniform(0.025, 0.06) if wide else rng.uniform(0, 0.025) * rng.integers(2)),
        drape=int(rng.integers(2, 8)),
        wrinkle=float(rng.uniform(0.001, 0.008)),
        hang=float(rng.uniform(0.004, 0.014) if wide else rng.uniform(0, 0.004)),
        snug=2.0 if tucked else 0.1,
    )


def _jacket(rng) -> list[Garment]:
    """A jacket, cardigan, waistcoat or coat, open in front or closed; a coat has skirts."""
    is_open = rng.random() < 0.7
    opening = rng.uniform(0.012, 0.07) if is_open else 0.0
    spread = rng.uniform(-0.02, 0.05) if is_open else 0.0
    coat = rng.random() < 0.4
    sleeve = -0.03 if rng.random() < 0.12 else rng.uniform(0.9, 1.0)
    ease = rng.uniform(0.017, 0.028)
    wrinkle, hang = rng.uniform(0.002, 0.009), rng.uniform(0.0, 0.012)
    bottom = -0.02 if coat else rng.uniform(-0.12, 0.2)
    vee = rng.uniform(0.0, 0.35) if not is_open and rng.random() < 0.6 else 0.0
    upper = Garment(
        "jacket",
        Cut(float(sleeve), rng.uniform(0.95, 1.03), float(bottom), float(vee), float(opening), float(spread)),
        ease=float(ease),
        flare=float(rng.uniform(0, 0.012)),
        drape=int(rng.integers(5, 12)),
        wrinkle=float(wrinkle),
        hang=float(hang * 0.5),
    )
    if not coat:
        return [upper]
    skirts = Garment(
        "jacket",
        Cut(top=0.16, bottom=float(rng.uniform(-0.7, -0.2)), opening=float(opening), spread=float(spread)),
        ease=float(ease + 0.004),
        flare=float(rng.uniform(0.0, 0.03)),
        drape=3,
        wrinkle=float(wrinkle),
        hang=float(hang),
        skirt=True,
    )
    return [skirts, upper]
