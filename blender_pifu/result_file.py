# SPDX-License-Identifier: GPL-3.0-or-later
"""The result file: a reconstructed person as plain arrays in one .npz, written by the engine and read by Blender.

numpy and the standard library only, since both sides read it. docs/result-file.md says the same for others.
"""

import dataclasses
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FORMAT = 1  # goes up with every change that an older reader would misread
_MESH = ("vertices", "faces", "normals", "colors", "summary")
_TEXTURE = ("uv", "texture")
_MAPS = ("normal_map", "roughness_map")
_RIG = ("bone_names", "bone_parents", "bone_heads", "bone_tails", "weight_bones", "weights")
_PARTS = ("part_names", "face_parts")
_SLOTS = ("slot_names", "face_slots")
_SHAPE_KEYS = ("shape_key_names", "shape_keys", "shape_key_values")
_MOTION = ("motion_turns", "motion_hips", "motion_seen", "motion_planted", "motion_about")
_WEIGHT_SLACK = 1e-3
_LEAST_BONE_M = 1e-5


class ResultError(Exception):
    """A result file is not what it should be; the text names what is wrong."""


@dataclass(frozen=True)
class Texture:
    """The maps of a mesh. `uv (F, 3|4, 2)` float32 per face corner, 0..1, v up; the image files: `png`, base colour,
    sRGB; `normal_png`: normals in MikkTSpace's tangent space, green up, and `roughness_png`: green is roughness, blue
    metal, as glTF has them, or None where the mesh itself is the dense surface."""

    uv: np.ndarray
    png: bytes
    normal_png: bytes | None = None
    roughness_png: bytes | None = None


@dataclass(frozen=True)
class Rig:
    """A skeleton by the canonical names in the mesh's own space and pose, and the skin weights. Metres."""

    names: tuple[str, ...]  # (B,), as "hips" or "upper_arm.L"
    parents: np.ndarray  # (B,) int32, -1 for a root; a parent comes before its children
    heads: np.ndarray  # (B, 3) float32
    tails: np.ndarray  # (B, 3) float32
    weight_bones: np.ndarray  # (V, 4) int32
    weights: np.ndarray  # (V, 4) float32, sum 1, unused 0


@dataclass(frozen=True)
class ShapeKeys:
    """Expressions as offsets from the mesh: `names (K,)`, `offsets (K, V, 3)` float32, metres, Blender space, and how
    far the photo shows each, `values (K,)` float32 0..1."""

    names: tuple[str, ...]
    offsets: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Parts:
    """Closed pieces within the head: `names (P,)`, as "left eye"; faces (F,) uint8: 0 skin, else 1 + the piece's place
    among the names."""

    names: tuple[str, ...]
    faces: np.ndarray


@dataclass(frozen=True)
class Slots:
    """Material slots: `names (M,)`, as "Skin" or "Upper Garment", and which of them each face is of, `faces (F,)`
    uint8."""

    names: tuple[str, ...]
    faces: np.ndarray


@dataclass(frozen=True)
class Motion:
    """What the bones of a Rig do in T frames of a film: `turns (T, B, 4)` float32 unit quaternions, w first: how each
    bone is turned against the rig's rest, about the space's own axes as its parent has turned them; `hips (T, 3)`
    float32, metres: where the first bone begins; `seen (T,)` bool: frames in which the person was seen, else the motion
    is made up; `planted (T, 2)` bool: when the left and the right foot stand."""

    name: str  # of the film, without its ending
    rate: float  # frames a second
    turns: np.ndarray
    hips: np.ndarray
    seen: np.ndarray
    planted: np.ndarray
    notes: tuple[str, ...] = ()  # sentences for the artist


