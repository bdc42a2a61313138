# SPDX-License-Identifier: GPL-3.0-or-later
"""From a photo to the one person that is meant, upright and cut out: people -> level -> matte -> crop."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from ...choices import HEIGHT_M
from ..cores import beside
from ..errors import NoPersonError
from ..reading.crop import Crop, crop_around
from ..reading.landmarks import BodyLandmarks, landmarks_in
from ..reading.matte import Matte, Matting
from ..reading.people import People, box_of, choose
from ..reading.person_cut import PersonCut
from ..reading.photo import Photo
from ..reading.stance import Framing, body_height, framing, roll
from .advice import Advice, Severity, advise, gravest_first, no_person
from .cut_advice import CutOut, advise_on, unfolded
from .drawing import is_drawn
from .missing import cut_at_ankles, framing_of, without_feet
from .proportions import suggested_height_m
from .tone import tone_matte, tone_of
from .upright import turn_upright

UNKNOWN = "No person was recognised; what stands out most in the photo is taken."


@dataclass(frozen=True)
class Figure:
    """photo: turned so that the person is upright, its own alpha left to the matte; matte, crop and person are in its
    pixels.

    people: how many were found; number: which of them from the left, from 1 (0: nobody was recognised); person: their
    landmarks, or None; framing: how much of them is seen, or None; advice: the gravest first.
    seen: estimated share of the whole body's height that is seen; tone: the photo's one colour at each luminance, as
    `tone.tone_of`, None for a photo in colour; height_m: what people of such proportions have, as
    `proportions.suggested_height_m`; roll: radians clockwise that the photo had been turned.
    """

    photo: Photo
    matte: Matte
    crop: Crop
    people: int
    number: int
    person: BodyLandmarks | None
    framing: Framing | None
    seen: float
    advice: tuple[Advice, ...]
    tone: np.ndarray | None = None
    height_m: float = HEIGHT_M
    roll: float = 0.0

    @property
    def cut(self) -> PersonCut:
        """The person as models take it."""
        return PersonCut(self.matte, self.crop, landmarks_in(self.person, self.crop), self.tone)


class Figures:
    """Finds people and cuts them out. The networks are loaded when they are needed first."""

    def __init__(self, device: torch.device | str):
        self._people = People(device)
        self._matting = Matting(device)
        self._found: tuple[Photo, list[BodyLandmarks]] | None = None  # of the last `look`, until somebody is cut out

    @property
    def people(self) -> People:
        """Whoever finds them."""
        return self._people

    def cut_out(self, photo: Photo, number: int | None = None) -> Figure:
        """number: the person from the left, from 1; None: the largest, most central one.

        Raises InputError for a number that nobody has, NoPersonError when nobody stands out or the advice is that
        nothing can come of it.
        """
        people = self._find(photo)
        self._found = None
        if not people and number is None:
            matte, tone = self._matte(photo)
            advice = (no_person(UNKNOWN, Severity.WARNING),)
            return Figure(
                replace(photo, alpha=None), matte, crop_around(matte.alpha), 0, 0, None, None, 1.0, advice, tone
            )
        chosen = choose(people, photo.rgb.shape[:2], number)
        advice = advise(photo, people, chosen)
        if advice and advice[0].severity is Severity.BLOCK:
            raise NoPersonError(advice[0].sentence, fix="")
        return self._figure(photo, people, chosen, advice)

    def _figure(self, photo, people, chosen, advice):
        """The person cut out, with the advice that there was and what the cut adds to it. Raises NoPersonError."""
        turned = roll(people[chosen], photo.rgb.shape[:2])
        photo, people = turn_upright(photo, people, turned)
        person = people[chosen]
        matte, tone = self._matte(photo, people, chosen)
        alpha = matte.alpha
        height_m = suggested_height_m(alpha, person)
        cut = CutOut(photo, person, alpha, is_drawn(photo.rgb, alpha > 0.5), height_m, matte.dropped)
        advice = [unfolded(each, cut, turned) for each in advice]
        said = {each.kind for each in advice}
        advice = gravest_first([*advice, *(each for each in advise_on(cut) if each.kind not in said)])
        kind = framing_of(alpha, person)
        if without_feet(alpha, person):
            cut_at_ankles(alpha, person)
        rows = (alpha > 0.5).any(1).nonzero()[0]
        seen = 1.0 if kind is Framing.FULL else min(1.0, (rows[-1] + 1 - rows[0]) / body_height(person))
        crop, number = crop_around(alpha), chosen + 1
        known = float(seen), tuple(advice), tone, height_m, turned
        return Figure(replace(photo, alpha=None), matte, crop, len(people), number, person, kind, *known)

    def _matte(self, photo, people=(), chosen=0):
        """The matte, and the photo's tone."""
        matte = self._matting.matte(photo, people, chosen)
        tone = tone_of(photo.rgb, matte.alpha, photo.alpha is not None)
        if tone is not None:
            tone_matte(matte, tone)
        return matte, tone

    def check(self, photo: Photo, number: int | None = None) -> dict:
        """What is to be said before anything slow starts, ready for JSON: size of the photo, the people with boxes
        (x0, y0, x1, y1 in photo pixels), the one taken, with landmarks (33 of x, y, visibility), about the height of
        the whole body, photo pixels, the height in metres that people of such proportions have, and the advice.

        Raises InputError for a number that nobody has.
        """
        people = self._find(photo)
        self._found = photo, people
        shape = photo.rgb.shape[:2]
        report = {"photo": photo.name, "size": list(shape[::-1]), "people": [], "person": None, "framing": None}
        report["height_m"] = HEIGHT_M
        if people or number is not None:
            chosen = choose(people, shape, number)
            person = people[chosen]
            report["people"] = [
                {"number": index + 1, "box": [round(edge, 1) for edge in box_of(other, shape)],
                 "score": round(other.score, 3)}
                for index, other in enumerate(people)
            ]  # fmt: skip
            report["person"] = chosen + 1
            report["height_px"] = round(min(body_height(person), 1.5 * max(shape)))
            report["landmarks"] = [
                [round(x, 1), round(y, 1), round(seen, 3)]
                for (x, y, _), seen in zip(person.points.tolist(), person.visibility.tolist(), strict=True)
            ]
            report["framing"], report["height_m"], advice = self._advise(photo, people, chosen)
        else:
            advice = [self._nobody(photo)]
        report["advice"] = [
            {"kind": each.kind, "severity": each.severity, "sentence": each.sentence} for each in advice
        ]
        report["notes"] = list(photo.notes)
        return report

    def _advise(self, photo, people, chosen):
        """Framing, suggested height, and the advice, also where nobody can be cut out."""
        advice = advise(photo, people, chosen)
        if not advice or advice[0].severity is not Severity.BLOCK:
            try:
                figure = self._figure(photo, people, chosen, advice)
                return figure.framing, figure.height_m, figure.advice
            except NoPersonError as error:
                advice = [no_person(f"{error} {error.fix}", Severity.BLOCK), *advice]
        return framing(people[chosen], photo.rgb.shape[:2]), HEIGHT_M, advice

    def _find(self, photo: Photo) -> list[BodyLandmarks]:
        if self._found and self._found[0] is photo:
            return self._found[1]
        everybody, by_faces = beside(
            lambda: self._matting.everybody(photo),
            lambda: self._people.by_faces(photo.rgb),
            device=self._matting.device,
        )
        return self._people.find(photo.rgb, everybody, by_faces)

    def _nobody(self, photo):
        """Whether the matte finds what the landmarks do not."""
        try:
            self._matting.matte(photo)
        except NoPersonError as error:
            return no_person(f"{error} {error.fix}", Severity.BLOCK)
        return no_person(UNKNOWN, Severity.WARNING)
