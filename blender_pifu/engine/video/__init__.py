# SPDX-License-Identifier: GPL-3.0-or-later
"""Films and image sequences of one person who turns: which of their frames serve as photos from several sides."""
