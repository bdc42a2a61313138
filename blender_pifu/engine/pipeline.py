# SPDX-License-Identifier: GPL-3.0-or-later
"""From a photo to a person: the stages in their order, timed, with progress, and memory running out put into words."""

import os
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..choices import OPTIONS, ChoiceError, Choices
from ..result_file import Motion, Reconstruction, Rig, Summary, Texture
from ..steps import BAKE, BIND, CARVE, ENCODE, FIT, LAY_OUT, MATTE, MOVE, PAINT, READ, UNWRAP, seconds_of
from . import stages
from .cores import LOADED, FreeCores
from .device import empty_cache, is_out_of_memory, pick_device
from .errors import InputError, OptionError, OutOfMemory, TopologyError
from .futures import Begin, Future, Futures
from .hands.hand_landmarks import HandReader
from .interfaces import Model
from .layout.head_parts.head_parts import HeadParts
from .layout.texture.sharpness import finer_than_photo, texels_per_metre
from .layout.topologies import TOPOLOGIES, Source, Topology
from .memory import LARGE_PHOTO, give_back_at_once, peak_memory_mb, share_memory
from .model import load_model
from .motion.capture import capture
from .progress import Clock
from .reading.people import People
from .subject.figure import Figures
from .subject.last_photo import LastPhoto
from .surface.mesh import check_mesh
from .video.picking import Picked

EYES_HIDDEN = "The photo does not show the eyes bare, as behind dark glasses: they are part of the skin."
LIGHT_KEPT = "The photo's light was kept in the colours: none was found that could be taken away."
LEFT_OUT = 'The photo "{photo}" was left out: {why}'
ONLY_COLORS = "Only the colours of the back photo were taken; the shape of the back is guessed from the front."
NO_SKELETON = "{model} makes no whole people, so there is no skeleton that could move."
NO_BODY = "{model} makes no whole people, so there is no body for the mesh {mesh}."
SMALL_BLOCKS = "Memory was short: the surface was made in smaller pieces, which takes longer."


@dataclass(frozen=True)
class _Job:
    """A photo, or None for a film alone, what is to be made of it and by which model (a name, a file or a loaded one),
    and who is told of its progress."""

    photo: str | os.PathLike | None
    choices: Choices
    model: str | os.PathLike | Model
    progress: Callable[[str, float], None] | None
    cores: FreeCores
    futures: Futures = field(default_factory=Futures)

    @property
    def topology(self) -> Topology:
        return TOPOLOGIES[self.choices.topology]

    @property
    def rig(self) -> bool:
        return self.choices.rig or self.topology.needs_body or bool(self.choices.motion)

    def makes_rig(self, model: Model) -> bool:
        """Whether a body is fitted and a skeleton made. Raises TopologyError where the mesh needs one that the model's
        results do not have, OptionError where a motion does."""
        if self.topology.needs_body and not model.makes_bodies:
            raise TopologyError(NO_BODY.format(model=model.name, mesh=self.topology.name), fix="Choose another mesh.")
        if self.choices.motion and not model.makes_bodies:
            raise OptionError(NO_SKELETON.format(model=model.name), fix="Choose the model human, or no motion.")
        return self.rig and model.makes_bodies

    @property
    def texture_px(self) -> int:
        return self.choices.texture_px or self.topology.texture_px

    @cached_property
    def clock(self) -> Clock:
        """One for the whole job, also where it begins again."""
        choices = self.choices
        views = int(OPTIONS["views"].high) if choices.video else len(choices.views)
        how = self.topology.name, self.rig, self.texture_px, choices.resolution
        expected = seconds_of(*how, views, bool(choices.video), bool(choices.motion))
        return Clock(self.progress, expected, self._look_at_cores)

    def _look_at_cores(self) -> None:
        self.cores.use()
        self.futures.go_on()


