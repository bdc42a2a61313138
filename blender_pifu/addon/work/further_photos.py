# SPDX-License-Identifier: GPL-3.0-or-later
"""The further photos of a person, from any side: as files for the engine, and what became of each."""

from pathlib import Path

from ...result_file import Summary
from . import photo

USED = "Used, seen from the {side}."
LEFT_OUT = "Left out: {why}"


def files(settings, folder: Path) -> tuple[str, ...]:
    """The files of the photos in the settings, in their order; those that lie in none are saved into `folder`. Raises
    UserError."""
    images = [view.image for view in settings.views if view.image]
    return tuple(
        str(photo.as_file(image, folder, settings.id_data, f"further photo {number}"))
        for number, image in enumerate(images, 1)
    )


def tell(settings, summary: Summary) -> None:
    """Note beside each photo in the settings what the engine says of it; of a human that was made without any, nothing
    is noted."""
    views = [view for view in settings.views if view.image]
    told = summary.views or ()
    if len(told) < len(views):
        return
    for view, about in zip(views, told[len(told) - len(views) :], strict=True):  # a back photo comes before them
        view.used = about["used"]
        view.told = USED.format(side=about["side"]) if about["used"] else LEFT_OUT.format(why=about["why_not"])


def forget(settings) -> None:
    """Nothing is known of the photos any more: the first one is another."""
    for view in settings.views:
        view.told = ""
