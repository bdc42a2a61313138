# SPDX-License-Identifier: GPL-3.0-or-later
"""A parametric body inside the reconstructed surface: its fit, skeleton, skin weights, and what is fused cut apart."""
