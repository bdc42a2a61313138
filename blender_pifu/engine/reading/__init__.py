# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a photo: pictures, people, their landmarks and mattes."""
