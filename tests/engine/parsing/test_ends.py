# SPDX-License-Identifier: GPL-3.0-or-later
"""Garments end in one closed, smooth curve round a limb: before as the photo shows it, behind as that goes on."""

import numpy as np
import pytest

from blender_pifu.engine.color.behind_cloth import paint_behind_cloth
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.folds.hems import hem_height
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.parsing.ends import close_ends
from blender_pifu.engine.parsing.hem_by_colors import hem_by_colors
from blender_pifu.engine.reading.landmarks import Landmark as L

SIZE = 512
X, Y = pixel_centres(SIZE)
MARKS = np.zeros((33, 4), np.float32)
for mark, (x, y) in {
    "SHOULDER": (0.18, 0.5), "ELBOW": (0.33, 0.25), "WRIST": (0.36, 0), "INDEX": (0.37, -0.08), "PINKY": (0.35, -0.08),
    "HIP": (0.1, 0), "KNEE": (0.1, -0.42), "ANKLE": (0.1, -0.82), "EYE": (0.03, 0.74), "EAR": (0.07, 0.72),
}.items():  # fmt: skip
    MARKS[L[f"LEFT_{mark}"]], MARKS[L[f"RIGHT_{mark}"]] = (x, y, 0, 1), (-x, y, 0, 1)
for mark, x in ((L.MOUTH_LEFT, 0.02), (L.MOUTH_RIGHT, -0.02), (L.NOSE, 0)):
    MARKS[mark] = x, 0.68, 0, 1


def _limb(first, last, wide):
    """(n, n) bool: where a limb is, and (n, n) how far along it each pixel lies, 0..1."""
    first, last = np.array(first), np.array(last)
    along = ((X - first[0]) * (last - first)[0] + (Y - first[1]) * (last - first)[1]) / ((last - first) ** 2).sum()
    share = along.clip(0, 1)
    off = np.hypot(X - first[0] - share * (last - first)[0], Y - first[1] - share * (last - first)[1])
    return off < wide, along


TRUNK = (np.abs(X) < 0.2) & (Y < 0.55) & (Y > -0.15)
LEGS = (np.abs(np.abs(X) - 0.1) < 0.07) & (Y <= -0.15) & (Y > -0.85)
ARMS = [_limb((s * 0.18, 0.5), (s * 0.33, 0.25), 0.045)[0] | _limb((s * 0.33, 0.25), (s * 0.36, 0), 0.04)[0]
        for s in (1, -1)]  # fmt: skip
PERSON = TRUNK | LEGS | ARMS[0] | ARMS[1] | (np.hypot(X, Y - 0.7) < 0.12)
HEM, SLEEVE = -0.05, 0.3
RED, WHITE, SKIN = (0.8, 0.1, 0.2), (0.97, 0.97, 0.96), (0.8, 0.55, 0.4)


def dressed(hem=HEM, sleeve=SLEEVE):
    """(n, n) names of labels of somebody in a shirt that ends at a height, (n, n) or one, and trousers."""
    names = np.full((SIZE, SIZE), "background", dtype="U16")
    names[PERSON] = "other_skin"
    names[(TRUNK | LEGS) & PERSON] = "lower_garment"
    names[TRUNK & (hem < Y)] = "upper_garment"
    names[(ARMS[0] | ARMS[1]) & (sleeve < Y)] = "upper_garment"
    names[LEGS & (Y < -0.75)] = "shoes"
    return names


def photo_of(names):
    colors = np.zeros((SIZE, SIZE, 3), np.float32)
    tones = {"upper_garment": RED, "lower_garment": WHITE, "other_skin": SKIN, "shoes": (0.2, 0.2, 0.2)}
    for name, tone in tones.items():
        colors[names == name] = tone
    return colors


