# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photos in one go: which they are, what becomes of each, and a picture of all."""
