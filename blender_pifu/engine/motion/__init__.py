# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of a person's skeleton, read from a film of somebody who moves before a camera that stands still."""
