# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair: its colours, where it grows, how it is cut and how it falls."""
