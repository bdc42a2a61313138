# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores against the truth, with tables and sheets."""