@dataclass(frozen=True)
class Summary:
    """What was made and how, in plain values fit for JSON. None stands for what does not apply to this person.

    topology, height_m: as made (of whom the photo cuts, the height of the part seen); evaluations: of the occupancy
    field; seconds: by step; weights: the model's name; camera_tilt_deg: taken off who stands;
    legs_guessed: whether legs were moved, for as they were drawn they could not stand; texels_per_m, photo_px_per_m:
    how fine the texture is, and what the photo can give; views: of each further photo its name ("photo"), the "side"
    that it shows, if known, whether it was "used", and "why_not" where it was not.
    """

    topology: str = ""
    height_m: float = 0.0
    vertices: int = 0
    faces: int = 0
    watertight: bool = False
    components: int = 0
    evaluations: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    device: str = ""
    weights: str = ""
    output: str | None = None
    # the photo
    people: int | None = None
    person: int | None = None
    framing: str | None = None
    camera_tilt_deg: float | None = None
    legs_guessed: bool | None = None
    # the field
    low_precision: str | None = None
    back_overlap: float | None = None
    back_shape: bool | None = None
    views: tuple[dict, ...] | None = None
    # the mesh
    quads: float | None = None
    least_wall_mm: float | None = None
    wrapped_cm: float | None = None
    wrapped_p95_cm: float | None = None
    crossings: float | None = None
    texture_px: int | None = None
    charts: int | None = None
    texels_per_m: int | None = None
    photo_px_per_m: int | None = None
    # the skeleton
    skeleton: str | None = None
    residual_cm: float | None = None
    notes: tuple[str, ...] | None = None

    def as_dict(self) -> dict:
        """What applies, as plain values."""
        given = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        plain = {name: value for name, value in given.items() if value is not None}
        return plain | {name: list(plain[name]) for name in ("views", "notes") if name in plain}

    @classmethod
    def from_dict(cls, values: dict) -> "Summary":
        """The inverse of `as_dict`; what this version does not know is left out."""
        known = {each.name for each in dataclasses.fields(cls)}
        kept = {name: value for name, value in values.items() if name in known}
        if kept.get("notes"):
            kept["notes"] = tuple(map(str, kept["notes"]))
        if kept.get("views"):
            kept["views"] = tuple(kept["views"])
        return cls(**kept)


@dataclass(frozen=True)
class Reconstruction:
    """A person as a mesh in Blender space: metres, Z up, facing -Y, feet at z = 0, origin between the feet."""

    vertices: np.ndarray  # (V, 3) float32
    faces: np.ndarray  # (F, 3) int32, outward; or (F, 4), of which a triangle has -1 as its fourth
    normals: np.ndarray  # (V, 3) float32, unit
    colors: np.ndarray  # (V, 3) uint8, sRGB
    summary: Summary
    texture: Texture | None = None
    rig: Rig | None = None
    shape_keys: ShapeKeys | None = None
    parts: Parts | None = None
    motion: Motion | None = None  # of the rig's bones
    slots: Slots | None = None

    def written_to(self, path) -> "Reconstruction":
        """The same, with the path of its file in the summary."""
        return dataclasses.replace(self, summary=dataclasses.replace(self.summary, output=str(path)))


def npz_bytes(result: Reconstruction) -> memoryview:
    """The contents of the .npz file of a Reconstruction."""
    arrays = {name: getattr(result, name) for name in ("vertices", "faces", "normals", "colors")}
    if result.texture:
        texture = result.texture
        arrays |= {"uv": texture.uv, "texture": np.frombuffer(texture.png, np.uint8)}
        maps = zip(_MAPS, (texture.normal_png, texture.roughness_png), strict=True)
        arrays |= {name: np.frombuffer(png, np.uint8) for name, png in maps if png}
    if result.rig:
        rig = result.rig
        arrays |= {"bone_names": np.array(rig.names), "bone_parents": rig.parents, "bone_heads": rig.heads}
        arrays |= {"bone_tails": rig.tails, "weight_bones": rig.weight_bones, "weights": rig.weights}
    if result.shape_keys:
        arrays |= {"shape_key_names": np.array(result.shape_keys.names), "shape_keys": result.shape_keys.offsets}
        arrays |= {"shape_key_values": result.shape_keys.values}
    if result.parts:
        arrays |= {"part_names": np.array(result.parts.names), "face_parts": result.parts.faces}
    if result.slots:
        arrays |= {"slot_names": np.array(result.slots.names), "face_slots": result.slots.faces}
    if result.motion:
        arrays |= _motion_arrays(result.motion)
    summary = np.array(json.dumps(result.summary.as_dict()))
    return _npz(arrays | {"summary": summary})


def motion_bytes(motion: Motion, names: tuple[str, ...]) -> memoryview:
    """The contents of an .npz file of a Motion alone, of bones of those names (B,)."""
    return _npz({"bone_names": np.array(names)} | _motion_arrays(motion))


def _npz(arrays: dict) -> memoryview:
    # Through memory: a zip file on a full disk complains once more when it is collected.
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, format=np.array(FORMAT, np.int32))
    return buffer.getbuffer()


