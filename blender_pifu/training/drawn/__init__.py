# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bundled levels draw of a set of people, and how its photos are changed for the small networks that learn
from them."""
