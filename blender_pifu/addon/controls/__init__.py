# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator moves a person's bones by: inverse kinematics, bones that share twists, collections and colours."""