def closed(front, back, photo):
    """Names (n, n) of labels of both sides once ends are closed, and where they are."""
    shares = [np.eye(len(LABELS), dtype=np.float32)[np.vectorize(LABELS.get)(names)] for names in (front, back)]
    told = [each[PERSON][:, 1:].copy() for each in shares]
    beside = np.zeros(PERSON.shape, bool)
    beside[PERSON] = close_ends(*told, photo[PERSON], np.full(PERSON.sum(), 0.1, np.float32), PERSON, MARKS)
    for each, one in zip(shares, told, strict=True):
        each[PERSON, 1:] = one
    return shares, [np.array(list(LABELS))[each.argmax(-1)] for each in shares], beside


def ends_at(names, x, of="upper_garment"):
    """The height at which a label ends in a column."""
    column = np.abs(X[0] - x).argmin()
    return Y[names[:, column] == of, column].min()


def test_a_notch_that_is_burnt_out_is_closed():
    notch = (np.abs(X + 0.1) < 0.03) & (Y < 0.02)
    names = dressed(np.where(notch, 0.02, HEM))
    photo, glow = photo_of(dressed()), np.exp(-((np.hypot(X + 0.1, Y - HEM) / 0.09) ** 4))[..., None]
    photo += glow * TRUNK[..., None] * (np.array(WHITE, np.float32) - photo)
    _, (front, back), _ = closed(names, names, photo)
    assert ends_at(front, -0.1) == pytest.approx(HEM, abs=0.015)
    assert ends_at(front, 0.1) == pytest.approx(HEM, abs=0.006)
    assert ends_at(back, -0.1) == pytest.approx(HEM, abs=0.015)


def test_a_jacket_that_is_cut_away_stays():
    open_front = np.where(np.abs(X) < 0.08, 0.05 - np.abs(X), HEM)
    names = dressed(open_front)
    _, (front, back), _ = closed(names, dressed(), photo_of(names))
    for x in (0, 0.04, -0.04):
        assert ends_at(front, x) == pytest.approx(0.05 - abs(x), abs=0.015)
    assert ends_at(front, 0.12) == pytest.approx(HEM, abs=0.015)
    assert ends_at(back, 0) < HEM + 0.02


def test_small_teeth_are_evened_out():
    teeth = HEM + 0.008 * np.sign(np.sin(X / 0.005))
    _, (front, _), _ = closed(dressed(teeth), dressed(teeth), photo_of(dressed(teeth)))
    ends = [ends_at(front, x) for x in np.linspace(-0.15, 0.15, 60)]
    assert np.ptp(ends) < 0.012


def test_behind_it_goes_on_from_both_sides():
    slanted = HEM + 0.1 * X
    ragged = slanted + 0.05 * np.sin(X * 40)
    _, (front, back), _ = closed(dressed(slanted), dressed(ragged), photo_of(dressed(slanted)))
    for x in (-0.12, 0, 0.12):
        assert ends_at(back, x) == pytest.approx(HEM + 0.1 * x, abs=0.015)
        assert ends_at(front, x) == pytest.approx(HEM + 0.1 * x, abs=0.008)


def test_a_sleeve_ends_where_the_other_does():
    names = dressed()
    inner = ARMS[0] & (X < 0.335) & (Y > 0.05)
    names[inner] = "upper_garment"  # a forearm in the shade of the shirt
    _, (front, back), _ = closed(names, names, photo_of(names))
    below = ARMS[0] & (Y < SLEEVE - 0.04) & (Y > 0.05)
    assert (front[below] == "other_skin").mean() > 0.95
    assert (back[below] == "other_skin").mean() > 0.95


def test_a_forearm_taken_for_its_sleeve_is_bare_as_the_other_one():
    """In the light that a red shirt throws on it."""
    true = dressed()
    taken = true.copy()
    taken[ARMS[0]] = "upper_garment"
    _, (front, back), _ = closed(taken, taken, photo_of(true))
    for told in (front, back):
        for arm in ARMS:
            assert (told[arm & (Y < SLEEVE - 0.03) & (Y > 0.05)] == "other_skin").mean() > 0.9
            assert (told[arm & (Y > SLEEVE + 0.03)] == "upper_garment").mean() > 0.9