def _motion_arrays(motion: Motion) -> dict:
    about = {"name": motion.name, "rate": motion.rate, "notes": list(motion.notes)}
    values = motion.turns, motion.hips, motion.seen, motion.planted, np.array(json.dumps(about))
    return dict(zip(_MOTION, values, strict=True))


def read_motion(path: str | Path) -> tuple[tuple[str, ...], Motion]:
    """The bones' names (B,) and the Motion in a file of `motion_bytes` or of a person with one. Raises ResultError."""
    arrays = _read(Path(path), lambda _there: ("bone_names", *_MOTION))
    names = _names(arrays, "bone_names")
    return names, _motion(arrays, len(names))


def read_result(path: str | Path) -> Reconstruction:
    """The Reconstruction in a .npz file, every array of it checked. Raises ResultError naming what is wrong."""
    path, groups = Path(path), []

    def wanted(there) -> tuple[str, ...]:
        every = _TEXTURE, _RIG, _SHAPE_KEYS, _PARTS, _MOTION, _SLOTS
        groups.extend(group for group in every if any(name in there for name in group))
        return tuple(name for group in (_MESH, *groups, [each for each in _MAPS if each in there]) for name in group)

    arrays = _read(path, wanted)
    summary = _json(path, arrays["summary"])
    vertices = _finite(_shaped(arrays, "vertices", np.float32, (None, 3)), "vertices")
    faces = _faces(arrays, len(vertices))
    normals = _finite(_shaped(arrays, "normals", np.float32, (len(vertices), 3)), "normals")
    colors = _shaped(arrays, "colors", np.uint8, (len(vertices), 3))
    return Reconstruction(
        vertices,
        faces,
        normals,
        colors,
        _summary(summary),
        _texture(arrays, faces) if _TEXTURE in groups else None,
        _rig(arrays, len(vertices)) if _RIG in groups else None,
        _shape_keys(arrays, len(vertices)) if _SHAPE_KEYS in groups else None,
        _parts(arrays, len(faces)) if _PARTS in groups else None,
        _motion(arrays, len(arrays["bone_names"])) if _MOTION in groups and _RIG in groups else None,
        _slots(arrays, len(faces)) if _SLOTS in groups else None,
    )


