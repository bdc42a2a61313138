# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the engine reads photos of synthetic people: who is there, their joints, and each one's matte."""

from collections.abc import Iterator

import numpy as np

from ...engine.reading.landmarks import BodyLandmarks
from ...engine.reading.matte import Matting
from ...engine.reading.people import People, choose
from ...engine.reading.photo import Photo
from ...engine.reading.stance import ANKLES, SHOULDERS
from ..data.backgrounds import KINDS
from ..data.crowds import LANDMARKS, Crowd, compose

HEADING = (
    "people background  photos | found   extra  default number | IoU med worst  of others med worst | "
    "joints med  p75  p90  to bone heads"
)
MISSED = 0.2  # distance of shoulders and ankles, in that between them, beyond which nobody found is this person


def table(counts: list[int], photos: int) -> Iterator[str]:
    """Lines of the table: one for each kind of background of single people, one for each number of people.

    photos: of each number of people. Distances are in heights of the person.
    """
    people, matting = People(), Matting("cpu")
    yield HEADING
    for count in counts:
        results = []
        for seed in range(photos):
            kind = list(KINDS)[seed % len(KINDS)]
            results.append({"kind": kind, **measure(compose(seed, count, kind=kind), people, matting)})
        if count == 1:
            for kind in KINDS:
                if some := [result for result in results if result["kind"] == kind]:
                    yield _line(count, kind, some)
        yield _line(count, "all", results)


def measure(crowd: Crowd, people: People, matting: Matting) -> dict:
    """Of each person who was found: matte against truth, the share of it that lies on others, and the distances of the
    joints in heights; whether all were found, and the main one by default and each by number."""
    photo = Photo(crowd.rgb, None, (), "crowd")
    found = people.find(crowd.rgb, matting.everybody(photo))
    partners = [_partner(points, found) for points in crowd.joints]
    matched = {partner for partner in partners if partner is not None}
    default = choose(found, crowd.rgb.shape[:2]) if found else None
    result = {
        "there": len(partners),
        "found": len(matched),
        "extra": len(found) - len(matched),
        "default": default is not None and default == partners[crowd.main],
        "number": sum(partner == number for number, partner in enumerate(partners)),
        "iou": [],
        "others": [],
        "joints": [],
        "bones": [],
    }
    for number, partner in enumerate(partners):
        if partner is None:
            continue
        points = found[partner].points[list(LANDMARKS), :2]
        for name, truth in (("joints", crowd.joints), ("bones", crowd.bones)):
            result[name].append(np.hypot(*(points - truth[number]).T) / crowd.heights[number])
        alpha = matting.matte(photo, found, partner).alpha
        result["iou"].append(iou(alpha, crowd.mattes[number]))
        others = np.delete(crowd.mattes, number, 0).sum(0)
        result["others"].append(float(((alpha > 0.5) & (others > 0.5)).sum() / max(1, (alpha > 0.5).sum())))
    return result


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Of two mattes, at one half."""
    found, truth = found > 0.5, truth > 0.5
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def _partner(joints: np.ndarray, found: list[BodyLandmarks]) -> int | None:
    """Index of the person found whose shoulders and ankles are nearest to these joints', if near at all."""
    ends = np.array([joints[:2].mean(0), joints[-2:].mean(0)])
    found_ends = [np.array([person.between(*SHOULDERS), person.between(*ANKLES)]) for person in found]
    distances = [np.hypot(*(pair - ends).T).mean() for pair in found_ends]
    near = MISSED * np.hypot(*(ends[1] - ends[0]))
    return int(np.argmin(distances)) if distances and min(distances) < near else None


def _line(count: int, kind: str, results: list[dict]) -> str:
    there, found, extra, default, number = (
        sum(result[key] for result in results) for key in ("there", "found", "extra", "default", "number")
    )
    ious, others, joints, bones = (
        np.concatenate([result[key] for result in results if result[key]] or [[np.nan]])
        for key in ("iou", "others", "joints", "bones")
    )
    middle, quarter, tenth = np.quantile(100 * joints, (0.5, 0.75, 0.9))
    return (
        f"{count:6d} {kind:10s} {len(results):7d} | {found:3d}/{there:<3d} {extra:5d}  {default:3d}/{len(results):<3d} "
        f"{number:3d}/{there:<3d} | {np.median(ious):7.3f} {ious.min():5.3f}  {100 * np.median(others):10.2f}%"
        f" {100 * others.max():4.1f}% | {middle:8.2f}% {quarter:4.1f}% {tenth:4.1f}% {100 * np.median(bones):8.2f}%"
    )
