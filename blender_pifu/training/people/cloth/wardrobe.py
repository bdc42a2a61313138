# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on people of generation 4: random outfits of shirts, trousers, skirts, dresses, jackets and coats."""

from dataclasses import replace

import numpy as np

from ..clothes.outfit import Cut
from .drape import OUTER
from .sewing import Garment

JOIN = 0.25  # trunk coordinate below which tops hang as one tube round both legs
SEAM = 0.012  # between a top and the skirt sewn to it
TUCK = 0.05  # how far under the waist a tucked top reaches
LEGS = {"slim": 0.24, "straight": 0.3, "wide": 0.12, "joggers": 0.08, "leggings": 0.06, "shorts": 0.2}
TOPS = {"tee": 0.34, "sleeveless": 0.08, "shirt": 0.28, "jumper": 0.18, "fitted": 0.12}
FRONTS = {"open": 0.45, "buttoned": 0.3, "closed": 0.25}
COLLARS = {"none": 0.35, "stand": 0.25, "roll": 0.1, "open": 0.2, "cowl": 0.1}


def sample_garments(rng: np.random.Generator, feminine: bool, seated: bool) -> list[Garment]:
    """A random outfit, from the skin outwards; `layer` says what lies over what. Who is `seated` wears no long coat:
    its tails would lie under the thighs."""
    waist, draw = rng.uniform(0.26, 0.36), rng.random()
    if draw < (0.2 if feminine else 0.01):
        worn = [_dress(rng)]
    else:
        skirted = draw < (0.42 if feminine else 0.03)
        worn = _over(rng, _skirt(rng, waist) if skirted else _legs(rng, waist), _top(rng), waist)
    if rng.random() < 0.3:
        worn.append(replace(_outer(rng, seated), layer=OUTER))
    return worn


def _over(rng, lower: Garment, top: Garment, waist: float) -> list[Garment]:
    """The top tucked in, or hanging over what is worn below."""
    if top.skirt is not None or rng.random() > 0.25:
        return [lower, replace(top, layer=1)]
    cut = replace(top.body, bottom=waist - TUCK)
    return [replace(top, cut=cut, rib=0.0, flare=min(top.flare, 0.01), tucked=True), replace(lower, layer=1)]


def _pick(rng, odds: dict[str, float]) -> str:
    return str(rng.choice(list(odds), p=list(odds.values())))


def _softness(rng, low: float, high: float) -> float:
    return np.exp(rng.uniform(np.log(low), np.log(high)))


def _neck(rng) -> float:
    """Round or deep: how much lower it is in front."""
    return rng.choice([0.0, rng.uniform(0.03, 0.12), rng.uniform(0.16, 0.3)], p=[0.5, 0.3, 0.2])


def _hung(garment: Garment, bottom: float) -> Garment:
    """A top that ends at `bottom`: below the hips it is a tube, not two legs."""
    if bottom > JOIN - TUCK:
        return replace(garment, cut=replace(garment.body, bottom=bottom))
    cut = replace(garment.body, bottom=JOIN)
    return replace(garment, cut=cut, skirt=Cut(top=JOIN - SEAM, bottom=bottom, opening=cut.opening, spread=cut.spread))


def _top(rng) -> Garment:
    """T-shirts, sleeveless tops, shirts, jumpers."""
    kind, vee, top = _pick(rng, TOPS), _neck(rng), rng.uniform(0.93, 1.0)
    hem = rng.uniform(0.04, 0.2) if rng.random() < 0.8 else rng.uniform(-0.2, 0.04)
    crumple = rng.uniform(0, 0.03)
    if kind == "tee":
        sleeve = rng.uniform(0.22, 0.5) if rng.random() < 0.85 else rng.uniform(0.55, 0.75)
        made = Garment(
            "top", Cut(sleeve, top, vee=vee), ease=rng.uniform(0.004, 0.02), loft=rng.uniform(0.5, 1),
            flare=rng.uniform(0, 0.03), length=rng.uniform(1.0, 1.04), bend=_softness(rng, 0.3, 4), crumple=crumple,
        )  # fmt: skip
    elif kind == "sleeveless":
        made = Garment(
            "top", Cut(-1.0, rng.uniform(0.965, 1.0), vee=vee), ease=rng.uniform(0.002, 0.012),
            loft=rng.uniform(0.2, 1), flare=rng.uniform(0, 0.03), bend=_softness(rng, 0.3, 4), crumple=crumple,
        )  # fmt: skip
    elif kind == "shirt":
        rolled = rng.random() < 0.25
        made = Garment(
            "top", Cut(rng.uniform(0.55, 0.72) if rolled else rng.uniform(0.93, 1.02), top, vee=0.6 * vee),
            ease=rng.uniform(0.007, 0.018), flare=rng.uniform(0, 0.025), gather=rng.uniform(1, 1.04),
            length=rng.uniform(1.02, 1.09), cuff=0.05 * (not rolled and rng.random() < 0.6),
            bend=_softness(rng, 0.3, 3), crumple=crumple,
        )  # fmt: skip
    elif kind == "jumper":
        hem = rng.uniform(JOIN - 0.04, JOIN + 0.03)
        made = Garment(
            "top", Cut(rng.uniform(0.95, 1.03), top, vee=vee), ease=rng.uniform(0.012, 0.026),
            flare=rng.uniform(0, 0.015), length=rng.uniform(1.03, 1.12), cuff=0.05, rib=0.05,
            bend=_softness(rng, 0.1, 0.6),
        )  # fmt: skip
    else:
        made = Garment(
            "top", Cut(rng.uniform(0.9, 1.0), top, vee=vee), ease=rng.uniform(0.001, 0.005), loft=rng.uniform(0, 0.4),
            length=rng.uniform(1.0, 1.05), bend=_softness(rng, 0.5, 3),
        )  # fmt: skip
    return _hung(_with_collar(rng, made) if kind in ("shirt", "jumper") else made, hem)


