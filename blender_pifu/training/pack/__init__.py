# SPDX-License-Identifier: GPL-3.0-or-later
"""Packing of public assets and networks into what ships."""
