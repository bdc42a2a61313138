# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose face it is: its form, eyes, teeth and beard, and places on it."""
