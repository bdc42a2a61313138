# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether each kind of advice comes where it should and stays away elsewhere: synthetic people, photographed well and
in each of the ways that are advised against."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count, islice

import cv2
import numpy as np

from ...engine.reading.landmarks import Landmark as L
from ...engine.reading.photo import Photo
from ...engine.subject.figure import Figures
from ..data.backgrounds import KINDS, background
from ..data.framing import Framing
from ..data.render import render_person
from ..people.body import load_body
from ..people.generations import make_person
from ..people.landmarks import landmarks
from ..people.person import SyntheticPerson, generator
from ..people.pose import sample_pose

PHOTO_PX, PERSON_PX = 960, 720  # height of a photo, and of the person seen whole
SHARP_PX = 512  # longer side of the person to which blurs are given
# Kinds that say the same for the purpose: see the arms; mind the legs' depth.
EITHER = {"crossed_arms": "arms", "hidden_arm": "arms"}
EITHER |= {"short_legs": "legs", "bent_legs": "legs", "stride": "legs"}
CHILD_M = 1.4  # up to which people of the test set are children, and may be told so
HEADING = "advice            came where it should    where it should not"


@dataclass(frozen=True)
class View:
    """yaw: by which the person is turned, pitch: by which the camera looks down, degrees; distance: of the camera from
    what it looks at, metres; aim: height it looks at, shown: how much is seen, in the person's height."""

    yaw: float = 0
    pitch: float = 0
    distance: float = 6
    aim: float = 0.5
    shown: float = 1.0


@dataclass(frozen=True)
class Shot:
    """rgb: (H, W, 3) uint8; points: (33, 2) true landmarks, photo pixels; height: of the person, focal: length of the
    lens, both in pixels; matte: (H, W) of the person."""

    rgb: np.ndarray
    points: np.ndarray
    height: float
    focal: float
    matte: np.ndarray


@dataclass(frozen=True)
class Trial:
    """What is wrong with a photo: `view` of it and what is done to it then; `expects`: kinds that must come; `open`:
    kinds that may or may not; `pose`: a key of ARMS or LEGS; `exif`: the file tells the focal length."""

    name: str
    expects: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    view: View = View()
    change: Callable[[Shot], np.ndarray] = lambda shot: shot.rgb
    pose: str = "off the body"
    exif: bool = False


def table(people: int = 6) -> Iterator[str]:
    """Lines of the table; people: in each trial."""
    figures = Figures("cpu")
    there, missed, elsewhere, wrong = {}, {}, {}, {}
    for trial, photo in photos(people):
        said = {EITHER.get(advice["kind"], advice["kind"]) for advice in figures.check(photo)["advice"]}
        for kind in KINDS_OF_ADVICE:
            if kind in trial.expects:
                there[kind] = there.get(kind, 0) + 1
                if kind not in said:
                    missed.setdefault(kind, []).append(trial.name)
            elif kind not in trial.open:
                elsewhere[kind] = elsewhere.get(kind, 0) + 1
                if kind in said:
                    wrong.setdefault(kind, []).append(trial.name)
    yield HEADING
    for kind in KINDS_OF_ADVICE:
        came = there.get(kind, 0) - len(missed.get(kind, ()))
        line = (
            f"{kind:16s} {came:5d} of {there.get(kind, 0):<4d} {len(wrong.get(kind, ())):14d} of {elsewhere[kind]:<4d}"
        )
        yield line + _named("not", missed.get(kind)) + _named("wrongly", wrong.get(kind))


def _named(word, names):
    if not names:
        return ""
    return f"  {word}: " + ", ".join(f"{name} ({names.count(name)})" for name in sorted(set(names)))


def photos(people: int) -> Iterator[tuple[Trial, Photo]]:
    """Every trial with each of its photos."""
    for trial in TRIALS:
        for seed in islice(_seeds(trial.pose), people):
            shot = _shoot(seed, trial.view)
            photo = Photo(trial.change(shot), None, (), trial.name, shot.focal if trial.exif else None)
            yield _by_age(trial, seed), photo
    for index in range(people):
        kind = list(KINDS)[index % len(KINDS)]
        rgb = _quantized(background(kind, np.random.default_rng([index, 5]), 960, 800))
        yield NOBODY, Photo(rgb, None, (), NOBODY.name)
    for trial, gap in ((APART, 0.3), (TOUCHING, -0.35)):
        seeds = list(islice(_seeds("off the body"), people))
        for index, seed in enumerate(seeds):
            both = _by_age(trial, seed, seeds[index - 1])
            yield both, Photo(_beside(seed, seeds[index - 1], gap), None, (), trial.name)


