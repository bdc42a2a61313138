# SPDX-License-Identifier: GPL-3.0-or-later
"""Models by name or file: encode a photo once, then query its field as often as needed."""

import json
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .back_photo.back_cut import BackCut
from .back_photo.map_fusion import fuse
from .back_photo.relief import RELIEF_PX, drawn_relief
from .color.behind_arms import paint_behind_arms
from .color.behind_cloth import paint_behind_cloth
from .color.behind_head import paint_behind_face
from .color.hat import with_hat
from .color.light import Light, Shading, find_light
from .color.regions import Regions
from .errors import ModelError
from .face.head_crop import close_up
from .face.mean_face import Place, find_face, lay_face
from .files.tensors import Tensors, on_meta, read_tensors
from .folds.laying import fold_reader, lay_folds
from .futures import Future, check_wanted
from .interfaces import Model
from .labels import LABELS
from .networks.coarse import CoarseConfig, CoarseLevel
from .networks.field import HumanField
from .networks.fine import FineConfig, FineLevel
from .networks.legs import Legs, find_legs, move_legs
from .networks.limb_maps import draw_hints
from .networks.maps import Maps, as_picture, enlarged, front_colors, without_light
from .parsing.reading import Parsing, parsing_reader
from .published.pifu import PIFuModel
from .published.pifuhd import PIFuHDModel
from .published.vrn import VRNModel
from .reading.landmarks import metre_of
from .reading.person_cut import PersonCut, network_input
from .shading.face_tint import with_face_tint
from .shading.reading import shading_reader
from .srgb import lit
from .subject.lens import Lens

DATA = Path(__file__).parents[1] / "data"
# Bundled names: "fast" is the core of "human" without its details and its fine level.
BUNDLED = ("human", "fast")
FOLDS_PX = 1024  # of the photo in which folds are looked for, at most
SHADING_PX = 384  # of the photo in which shadows and highlights are looked for
BEHIND_PX = 1024  # of the hidden side's picture at most, whose texture is the photo's
FINE = "fine."  # prefix of the fine level's tensors in a file
PUBLISHED = {family.family: family for family in (PIFuHDModel, PIFuModel, VRNModel)}


@dataclass(frozen=True)
class Encoding:
    """One encoded photo: the drawn maps (see `Maps` for shapes and units) and the network's input."""

    image: Tensor  # (1, 4, h, w): masked photo in [-1, 1], mask 0..1
    maps: Maps
    fine_normals: np.ndarray | None = None  # (m, m, 3) unit, of what is seen, where finer ones than the maps' are known
    parsing: Parsing | None = None  # see `HumanModel.with_parsing`

    @property
    def mask(self) -> Tensor:
        return self.image[:, 3:4]

    @property
    def front_normals(self) -> Tensor:
        return self.maps.front_normals

    @property
    def back_normals(self) -> Tensor:
        return self.maps.back_normals

    @property
    def front_depth(self) -> Tensor:
        return self.maps.front_depth

    @property
    def back_depth(self) -> Tensor:
        return self.maps.back_depth

    @property
    def back_rgb(self) -> Tensor:
        return self.maps.back_rgb

    @property
    def front_labels(self) -> Tensor | None:
        """How likely each label is, (1, len(LABELS), h, w); None until they are read."""
        return self.parsing.front_labels.float() if self.parsing else self.maps.front_labels

    @property
    def back_labels(self) -> Tensor | None:
        """The same of the hidden side."""
        return self.parsing.back_labels.float() if self.parsing else self.maps.back_labels

    @property
    def front_albedo(self) -> Tensor | None:
        """The photo's colours without its light, (1, 3, h, w) 0..1 sRGB; None of weights that draw no shading."""
        shading = self.maps.front_shading
        return None if shading is None else without_light(front_colors(self.image), shading)

    @property
    def back_albedo(self) -> Tensor | None:
        """The same of the hidden side."""
        shading = self.maps.back_shading
        return None if shading is None else without_light(self.maps.back_rgb, shading)


