# SPDX-License-Identifier: GPL-3.0-or-later
"""From a photo to a person: the steps in their order, timed, with progress, and memory running out put into words."""

import math
import os
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from .back_photo.back_cut import find_back
from .body.rigging import fit_under, landmarks_of
from .color.painting import paint
from .device import empty_cache, is_out_of_memory, pick_device
from .errors import InputError, NoPersonError, OutOfMemory
from .files.result import Reconstruction, Texture
from .layout import TEXTURE_SIDES, TOPOLOGIES
from .layout.animation.wrapped_body import animate, check_whole, occluder
from .layout.painted_mesh import Shape, lay_out
from .layout.texture.bake import bake, png
from .layout.texture.unwrap import unwrap
from .memory import give_back_at_once, peak_memory_mb
from .model import load_model
from .reading.figure import Figures
from .reading.photo import load_photo
from .reading.stance import Framing
from .surface.extraction import extract_surface
from .surface.fairing import even_walls
from .surface.mesh import camera_tilt, check_mesh, largest_component, placing, tilt_back, turn_to_blender
from .surface.normals import smooth_normals

# The steps in words for artists.
READ, MATTE, ENCODE, CARVE, PAINT = STEPS = (
    "Reading the photo",
    "Cutting out the person",
    "Understanding the body",
    "Carving the surface",
    "Painting",
)
FIT, BIND = "Fitting the skeleton", "Binding the skin"
ONLY_COLORS = "Only the colours of the back photo were taken; the shape of the back is guessed from the front."
LAY_OUT = "Laying out the mesh"
UNWRAP, BAKE = "Unwrapping", "Baking the texture"
ANIMATION_PX = 2048  # texture of the topology "animation" where none is asked for: it has UVs in any case
# All in their order, and how much of the whole they take against each other.
STEP_SHARES = {READ: 3, MATTE: 12, ENCODE: 20, CARVE: 55, FIT: 40, PAINT: 10}
STEP_SHARES |= {LAY_OUT: 80, UNWRAP: 40, BAKE: 40, BIND: 5}
LARGE_PHOTO = 24e6  # bytes of its pixels, from which on memory counts more than a second


