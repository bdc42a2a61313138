# SPDX-License-Identifier: GPL-3.0-or-later
"""What each part of a dressed person is: the semantic labels that networks draw and people to train on have."""

LABELS = {
    "background": 0,
    "hair": 1,
    "face_skin": 2,
    "other_skin": 3,
    "upper_garment": 4,
    "lower_garment": 5,
    "outer_garment": 6,
    "shoes": 7,
    "thing": 8,  # held or worn: bags, hats, glasses, jewellery, what hands hold
}
