# SPDX-License-Identifier: GPL-3.0-or-later
"""Rest poses: A-pose and T-pose."""
