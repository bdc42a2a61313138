# SPDX-License-Identifier: GPL-3.0-or-later
"""A seeded generator of clothed, posed, coloured people made from CC0 assets."""
