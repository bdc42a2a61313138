# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds: read from the photo's shades, and laid on the surface that the levels draw."""
