# SPDX-License-Identifier: GPL-3.0-or-later
"""Clothes as a person of any generation wears them: outfits, cut garments, fitted pieces, fabric, folds."""