def _by_age(trial, *seeds):
    """The trial with what is to be said of the people's age: that a child is one where nothing else is wrong, and may
    be elsewhere; of grown-ups never."""
    heights = [float(np.ptp(_person(seed)[0].vertices[:, 2])) for seed in seeds]
    if min(heights) >= CHILD_M:
        return trial
    if trial.expects or trial.view.yaw:
        return replace(trial, open=(*trial.open, "child"))
    return replace(trial, expects=("child",))


def _joints(seed):
    """Bone heads (104, 3) of a test person, metres, without making it; kind of the pose."""
    body = load_body()
    shape = body.sample_shape(generator(seed, "test", "shape"))
    pose = sample_pose(body, shape.heads, generator(seed, "test", "pose"))
    turns = body.bone_transforms(shape.heads, pose.rotations)
    return np.einsum("bij,bj->bi", turns[:, :, :3], shape.heads) + turns[:, :, 3], pose.kind


def _wrists(joints):
    """Left and right wrist from the middle of the shoulders, along the person's left, ahead and up: (2, 3), in lengths
    of the trunk."""
    at = {name: joints[index] for name, index in load_body().bone.items()}
    shoulders, hips, wrists = (
        np.stack([at[f"{bone}.{side}"] for side in "LR"]) for bone in ("upperarm01", "upperleg01", "wrist")
    )
    up = shoulders.mean(0) - hips.mean(0)
    left = shoulders[0] - shoulders[1]
    axes = np.stack([left / np.linalg.norm(left), np.cross(left, up), up / np.linalg.norm(up)])
    axes[1] /= np.linalg.norm(axes[1])
    return (wrists - shoulders.mean(0)) @ axes.T / np.linalg.norm(up)


def _hang_free(wrists, kind):
    off = np.abs(wrists[:, 0]).min() > 0.5 and np.abs(wrists[:, 0]).max() < 1.2 and np.abs(wrists[:, 1]).max() < 0.35
    return kind == "stand" and off and wrists[:, 2].max() < -0.4


def _crossed(wrists, kind):
    across = wrists[0, 0] < -0.05 and wrists[1, 0] > 0.05 and wrists[:, 1].min() > 0.15
    return kind == "stand" and across and -0.95 < wrists[:, 2].min() and wrists[:, 2].max() < -0.1


def _behind(wrists, kind):
    hidden = (wrists[:, 1] < -0.15) & (np.abs(wrists[:, 0]) < 0.25)
    return kind == "stand" and bool(hidden.all())


def _strides(joints, kind):
    ankles = joints[[load_body().bone[f"foot.{side}"] for side in "LR"]]
    return kind == "step" and float(np.linalg.norm((ankles[0] - ankles[1])[:2])) > 0.4


def _bends(joints, kind):
    bone = load_body().bone
    thighs = np.stack([joints[bone[f"lowerleg01.{side}"]] - joints[bone[f"upperleg01.{side}"]] for side in "LR"])
    level = np.hypot(*thighs[:, :2].T) / np.linalg.norm(thighs, axis=1)
    return kind == "hard" and bool((level > np.sin(np.radians(55))).all())


ARMS = {"off the body": _hang_free, "crossed": _crossed, "behind the back": _behind}
LEGS = {"in a stride": _strides, "with bent knees": _bends}


def _seeds(pose):
    """Seeds of test people who hold their arms so, or stand so."""
    for seed in count():
        joints, kind = _joints(seed)
        if LEGS[pose](joints, kind) if pose in LEGS else ARMS[pose](_wrists(joints), kind):
            yield seed


@cache
def _person(seed: int) -> tuple[SyntheticPerson, np.ndarray]:
    """A person facing the camera, and landmarks (33, 3), metres."""
    person = make_person(seed, "test")
    points = landmarks(person)
    left = points[L.LEFT_SHOULDER] + points[L.LEFT_HIP] - points[L.RIGHT_SHOULDER] - points[L.RIGHT_HIP]
    turn = _about_up(-np.arctan2(left[1], left[0]))
    return replace(person, vertices=(person.vertices @ turn.T).astype(np.float32)), points @ turn.T


