# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh one can work with: quads, a UV map, a texture."""

# Kinds of mesh: dense triangles as carved, quads in two counts, walls thick enough to print, the body's own quads.
TOPOLOGIES = ("sculpt", "standard", "game", "print", "animation")
# Sides of the base colour map, pixels.
TEXTURE_SIDES = (1024, 2048, 4096)
