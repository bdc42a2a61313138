# SPDX-License-Identifier: GPL-3.0-or-later
"""Haircuts: how hair is cut, parted, combed, curled and tied, drawn at random."""

from dataclasses import dataclass

import numpy as np

STEPS_A_TURN, MOST_STEPS = 6, 24  # of a path along a curl


@dataclass(frozen=True)
class Style:
    """How hair is cut and how it lies. Metres, but for what is said to be a share."""

    name: str
    count: int
    length: float
    steps: int
    wide: float  # half width of a lock
    thick: float  # half thickness
    volume: float  # how far the uppermost locks lie off the scalp
    lift: float  # share of the scalp's normal in where locks set out
    parting: float | None  # x of the line from which hair falls to both sides; None: from the crown
    sweep: tuple[float, float, float] = (0.0, 0.0, 0.0)  # further direction to set out: left, ahead, up
    stiff: float = 0.8  # share of its direction that a lock keeps in a centimetre
    weight: float = 0.3  # pull of gravity in a centimetre
    wave: float = 0.0  # radius of curls
    period: float = 0.05  # length of hair in one turn
    ringlets: bool = False  # each curl for itself; else waves go through all hair
    rough: float = 0.15  # disorder
    knot: np.ndarray | None = None  # where hair is tied
    tail: float = 0.0  # length of what hangs from there; 0: a bun
    fringe: bool = False  # falls over the forehead
    sides: float = 1.0  # length of the hair below the temples, in that on top
    bald: float = 0.0  # how far the hairline has gone back


def draw_style(rng: np.random.Generator, feminine: bool, curly: float) -> Style | None:
    """A random cut; None: shaved or bald. `curly`: odds of curls."""
    names = ("buzz", "crop", "swept", "side", "fringe", "bob", "long", "tail", "bun", "round")
    odds = (0.02, 0.1, 0.05, 0.06, 0.05, 0.2, 0.28, 0.12, 0.12, 0.0) if feminine else (
        0.13, 0.33, 0.14, 0.16, 0.1, 0.03, 0.06, 0.02, 0.03, 0.0)  # fmt: skip
    odds = np.array(odds)
    curls = rng.random() < curly
    if curls:
        odds[[1, 2, 3]] *= 0.6
        odds[-1] = 0.5 * odds.sum()
    name = str(rng.choice(names, p=odds / odds.sum()))
    if name == "buzz":
        return None
    style = _STYLES[name](rng)
    changes: dict = {"bald": float(rng.uniform(0.2, 1)) if not feminine and rng.random() < 0.2 else 0.0}
    if curls and name != "round":
        changes |= {"wave": float(rng.uniform(0.004, 0.012)), "period": float(rng.uniform(0.025, 0.06))}
        changes |= {
            "ringlets": True,
            "volume": 1.5 * style.volume,
            "thick": 1.4 * style.thick,
            "wide": 0.7 * style.wide,
            "count": int(0.75 * style.count),
        }
    elif name in ("bob", "long", "tail") and rng.random() < 0.45:
        changes |= {"wave": float(rng.uniform(0.003, 0.011)), "period": float(rng.uniform(0.06, 0.13))}
    return _finely_stepped(Style(**(style.__dict__ | changes)))


def _finely_stepped(style: Style) -> Style:
    """With steps enough for its waves, or fewer waves."""
    if not style.wave:
        return style
    steps = int(np.clip(STEPS_A_TURN * style.length / style.period, style.steps, MOST_STEPS))
    period = max(style.period, STEPS_A_TURN * style.length / steps)
    return Style(**(style.__dict__ | {"steps": steps, "period": float(period)}))


def _side_of_parting(rng) -> float | None:
    return float(rng.choice([-1, 1]) * rng.uniform(0.0, 0.045)) if rng.random() < 0.8 else None


def _crop(rng) -> Style:
    ahead = rng.choice([-0.6, 0.5, 0.9])
    return Style(
        "crop", 1150, rng.uniform(0.015, 0.045), 4, rng.uniform(0.0045, 0.0075), 0.0018, rng.uniform(0.003, 0.011),
        rng.uniform(0.35, 0.9), None, (rng.normal(0, 0.35), ahead, 0.1), 0.8, 0.05,
        rough=rng.uniform(0.12, 0.35), sides=rng.uniform(0.3, 0.9),
    )  # fmt: skip


