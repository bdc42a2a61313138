# SPDX-License-Identifier: GPL-3.0-or-later
"""How photos are read: who is there, advice, and hostile files."""
