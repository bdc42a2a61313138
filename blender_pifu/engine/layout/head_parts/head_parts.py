# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes, teeth and tongue of a person beside their skin: added to a mesh with a head of its own, and to its maps.

They share a strip along the upper edge of the skin's maps, which makes room for it. Each goes with the head; of the
expressions they have their own part, and those that only move them: where eyes look, a tongue put out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ....result_file import Parts, Reconstruction, Rig, ShapeKeys, Slots
from ...body.head import Head
from ...crop_space import sample
from ...surface.mesh import split_quads, vertex_normals
from ..expressions import Expressions
from ..painted_mesh import PaintedMesh
from ..texture.texels import SLACK, cover, filled
from .coloring import ROUGH, EyeLook, colors, look_at_eyes
from .eyeballs import SIDES, eyeballs_of, looks_of
from .mouth_parts import load_mouth_parts
from .piece import Piece

STRIP = 1 / 16  # of the maps' side: how high the strip is
SOCKET = 0.85  # of its distance from an eye's middle, how far back the skin laid on the eye goes
EYES, MOUTH = "Eyes", "Mouth"  # material slots
FLAT = (128, 128, 255)  # a normal map that changes nothing


@dataclass(frozen=True)
class HeadParts:
    """pieces: what there is, in rest; head: whose they are; eyes: how the photo shows these."""

    pieces: tuple[Piece, ...]
    head: Head
    eyes: EyeLook

    @cached_property
    def mesh(self) -> PaintedMesh:
        """All of them in one mesh of field space, without an expression."""
        vertices = self.head.seen(np.concatenate([piece.vertices for piece in self.pieces])).astype(np.float32)
        faces = np.concatenate([piece.faces + start for piece, start in zip(self.pieces, self._starts, strict=False)])
        painted = np.concatenate([colors(piece.name, piece.looks, self.eyes) for piece in self.pieces])
        return PaintedMesh(vertices, faces, vertex_normals(vertices, split_quads(faces)[0]), painted)

    def keyed(
        self, keys: ShapeKeys, vertices: np.ndarray, place: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[ShapeKeys, np.ndarray]:
        """Expressions of skin, vertices (V, 3), with the parts', and the skin that they move; place: as `added_to`."""
        keys, vertices = self._looking(keys, vertices)
        return _keys_with(keys, self._expressions(keys).shape_keys(self.mesh, place)), vertices

    def added_to(
        self,
        skin: Reconstruction,
        place: Callable[[np.ndarray], np.ndarray],
        place_normals: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Reconstruction:
        """A person of quads with a rig, whose expressions are those of `keyed`, and whose maps have the strip, with the
        parts; place: points of field space -> the person's; place_normals: the same with normals there."""
        mesh, count = self.mesh, len(self.mesh.vertices)
        numbers = np.repeat(np.arange(len(self.pieces) + 1), [len(skin.faces), *(len(p.faces) for p in self.pieces)])
        faces = np.concatenate([skin.faces, mesh.faces + len(skin.vertices)])
        texture = skin.texture and replace(skin.texture, uv=np.concatenate([skin.texture.uv, self._uv]))
        return Reconstruction(
            np.concatenate([skin.vertices, place(mesh.vertices)]),
            faces,
            np.concatenate([skin.normals, place_normals(mesh.vertices, mesh.normals)]),
            np.concatenate([skin.colors, mesh.colors]),
            replace(skin.summary, vertices=len(skin.vertices) + count, faces=len(faces)),
            texture,
            skin.rig and _rig_with(skin.rig, count),
            skin.shape_keys,
            Parts(tuple(piece.name for piece in self.pieces), numbers.astype(np.uint8)),
            slots=skin.slots and self._slots_with(skin.slots),
        )

    def _slots_with(self, slots: Slots) -> Slots:
        """Slots of the skin with those of eyes and mouth after them."""
        own = [EYES if piece.name.endswith("eye") else MOUTH for piece in self.pieces]
        names = (*slots.names, *sorted(set(own)))
        numbers = np.repeat([names.index(name) for name in own], [len(piece.faces) for piece in self.pieces])
        return Slots(names, np.concatenate([slots.faces, numbers.astype(np.uint8)]))

    def _looking(self, keys: ShapeKeys, vertices: np.ndarray) -> tuple[ShapeKeys, np.ndarray]:
        """Keys that turn the eyes as the photo shows, and the skin (V, 3) from which lids move to where they are."""
        looks = looks_of(self.head.gaze) if self.eyes.seen else {}
        values = np.array([looks.get(name, value) for name, value in zip(keys.names, keys.values, strict=True)])
        moved = np.tensordot(values - keys.values, keys.offsets, 1)
        return replace(keys, values=values.astype(np.float32)), (vertices - moved).astype(np.float32)

    def behind_eyes(self, mesh: PaintedMesh, sockets: np.ndarray) -> PaintedMesh:
        """A mesh of the skin whose vertices `sockets (V,)` bool, laid on the eyes, make room for the balls."""
        if not self.eyes.seen:
            return mesh
        vertices = mesh.vertices.astype(np.float64)
        middles = self.head.seen(np.stack([self.head.eye(side)[0] for side in SIDES.values()]))
        mine = np.flatnonzero(sockets)
        nearest = middles[np.linalg.norm(vertices[mine, None] - middles, axis=2).argmin(1)]
        vertices[mine] = nearest + SOCKET * (vertices[mine] - nearest)
        vertices = vertices.astype(np.float32)
        return replace(mesh, vertices=vertices, normals=vertex_normals(vertices, split_quads(mesh.faces)[0]))

    @cached_property
    def _uv(self) -> np.ndarray:
        """(f, 4, 2) float32, in the maps' strip."""
        return (np.concatenate([piece.uv for piece in self.pieces]) * STRIP + [0, 1 - STRIP]).astype(np.float32)

    def _expressions(self, keys: ShapeKeys) -> Expressions:
        """Those of the skin as they move the parts, then those that move these alone."""
        names = keys.names
        own = sorted({name for piece in self.pieces for name in piece.actions} - set(names))
        moves = np.zeros((len(names) + len(own), len(self.mesh.vertices), 3))
        for piece, start in zip(self.pieces, self._starts, strict=False):
            rows = slice(start, start + len(piece.vertices))
            for k, name in enumerate((*names, *own)):
                if name in piece.actions:
                    moves[k, rows] = self.head.directions(self.mesh.vertices[rows], piece.actions[name])
        return Expressions((*names, *own), moves, np.append(keys.values, np.zeros(len(own))).astype(np.float32))

    def painted(self, color: np.ndarray) -> np.ndarray:
        """A base colour map (n, n, 3) uint8 sRGB with the parts in its strip."""
        looks = np.concatenate([piece.looks for piece in self.pieces])
        own = np.repeat(np.arange(len(self.pieces)), [len(piece.vertices) for piece in self.pieces])
        triangles, corners = split_quads(self.mesh.faces)
        found = cover(self._uv.reshape(-1, 2)[corners], len(color), SLACK)

        def colors_of(face, weights):
            of_corners = triangles[face]
            at, number = np.einsum("nk,nkc->nc", weights, looks[of_corners]), own[of_corners[:, 0]]
            made = np.empty((len(at), 3), np.uint8)
            for k, piece in enumerate(self.pieces):
                made[number == k] = colors(piece.name, at[number == k], self.eyes)
            return made

        return self._in_strip(color, filled(found, len(color), colors_of, lambda: None))

    def flat(self, normals: np.ndarray) -> np.ndarray:
        """A normal map (n, n, 3) uint8 with nothing in the strip."""
        return self._in_strip(normals, np.broadcast_to(np.array(FLAT, np.uint8), normals.shape))

    def rough(self, roughness: np.ndarray) -> np.ndarray:
        """A roughness map (n, n, 3) uint8 with the parts' in its strip."""
        whole = np.zeros_like(roughness)
        whole[..., 0] = 255
        size = len(roughness)
        for piece in self.pieces:
            first, last = piece.uv[..., 0].min(), piece.uv[..., 0].max()
            columns = slice(int(first * STRIP * size), int(np.ceil(last * STRIP * size)) + 1)
            whole[:, columns, 1] = round(255 * ROUGH[piece.name])
        return self._in_strip(roughness, whole)

    @cached_property
    def _starts(self) -> list[int]:
        return np.cumsum([0, *(len(piece.vertices) for piece in self.pieces)]).tolist()

    @staticmethod
    def _in_strip(picture, strip):
        rows = round(STRIP * len(picture))
        return np.concatenate([strip[:rows], picture[rows:]])


def parts_in(head: Head, photo: np.ndarray) -> HeadParts:
    """The parts of a head as it was placed in a photo, (n, n, 3 or more) float sRGB 0..1, field space. Without
    eyeballs where the photo shows eyes that are not bare, or shows them elsewhere. Raises ModelError."""
    eyes = look_at_eyes(head, lambda points: sample(photo[..., :3], points[:, 0], points[:, 1]))
    eyes = replace(eyes, seen=head.faces_away or (eyes.seen and head.face_seen))
    balls = eyeballs_of(head) if eyes.seen else []
    return HeadParts((*balls, *load_mouth_parts().of(head)), head, eyes)


def beside_strip(uv: np.ndarray) -> np.ndarray:
    """UVs (F, 3|4, 2) moved down so far that they leave the strip free."""
    return (uv * [1, 1 - STRIP]).astype(np.float32)


def _rig_with(rig: Rig, count: int) -> Rig:
    """A rig whose mesh has `count` further vertices, which go with the head."""
    bones, weights = np.zeros((count, 4), np.int32), np.zeros((count, 4), np.float32)
    bones[:, 0], weights[:, 0] = rig.names.index("head"), 1
    both = np.concatenate([rig.weight_bones, bones]), np.concatenate([rig.weights, weights])
    return replace(rig, weight_bones=both[0], weights=both[1])


def _keys_with(keys: ShapeKeys, own: ShapeKeys) -> ShapeKeys:
    """Keys of a mesh with those of further vertices, which may have more of them."""
    skin = np.zeros((len(own.names), keys.offsets.shape[1], 3), np.float32)
    skin[: len(keys.names)] = keys.offsets
    return ShapeKeys(own.names, np.concatenate([skin, own.offsets.astype(np.float32)], 1), own.values)
