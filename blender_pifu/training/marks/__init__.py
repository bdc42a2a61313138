# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks of faces: photos of synthetic heads whose marks are known, and the network that is trained on them."""
