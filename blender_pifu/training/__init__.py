# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic people and training of the bundled weights; not in the shipped extension."""
