# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of the mesh: projected from the photo, painted in where it shows none."""
