# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the parametric body under a reconstructed surface: first by landmarks, then by the surface itself.

Damped Gauss-Newton on shape, joint turns, scale and place. The surface enters as in iterated closest points: distances
along the surface's normals (Chen & Medioni 1992), both ways, robust, and lax where clothes or hair lie over the skin.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.spatial import cKDTree

from ..cores import divided
from ..reading.landmarks import MIRRORED, RULERS
from ..reading.landmarks import Landmark as L
from ..surface.mesh import tilt_back, vertex_normals
from .bones import BONES, INDEX
from .lift import Landmarks3D, lift
from .model import BodyModel, Pose, load_body, rotation
from .priors import ACTIVE, pose_prior

STANDING_ARMS = 0.6  # radians the arms hang below those of the rest pose
STEP_M = 0.026  # metres between the points of skin and surface that are compared
# Metres: how far apart skin and surface may be to belong together, from which distance on they count less; what the
# landmarks still count; steps.
STAGES = ((0.12, 0.06, 1.0, 8), (0.07, 0.03, 0.5, 10), (0.05, 0.02, 0.25, 8))
QUICK_STAGES = ((0.12, 0.06, 1.0, 6), (0.05, 0.02, 0.25, 7))
START_STEPS, QUICK_STEPS = 14, 6  # by which all starts of landmarks are tried; the best goes on to the former
SURFACE_SPREAD, SURFACE_POINTS = 0.012, 500  # metres; as many independent points as the surface counts for
LANDMARK_SPREAD = 0.025
NORMAL_REACH = 0.07  # metres that opposite normals count as, halved, when nearest points are sought
UNDER_CLOTHES, UNDER_HAIR = 0.35, 0.06  # weight of skin that lies below the surface
CLEARLY = 0.85
STARTS = (0.0, np.pi, np.pi / 2, -np.pi / 2)  # turns about the vertical, against the landmarks'
# Metres between skin and surface, skin under clothes counting less, divided by the share of the surface that has skin,
# up to which the body is believed.
MOST_OFF = 0.0135
# Height in that of who stands straight, of people who stand: 0.99 to 1.03. Who sits or kneels has 0.68 to 0.87.
STANDS = 0.93, 1.05
COVERED_M = 0.06
BORDER_M = 0.03
STANDS_OUT_M = 0.03  # before the surface, from where on an arm's skin is of what that lacks
SIDEWAYS = 0.7  # how much of a trunk's skin looks to either side in rest, beside the arms


@dataclass(frozen=True)
class Fit:
    """A body in field space.

    pose: its parameters; rows: (N, 3) float32, all the model's rows posed; residual_m: mean distance of its skin from
    the surface, in metres of a 1.7 m body; covered: share of the surface near skin; source: "surface" when it fits,
    "landmarks" or "proportions" where only those are believed; note: what the artist must be told, or None; seen:
    (52,) bool, bones whose part the photo shows; limbs_m: as residual_m, of each part of the body (`bones.part`) that
    is seen, flanks_m, of the trunk's skin that looks to the sides, and covered_m, of each arm without what stands out
    before the surface, as a forearm held out to the camera that it lacks; hands: sides (".L", ".R") whose hand is posed
    as the photo shows it; hidden: those whose hand stays as the surface has it, see `hands.hand_pose.pose_hands`.
    """

    pose: Pose
    rows: np.ndarray
    residual_m: float
    covered: float
    source: str
    note: str | None
    seen: np.ndarray
    limbs_m: dict[str, float] = field(default_factory=dict)
    flanks_m: float = 0.0
    covered_m: dict[str, float] = field(default_factory=dict)
    hands: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def metre(self) -> float:
        """Field units of one metre of a 1.7 m body."""
        return float(self.pose.scale)

    def height_share(self, tilt: float = 0.0) -> float:
        """Height as it is posed, raised arms included, in that of who stands straight: 1 of who stands, strides or
        bends the knees a little, and where only proportions are believed. tilt: radians that the camera looked down,
        see `camera_tilt`."""
        if self.source == "proportions":
            return 1.0
        body = load_body()
        straight = self.metre * np.ptp(body.rest(self.pose.shape)[: body.skin_vertices, 1].numpy())
        share = float(np.ptp(tilt_back(self.rows[: body.skin_vertices], tilt)[:, 1]) / straight)
        return 1.0 if STANDS[0] < share < STANDS[1] else share

    @property
    def vertices(self) -> np.ndarray:
        """(V, 3) float32 skin and eyes, field space."""
        return self.rows[: load_body().vertices]


