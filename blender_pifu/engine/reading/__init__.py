# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a photo: who is in it, upright and cut out, and what speaks against it."""