def _about_up(angle):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _cut_out(seed, view):
    """The person in a square of PHOTO_PX: colours (n, n, 3) and matte (n, n) float32, landmarks (33, 2), height, and
    focal length."""
    person, points = _person(seed)
    low, high = person.vertices[:, 2].min(), person.vertices[:, 2].max()
    turn = _about_up(np.radians(view.yaw))
    c, s = np.cos(np.radians(view.pitch)), np.sin(np.radians(view.pitch))
    middle = np.array([*person.vertices[:, :2].mean(0), low + view.aim * (high - low)])
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ turn
    vertices, points = ((places - middle) @ turn.T for places in (person.vertices, points))
    pixels = PERSON_PX / view.shown / (high - low)  # a metre
    framing = Framing(2 * pixels / PHOTO_PX, np.zeros(3), np.full(4, np.inf), view.distance, np.zeros(3))
    views = render_person(replace(person, vertices=framing(vertices)), np.random.default_rng([seed, 9]), PHOTO_PX)
    places = (framing(points)[:, :2] * (1, -1) + 1) / 2 * PHOTO_PX
    rgb = views.rgb_front.astype(np.float32) / 255 * views.mask[..., None]
    return rgb, views.mask, places, pixels * (high - low), pixels * view.distance


@cache
def _shoot(seed: int, view: View) -> Shot:
    rgb, matte, points, height, focal = _cut_out(seed, view)
    kind = list(KINDS)[seed % len(KINDS)]
    behind = background(kind, np.random.default_rng([seed, 13]), PHOTO_PX, PHOTO_PX)
    return Shot(_quantized(behind * (1 - matte[..., None]) + rgb), points, height, focal, matte)


def _beside(seed, other, gap):
    """Two people, `gap` of one's width between them: (H, W, 3) uint8."""
    cuts = [_cut_out(each, View()) for each in (other, seed)]
    parts = []
    for rgb, matte, *_ in cuts:
        columns = np.flatnonzero((matte > 0.5).any(0))
        parts.append((rgb[:, columns[0] : columns[-1] + 1], matte[:, columns[0] : columns[-1] + 1, None]))
    widths = [matte.shape[1] for _, matte in parts]
    second = 100 + widths[0] + round(gap * min(widths))
    width = second + widths[1] + 100
    picture = background("room", np.random.default_rng([seed, 17]), PHOTO_PX, width)
    for left, (rgb, matte) in zip((100, second), parts, strict=True):
        place = np.s_[:, left : left + matte.shape[1]]
        picture[place] = picture[place] * (1 - matte) + rgb
    return _quantized(picture)


def _quantized(picture):
    return np.clip(np.round(255 * picture), 0, 255).astype(np.uint8)


def _resized(height):
    def change(shot):
        factor = height / shot.height
        return cv2.resize(shot.rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)

    return change


def _blurred(shot):
    return cv2.GaussianBlur(shot.rgb, (0, 0), 3 * shot.height / SHARP_PX)


def _shaken(shot):
    length = round(14 * shot.height / SHARP_PX)
    return cv2.blur(shot.rgb, (length, 1))


def _exposed(factor):
    def change(shot):
        return _quantized((factor * (shot.rgb / np.float32(255)) ** 2.2).clip(0, 1) ** (1 / 2.2))

    return change


def _darkened(shot):
    """Dark skin in dark clothes: the person alone returns an eighth of the light."""
    light = (shot.rgb / np.float32(255)) ** 2.2 * (1 - 0.875 * shot.matte[..., None])
    return _quantized(light ** (1 / 2.2))


def _drawn(shot):
    """Flat colours between dark lines."""
    flat = shot.rgb
    for _ in range(6):
        flat = cv2.bilateralFilter(flat, 9, 40, 7)
    flat = flat // 32 * 32 + 16
    grey = cv2.medianBlur(cv2.cvtColor(shot.rgb, cv2.COLOR_RGB2GRAY), 5)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 6) == 0
    flat[lines] //= 10
    return flat


def _cut_below(upper, lower, share):
    """Cut the photo between two landmarks' heights."""

    def change(shot):
        rows = [shot.points[list(pair), 1].mean() for pair in (upper, lower)]
        return np.ascontiguousarray(shot.rgb[: round(rows[0] + share * (rows[1] - rows[0]))])

    return change


def _beheaded(shot):
    return np.ascontiguousarray(shot.rgb[round(shot.points[L.LEFT_EYE, 1]) :])


