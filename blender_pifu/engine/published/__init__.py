# SPDX-License-Identifier: GPL-3.0-or-later
"""The model families whose weights others published: PIFuHD and PIFu, written anew from facts about their files."""
