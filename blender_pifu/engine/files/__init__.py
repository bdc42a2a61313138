# SPDX-License-Identifier: GPL-3.0-or-later
"""Result files and pictures, written beside their place and renamed into it."""
