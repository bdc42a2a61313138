# SPDX-License-Identifier: GPL-3.0-or-later
"""UV charts and the base colour map."""
