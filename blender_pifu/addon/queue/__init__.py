# SPDX-License-Identifier: GPL-3.0-or-later
"""Several photos, one after another: their list, the task that makes them, operators and panel."""