@torch.inference_mode()
def fit_body(
    vertices: np.ndarray,
    faces: np.ndarray,
    landmarks: np.ndarray | None = None,
    visibility: np.ndarray | None = None,
    visible: tuple | None = None,
    quick: bool = False,
) -> Fit:
    """Fit the body to a closed surface, `vertices (V, 3)`, `faces (F, 3)`, field space.

    landmarks: (33, 3) as of `BodyLandmarks.in_field`, or None where nobody was recognised; visibility: (33,) 0..1;
    visible: (x0, y0, x1, y1) of the photo in field units where it cuts the person, or None; quick: with fewer steps and
    landmarks as they are: good enough to look at, not to rig by.
    """
    fitter = _Fitter(load_body(), vertices, faces, visible)
    first, *later = QUICK_STAGES if quick else STAGES
    starts = fitter.upright_starts() if landmarks is None else fitter.landmark_starts(landmarks, visibility, quick)
    # Which start is right shows early; the first is believed unless another is clearly better.
    early = divided(lambda start: fitter.tried(*start, [first]), starts)
    costs = [cost for _, cost in early]
    costs[0] *= CLEARLY
    best = int(np.argmin(costs))
    start, points = starts[best]
    pose = fitter.by_surface(early[best][0], points, later)
    residual, covered = fitter.score(pose)
    source, note = "surface", None
    if _off(fitter.misfit(pose), covered) > MOST_OFF:
        source, pose = ("landmarks" if landmarks is not None else "proportions"), start
        basis = "the landmarks in the photo" if landmarks is not None else "usual proportions"
        note = (
            f"The body does not fit the surface closely ({100 * residual:.1f} cm off on average); "
            f"the skeleton follows {basis} only."
        )
    rows = fitter.body.pose(pose).numpy()
    return Fit(pose, rows, residual, covered, source, note, fitter.seen(rows), *fitter.by_part(pose))


def _off(residual, covered):
    return residual / max(covered, 0.1)


def _metre(body, landmarks):
    """Field units of a metre, by the lengths of trunk and legs as the network places them."""
    rest = body.mean[body.landmark_rows].numpy()
    seen, known = ([np.linalg.norm(points[a] - points[b]) for a, b in RULERS] for points in (landmarks, rest))
    return float(np.median(np.divide(seen, known)))


