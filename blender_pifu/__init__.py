# SPDX-License-Identifier: GPL-3.0-or-later
"""PIFu Human: one photo of a person becomes a rigging-ready human in Blender."""
