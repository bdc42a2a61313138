# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that share nothing with Blender, to read what it exports: three.js, Autodesk's FBX library, OpenUSD."""
