# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures: how far a mesh, a face, normals, labels or colours are from the true ones."""
