# SPDX-License-Identifier: GPL-3.0-or-later
"""The person in the scene: mesh, material, armature, bone sets."""
