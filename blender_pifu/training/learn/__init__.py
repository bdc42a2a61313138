# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: courses, losses, batches and the trainer."""
