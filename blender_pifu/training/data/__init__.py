# SPDX-License-Identifier: GPL-3.0-or-later
"""Training samples: people rendered, framed and cached."""