class Engine:
    """Keeps networks loaded on one device between jobs. Not for use from several threads at once."""

    def __init__(self, device="auto"):
        """device: a name for `pick_device`. Raises InputError. Networks are loaded by the first job that needs them."""
        self.device = pick_device(device)
        self._figures = Figures(self.device)
        self._model_name = None
        self._model = None

    def look(self, photo_path, person=None):
        """(the Photo, what `Figures.look` says of it). photo_path: image file; person: as for `reconstruct`.

        Raises EngineError: InputError, OutOfMemory.
        """
        with self._memory_in_words(resolution=0):
            photo = load_photo(photo_path)
            give_back_at_once(photo.rgb.nbytes > LARGE_PHOTO)
            return photo, self._figures.look(photo, person)

    def reconstruct(
        self,
        photo_path,
        *,
        model="human",
        resolution=256,
        height_m=1.70,
        person=None,
        back=None,
        topology="sculpt",
        rig=False,
        texture_px=0,
        progress=None,
    ):
        """Make a person out of a photo.

        photo_path: image file; model: a bundled name, a weights file, or a loaded model on this engine's device;
        resolution: lattice points along the crop, 16 to 2048; height_m: height of the person, metres (of whom the photo
        cuts, only the part seen is made, in proportion); person: which of several, counted from the left from 1, or
        None for the largest, most central one; back: image file that shows the back of the same person in the same
        pose, or None;
        topology: one of layout.TOPOLOGIES, of which "animation" always comes with skeleton, expressions and a texture;
        rig: with a skeleton and skin weights, and what the photo fused cut apart;
        texture_px: side of the base colour map, one of layout.TEXTURE_SIDES, or 0 for none;
        progress(step, fraction): called with a step out of STEP_SHARES and the share (0..1) of the whole job done, at
        every step and often in between; what it raises (Cancelled) stops the job.
        Returns a Reconstruction; its summary still lacks `output`. Raises EngineError: InputError, NoPersonError,
        OutOfMemory.
        """
        if not 16 <= resolution <= 2048:
            raise InputError(f"A resolution of {resolution} is not possible.", fix="Choose 128, 256, 512 or 1024.")
        if not 0.01 <= height_m <= 100:
            raise InputError(
                f"A height of {height_m} m is not possible.", fix="Choose a height between 0.01 and 100 m."
            )
        if topology not in TOPOLOGIES:
            raise InputError(f'There is no topology "{topology}".', fix=f"Choose one of: {', '.join(TOPOLOGIES)}.")
        if texture_px not in (0, *TEXTURE_SIDES):
            sides = ", ".join(map(str, TEXTURE_SIDES))
            raise InputError(f"A texture of {texture_px} pixels is not possible.", fix=f"Choose one of: {sides}.")
        animated = topology == "animation"
        rig, texture_px = rig or animated, texture_px or ANIMATION_PX * animated
        left_out = {*([LAY_OUT] if topology == "sculpt" else []), *([] if rig else [FIT, BIND])}
        left_out |= set() if texture_px else {UNWRAP, BAKE}
        left_out |= {UNWRAP, BIND} if animated else set()
        clock = _Clock(progress, [step for step in STEP_SHARES if step not in left_out])
        job = clock, photo_path, model, resolution, height_m, person, back, topology, rig, texture_px
        with self._memory_in_words(resolution):
            if self.device.type == "cpu" or not isinstance(model, (str, os.PathLike)):
                return self._run(*job)
            return self._run_or_fall_back(job)

    def _run_or_fall_back(self, job):
        """Make the person on this engine's device or, where its memory does not last, on the CPU."""
        try:
            return self._run(*job)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # What the error held of the device's memory is free only now.
        self._model = self._model_name = None
        empty_cache(self.device)
        result = Engine("cpu")._run(*job)
        note = f'The memory of the device "{self.device.type}" did not last: this person was made on the CPU.'
        summary = {**result.summary, "notes": [*result.summary.get("notes", ()), note]}
        return replace(result, summary=summary)

    def _run(self, clock, photo_path, model, resolution, height_m, person, back, topology, rig, texture_px):
        with clock.step(READ):
            photo = load_photo(photo_path)
            give_back_at_once(photo.rgb.nbytes > LARGE_PHOTO)
            back_photo = None if back is None else load_photo(back)
            model = self._load(model)
        with clock.step(MATTE):
            figure = self._figures.cut_out(photo, person)
            if topology == "animation":
                check_whole(figure)
            cut = figure.cut
            behind = None if back is None else find_back(self._figures, back_photo, figure)
        with clock.step(ENCODE):
            encoding = model.with_face(model.encode(*model.prepare(cut)), cut)
            shaped_by_back = False
            if behind:
                encoding, behind, shaped_by_back = model.with_back(encoding, behind)
            field = model.field(encoding)
        give_back_at_once(False)
        with clock.step(CARVE):
            surface = extract_surface(field, resolution, lambda fraction: clock.report(CARVE, fraction))
            if not len(surface.faces):
                raise NoPersonError(
                    "No body was found in the photo.", fix="Choose a photo that shows a whole person clearly."
                )
            vertices, faces = largest_component(surface.vertices, surface.faces)
        fitted = None
        if rig:
            with clock.step(FIT):

                def extract(separated):
                    return extract_surface(separated, resolution, lambda fraction: clock.report(FIT, fraction))

                fitted = fit_under(field, (vertices, faces), 2 / resolution, extract, figure)
                vertices, faces = fitted.mesh
        with clock.step(PAINT):
            vertices = even_walls(vertices, faces)
            normals = smooth_normals(vertices, faces)
            hidden = model.hidden_side(encoding, vertices, None if behind else cut)
            pictures = hidden | _pictures(cut, behind, 2 * resolution)
            colors = paint(vertices, faces, normals, 2 / resolution, **pictures)
        dense = shape = Shape(vertices, faces, normals, colors)
        told, texture, animated = {}, None, None
        if topology == "animation":
            with clock.step(LAY_OUT):
                seen = landmarks_of(figure)[:2]
                animated = animate(shape, fitted.fit, *seen, lambda: clock.report(LAY_OUT, 0.0))
                shape, told = animated.shape, animated.told
        elif topology != "sculpt":
            with clock.step(LAY_OUT):

                def surface_at(resolution):
                    whole = fitted.field_at(2 / resolution) if fitted else field
                    coarser = extract_surface(whole, resolution, lambda _: clock.report(LAY_OUT, 0.0))
                    return largest_component(coarser.vertices, coarser.faces)

                shape, told = lay_out(shape, topology, resolution, surface_at, lambda: clock.report(LAY_OUT, 0.0))
        if texture_px:
            told |= {"texture_px": texture_px}
            if animated:
                uv, dense = animated.uv, occluder(shape, 2 / resolution)
            else:
                with clock.step(UNWRAP):
                    uv, charts = unwrap(shape.vertices, shape.faces, shape.normals)
                    told |= {"charts": int(charts.max()) + 1}
            with clock.step(BAKE):
                pictures = hidden | _pictures(cut, behind, texture_px)
                picture = bake(shape, uv, dense, 2 / resolution, texture_px, pictures)
                texture = Texture(uv, png(picture))
        check = check_mesh(shape.faces)
        summary = {
            "vertices": len(shape.vertices),
            "faces": len(shape.faces),
            "topology": topology,
            "watertight": check.watertight,
            "components": check.components,
            "evaluations": surface.evaluations,
            "seconds": clock.seconds,
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "device": str(self.device),
            "weights": model.name,
            "height_m": round(height_m * figure.seen, 4),
            **told,
        }
        if surface.lowered:
            summary["low_precision"] = surface.lowered
        if figure.person:
            summary |= {"people": figure.people, "person": figure.number, "framing": figure.framing}
        notes = [*photo.notes, *model.notes, *(advice.sentence for advice in figure.advice), *summary.pop("notes", ())]
        if behind:
            summary |= {"back_overlap": round(behind.registration.overlap, 3), "back_shape": shaped_by_back}
            notes += [*behind.notes, *([] if shaped_by_back else [ONLY_COLORS])]
        if surface.squeezed:
            notes.append("Memory was short: the surface was made in smaller pieces, which takes longer.")
        if fitted:
            summary |= fitted.summary
            notes += [] if animated else fitted.notes  # of what the surface keeps joined: the body's mesh is not
        if notes:
            summary["notes"] = notes
        tilt = camera_tilt(vertices) if figure.framing is Framing.FULL else 0.0
        summary["camera_tilt_deg"] = round(math.degrees(tilt), 1)
        place = placing(tilt_back(shape.vertices, tilt), height_m * figure.seen)

        def to_blender(points):
            return place(tilt_back(points, tilt))

        rigged = keys = None
        if animated:
            rigged, keys = animated.rig(to_blender), animated.shape_keys(to_blender)
        elif fitted:
            with clock.step(BIND):
                rigged = fitted.rig(shape.vertices, shape.faces, to_blender)
        normals = turn_to_blender(tilt_back(shape.normals, tilt))
        vertices = to_blender(shape.vertices)
        return Reconstruction(vertices, shape.faces, normals, shape.colors, summary, texture, rigged, keys)

    def _load(self, model):
        if not isinstance(model, (str, os.PathLike)):
            return model
        if self._model_name != str(model):
            self._model = self._model_name = None
            self._model = load_model(model, self.device)
            self._model_name = str(model)
        return self._model

    @contextmanager
    def _memory_in_words(self, resolution):
        try:
            yield
        except (MemoryError, RuntimeError) as error:
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


