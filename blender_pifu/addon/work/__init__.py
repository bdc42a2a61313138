# SPDX-License-Identifier: GPL-3.0-or-later
"""Work under way: jobs of the engine, its installation, its process."""
