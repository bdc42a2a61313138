# SPDX-License-Identifier: GPL-3.0-or-later
"""What reading hands in the photo is worth: fingertips of people never trained on, with hands in rest and with theirs.

Photo, surface, landmarks and fit are what the engine makes of the synthetic picture; only what is compared with is
truth.
"""

import logging
from itertools import count as count_up
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ...engine.body.bones import FINGERS, INDEX, SIDES
from ...engine.body.fit import Fit
from ...engine.body.model import load_body as load_model_body
from ...engine.body.rigging import Fitted, Mesh, fit_under
from ...engine.hands.hand_graft import PhotoHands
from ...engine.hands.hand_landmarks import HandReader
from ...engine.interfaces import Field
from ...engine.layout.crossings import crossing_faces
from ...engine.model import load_model
from ...engine.reading.crop import Crop
from ...engine.reading.matte import Matte
from ...engine.reading.people import People
from ...engine.reading.photo import Photo
from ...engine.reading.stance import Framing
from ...engine.subject.figure import Figure
from ...engine.surface.extraction import Surface, extract_surface
from ...engine.surface.fairing import fair_walls
from ...engine.surface.mesh import check_mesh, largest_component, vertex_normals
from ..data.sample import Scene, is_whole, make_scene
from ..data.sheets import shaded
from ..pack.body import canonical_heads
from ..people.body import load_body
from .body import field_of

log = logging.getLogger(__name__)
SIZES_PX = (512, 1024, 2048)  # of the photo, in turn: hands of 40 to 200 pixels
GROUND = (95, 105, 120)
SEEN_M = 0.035  # a fingertip lies so deep under what the photo shows at most
LEAST_TIPS = 3  # of a hand that is seen
INTO_M = 0.004  # metres that skin may lie in other skin before it passes through it
CELL_PX, REACH_M = 240, 0.14


def evaluate_hands(count: int, weights: str, resolution: int, assets: Path | None, folder: Path | None) -> list[dict]:
    """One row for each of at least `count` hands that whole people of the test split show: `px`, its longer side in
    the photo; `taken`, whether it was read, `on`, whether the surface got it, `sound`, whether that then is one closed
    piece that nothing passes through; and in rest (`before`) and as posed (`after`), mean over the fingertips in
    mm: `tips`, from the truth in space, wrist on wrist; `across`, in the picture, where they are; `crossed` and `into`,
    triangles of the hand that pass through it and the share of its skin within thighs or trunk.

    assets: the folder that people of generation 4 need, None for those of generation 3. A picture a person goes into
    `folder` if given. Raises EngineError."""
    model, people, reader, rows = load_model(weights), People("cpu"), HandReader(), []
    generation = 3 if assets is None else 4
    for number, seed in enumerate(seed for seed in count_up() if is_whole(seed, "test", generation)):
        if len(rows) >= count:
            return rows
        scene = make_scene(seed, "test", SIZES_PX[number % len(SIZES_PX)], generation, assets)
        figure = _figure(scene, people)
        if figure is None:
            continue
        hands = _Hands(figure, reader)
        fitted = _fitted(field_of(model, figure.cut), resolution, figure, hands)
        fit, after, truth, sound = hands.before, fitted.fit, _TrueHands(scene), is_sound(fitted)
        for side in SIDES:
            if truth.seen(side):
                rows.append({"seed": seed, "side": side, "px": truth.px(side), "taken": side in after.hands})
                rows[-1] |= {"on": side in fitted.hands, "sound": sound}
                rows[-1] |= {name: truth.score(one, side) for name, one in (("before", fit), ("after", after))}
                log.info("%s", rows[-1])
                if folder:
                    folder.mkdir(parents=True, exist_ok=True)
                    picture = truth.sheet(figure.photo.rgb, side, fit, after)
                    cv2.imwrite(str(folder / f"{seed:05d}{side}.png"), picture[..., ::-1])
    return rows


def as_table(rows: list[dict]) -> str:
    """Medians over the hands that were taken, and all, as markdown."""
    if not rows:
        return "no hands are seen"
    taken = [row for row in rows if row["taken"]]
    sizes = [row["px"] for row in rows]
    lines = [f"{len(rows)} hands of {min(sizes):.0f} to {max(sizes):.0f} pixels are seen, {len(taken)} were read", ""]
    lines += ["| median | in rest | as posed | better for |", "|---|---|---|---|"]
    names = {"tips": "fingertips in space, mm", "across": "fingertips in the picture, mm"}
    for label, some in (("", taken), (", all hands", rows)):
        for name, heading in names.items() if some else ():
            old, new = (np.array([row[which][name] for row in some]) for which in ("before", "after"))
            better = f"{np.count_nonzero(new < old)} of {len(some)}"
            lines.append(f"| {heading}{label} | {np.median(old):.1f} | {np.median(new):.1f} | {better} |")
    on, sound = sum(row["on"] for row in rows), sum(row["sound"] for row in rows)
    crossed = sum(row["after"]["crossed"] > 0 for row in rows)
    into = sum(row["after"]["into"] > 0 for row in rows)
    return "\n".join(
        [
            *lines,
            "",
            f"put on the surface: {on}, sound: {sound} of {len(rows)}",
            f"fingers through another: {crossed} hands; skin in thigh or trunk of the naked body: {into}",
        ]
    )


class _Hands(PhotoHands):
    """Remembers the fit before its hands were posed."""

    before: Fit

    def pose(self, fit: Fit, mesh: Mesh) -> Fit:
        self.before = fit
        return super().pose(fit, mesh)


def _fitted(field: Field, resolution: int, figure: Figure, hands: PhotoHands) -> Fitted:
    def extract(cut: Field) -> Surface:
        return extract_surface(cut, resolution)

    surface = extract(field)
    mesh = largest_component(surface.vertices, surface.faces)
    return fit_under(field, mesh, 2 / resolution, extract, figure, hands)