def _halved(shot):
    return np.ascontiguousarray(shot.rgb[:, : round(shot.points[L.LEFT_SHOULDER, 0])])


def _rolled(degrees, change=lambda shot: shot.rgb):
    def turned(shot):
        rgb = change(shot)
        height, width = rgb.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return cv2.warpAffine(rgb, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    return turned


SHOULDERS, HIPS = (L.LEFT_SHOULDER, L.RIGHT_SHOULDER), (L.LEFT_HIP, L.RIGHT_HIP)
KNEES, ANKLES = (L.LEFT_KNEE, L.RIGHT_KNEE), (L.LEFT_ANKLE, L.RIGHT_ANKLE)
SHINS, THIGHS, WAIST = _cut_below(KNEES, ANKLES, 0.6), _cut_below(HIPS, KNEES, 0.6), _cut_below(SHOULDERS, HIPS, 0.75)
TRIALS = (
    Trial("as it should be"),
    Trial("250 pixels tall", ("small",), change=_resized(250)),
    Trial("80 pixels tall", ("small",), ("blurred", "arms", "unsure"), change=_resized(80)),
    Trial("out of focus", ("blurred",), change=_blurred),
    Trial("shaken", ("blurred",), change=_shaken),
    Trial("dark", ("dark",), ("blurred",), change=_exposed(0.05)),
    Trial("burnt out", ("overexposed",), ("blurred",), change=_exposed(12)),
    Trial("cut at the shins", ("cut_off",), change=SHINS),
    Trial("cut at the thighs", ("cut_off",), change=THIGHS),
    Trial("cut at the waist", ("cut_off",), ("side_cut_off",), change=WAIST),
    Trial("cut at the eyes", ("head_cut_off",), change=_beheaded),
    Trial("cut at a shoulder", ("side_cut_off",), ("arms",), change=_halved),
    Trial("rolled by 15 degrees", ("turned",), change=_rolled(15)),
    Trial("thighs, rolled by 20 degrees", ("turned", "cut_off"), change=_rolled(20, THIGHS)),
    Trial("turned by 35 degrees", (), ("arms",), View(yaw=35)),
    Trial("from the side", ("profile",), ("arms",), View(yaw=90)),
    Trial("from behind", ("back",), (), View(yaw=180)),
    Trial("from above", ("legs",), (), View(pitch=50, distance=2.5)),
    Trial("from 0.3 m, EXIF", ("near_camera", "cut_off"), ("arms", "side_cut_off", "head_cut_off"),
          View(distance=0.3, aim=0.9, shown=0.5), exif=True),
    Trial("at arm's length, EXIF", ("near_camera", "cut_off"), ("arms", "side_cut_off", "head_cut_off"),
          View(distance=0.55, aim=0.85, shown=0.45), exif=True),
    Trial("at arm's length, no EXIF", ("cut_off",), ("arms", "side_cut_off", "head_cut_off"),
          View(distance=0.55, aim=0.85, shown=0.45)),
    Trial("whole from 0.9 m, EXIF", ("near_camera",), ("arms", "cut_off"), View(distance=0.9), exif=True),
    Trial("upper half from 1.3 m, EXIF", ("cut_off",), ("arms", "side_cut_off"),
          View(distance=1.3, aim=0.8, shown=0.5), exif=True),
    Trial("whole from 2 m, EXIF", view=View(distance=2), exif=True),
    Trial("dark skin, dark clothes", change=_darkened),
    Trial("drawn", ("drawn",), ("arms", "missing_part", "unsure", "overexposed"), change=_drawn),
    Trial("in a stride", ("legs",), ("arms",), pose="in a stride"),
    Trial("with bent knees", ("legs",), ("arms", "turned"), pose="with bent knees"),
    Trial("crossed arms", ("arms",), pose="crossed"),
    Trial("hands behind the back", ("arms",), pose="behind the back"),
)  # fmt: skip
NOBODY = Trial("nobody", ("no_person",))
APART, TOUCHING = (
    Trial("two people", ("several_people",)),
    Trial("two who touch", ("several_people", "touching_people")),
)
KINDS_OF_ADVICE = (
    "small", "blurred", "dark", "overexposed", "cut_off", "head_cut_off", "side_cut_off", "turned", "arms", "profile",
    "back", "near_camera", "legs", "child", "drawn", "missing_part", "dropped", "several_people", "touching_people",
    "no_person", "unsure",
)  # fmt: skip