def reconstruct(photo_path, *, model="human", device="auto", **options):
    """Make a person out of a photo, once. See Engine.reconstruct, which several photos are better given to."""
    if not isinstance(model, (str, os.PathLike)):
        device = model.device.type
    return Engine(device).reconstruct(photo_path, model=model, **options)


def _pictures(cut, behind, most):
    """What the photos show, as `paint` and `bake` take it: at their own sharpness, but at most `most` pixels."""
    shown = {"photo": cut, "back": behind} if behind else {"photo": cut}
    return {name: np.dstack(picture(picture.side_px(most))) for name, picture in shown.items()}


class _Clock:
    """Times the steps and reports where the whole job stands."""

    def __init__(self, progress, steps):
        self.seconds = {}
        self._progress = progress
        self._furthest = 0.0
        ends = np.cumsum([STEP_SHARES[step] for step in steps]) / sum(STEP_SHARES[step] for step in steps)
        self._spans = dict(zip(steps, zip([0.0, *ends[:-1]], ends, strict=True), strict=True))

    def report(self, step, fraction):
        if self._progress:
            begin, end = self._spans[step]
            # A job that begins again does not go back.
            self._furthest = max(self._furthest, float(begin + fraction * (end - begin)))
            self._progress(step, self._furthest)

    @contextmanager
    def step(self, name):
        self.report(name, 0.0)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        self.report(name, 1.0)
