# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundled networks: the maps they draw of a person, and the occupancy field on them."""
