# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is meant in a photo, cut out and upright, what the photo shows and lacks of them, and what to tell the artist."""
