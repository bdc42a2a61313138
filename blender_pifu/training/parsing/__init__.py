# SPDX-License-Identifier: GPL-3.0-or-later
"""How the network of human parsing is trained and shipped."""
