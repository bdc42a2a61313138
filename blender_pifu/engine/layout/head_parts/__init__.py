# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes, teeth and tongue: closed pieces of their own within the head."""
