# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh one can work with: quads, a UV map, a texture."""
