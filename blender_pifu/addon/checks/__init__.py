# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a person, and what mends it."""
