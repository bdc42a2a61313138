# SPDX-License-Identifier: GPL-3.0-or-later
"""What several rooms of the tests share: shapes whose truth is known, photos, stand-ins for published files."""
