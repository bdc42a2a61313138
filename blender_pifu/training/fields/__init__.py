# SPDX-License-Identifier: GPL-3.0-or-later
"""Sampling schemes of occupancy fields, to compare the engine's with."""
