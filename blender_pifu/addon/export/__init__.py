# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for other programs: what each wants of a human, and how it is written for it."""
