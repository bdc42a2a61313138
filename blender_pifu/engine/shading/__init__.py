# SPDX-License-Identifier: GPL-3.0-or-later
"""Shadows and highlights of a photo, which the light that falls on all of a person does not tell of."""
