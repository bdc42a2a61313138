# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology "animation": the body model's own mesh registered to the surface."""
