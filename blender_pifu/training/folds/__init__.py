# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds that photos tell of: what the levels draw of synthetic people without them, and the network that adds them."""
