# SPDX-License-Identifier: GPL-3.0-or-later
"""Further photos of a person, from any side: one body for all, and what each shows in the first one's space."""
