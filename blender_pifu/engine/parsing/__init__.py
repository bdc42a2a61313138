# SPDX-License-Identifier: GPL-3.0-or-later
"""Human parsing: what of a person each pixel of the photo shows, and what lies behind it."""
