# SPDX-License-Identifier: GPL-3.0-or-later
"""How the network of shading is trained and shipped."""