def is_sound(fitted: Fitted) -> bool:
    """Whether the dense surface with its hands is one closed 2-manifold piece with no more crossings than without."""
    vertices, faces = fair_walls(*fitted.mesh), fitted.mesh[1]
    made = fitted.with_parts(vertices, faces)
    if made is None:
        return False
    check = check_mesh(made[1])
    crossings = crossing_faces(*made).sum() - crossing_faces(vertices, faces).sum()
    return check.watertight and check.components == 1 and crossings <= 0


def _figure(scene: Scene, people: People) -> Figure | None:
    """The person as the engine finds them before a plain ground."""
    rgb, alpha = scene.sample["rgb"], scene.sample["mask"].astype(np.float32) / 255
    size = len(rgb)
    photo = (rgb + (1 - alpha[..., None]) * np.array(GROUND)).clip(0, 255).astype(np.uint8)
    found = people.find(photo)
    if not found:
        return None
    person, crop = max(found, key=lambda one: one.region.side), Crop(size / 2, size / 2, size)
    return Figure(Photo(photo, None, (), ""), Matte(alpha, rgb), crop, 1, 1, person, Framing.FULL, 1.0, ())


class _TrueHands:
    """Where the fingers of a scene's person truly are, field space."""

    def __init__(self, scene: Scene):
        body = load_body()
        self.metre, self.scene = float(scene.sample["scale"]), scene
        self.heads = canonical_heads(body, scene.joints)
        base = scene.framing(scene.person.base) + (scene.joints[0] - scene.framing(scene.person.joints)[0])
        self.tips = {
            side: np.stack([base[_joint(body, side, number)].mean(0) for number in range(1, 6)]) for side in SIDES
        }

    def px(self, side: str) -> float:
        points = np.concatenate([self.heads[[INDEX["hand" + side]]], self.tips[side]])
        return round(float(np.ptp(points[:, :2], axis=0).max()) / 2 * len(self.scene.sample["rgb"]), 1)

    def seen(self, side: str) -> bool:
        """Whether the photo shows most of its fingertips, by the depth of what it shows."""
        depth, mask = (self.scene.sample[name] for name in ("front_depth", "mask"))
        size, tips = len(depth), self.tips[side]
        column, row = ((np.stack([tips[:, 0], -tips[:, 1]]) + 1) / 2 * size).astype(int).clip(0, size - 1)
        near = depth[row, column].astype(np.float32) - tips[:, 2] < SEEN_M * self.metre
        return int((near & (mask[row, column] > 128)).sum()) >= LEAST_TIPS

    def score(self, fit: Fit, side: str) -> dict[str, float]:
        body = load_model_body()
        found = _tips(fit, side)
        wrist, true_wrist = fit.rows[body.head_rows][INDEX["hand" + side]], self.heads[INDEX["hand" + side]]
        apart = np.linalg.norm((found - wrist) - (self.tips[side] - true_wrist), axis=1).mean()
        across = np.linalg.norm((found - self.tips[side])[:, :2], axis=1).mean()
        skin = fit.vertices[: body.skin_vertices]
        mine = _hand_skin(side)
        crossed = crossing_faces(skin, body.triangles[mine[body.triangles].all(1)]).sum()
        return {
            "tips": round(1000 * float(apart) / self.metre, 1),
            "across": round(1000 * float(across) / self.metre, 1),
            "crossed": int(crossed),
            "into": round(_within_body(skin, mine, fit.metre), 3),
        }

    def sheet(self, rgb, side, before: Fit, after: Fit) -> np.ndarray:
        """The photo, the hand before and after from the front, after from both sides."""
        body = load_model_body()
        middle = self.tips[side].mean(0) * 0.5 + self.heads[INDEX["hand" + side]] * 0.5
        reach, size = REACH_M * self.metre, len(rgb)
        x, y = ((middle[:2] * (1, -1) + 1) / 2 * size).tolist()
        cells = [cv2.resize(Crop(x, y, reach * size).cut(rgb, CELL_PX), (CELL_PX, CELL_PX))]
        for fit, degrees in ((before, 0), (after, 0), (after, 60), (after, -60)):
            points = ((fit.vertices[: body.skin_vertices] - middle) / reach).astype(np.float32)
            near = (np.abs(points) < 1.4).all(1)[body.triangles].all(1)
            cells.append(shaded(points, body.triangles[near], degrees, CELL_PX))
        return np.concatenate(cells, 1)


def _tips(fit, side):
    """(5, 3) ends of the fingers, field space."""
    body = load_model_body()
    ends = dict(zip(body.tail_bones, fit.rows[body.tail_rows], strict=True))
    return np.stack([ends[f"{finger}_3{side}"] for finger in FINGERS])


def _joint(body, side, number):
    return np.unique(body.group_faces(f"joint-{side[1].lower()}-finger-{number}-4"))


def _hand_skin(side):
    body = load_model_body()
    own = [INDEX["hand" + side]] + [INDEX[f"{finger}_{joint}{side}"] for finger in FINGERS for joint in (1, 2, 3)]
    return np.isin(body.labels[: body.skin_vertices], own)


def _within_body(skin, mine, metre):
    """Share of a hand's skin that lies in that of legs and trunk."""
    body = load_model_body()
    others = np.isin(body.parts[: body.skin_vertices], ("trunk", "leg.L", "leg.R"))
    normals = vertex_normals(skin, body.triangles)
    _, near = cKDTree(skin[others]).query(skin[mine])
    depth = ((skin[mine] - skin[others][near]) * normals[others][near]).sum(1)
    return float((depth < -INTO_M * metre).mean())
