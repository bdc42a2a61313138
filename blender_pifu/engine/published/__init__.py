# SPDX-License-Identifier: GPL-3.0-or-later
"""Model families whose weights others published: PIFuHD, PIFu and VRN, written anew from facts about their files."""
