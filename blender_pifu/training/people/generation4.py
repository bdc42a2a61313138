# SPDX-License-Identifier: GPL-3.0-or-later
"""The maker of people of generation 4: photographed skin, faces of real people, eyes, teeth; the rest as before."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...engine.errors import InputError
from ...engine.surface.mesh import vertex_normals
from . import looks
from .body import skin as skin_by_bones
from .cloth.dressing import Dresser
from .clothes.fabric import Fabric, lay_panels
from .clothes.pieces import hidden_body, load_piece, names
from .face.beards import beard_cover, draw_beard
from .face.eyes import RADIUS, Eyes, Teeth, look_along
from .face.face_places import places_on_face
from .face.faces import draw_expression, move_face, opens_mouth
from .hair.haircuts import draw_style
from .hair.locks import Head, grow
from .hair.scalp import Strands, hair_color, scalp_faces, scalp_roots
from .labels import LABELS, of_head, skin_label
from .library import load_library
from .person import SyntheticPerson, _fluff
from .pose import Pose
from .skin.skin_maps import corner_uv
from .skin.skins import Skin
from .soup import Layer
from .things.accessories import Solid
from .things.headwear import Hat, dome, draw_hat, earrings, headphones, necklace, watch
from .things.held import draw_hold, held_solids, hold_pose, knuckles


class Maker4(Dresser):
    """Makes one person; see `person.make_person`."""

    def __init__(self, seed: int, split: str, assets: Path | None):
        if assets is None:
            raise InputError("People of generation 4 need a folder of source assets.", "Name it with --assets.")
        self.library, self.assets = load_library(assets), assets
        super().__init__(seed, split)

    def make(self) -> SyntheticPerson:
        age = self.shape.phenotype["age"]
        skin = Skin(self.library, self.rng["skin"], self.split, self.feminine, age)
        hair = hair_color(self.rng["hair"], skin.tone, age)
        self.tone_is_dark = float(skin.tone.mean()) < 0.5
        beard = draw_beard(self.rng["skin"]) if self._bearded() else None
        worn = self._dress()
        self.stubble = 0.0
        self._grow_hair(hair)
        skin.grow(hair, self.stubble, beard)
        self._cover(skin, beard, worn)
        self._extras()
        return self._person()

    def _bearded(self) -> bool:
        return self.grown and not self.feminine and self.rng["skin"].random() < 0.6

    def _face(self) -> np.ndarray:
        self.shape = replace(self.shape, vertices=move_face(self.library, self.shape, self.rng["face"]))
        self.actions = draw_expression(self.body, self.rng["face"])
        return self.body.express(self.shape.vertices, self.actions)

    def _pose(self) -> Pose:
        """The pose drawn, or one with arms that hold something before the body."""
        pose, rng = super()._pose(), self.rng["extras"]
        self.hold = draw_hold(rng) if pose.kind != "hard" and rng.random() < 0.17 else None
        if self.hold is None:
            return pose
        return replace(pose, rotations=hold_pose(self.body, self.shape.heads, pose.rotations, self.hold, rng))

    def _grow_hair(self, tone: np.ndarray) -> None:
        """A cut of locks, one of MakeHuman's styles, or none, some under a hat; `stubble`: what the scalp bears."""
        rng = self.rng["hair"]
        head = self.transforms[self.body.bone["head"]]
        self.ground = self._hair_ground(head)
        hat = draw_hat(rng, self.ground.skull, self.ground.eyes) if rng.random() < 0.14 else None
        draw = rng.random()
        if draw < 0.28:
            self._wear_hair(tone, rng, hat)
        else:
            self._lock_hair(tone, rng, draw, hat)
        if hat is not None:
            vertices, faces = dome(hat, rng)
            panels = lay_panels(self.body, self.shape.heads)
            self._attach_to_head(
                vertices, faces, Fabric(rng, panels, self.split), vertices - hat.centre + panels.origins[0],
                gloss=float(rng.uniform(0, 0.25)), label=LABELS["thing"],
            )  # fmt: skip

    def _lock_hair(self, tone: np.ndarray, rng, draw: float, hat: Hat | None) -> None:
        curly = 0.65 if self.tone_is_dark else 0.18
        style = draw_style(rng, self.feminine, curly) if draw < 0.93 or self.feminine else None
        if style is None:
            self.stubble = float(rng.choice([0.0, rng.uniform(0.15, 0.5), rng.uniform(0.5, 0.95)]))
            return
        self.stubble = 0.97 * (1 - 0.9 * style.bald)
        locks = grow(style, self.ground, rng)
        vertices = locks.vertices if hat is None else hat.press(locks.vertices)
        self._attach_to_head(
            vertices, locks.faces, Strands(rng, tone), locks.strand, float(rng.uniform(0.1, 0.45)), rings=locks.rings
        )

    def _hair_ground(self, head: np.ndarray) -> Head:
        """What locks grow and lie on, in the head's own frame."""
        body = self.body
        to_head = lambda points: (points - head[:, 3]) @ head[:, :3]  # noqa: E731
        vertices = to_head(self.posed)
        skin = body.group_faces("body")
        normals = vertex_normals(vertices, skin)
        on, weights = scalp_roots(self.library, body)
        roots, root_normals = (np.einsum("nk,nkc->nc", weights, values[on]) for values in (vertices, normals))
        near = np.unique(skin)
        near = near[np.linalg.norm(vertices[near] - roots.mean(0), axis=1) < 0.75]
        obstacles, outward = [vertices[near]], [normals[near]]
        for layer in self.soup.layers:
            worn = to_head(layer.vertices[layer.used])
            close = np.linalg.norm(worn - roots.mean(0), axis=1) < 0.75
            obstacles.append(worn[close])
            outward.append(vertex_normals(worn, layer.faces)[close])
        balls = np.unique(np.r_[body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])
        eyes = vertices[balls].mean(0)
        return Head(
            roots,
            root_normals / np.linalg.norm(root_normals, axis=1, keepdims=True),
            vertices[np.unique(skin[of_head(body)[skin].all(1)])],
            eyes,
            np.concatenate(obstacles),
            np.concatenate(outward),
            head[:, :3].T @ np.array([0.0, 0, -1]),
        )

    def _wear_hair(self, tone: np.ndarray, rng, hat: Hat | None) -> None:
        """One of MakeHuman's hair styles, with more or less volume."""
        piece = load_piece("hair", str(rng.choice(names("hair", "", self.split))), 1)
        rest = piece.subdivision(_fluff(piece.rest_vertices(self.rest), self.rest, self.body, rng))
        texel = piece.texel()
        alpha = texel[:, 3] if texel is not None and texel.shape[1] == 4 else None
        faces = piece.faces if alpha is None else piece.faces[alpha[piece.faces].mean(1) > 0.25]
        weights = piece.subdivision(piece.weights)
        grey = (
            np.full((8, 8), 160, np.uint8) if piece.texture is None else piece.texture[..., :3].mean(2).astype(np.uint8)
        )
        self.stubble = 0.9
        posed = skin_by_bones(rest, weights, self.transforms)
        if hat is not None:
            head = self.transforms[self.body.bone["head"]]
            posed = hat.press((posed - head[:, 3]) @ head[:, :3]) @ head[:, :3].T + head[:, 3]
        self.soup.add(
            Layer(
                posed, faces, lambda: weights, fabric=Strands(rng, tone, grey),
                uv=piece.uv[faces], alpha=alpha, gloss=float(rng.uniform(0.1, 0.4)), label=LABELS["hair"],
            )
        )  # fmt: skip

    def _attach_to_head(
        self, vertices, faces, fabric, rest, gloss: float, label: int = LABELS["hair"], rings=None
    ) -> None:
        """Add what lies in the head's rest frame."""
        head = self.transforms[self.body.bone["head"]]
        vertices = (vertices @ head[:, :3].T + head[:, 3]).astype(np.float32)
        weights = np.zeros((len(vertices), len(self.body.bones)), np.float32)
        weights[:, self.body.bone["head"]] = 1
        self.soup.add(
            Layer(vertices, faces, lambda: weights, fabric=fabric, rest=rest, gloss=gloss, label=label, rings=rings)
        )

    def _cover(self, skin: Skin, beard, worn) -> None:
        """The body's own surface: skin, eyes, teeth."""
        body, posed, rng = self.body, self.posed, self.rng["skin"]
        if beard is not None and beard["thick"]:
            cover = beard_cover(places_on_face(body.mean_vertices), beard) * (1 - body.mask("lips"))
            rough = 1 + 0.22 * looks.smooth_noise(self.rest, rng, 1 / 0.008)
            lift = (beard["thick"] * cover * rough)[:, None]
            posed = posed + lift * vertex_normals(posed, body.group_faces("body"))
        hidden = self.hidden | hidden_body(body, worn)
        if not opens_mouth(self.actions):  # else the mouth is a cave
            hidden = hidden | (body.mask("inside_mouth") > 0.5)
        faces = body.group_faces("body")
        shown = ~hidden[faces].all(1)
        uv = corner_uv(self.library, body, "body")[shown]
        faces = faces[shown]
        haired = (scalp_faces(self.library, body) > 0.5) & (self.stubble > 0.6)
        self.soup.add(
            Layer(
                posed, faces, lambda: body.weights, fabric=skin, rest=body.mean_vertices, uv=uv,
                gloss=float(rng.uniform(0.1, 0.4)),
                label=np.where(haired[shown], LABELS["hair"], skin_label(body, faces)),
            )
        )  # fmt: skip
        self._eyes(posed, Eyes(rng, self.tone_is_dark))
        if opens_mouth(self.actions):
            self._teeth(rng)

    def _eyes(self, posed: np.ndarray, eyes: Eyes) -> None:
        body, rng = self.body, self.rng["face"]
        head = self.transforms[body.bone["head"]][:, :3]
        gaze = head.T @ np.array([0.0, -1.0, 0.0])  # into the camera, or somewhere before the head
        if rng.random() < 0.35 or gaze[1] > -0.7:
            gaze = np.array([0.0, -1.0, 0.0]) + rng.normal(0, 0.2, 3) * [1, 0, 0.6]
        turn = look_along(gaze)
        for side in "lr":
            faces = body.group_faces(f"helper-{side}-eye")
            ball = np.unique(faces)
            ray = (self.rest - self.rest[ball].mean(0)) @ turn.T / RADIUS
            self.soup.add(
                Layer(
                    posed, faces, lambda: body.weights, fabric=eyes, rest=ray, gloss=0.9, label=skin_label(body, faces)
                )
            )

    def _teeth(self, rng) -> None:
        body, mean = self.body, self.body.mean_vertices
        upper, lower = (body.group_faces(f"helper-{row}-teeth") for row in ("upper", "lower"))
        edges = float(mean[np.unique(upper), 2].min()), float(mean[np.unique(lower), 2].max())
        split = float(0.5 * (mean[np.unique(upper), 2].mean() + mean[np.unique(lower), 2].mean()))
        teeth = Teeth(rng, *edges, split)
        faces = np.concatenate([upper, lower])
        self.soup.add(
            Layer(
                self.posed, faces, lambda: body.weights, fabric=teeth, rest=mean, gloss=0.6,
                label=skin_label(body, faces),
            )
        )  # fmt: skip

    def _extras(self) -> None:
        """Glasses, scarves and bags as before; what is held, headphones and jewellery."""
        super()._extras()
        rng, body = self.rng["extras"], self.body
        head, towards = self.transforms[body.bone["head"]], self._trunk_axes()
        if self.hold is not None:
            for solid in held_solids(body, self.joints, self.hold, towards, rng):
                self._attach(solid, f"wrist.{self.hold.sides[0]}")
        ears = [self.rest[(body.mask("ears") > 0.5) & (np.sign(self.rest[:, 0]) == sign)] for sign in (1, -1)]
        for solid in self._on_head(ears, rng):
            self._attach(solid, "head", solid.vertices @ head[:, :3].T + head[:, 3])
        if rng.random() < (0.2 if self.feminine else 0.06):
            surface, outward = (ground @ head[:, :3].T for ground in (self.ground.obstacles, self.ground.outward))
            neck = self.joints[body.bone["neck01"]]
            for solid in necklace(surface + head[:, 3], outward, neck, towards, rng):
                self._attach(solid, "spine01")
        if self.grown and rng.random() < 0.12:
            self._wear_watch(rng)

    def _on_head(self, ears: list[np.ndarray], rng) -> list[Solid]:
        if rng.random() < 0.03:
            return headphones(self.ground.roots, np.stack([ear.mean(0) for ear in ears]), rng)
        if rng.random() < (0.35 if self.feminine else 0.05):
            return earrings(np.stack([ear[ear[:, 2].argmin()] for ear in ears]), rng)
        return []

    def _wear_watch(self, rng) -> None:
        side = str(rng.choice(["L", "R"], p=[0.8, 0.2]))
        wrist, elbow = (self.joints[self.body.bone[f"{bone}.{side}"]] for bone in ("wrist", "lowerarm02"))
        along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        at = wrist - 0.028 * along
        near = self.posed[:13380]
        near = near[np.abs((near - at) @ along) < 0.012]
        away = near - at - ((near - at) @ along)[:, None] * along
        away = np.linalg.norm(away, axis=1)
        if not (away < 0.06).any():
            return
        _, _, palm = knuckles(self.joints, self.body, side)
        out = -palm + (palm @ along) * along
        radius = float(np.quantile(away[away < 0.06], 0.8)) + 0.002
        for solid in watch(at, along, out / np.linalg.norm(out), radius, rng):
            self._attach(solid, f"wrist.{side}")
