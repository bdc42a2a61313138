# SPDX-License-Identifier: GPL-3.0-or-later
"""From an occupancy field to a fair, closed triangle mesh."""