def _with_collar(rng, garment: Garment) -> Garment:
    """None, one that stands, a roll neck, one that falls open, or the folds of a cowl or of a hood let down."""
    kind = _pick(rng, COLLARS)
    if kind == "none":
        return garment
    if kind == "cowl":  # soft, whatever the rest is
        height, spread = rng.uniform(0.08, 0.14), rng.uniform(0.04, 0.07)
        garment = replace(garment, bend=max(garment.bend, 5.0))
    else:
        low, high, out = {"stand": (0.02, 0.045, 0.004), "roll": (0.05, 0.08, 0.0), "open": (0.05, 0.08, 0.035)}[kind]
        height, spread = rng.uniform(low, high), out
    return replace(garment, cut=replace(garment.body, top=max(garment.body.top, 0.97)), collar=height, spread=spread)


def _legs(rng, waist: float) -> Garment:
    """Trousers of every width, joggers, leggings, shorts."""
    kind, bottom, bend = _pick(rng, LEGS), rng.uniform(-1.0, -0.9), _softness(rng, 0.12, 2)
    loft, ease, flare, length = {
        "slim": (rng.uniform(0.0, 0.4), rng.uniform(0.003, 0.007), 0.0, rng.uniform(1.0, 1.06)),
        "straight": (rng.uniform(0.6, 1.0), rng.uniform(0.006, 0.012), rng.uniform(0, 0.03), rng.uniform(1, 1.06)),
        "wide": (1.0, rng.uniform(0.01, 0.016), rng.uniform(0.035, 0.08), rng.uniform(1.0, 1.03)),
        "joggers": (0.9, rng.uniform(0.01, 0.02), 0.01, rng.uniform(1.03, 1.09)),
        "leggings": (0.0, 0.001, 0.0, rng.uniform(1, 1.02)),
        "shorts": (1.0, rng.uniform(0.006, 0.014), rng.uniform(0.005, 0.045), rng.uniform(1.0, 1.05)),
    }[kind]
    if kind == "shorts":
        bottom = rng.uniform(-0.6, -0.2)
    return Garment(
        "legs", Cut(top=waist, bottom=bottom), ease=ease, loft=loft, flare=flare, length=length, belted=True,
        cuff=0.04 * (kind == "joggers"), bend=bend, crumple=rng.uniform(0, 0.03) * (kind != "leggings"),
    )  # fmt: skip


def _skirt(rng, waist: float) -> Garment:
    """Narrow, flared or gathered, of any length."""
    bottom = rng.uniform(-0.5, -0.12) if rng.random() < 0.55 else rng.uniform(-0.95, -0.5)
    kind = rng.random()
    return Garment(
        "skirt", None, Cut(top=min(waist, 0.3), bottom=bottom), ease=0.004,
        flare=rng.uniform(-0.04, 0.0) if kind < 0.25 else rng.uniform(0.02, 0.16),
        gather=1.0 if kind < 0.5 else rng.uniform(1.05, 1.4), belted=True, bend=_softness(rng, 0.2, 6),
    )  # fmt: skip


def _dress(rng) -> Garment:
    sleeve = rng.choice([-1.0, rng.uniform(0.2, 0.5), rng.uniform(0.9, 1.0)], p=[0.45, 0.35, 0.2])
    bottom = rng.uniform(-0.5, -0.1) if rng.random() < 0.5 else rng.uniform(-0.93, -0.5)
    made = Garment(
        "dress", Cut(sleeve, rng.uniform(0.965, 1.0), vee=_neck(rng)), ease=rng.uniform(0.002, 0.012),
        loft=rng.uniform(0, 1), flare=rng.uniform(0.0, 0.14), gather=rng.uniform(1, 1.08),
        belted=rng.random() < 0.5, bend=_softness(rng, 0.3, 6), crumple=rng.uniform(0, 0.02),
    )  # fmt: skip
    return _hung(made, bottom)


def _outer(rng, seated: bool) -> Garment:
    """Jackets, cardigans, waistcoats and coats; open, buttoned or closed."""
    front, knit, opening, spread, buttons = _pick(rng, FRONTS), rng.random() < 0.3, 0.0, 0.0, ()
    if front == "open":
        opening, spread = rng.uniform(0.02, 0.07), rng.uniform(-0.02, 0.03)
    elif front == "buttoned":
        opening, spread = rng.uniform(0.03, 0.06), -0.1
        buttons = tuple(np.linspace(rng.uniform(0.35, 0.6), 0.3, int(rng.integers(1, 4))))
    sleeve = -1.0 if rng.random() < 0.1 else rng.uniform(0.93, 1.02)
    vee = 0.2 * (front == "closed" and rng.random() < 0.5)
    bottom = rng.uniform(-0.1, 0.15) if rng.random() > 0.35 else rng.uniform(-0.8, -0.15)
    made = Garment(
        "jacket", Cut(sleeve, rng.uniform(0.95, 1.01), vee=vee, opening=opening, spread=spread),
        ease=rng.uniform(0.014, 0.024), flare=rng.uniform(0.0, 0.03), length=rng.uniform(1.0, 1.06),
        cuff=0.04 * (knit and sleeve > 0), buttons=buttons, bend=_softness(rng, 0.05, 0.8),
        crumple=rng.uniform(0, 0.02),
    )  # fmt: skip
    return _hung(_with_collar(rng, made), JOIN - TUCK + 0.01 if seated else bottom)
