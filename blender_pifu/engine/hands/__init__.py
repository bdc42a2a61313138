# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: their points in the photo, and the pose of the fingers by them."""