def _read(path: Path, wanted: Callable[..., tuple[str, ...]]) -> dict:
    """The arrays of a file that `wanted` names of those there."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in wanted(file)}
            version = int(file["format"]) if "format" in file else 0
    except Exception as error:  # a damaged file can fail in any way
        raise ResultError(f"The engine's result {path.name} cannot be read: {error}") from error
    if version != FORMAT:
        raise ResultError(f"The engine's result {path.name} has format {version}; this version reads {FORMAT}.")
    return arrays


def _json(path: Path, array: np.ndarray):
    try:
        return json.loads(str(array))
    except (ValueError, RecursionError) as error:
        raise ResultError(f"The engine's result {path.name} cannot be read: {error}") from error


def _summary(values) -> Summary:
    if not isinstance(values, dict):
        raise ResultError("The engine's result has no summary.")
    summary = Summary.from_dict(values)
    if type(summary.topology) is not str or type(summary.height_m) not in (int, float):
        raise ResultError("The engine's result has a summary that is not the engine's.")
    return summary


def _faces(arrays: dict, vertex_count: int) -> np.ndarray:
    faces = arrays["faces"]
    corners = 4 if faces.shape[1:] == (4,) else 3
    faces = _shaped(arrays, "faces", np.int32, (None, corners))
    if not len(faces):
        raise ResultError("The engine's result has no faces.")
    real = faces if corners == 3 else np.where(faces[:, 3:] == -1, faces[:, :1], faces)
    if real.min() < 0 or real.max() >= vertex_count:
        raise ResultError("The engine's result has faces of vertices that do not exist.")
    return faces


def _texture(arrays: dict, faces: np.ndarray) -> Texture:
    uv = _finite(_shaped(arrays, "uv", np.float32, (*faces.shape, 2)), "texture coordinates")
    return Texture(uv, _png(arrays, "texture"), *(_png(arrays, name) if name in arrays else None for name in _MAPS))


def _png(arrays: dict, name: str) -> bytes:
    png = _shaped(arrays, name, np.uint8, (None,)).tobytes()
    if not png.startswith(b"\x89PNG"):
        raise ResultError(f"The engine's result has a {name.replace('_', ' ')} that is no PNG.")
    return png


def _rig(arrays: dict, vertex_count: int) -> Rig:
    names = _names(arrays, "bone_names")
    count = len(names)
    parents = _shaped(arrays, "bone_parents", np.int32, (count,))
    heads = _finite(_shaped(arrays, "bone_heads", np.float32, (count, 3)), "bones")
    tails = _finite(_shaped(arrays, "bone_tails", np.float32, (count, 3)), "bones")
    if not count or (parents < -1).any() or (parents >= np.arange(count)).any():
        raise ResultError("The engine's result has bones whose parents do not come before them.")
    if (np.linalg.norm(tails - heads, axis=1) < _LEAST_BONE_M).any():
        raise ResultError("The engine's result has bones without a length.")
    bones = _shaped(arrays, "weight_bones", np.int32, (vertex_count, 4))
    weights = _finite(_shaped(arrays, "weights", np.float32, (vertex_count, 4)), "weights")
    if bones.min() < 0 or bones.max() >= count:
        raise ResultError("The engine's result has weights of bones that do not exist.")
    if weights.min() < 0 or np.abs(weights.sum(1) - 1).max() > _WEIGHT_SLACK:
        raise ResultError("The engine's result has weights that do not sum to 1.")
    return Rig(names, parents, heads, tails, bones, weights)


def _shape_keys(arrays: dict, vertex_count: int) -> ShapeKeys:
    names = _names(arrays, "shape_key_names")
    offsets = _shaped(arrays, "shape_keys", np.float32, (len(names), vertex_count, 3))
    values = _finite(_shaped(arrays, "shape_key_values", np.float32, (len(names),)), "shape keys")
    if len(values) and not 0 <= values.min() <= values.max() <= 1:
        raise ResultError("The engine's result has shape keys whose values are not within 0 and 1.")
    return ShapeKeys(names, _finite(offsets, "shape keys"), values)


def _parts(arrays: dict, face_count: int) -> Parts:
    names = _names(arrays, "part_names")
    faces = _shaped(arrays, "face_parts", np.uint8, (face_count,))
    if faces.max() > len(names):
        raise ResultError("The engine's result has faces of parts that do not exist.")
    return Parts(names, faces)


def _slots(arrays: dict, face_count: int) -> Slots:
    names = _names(arrays, "slot_names")
    faces = _shaped(arrays, "face_slots", np.uint8, (face_count,))
    if faces.max() >= len(names):
        raise ResultError("The engine's result has faces of material slots that do not exist.")
    return Slots(names, faces)


def _motion(arrays: dict, bone_count: int) -> Motion:
    turns = _finite(_shaped(arrays, "motion_turns", np.float32, (None, bone_count, 4)), "turns")
    count = len(turns)
    hips = _finite(_shaped(arrays, "motion_hips", np.float32, (count, 3)), "hips")
    seen = _shaped(arrays, "motion_seen", np.bool_, (count,))
    planted = _shaped(arrays, "motion_planted", np.bool_, (count, 2))
    about = _json(Path("motion"), arrays["motion_about"])
    told = isinstance(about, dict) and isinstance(about.get("name"), str) and isinstance(about.get("notes"), list)
    rate = about.get("rate") if told else None
    if not count or not isinstance(rate, (int, float)) or not 0 < rate < 1e4:
        raise ResultError("The engine's result has a motion that is not the engine's.")
    if np.abs(np.linalg.norm(turns, axis=2) - 1).max() > _WEIGHT_SLACK:
        raise ResultError("The engine's result has turns that are none.")
    return Motion(about["name"], float(rate), turns, hips, seen, planted, tuple(map(str, about["notes"])))


def _names(arrays: dict, name: str) -> tuple[str, ...]:
    array = arrays[name]
    if array.ndim != 1 or array.dtype.kind != "U" or len(set(array.tolist())) != len(array):
        raise ResultError(f"The engine's result has {name} that are no names of their own.")
    return tuple(array.tolist())


def _finite(array: np.ndarray, what: str) -> np.ndarray:
    if not np.isfinite(array).all():
        raise ResultError(f"The engine's result has {what} that are nowhere.")
    return array


def _shaped(arrays: dict, name: str, dtype, shape: tuple) -> np.ndarray:
    array = arrays[name]
    fits = array.ndim == len(shape) and all(want in (None, got) for got, want in zip(array.shape, shape, strict=True))
    if not fits or array.dtype != dtype:
        raise ResultError(f"The engine's result has {name} of {array.dtype} {array.shape}.")
    return np.ascontiguousarray(array)
