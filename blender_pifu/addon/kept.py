# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist keeps in the add-on's preferences, for the work that goes by it."""

package = ""  # the name the add-on is enabled under; set by `register`


def preferences(context):
    """The add-on's preferences in force: a `ui.preferences.PIFU_AP_preferences`."""
    return context.preferences.addons[package].preferences


def torch_device(context) -> str:
    """The chosen device by torch's name, which is NVIDIA's for AMD's cards too."""
    device = preferences(context).device
    return "cuda" if device == "rocm" else device


def keep_warm_s(context) -> float:
    """How long the engine stays loaded after a job."""
    return preferences(context).keep_warm_min * 60.0
