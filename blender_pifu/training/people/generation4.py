# SPDX-License-Identifier: GPL-3.0-or-later
"""The maker of people of generation 4: photographed skin, faces of real people, eyes, teeth; the rest as before."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...engine.errors import InputError
from ...engine.surface.mesh import vertex_normals
from . import looks
from .beards import beard_cover, draw_beard
from .eyes import RADIUS, Eyes, Teeth, look_along
from .face_places import places_on_face
from .faces import draw_expression, move_face, opens_mouth
from .labels import skin_label
from .library import load_library
from .person import Person, _Maker
from .pieces import hidden_body
from .skin_maps import corner_uv
from .skins import Skin
from .soup import Layer


class Maker4(_Maker):
    """Makes one person; see `person.make_person`."""

    def __init__(self, seed: int, split: str, assets: Path | None):
        if assets is None:
            raise InputError("People of generation 4 need a folder of source assets.", "Name it with --assets.")
        self.library = load_library(assets)
        super().__init__(seed, split)

    def make(self) -> Person:
        age = self.shape.phenotype["age"]
        skin = Skin(self.library, self.rng["skin"], self.split, self.feminine, age)
        hair = looks.hair_tone(self.rng["hair"], skin.tone)
        beard = draw_beard(self.rng["skin"]) if self._bearded() else None
        worn = self._dress()
        skin.grow(hair, 0.3, beard)
        self._grow_hair(hair)
        self._cover(skin, beard, worn)
        self._extras()
        return self._person()

    def _bearded(self) -> bool:
        return self.grown and not self.feminine and self.rng["skin"].random() < 0.6

    def _face(self) -> np.ndarray:
        self.shape = replace(self.shape, vertices=move_face(self.library, self.shape, self.rng["face"]))
        self.actions = draw_expression(self.body, self.rng["face"])
        return self.body.express(self.shape.vertices, self.actions)

    def _cover(self, skin: Skin, beard, worn) -> None:
        """The body's own surface: skin, eyes, teeth."""
        body, posed, rng = self.body, self.posed, self.rng["skin"]
        if beard is not None and beard["thick"]:
            cover = beard_cover(places_on_face(body.mean_vertices), beard) * (1 - body.mask("lips"))
            rough = 1 + 0.4 * looks.smooth_noise(self.rest, rng, 1 / 0.008)
            lift = (beard["thick"] * cover * rough)[:, None]
            posed = posed + lift * vertex_normals(posed, body.group_faces("body"))
        hidden = self.hidden | hidden_body(body, worn)
        if not opens_mouth(self.actions):  # else the mouth is a cave
            hidden = hidden | (body.mask("inside_mouth") > 0.5)
        faces = body.group_faces("body")
        shown = ~hidden[faces].all(1)
        uv = corner_uv(self.library, body, "body")[shown]
        faces = faces[shown]
        self.soup.add(
            Layer(
                posed, faces, lambda: body.weights, fabric=skin, rest=body.mean_vertices, uv=uv,
                gloss=float(rng.uniform(0.1, 0.4)), label=skin_label(body, faces),
            )
        )  # fmt: skip
        self._eyes(posed, Eyes(rng, dark=float(skin.tone.mean()) < 0.5))
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
