# SPDX-License-Identifier: GPL-3.0-or-later
"""Panels, properties, preferences and thin operators."""
