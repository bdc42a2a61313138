# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the engine's private environment. Standard library only, Python 3.9 or later; imports neither bpy nor torch."""
