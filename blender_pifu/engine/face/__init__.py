# SPDX-License-Identifier: GPL-3.0-or-later
"""The face: seen from near, and laid into the drawn maps."""
