# SPDX-License-Identifier: GPL-3.0-or-later
"""Photographed skin and the maps of where it is what."""
