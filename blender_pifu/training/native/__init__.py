# SPDX-License-Identifier: GPL-3.0-or-later
"""Small C libraries, compiled once by the machine's compiler, and what is drawn and asked with them."""