def test_hands_and_whoever_shows_no_end_stay():
    names = dressed(hem=-2)
    names[LEGS] = "upper_garment"
    hand = np.hypot(X - 0.1, Y - 0.05) < 0.05
    names[hand] = "other_skin"
    _, (front, back), beside = closed(names, names, photo_of(names))
    kept = ~(ARMS[0] | ARMS[1])
    assert (front[kept] == names[kept]).all() and (back[kept] == names[kept]).all()
    assert not beside[hand].any()


def test_a_hem_that_labels_miss_is_told_by_colours():
    """A tunic over a skirt were one garment, so that the back had the tunic's print down to the knees; a dress in the
    light of one side, or with a scarf, stays whole."""
    true = dressed()
    taken = np.where(true == "lower_garment", "upper_garment", true)
    taken[(np.hypot(X + 0.1, Y + 0.4) < 0.06) & LEGS] = "lower_garment"
    _, told, _ = closed(taken, taken, photo_of(true))
    for names in told:
        for x in (-0.12, 0, 0.12):
            assert ends_at(names, x) == pytest.approx(HEM, abs=0.015)
        assert (names[LEGS & (Y > -0.7)] == "lower_garment").mean() > 0.98
    dress = np.where(true == "lower_garment", "upper_garment", true)
    photo = photo_of(dress) * (0.7 + 0.6 * X.clip(-0.3, 0.3) - 0.2 * Y)[..., None].astype(np.float32)
    photo[TRUNK & (Y > 0.4)] = (0.1, 0.3, 0.6)
    _, told, _ = closed(dress, dress, photo.clip(0, 1))
    assert not any((names == "lower_garment").any() for names in told)


def test_hem_and_colours_end_in_one_line_behind():
    ragged = HEM + 0.04 * np.sin(X * 30)
    photo = photo_of(dressed())
    (front, back), _, beside = closed(dressed(), dressed(ragged), photo)
    regions = Regions.of(front, back, PERSON.astype(np.float32), beside)
    assert regions is not None
    picture = np.dstack([photo, PERSON]).astype(np.float32)
    drawn = np.dstack([photo_of(dressed(ragged)), PERSON]).astype(np.float32)
    painted = paint_behind_cloth(drawn, picture, MARKS, regions)
    height = hem_height(back, np.zeros((SIZE, SIZE), np.float32), PERSON, MARKS, False)
    for x in np.linspace(-0.15, 0.15, 7):
        column, rows = np.abs(X[0] - x).argmin(), np.abs(Y[:, 0] - HEM) < 0.1
        hem = Y[rows, 0][height[rows, column].argmax()]
        white = Y[rows, 0][painted[rows, column, 1] > 0.5].max()
        told = Y[rows, 0][regions.back[rows, column, REGIONS["lower"]] > 0.5].max()
        assert hem == pytest.approx(white, abs=0.012) and white == pytest.approx(told, abs=0.008)


def test_a_hem_of_labels_is_believed_unless_colours_change_but_elsewhere():
    along = np.linspace(0, 1, 6000)
    garments = np.where(along[:, None] < 0.5, RED, WHITE).astype(np.float32)
    belt = garments.copy()
    belt[(along > 0.44) & (along < 0.5)] = (0.1, 0.1, 0.1)
    assert hem_by_colors(along, garments) == pytest.approx(0.5, abs=0.01)
    assert hem_by_colors(along, garments, 0.49) is None
    assert hem_by_colors(along, belt, 0.44) is None
    assert hem_by_colors(along, garments, 0.75) == pytest.approx(0.5, abs=0.01)
    assert hem_by_colors(along, np.repeat([RED], 6000, 0).astype(np.float32)) is None
