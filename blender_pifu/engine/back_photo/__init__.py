# SPDX-License-Identifier: GPL-3.0-or-later
"""A second photo, of the back: laid over the front one, brought to its light, joined with its maps."""
