# SPDX-License-Identifier: GPL-3.0-or-later
"""Garments of people of generation 4: cut, sewn and hung over the posed body."""
