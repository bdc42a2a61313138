# SPDX-License-Identifier: GPL-3.0-or-later
"""What is worn or held and is no cloth: glasses, bags, hats, jewellery, phones, boxes."""