class Engine:
    """Keeps networks loaded on one device between jobs. Not for use from several threads at once."""

    def __init__(self, device: str = "auto"):
        """device: a name for `pick_device`. The first job that needs a network loads it. Raises DeviceError."""
        share_memory()
        self.device = pick_device(device)
        self._figures = Figures(self.device)
        self._hands = HandReader(self.device)
        self._last_photo = LastPhoto()
        self._cores = FreeCores(LOADED)
        self._model_name: str | None = None
        self._model: Model | None = None

    @property
    def people(self) -> People:
        """What finds people in pictures."""
        return self._figures.people

    def check(self, photo_path, person=None):
        """(the Photo, what `Figures.check` says of it). photo_path: image file; person: from the left from 1, or None.

        Raises EngineError: InputError, OutOfMemory.
        """
        with self._memory_in_words(resolution=0):
            self._cores.use()
            photo = self._last_photo.check(photo_path)
            give_back_at_once(photo.rgb.nbytes > LARGE_PHOTO)
            return photo, self._figures.check(photo, person)

    def pick_frames(self, video: str | os.PathLike, report: Callable[[float], None]) -> Picked:
        """The frames of a film, or of a folder of pictures, that serve as the photos of one person. report: called with
        the share done; what it raises (Cancelled) stops. Raises EngineError: InputError, NoPersonError."""
        with self._memory_in_words(resolution=0):
            self._cores.use()
            picked = stages.pick(self._figures, Choices(video=os.fspath(video)), False, report)
            assert picked is not None
            return picked

    def capture(self, video: str | os.PathLike, rig: Rig, report: Callable[[float], None] = lambda _: None) -> Motion:
        """The motion of a rig, as of a result, that a short film shows, or a folder of its frames. report: called with
        the share done; what it raises (Cancelled) stops. Raises EngineError: InputError, NoPersonError."""
        with self._memory_in_words(resolution=0):
            self._cores.use()
            return capture(video, rig, self.people, report)

    def reconstruct(
        self,
        photo_path: str | os.PathLike | None,
        choices: Choices | None = None,
        *,
        model: Model | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> Reconstruction:
        """Make a person out of a photo.

        photo_path: image file, or None where `choices` names a film that serves alone; choices: what it is to be made
        as, by default what is quickest; model: a loaded model on this engine's device, in place of the one that
        `choices` names;
        progress(step, fraction): called with a step, as steps.seconds_of has them, and the share (0..1) of the whole
        job done, at every step and often in between; what it raises (Cancelled) stops the job.
        Raises EngineError: InputError, NoPersonError, OutOfMemory.
        """
        choices = choices or Choices()
        if photo_path is None and not choices.video:
            raise InputError("There is neither a photo nor a film.", "Name one.")
        job = _Job(photo_path, choices, choices.model if model is None else model, progress, self._cores)
        with self._memory_in_words(choices.resolution):
            if self.device.type == "cpu" or model is not None:
                return self._run(job)
            return self._run_or_fall_back(job)

    def _run_or_fall_back(self, job: _Job) -> Reconstruction:
        """Make the person on this engine's device or, where its memory does not last, on the CPU."""
        try:
            return self._run(job)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # What the error held of the device's memory is free only now.
        self._model = self._model_name = None
        empty_cache(self.device)
        result = Engine("cpu")._run(job)
        note = f'The memory of the device "{self.device.type}" did not last: this person was made on the CPU.'
        return replace(result, summary=replace(result.summary, notes=(*(result.summary.notes or ()), note)))

    def _run(self, job: _Job) -> Reconstruction:
        with job.futures:
            return self._make(job)

    def _make(self, job: _Job) -> Reconstruction:
        choices, clock, resolution = job.choices, job.clock, job.choices.resolution
        model, rig, subject = self._read(job)
        figure = subject.figure
        large = figure.photo.rgb.nbytes > LARGE_PHOTO  # of which no more is held at once than must be
        begin = Future if large else job.futures.begin
        with clock.step(ENCODE):
            encoded = stages.encode(model, subject, clock.sign_of_life(ENCODE), job.texture_px > 0, begin)
        looks = stages.Looks(model, encoded, resolution, job.texture_px, begin, choices.keep_light)
        with clock.step(CARVE):
            carved = stages.carve(encoded.field, resolution, clock.reporter(CARVE))
            mesh = None if rig else stages.fair((carved.vertices, carved.faces), figure.cut)
        give_back_at_once(large)
        fitted, own = self._fit(job, figure, encoded, carved, looks) if rig else (None, stages.OwnHead())
        carved = replace(carved, samples=None)  # of a fine lattice these are tens of megabytes
        mesh = fitted.fair if fitted else mesh
        encoded = looks.lit()
        painted, under, laid = self._lay_out(job, model, subject, encoded, looks, mesh, fitted, own, begin)
        encoded, fitted = encoded.without_field(), fitted and fitted.without_field()
        looks.let_go()
        parts = stages.head_parts(laid, own, looks) if choices.head_parts else None
        dense = painted.mesh.vertices
        height_m = choices.height_m or figure.height_m
        shown_m = stages.shown_m(model, figure, encoded.lens, dense, height_m, fitted)
        placement = stages.place(model, dense, laid, figure, encoded.lens, shown_m)
        begin = job.futures.begin
        ground = begin(stages.Ground, laid, painted, encoded, looks, under, fitted, parts) if under else None
        mesh = parts.behind_eyes(laid.mesh, laid.sockets) if parts and laid.sockets is not None else laid.mesh
        vertices = placement.points(mesh.vertices)
        bound = begin(stages.bind, laid, fitted, placement, parts, vertices) if rig else None
        texture = charts = skeleton = keys = None
        if ground:
            texture, charts = self._texture(job, laid, fitted, painted, ground, parts)
        if bound:
            with clock.step(BIND):
                skeleton, keys, vertices = bound.result(clock.reporter(BIND))
        motion = self._move(job, skeleton)
        made = _Made(
            model, subject, encoded, carved, fitted, own.note, laid, charts, shown_m, placement, texture, parts,
            motion,
        )  # fmt: skip
        skin = Reconstruction(
            vertices,
            mesh.faces,
            placement.normals(mesh.vertices, mesh.normals),
            mesh.colors,
            self._summary(job, made),
            texture,
            skeleton,
            keys,
            slots=stages.material_slots(laid, fitted, encoded, looks) if choices.slots else None,
        )
        person = parts.added_to(skin, placement.points, placement.normals) if parts else skin
        return replace(person, motion=motion)

    def _read(self, job: _Job) -> tuple[Model, bool, stages.Subject]:
        """The model, whether there is to be a skeleton, and the person cut out. The photos as they were read go: of one
        that is turned there were two."""
        with job.clock.step(READ):
            photos = stages.read(self._figures, self._last_photo, job.photo, job.choices, job.clock.reporter(READ))
            model = self._load(job.model)
            rig = job.makes_rig(model)
        with job.clock.step(MATTE):
            return model, rig, stages.cut_out(self._figures, photos, job.choices.person, job.topology)

    def _move(self, job: _Job, skeleton: Rig | None) -> Motion | None:
        """The motion of the skeleton that a film was chosen for."""
        if not job.choices.motion or skeleton is None:
            return None
        with job.clock.step(MOVE):
            return capture(job.choices.motion, skeleton, self.people, job.clock.reporter(MOVE))

    def _fit(self, job: _Job, figure, encoded, carved, looks) -> tuple[stages.Fitted, stages.OwnHead]:
        """The body under the surface that was carved, and the head that it wears."""
        with job.clock.step(FIT):
            how = self._hands, looks.regions, job.clock.sign_of_life(FIT), job.futures.begin
            return stages.fit(encoded, carved, job.choices.resolution, job.topology, figure, *how)

    def _lay_out(
        self, job: _Job, model, subject, encoded, looks, mesh, fitted, own, begin: Begin
    ) -> tuple[stages.Painted, Future[stages.DenseGround] | None, stages.LaidOut]:
        """The surface `mesh`, painted, what textures take from it, if there is to be one, and the topology's mesh laid
        on it; what that needs no colours for is begun before, beside the painting."""
        clock, resolution, under = job.clock, job.choices.resolution, None

        def surface_at(step):
            return stages.coarser(encoded.field, fitted, resolution, clock.sign_of_life(step))

        with ExitStack() as ahead:
            with clock.step(PAINT):
                dense = begin(lambda: fitted.dense) if fitted else None
                begun = ahead.enter_context(stages.begun(job.topology, mesh, surface_at(PAINT), resolution, fitted))
                report = clock.reporter(PAINT)
                painted = stages.paint(model, encoded, mesh, fitted, resolution, looks, report, dense)
            if job.texture_px:
                how = resolution, job.texture_px, fitted, job.topology, own
                under = begin(stages.DenseGround, painted, encoded.without_field(), looks, *how)
            if not job.topology.lays_out:
                return painted, under, stages.LaidOut(painted.mesh)
            with clock.step(LAY_OUT):
                figure, surface = subject.figure, surface_at(LAY_OUT)
                source = Source(
                    painted.mesh, painted.bare, resolution, surface, fitted, figure, begun, own.head, own.worn
                )
                return painted, under, job.topology.make(source, clock.sign_of_life(LAY_OUT))

    def _texture(self, job: _Job, laid, fitted, painted, ground, parts) -> tuple[Texture, int | None]:
        """The maps of a mesh, and the number of charts where it was unwrapped."""
        clock, charts = job.clock, None
        if laid.body:
            uv = laid.body.uv
        else:
            with clock.step(UNWRAP):
                uv, charts = stages.unwrap(laid, fitted, clock.reporter(UNWRAP))
        with clock.step(BAKE):
            asked = job.texture_px, clock.reporter(BAKE), parts, job.futures.begin
            return stages.bake_texture(laid, uv, painted, ground, *asked), charts

    def _summary(self, job: _Job, made: "_Made") -> Summary:
        figure, behind, laid = made.subject.figure, made.encoded.behind, made.laid
        check = check_mesh(laid.mesh.faces)
        about = {**laid.about, **(made.fitted.about if made.fitted else {})}
        if figure.person:
            about |= {"people": figure.people, "person": figure.number, "framing": figure.framing}
        if behind:
            about |= {"back_overlap": round(behind.registration.overlap, 3), "back_shape": made.encoded.shaped_by_back}
        if made.encoded.verdicts:
            about |= {"views": tuple(verdict.as_dict() for verdict in made.encoded.verdicts)}
        return Summary(
            topology=job.topology.name,
            height_m=round(made.shown_m, 4),
            vertices=len(laid.mesh.vertices),
            faces=len(laid.mesh.faces),
            watertight=check.watertight,
            components=check.components,
            evaluations=made.carved.evaluations,
            low_precision=made.carved.low_precision,
            seconds=job.clock.seconds,
            peak_memory_mb=round(peak_memory_mb(), 1),
            device=str(self.device),
            weights=made.model.name,
            camera_tilt_deg=round(made.placement.tilt_deg, 1),
            texture_px=job.texture_px or None,
            charts=made.charts,
            **made.about_texture(job.texture_px),
            legs_guessed=True if made.encoded.legs_note else None,
            notes=(*made.notes, *made.texture_notes(job.choices.texture_px)) or None,
            **about,
        )

    def _load(self, model: str | os.PathLike | Model) -> Model:
        if not isinstance(model, (str, os.PathLike)):
            return model
        if self._model is None or self._model_name != str(model):
            self._model = self._model_name = None
            self._model = load_model(model, self.device)
            self._model_name = str(model)
        return self._model

    @contextmanager
    def _memory_in_words(self, resolution: int):
        try:
            yield
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            empty_cache(self.device)
            what = "The computer" if self.device.type == "cpu" else f'The device "{self.device.type}"'
            fixes = [
                *(["a lower quality"] if resolution > 128 else []),
                *(["the CPU"] if self.device.type != "cpu" else []),
            ]
            raise OutOfMemory(
                f"{what} ran out of memory.",
                fix=f"Choose {' or '.join(fixes)}." if fixes else "Close other programs and try again.",
            ) from error


@dataclass(frozen=True)
class _Made:
    """What the stages made, for the summary."""

    model: Model
    subject: stages.Subject
    encoded: stages.Encoded
    carved: stages.Carved
    fitted: stages.Fitted | None
    head_note: str | None
    laid: stages.LaidOut
    charts: int | None
    shown_m: float
    placement: stages.Placement
    texture: Texture | None
    parts: HeadParts | None
    motion: Motion | None

    def about_texture(self, size: int) -> dict:
        """Entries of the Summary: how fine the texture of that size is, and the photo."""
        if self.texture is None:
            return {}
        mesh = self.laid.mesh
        texels = texels_per_metre(self.placement.points(mesh.vertices), mesh.faces, self.texture.uv, size)
        photo = self.placement.per_metre(mesh.vertices) * self.subject.figure.crop.side / 2
        return {"texels_per_m": round(texels), "photo_px_per_m": round(photo)}

    def texture_notes(self, asked: int) -> list[str]:
        """What is to be told of a texture of the size that was asked for, 0 where none was."""
        about = self.about_texture(asked) if asked else {}
        note = finer_than_photo(asked, OPTIONS["texture_px"].values, **about) if about else None
        return [note] if note else []

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the artist."""
        figure, behind = self.subject.figure, self.encoded.behind
        notes = [*figure.photo.notes, *self.model.notes, *(advice.sentence for advice in figure.advice)]
        notes += [*self.laid.notes, *([self.head_note] if self.head_note else [])]
        if behind:
            notes += [*behind.notes, *([] if self.encoded.shaped_by_back else [ONLY_COLORS])]
        notes += [EYES_HIDDEN] if self.parts and not self.parts.eyes.seen else []
        notes += [LIGHT_KEPT] if self.encoded.shading is None and not self.encoded.keeps_light else []
        notes += [LEFT_OUT.format(photo=each.name, why=each.why_not) for each in self.encoded.verdicts if each.why_not]
        notes += [SMALL_BLOCKS] if self.carved.in_small_blocks else []
        # The body's own mesh is parted where the surface may not be.
        notes += self.fitted.notes if self.fitted and not self.laid.body else []
        notes += [self.encoded.legs_note] if self.encoded.legs_note else []
        notes += self.motion.notes if self.motion else ()
        return tuple(notes)


def choose(**options) -> Choices:
    """The Choices of options by name. Raises OptionError for one that is not possible."""
    plain = {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in options.items()}
    try:
        return Choices(**plain)
    except ChoiceError as error:
        raise OptionError(str(error), fix=error.fix) from error


def reconstruct(photo_path: str | os.PathLike | None, *, model="human", device="auto", progress=None, **options):
    """Make a person out of a photo, once. model: a bundled name, a weights file, or a loaded model, on whose device it
    works; options: the fields of `Choices`. See Engine.reconstruct, which several photos are better given to."""
    if isinstance(model, (str, os.PathLike)):
        return Engine(device).reconstruct(photo_path, choose(model=model, **options), progress=progress)
    return Engine(model.device.type).reconstruct(photo_path, choose(**options), model=model, progress=progress)