class HumanModel:
    """The bundled family: a coarse level and, where the weights have one, a fine level that redraws its maps at twice
    the resolution."""

    notes = ()  # what whoever uses its results must be told
    makes_bodies = True

    def __init__(
        self,
        level: CoarseLevel,
        name: str,
        fine: FineLevel | None = None,
        coarse_px: int | None = None,
        reads_back: bool = False,
    ):
        """coarse_px: side of the coarse level's input, by default its largest; reads_back: whether these weights read
        the shape of a photo of the back better than they guess it."""
        self.level, self.name, self.fine, self.reads_back = level.eval(), name, fine, reads_back
        self._coarse_px = coarse_px or level.config.input_px
        self.input_px = 2 * self._coarse_px if fine else self._coarse_px

    def without_fine(self) -> "HumanModel | None":
        """The same model without its fine level; None where it has none."""
        return HumanModel(self.level, self.name, None, self._coarse_px, self.reads_back) if self.fine else None

    def for_body(self) -> "HumanModel | None":
        """The quickest of it, good enough to fit the body by that it reads; None where it reads none."""
        core = self.level.config.core_px
        return HumanModel(self.level, self.name, None, core, self.reads_back) if self.level.config.body else None

    @property
    def device(self) -> torch.device:
        return next(self.level.parameters()).device

    @torch.inference_mode()
    def encode(
        self, image: Tensor, mask: Tensor | None = None, hints: Tensor | None = None, body: Tensor | None = None
    ) -> Encoding:
        """Encode a crop. `image: (1, 3, H, W)` in [-1, 1], 0 outside the person; `mask: (1, 1, H, W)` 0..1, by default
        wherever the image is not exactly 0; `hints`: see `draw_hints`, None where nobody was recognised; `body`: see
        `second_look.draw_body`, None where none is known. Other sizes than `input_px` are resampled."""
        parameter = next(self.level.parameters())
        if mask is None:
            mask = (image != 0).any(1, keepdim=True).to(image.dtype)
        both = torch.cat([image, mask], 1).to(parameter)
        if both.shape[-2:] != (self.input_px, self.input_px):
            both = F.interpolate(
                both, (self.input_px, self.input_px), mode="bilinear", antialias=True, align_corners=False
            )
        if self.fine is None:
            return Encoding(both, self.level.draw_evenly(both, hints, body))
        return Encoding(both, self.fine(both, enlarged(self.level.draw_evenly(F.avg_pool2d(both, 2), hints, body))))

    def prepare(self, cut: PersonCut | BackCut) -> tuple[Tensor, Tensor, Tensor | None]:
        """What `encode` takes, from a photo's cut-out person."""
        seen = cut.landmarks
        hints = None if seen is None else draw_hints(torch.from_numpy(seen)[None]).to(next(self.level.parameters()))
        return *network_input(*cut(self.input_px), self.device), hints

    def with_back(self, encoding: Encoding, behind: BackCut) -> tuple[Encoding, BackCut, bool]:
        """The encoding with the back as a photo of it shows it, that photo laid over what was drawn, and whether it was
        read for its shape; weights that cannot read one better than guess leave the encoding as it was."""
        behind = behind.over(drawn_relief(encoding.maps))
        if not self.reads_back:
            return encoding, behind, False
        seen = self.encode(*self.prepare(behind))
        return replace(encoding, maps=fuse(encoding.maps, seen.maps, encoding.mask * seen.mask)), behind, True

    def face_in(self, cut: PersonCut, fine: bool = False) -> Place | None:
        """Where the face is, where the cut has one that maps are too coarse for. Pictures that `with_folds` will ask
        for are made."""
        for size in (RELIEF_PX, *([cut.side_px(FOLDS_PX)] if fine else [])):
            if self.fine and cut.keeps(size):
                cut(size)
        check_wanted()
        near = close_up(cut, self.input_px)
        if near is None or cut.landmarks is None:
            return None
        coarse = self.without_fine() or self
        drawn = as_picture(coarse.encode(*coarse.prepare(near.cut)).front_normals)
        return find_face(cut.landmarks, drawn, near.center, near.half)

    def with_face(self, encoding: Encoding, face: Place | None) -> Encoding:
        """The encoding with a face, if `face_in` found where."""
        return encoding if face is None else replace(encoding, maps=lay_face(encoding.maps, encoding.mask, face))

    def with_folds(self, encoding: Encoding, cut: PersonCut, fine: bool = False) -> Encoding:
        """The encoding with the folds that the photo's shades tell of, with hems, and if `fine` its `fine_normals`; as
        it was where nobody was recognised, so that it is not known how large they are, and without a fine level, too
        coarse for any."""
        if self.fine is None or cut.landmarks is None:
            return encoding

        def light():
            return find_light(np.dstack(cut(RELIEF_PX)), drawn_relief(encoding.maps).front_normals)

        seen = partial(_seen, cut), light, cut.landmarks, cut.side_px(FOLDS_PX) if fine else 0, fold_reader(self.device)
        parsed = Future(self.with_parsing, encoding, cut)

        def labels():
            read = parsed.result().parsing
            assert read is not None
            return read.front_labels, read.back_labels

        maps, normals = lay_folds(encoding.maps, *seen, labels)
        return replace(parsed.result(), maps=maps, fine_normals=normals if fine else None)

    def with_parsing(self, encoding: Encoding, cut: PersonCut) -> Encoding:
        """The encoding with labels of what is seen and hidden, as they are read."""
        if encoding.parsing is not None:
            return encoding
        thickness = encoding.front_depth - encoding.back_depth
        read = parsing_reader(self.device).read(encoding.image, encoding.front_normals, cut.landmarks, thickness)
        return replace(encoding, parsing=read)

    def with_legs(self, encoding: Encoding, cut: PersonCut, lens: Lens) -> tuple[Encoding, Legs | None]:
        """The encoding with legs that a body can have, and what was found of them; lens: that took the photo."""
        legs = find_legs(encoding.maps, encoding.mask, cut.landmarks, lens)
        if legs is None:
            return encoding, None
        return replace(encoding, maps=move_legs(encoding.maps, encoding.mask, legs)), legs

    def without_light(self, encoding: Encoding, cut: PersonCut) -> tuple[Encoding, Shading | None]:
        """The encoding with the hidden side as it is without the photo's light, and that light; as it was, and None,
        where too little is seen to find one."""
        relief = drawn_relief(encoding.maps)
        light = find_light(np.dstack(cut(RELIEF_PX)), relief.front_normals)
        if light is None:
            return encoding, None
        front = self._shading(encoding, cut, light) if self.fine else light.shading(relief.front_normals)
        shading = Shading(light, front, light.shading(relief.seen_through))
        drawn = as_picture(encoding.back_rgb)
        bare = torch.from_numpy(lit(drawn, 1 / shading.back)).permute(2, 0, 1)[None].to(encoding.back_rgb)
        return replace(encoding, maps=replace(encoding.maps, back_rgb=bare)), shading

    def _shading(self, encoding: Encoding, cut: PersonCut, light: Light) -> np.ndarray:
        """By what linear colours of what is seen are multiplied, (SHADING_PX, SHADING_PX, 3)."""
        normals = as_picture(encoding.front_normals)
        normals = cv2.resize(normals, (SHADING_PX, SHADING_PX), interpolation=cv2.INTER_AREA)
        normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
        photo = np.dstack(cut(SHADING_PX))
        shading = shading_reader(self.device).read(photo, normals, light, cut.landmarks)
        if cut.tone is None:
            labels = encoding.front_labels
            if labels is None or cut.landmarks is None:
                return shading
            face = as_picture(labels[:, LABELS["face_skin"], None])[..., 0]
            face = cv2.resize(face, (SHADING_PX, SHADING_PX), interpolation=cv2.INTER_AREA)
            return with_face_tint(shading, photo, face, metre_of(cut.landmarks) * SHADING_PX / 2)
        return np.exp(np.log(shading).mean(-1, keepdims=True)).repeat(3, -1)  # a photo without colour gets none

    def regions(self, encoding: Encoding, cut: PersonCut) -> Regions | None:
        """Where hair, skin and each garment are, of what is seen and of what is hidden; None where nobody is, and
        without a fine level, too coarse for that."""
        if self.fine is None:
            return None
        encoding = self.with_parsing(encoding, cut)
        front, back = encoding.front_labels, encoding.back_labels
        assert front is not None and back is not None
        drawn = as_picture(torch.cat([front, back, encoding.mask], 1))
        front, back, matte = np.split(drawn, [len(LABELS), 2 * len(LABELS)], 2)
        told = Regions.of(front, back, matte[..., 0], encoding.parsing and encoding.parsing.ends)
        return None if told is None else with_hat(told, np.dstack(cut(len(matte))), cut.landmarks)

    def hidden_side(
        self, encoding: Encoding, cut: PersonCut | None, regions: Regions | None = None
    ) -> dict[str, np.ndarray]:
        """What `painting.paint` may know of the side the photo does not show: the drawn back, without what only lies
        before the body. cut: None where a photo of the back is taken instead, so that nothing is drawn; regions: what
        `regions` told, by which what goes on behind is told."""
        if cut is None:
            return {}
        drawn = torch.cat([encoding.back_rgb, encoding.mask, encoding.front_depth - encoding.back_depth], 1)
        back, thickness = np.split(as_picture(drawn), [4], 2)
        if cut.landmarks is not None:
            photo = np.dstack(cut(len(back)))
            back = paint_behind_arms(back, photo, thickness[..., 0], cut.landmarks)
            back = paint_behind_face(back, photo, cut.landmarks, regions)
        check_wanted()
        shown = np.dstack(cut(cut.side_px(BEHIND_PX)))
        return {"back": paint_behind_cloth(back, shown, cut.landmarks, regions)}

    def drawn_normals(self, encoding: Encoding) -> np.ndarray | None:
        """Unit normals of what the photo shows, on its crop's pixels (n, n, 3), field space; None where no folds were
        read, so that the surface has all that is drawn, or no fine ones."""
        return encoding.fine_normals

    def vertex_colors(self, encoding: Encoding, vertices: np.ndarray) -> dict[str, np.ndarray]:
        """What `painting.paint` may know of vertices (V, 3): nothing."""
        return {}

    def field(self, encoding: Encoding) -> HumanField:
        """The occupancy field of an encoded photo."""
        return HumanField(self.level, encoding.maps, encoding.image)

    def query(self, encoding: Encoding, points: Tensor) -> Tensor:
        """Occupancy (N,) at `points: (N, 3)` in field space."""
        points = points.to(encoding.image)
        index = torch.arange(len(points), device=points.device)
        return self.field(encoding).query_columns(points[:, :2], index, points[:, 2])


