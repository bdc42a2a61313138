# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of Blender that are needed for a moment."""

from contextlib import contextmanager

import addon_utils

from ..errors import UserError


@contextmanager
def switched_on(module: str, missing: UserError):
    """An add-on at hand for as long as this lasts, and afterwards as the artist had it. Raises `missing` where there is
    none.

    Without a place in the preferences it cannot be switched on, not even for a moment.
    """
    wanted, on = addon_utils.check(module)
    if not on and addon_utils.enable(module, default_set=True) is None:
        raise missing
    try:
        yield
    finally:
        if not on:
            addon_utils.disable(module, default_set=not wanted)