class _Fitter:
    """The surface as points, the body as rows to compare, and the steps."""

    def __init__(self, body: BodyModel, vertices, faces, visible):
        self.body = body
        self.visible = visible
        self.vertices, self.faces = vertices, faces
        self.normals = vertex_normals(vertices, faces)
        skin = body.mean[: body.skin_vertices].numpy()
        self.skin_rows = torch.from_numpy(thinned(skin, STEP_M))
        normals = vertex_normals(skin, body.triangles)
        self.rest_normals = torch.from_numpy(normals[self.skin_rows.numpy()])
        self.lax = torch.from_numpy(_laxity(body))[self.skin_rows]
        self.landmark_rows = torch.arange(len(body.mean))[body.landmark_rows]
        self.prior = pose_prior()

    def upright_starts(self):
        """Standing, as high as the surface, facing the camera or not, arms as in rest or hanging."""
        low, high = self.vertices.min(0), self.vertices.max(0)
        skin = self.body.mean[: self.body.skin_vertices].numpy()
        scale = float((high - low)[1] / np.ptp(skin[:, 1]))
        middle = torch.tensor((low + high) / 2 - scale * (skin.min(0) + skin.max(0)) / 2, dtype=torch.float32)
        return [
            (self._standing(yaw, arms, torch.tensor(scale), middle), None)
            for yaw in (0.0, np.pi)
            for arms in (0.0, STANDING_ARMS)
        ]

    def landmark_starts(self, landmarks, visibility, quick=False):
        """By the landmarks as they are and, unless `quick`, with left and right exchanged, lest a back was taken for a
        front."""
        metre = _metre(self.body, landmarks)

        @torch.inference_mode()  # which is a thread's own
        def start(order):
            points = lift(landmarks[order], visibility[order], self.vertices, self.faces, metre)
            return self.by_landmarks(points, metre, QUICK_STEPS if quick else START_STEPS), points

        return divided(start, (slice(None),) if quick else (slice(None), list(MIRRORED)))

    def _standing(self, yaw, arms, scale, place):
        rotations = torch.eye(3).repeat(len(BONES), 1, 1)
        rotations[0] = rotation(torch.tensor([[0.0, yaw, 0.0]]))[0]
        for side, sign in ((".L", -1), (".R", 1)):
            rotations[INDEX["upper_arm" + side]] = rotation(torch.tensor([[0.0, 0.0, sign * arms]]))[0]
        return Pose(torch.zeros(len(self.body.basis)), rotations, scale, place)

    def by_landmarks(self, points: Landmarks3D, metre: float, tries: int) -> Pose:
        """The pose that explains lifted landmarks best; from several starts, as somebody may stand askew, of which the
        best after so many steps is taken."""
        left, right = points.points[[L.LEFT_SHOULDER, L.LEFT_HIP]], points.points[[L.RIGHT_SHOULDER, L.RIGHT_HIP]]
        left, right = left.mean(0), right.mean(0)
        yaw = float(np.arctan2(-(left - right)[2], (left - right)[0]))
        hips = torch.tensor(points.points[[L.LEFT_HIP, L.RIGHT_HIP]].mean(0), dtype=torch.float32)
        found = []
        for start in STARTS:
            pose = self._standing(yaw + start, STANDING_ARMS, torch.tensor(metre), hips)
            cost = np.inf
            for _ in range(tries):
                pose, cost = self._step(pose, points, 1.0, None)
            found.append((cost, pose))
        pose = min(found, key=lambda one: one[0])[1]
        for _ in range(START_STEPS - tries):
            pose, _ = self._step(pose, points, 1.0, None)
        return pose

    @torch.inference_mode()
    def tried(self, pose: Pose, points: Landmarks3D | None, stages) -> tuple[Pose, float]:
        """As `by_surface`, and how far off the surface that comes."""
        pose = self.by_surface(pose, points, stages)
        return pose, _off(*self.score(pose))

    def by_surface(self, pose: Pose, points: Landmarks3D | None, stages) -> Pose:
        """Closer and closer to the surface; landmarks keep limbs from wandering."""
        step = STEP_M * float(pose.scale)
        chosen = thinned(self.vertices, step)
        if self.visible is not None:
            chosen = chosen[self._inside(self.vertices[chosen], BORDER_M * float(pose.scale))]
        target = _Points(self.vertices[chosen], self.normals[chosen])
        for reach, soft, trust, count in stages:
            for _ in range(count):
                pose, _ = self._step(pose, points, trust, (target, reach, soft))
        return pose

    def _step(self, pose, points, trust, surface):
        """One damped step; returns the new pose and the cost of the old."""
        count = len(pose.shape)
        metre = float(pose.scale)
        rows = torch.cat([self.landmark_rows, self.skin_rows]) if surface else self.landmark_rows
        placed, slopes = self.body.jacobian(pose, rows, list(ACTIVE))
        system, turns = _System(slopes.shape[2]), slice(count, -4)
        system.add(torch.eye(slopes.shape[2])[:count], pose.shape, 1.0)
        residual, derivative = self.prior.rows(pose)
        likely = torch.zeros(len(residual), slopes.shape[2])
        likely[:, turns] = derivative
        system.add(likely, residual, 1.0)
        marks = len(self.landmark_rows)
        if points is not None:
            off = (placed[:marks] - torch.from_numpy(points.points).float()) / metre
            spread = torch.full((marks, 3), LANDMARK_SPREAD)
            spread[:, 2] = torch.from_numpy(points.depth_spread)
            soft = 1 / (1 + (off / (3 * spread)) ** 2)
            weight = trust * soft * torch.from_numpy(points.visibility).float()[:, None] ** 2 / spread**2
            if surface:
                weight[:, 2] *= 0.1  # the surface knows depth better
            system.add((slopes[:marks] / metre).reshape(-1, slopes.shape[2]), off.ravel(), weight.ravel())
        if surface:
            normals = self.body.turn(pose, self.skin_rows, self.rest_normals)
            self._pull(system, placed[marks:], slopes[marks:], normals, metre, *surface)
        return self.body.moved(pose, system.solve(turns), list(ACTIVE)), system.cost

    def _pull(self, system, placed, slopes, normals, metre, target, reach, soft):
        """Add the distances between skin and surface along the surface's normals."""
        ours, theirs, apart = target.pairs(placed.numpy(), normals.numpy(), metre)
        if self.visible is not None:
            apart[~self._inside(placed.numpy()[ours], 0)] = np.inf
        ours, theirs = (torch.from_numpy(index[apart < reach]) for index in (ours, theirs))
        normal, point = torch.from_numpy(target.normals)[theirs], torch.from_numpy(target.points)[theirs]
        off = ((placed[ours] - point) * normal).sum(1) / metre
        weight = torch.where(off < 0, self.lax[ours], torch.ones(()))
        weight = weight / (1 + (off / soft) ** 2) ** 2
        weight = weight * (SURFACE_POINTS / max(1, len(ours))) / SURFACE_SPREAD**2
        system.add(torch.einsum("nc,nck->nk", normal, slopes[ours]) / metre, off, weight)

    def score(self, pose):
        """Mean distance of seen skin from the surface, metres, and the share of the surface that has skin near."""
        skin, surface, apart, *_ = self._compared(pose)
        if not len(skin):
            return np.inf, 0.0
        covered = (cKDTree(skin).query(surface)[0] < COVERED_M * float(pose.scale)).mean()
        return float(apart.mean()), float(covered)

    def misfit(self, pose):
        """As the distance of `score`, but that skin under the surface counts as little as clothes may be loose."""
        _, _, apart, _, under, *_ = self._compared(pose)
        return float((np.where(under, UNDER_CLOTHES, 1.0) * apart).mean()) if len(apart) else np.inf

    def by_part(self, pose):
        """Mean distance of seen skin from the surface, metres, by part of the body, of the trunk's that looks to the
        sides, and by arm without what stands out of the surface towards the camera."""
        _, _, apart, parts, under, sideways, ahead = self._compared(pose)
        flanks = apart[sideways & (parts == "trunk")]
        by_part = {str(name): float(apart[parts == name].mean()) for name in np.unique(parts)}
        within = under | (ahead < STANDS_OUT_M)
        arms = {name: within & (parts == name) for name in by_part if name.startswith("arm")}
        covered = {name: float(apart[some].mean()) for name, some in arms.items() if some.any()}
        return by_part, float(flanks.mean()) if len(flanks) else 0.0, covered

    def _compared(self, pose):
        """Seen skin, surface points, distance of each of the former in metres, its part of the body, whether it lies
        under the surface, whether it looks to the sides in rest, and metres that it is nearer to the camera."""
        metre = float(pose.scale)
        skin, parts = self.body.pose(pose)[self.skin_rows].numpy(), self.body.parts[self.skin_rows.numpy()]
        sideways = self.rest_normals[:, 0].abs().numpy() > SIDEWAYS
        chosen = thinned(self.vertices, STEP_M * metre / 2)
        surface = self.vertices[chosen]
        if self.visible is not None:
            shown = self._inside(skin, 0)
            skin, parts, sideways = skin[shown], parts[shown], sideways[shown]
        apart, near = cKDTree(surface).query(skin)
        under = ((skin - surface[near]) * self.normals[chosen][near]).sum(1) < 0
        ahead = (skin - surface[near])[:, 2] / metre
        return skin, surface, apart / metre, parts, under, sideways, ahead

    def seen(self, rows):
        """(52,) bool: bones of which the photo shows a third or more of what they move, with all they hang on."""
        if self.visible is None:
            return np.ones(len(BONES), bool)
        inside = self._inside(rows[: self.body.vertices], 0)
        share = np.bincount(self.body.labels, inside, len(BONES)) / np.bincount(self.body.labels, minlength=len(BONES))
        found = (self.body.descendants.numpy() @ (share > 1 / 3)) > 0
        found[0] = True  # the root is there whatever is seen
        return found

    def _inside(self, points, margin):
        x0, y0, x1, y1 = self.visible
        x, y = points[:, 0], points[:, 1]
        return (x > x0 + margin) & (x < x1 - margin) & (y > y0 + margin) & (y < y1 - margin)