def _seen(cut: PersonCut, size: int) -> np.ndarray:
    """Colours and matte (size, size, 4) of a cut."""
    return np.dstack(cut(size))


def load_model(
    name_or_path: str | os.PathLike = "human", device: str | torch.device = "cpu", dtype=torch.float32
) -> Model:
    """Load a bundled model by name, or a `.safetensors` file. Raises ModelError naming what is wrong with the file."""
    bundled, path = str(name_or_path) in BUNDLED, weights_file(name_or_path)
    if not path.is_file():
        known = ", ".join(BUNDLED)
        raise ModelError(
            f"There is no model named {name_or_path} and no such file.",
            fix=f"Choose one of: {known}; or a .safetensors file.",
        )
    tensors, metadata = read_tensors(path, _another(path))
    if "family" in metadata:
        try:
            family = PUBLISHED[metadata["family"]]
            settings = family.settings_type.from_json(metadata["settings"])
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(
                f"{path.name} was not written by this version of the program.", fix="Import the checkpoint again."
            ) from error
        return family.of(Tensors(tensors, path.name), settings, path.stem).to(device, dtype)
    if "config" not in metadata:
        raise ModelError(f"{path.name} holds no model of this program.", fix="Choose weights made by its trainer.")
    name = str(name_or_path) if bundled else path.stem
    config = coarse_config(metadata["config"])
    finer = {key: tensors.pop(key) for key in list(tensors) if key.startswith(FINE)}
    with on_meta():
        level = CoarseLevel(config)
    level = Tensors(tensors, path.name).fill(level).to(device=device, dtype=dtype)
    reads_back = metadata.get("reads_back") == "yes"
    if bundled and name == "fast":
        return HumanModel(level, name, coarse_px=config.core_px, reads_back=reads_back)
    fine = None
    if finer:
        with on_meta():
            fine = FineLevel(fine_config(metadata["fine"]), config.widths[0])
        fine = Tensors(finer, path.name).under(FINE).fill(fine).to(device=device, dtype=dtype)
    return HumanModel(level, name, fine, reads_back=reads_back)


def weights_file(name_or_path: str | os.PathLike) -> Path:
    """Where the weights of a bundled name lie; any other path is itself."""
    return DATA / "human.safetensors" if str(name_or_path) in BUNDLED else Path(name_or_path)


def _another(path: Path) -> str:
    """What to do about a file that cannot be read."""
    if path.suffix.lower() in (".safetensors", ".json"):
        return "Get the file again."
    return "Convert a published checkpoint first: python -m blender_pifu.engine import-checkpoint."


def coarse_config(text: str) -> CoarseConfig:
    """The inverse of `json.dumps(dataclasses.asdict(config))`."""
    return CoarseConfig(**_with_tuples(text))


def fine_config(text: str) -> FineConfig:
    """The inverse of `json.dumps(dataclasses.asdict(config))`."""
    return FineConfig(**_with_tuples(text))


def _with_tuples(text: str) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(text).items()}
