# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells a data-block from all others while this Blender runs, whatever it is called, undone or not."""

# Where a data-block was found last, so that finding it again seldom takes a look at all.
_names: dict[str, str] = {}


def key(block) -> str:
    """The identity of a data-block; another file's and a new one of the same name have others. "" of None."""
    return str(block.session_uid) if block else ""


def find(blocks, wanted: str):
    """The data-block of that identity in one of bpy.data's collections, or None."""
    block = blocks.get(_names.get(wanted, ""))
    if key(block) != wanted:
        block = next((each for each in blocks if key(each) == wanted), None) if wanted else None
    if block is not None:
        _names[wanted] = block.name
    return block