def _swept(rng) -> Style:
    return Style(
        "swept", 900, rng.uniform(0.05, 0.11), 7, rng.uniform(0.007, 0.012), 0.0018, rng.uniform(0.007, 0.02),
        rng.uniform(0.25, 0.6), None, (rng.normal(0, 0.2), -1.3, 0.35), 0.75, 0.1,
        rough=rng.uniform(0.04, 0.14), sides=rng.uniform(0.25, 0.6),
    )  # fmt: skip


def _side(rng) -> Style:
    return Style(
        "side", 900, rng.uniform(0.05, 0.1), 7, rng.uniform(0.007, 0.012), 0.0018, rng.uniform(0.007, 0.018),
        rng.uniform(0.2, 0.5), float(rng.choice([-1, 1]) * rng.uniform(0.02, 0.05)),
        (0, rng.uniform(-0.5, 0.3), 0.15), 0.75, 0.15, rough=rng.uniform(0.04, 0.14), sides=rng.uniform(0.3, 0.7),
    )  # fmt: skip


def _fringe(rng) -> Style:
    return Style(
        "fringe", 950, rng.uniform(0.05, 0.08), 7, rng.uniform(0.006, 0.011), 0.0018, rng.uniform(0.006, 0.014), 0.25,
        None, (rng.normal(0, 0.3), 0.9, 0), 0.7, 0.3, rough=rng.uniform(0.05, 0.16), fringe=True,
        sides=rng.uniform(0.5, 1.0),
    )  # fmt: skip


def _bob(rng) -> Style:
    return Style(
        "bob", 620, rng.uniform(0.14, 0.25), 11, rng.uniform(0.010, 0.016), 0.0022, rng.uniform(0.008, 0.025),
        rng.uniform(0.1, 0.4), _side_of_parting(rng), (0, rng.uniform(-0.9, -0.1), 0), 0.7, 0.45,
        rough=rng.uniform(0.02, 0.08), fringe=rng.random() < 0.25,
    )  # fmt: skip


def _long(rng) -> Style:
    return Style(
        "long", 560, rng.uniform(0.28, 0.6), 16, rng.uniform(0.010, 0.017), 0.0024, rng.uniform(0.006, 0.025),
        rng.uniform(0.1, 0.4), _side_of_parting(rng), (0, rng.uniform(-1.1, -0.2), 0), 0.65, 0.5,
        rough=rng.uniform(0.02, 0.08), fringe=rng.random() < 0.15,
    )  # fmt: skip


def _tied(rng, name: str, tail: float) -> Style:
    knot = np.array([0.0, 0.175, rng.uniform(-0.02, 0.11)])
    knot[1] -= 0.05 * max(knot[2] - 0.04, 0) / 0.07
    return Style(
        name, 520, 0.22, 9, rng.uniform(0.006, 0.011), 0.002, rng.uniform(0.002, 0.007), 0.1, None,
        rough=rng.uniform(0.02, 0.06), knot=knot, tail=tail,
    )  # fmt: skip


def _round(rng) -> Style:
    """Curls that stand off all round."""
    return Style(
        "round", 850, rng.uniform(0.03, 0.12), 7, rng.uniform(0.006, 0.009), 0.006, rng.uniform(0.01, 0.03), 1.0,
        None, (0, 0, 0.2), 0.9, 0.06, wave=rng.uniform(0.005, 0.01), period=rng.uniform(0.022, 0.04), ringlets=True,
        rough=0.25, sides=rng.uniform(0.5, 1),
    )  # fmt: skip


_STYLES = {
    "crop": _crop,
    "swept": _swept,
    "side": _side,
    "fringe": _fringe,
    "bob": _bob,
    "long": _long,
    "tail": lambda rng: _tied(rng, "tail", float(rng.uniform(0.12, 0.4))),
    "bun": lambda rng: _tied(rng, "bun", 0.0),
    "round": _round,
}
