# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden results of the bundled photo, the tests that hold the engine to them, and what writes and measures them."""