class _Points:
    """Points with normals, and which of them belong to the body's."""

    def __init__(self, points, normals):
        self.points, self.normals = points.astype(np.float32), normals.astype(np.float32)

    def pairs(self, placed, normals, metre):
        """Nearest partners both ways, counting how normals differ: indices of ours, of these, metres apart."""
        here = np.hstack([placed / metre, NORMAL_REACH / 2 * normals])
        there = np.hstack([self.points / metre, NORMAL_REACH / 2 * self.normals])
        forth = cKDTree(there).query(here)
        back = cKDTree(here).query(there)
        ours = np.concatenate([np.arange(len(here)), back[1]])
        theirs = np.concatenate([forth[1], np.arange(len(there))])
        return ours, theirs, np.concatenate([forth[0], back[0]])


class _System:
    """Normal equations of weighted residuals, summed in double precision."""

    def __init__(self, size):
        self._matrix = torch.zeros(size, size, dtype=torch.float64)
        self._vector = torch.zeros(size, dtype=torch.float64)
        self.cost = 0.0

    def add(self, slopes, residuals, weights):
        """slopes (R, P), residuals (R,), weights (R,) or one number."""
        slopes, residuals = slopes.double(), residuals.double()
        weighted = slopes * (weights[:, None].double() if isinstance(weights, torch.Tensor) else weights)
        self._matrix += weighted.T @ slopes
        self._vector += weighted.T @ residuals
        self.cost += float((weights * residuals**2).sum())

    def solve(self, turns: slice) -> torch.Tensor:
        """The step (P,); of the parts of rotation vectors, its `turns`, none is above half a radian."""
        damped = self._matrix + torch.diag(1e-3 * self._matrix.diagonal() + 1e-2)
        step = -torch.linalg.solve(damped, self._vector).float()
        return step * min(1.0, 0.5 / max(float(step[turns].abs().max()), 1e-9))


def _laxity(body):
    """(vertices,) weight of skin when it lies below the surface: less under clothes, little under hair."""
    parts = body.parts[: body.skin_vertices]
    hand = np.isin(body.labels, [i for i, bone in enumerate(BONES) if bone.startswith(("hand", "thumb", "index"))])
    face = body.arrays["face_region"].numpy()[: body.skin_vertices] > 128
    lax = np.where(parts == "head", np.where(face, 1.0, UNDER_HAIR), UNDER_CLOTHES).astype(np.float32)
    lax[hand[: body.skin_vertices]] = 1.0
    return lax


def thinned(points: np.ndarray, step: float) -> np.ndarray:
    """Indices of one point in each cube of side `step`: that nearest to the cube's middle; sorted."""
    cubes = np.floor(points / step)
    order = np.argsort(((points / step - cubes - 0.5) ** 2).sum(1), kind="stable")
    cubes -= cubes.min(0)
    keys = cubes[order].astype(np.int64) @ np.array([1, 1 << 20, 1 << 40])
    return np.sort(order[np.unique(keys, return_index=True)[1]])
