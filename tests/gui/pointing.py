# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in Blender's window an artist points, for the hand outside that moves the pointer and clicks.

Blender tells no button's place. It does tell which operator's button lies under the pointer, as Copy Python Command in
a button's context menu needs it: the pointer goes down the region until that is the right one.
"""

import json

import bpy

_STEP_PX = 9


class Pointing:
    """Asks the hand through files in a folder; its methods are generators of seconds to wait, for a timer."""

    def __init__(self, folder, until) -> None:
        """until(condition, seconds): a generator that waits."""
        self._wish, self._until = folder / "hand.json", until

    def ask(self, do, at=(), **more):
        """Have the hand `do` something `at` a place of the window (from below, as Blender counts), and wait for it."""
        if at:
            more["at"] = [int(at[0]), int(bpy.context.window_manager.windows[0].height - at[1])]
        fresh = self._wish.with_suffix(".new")
        fresh.write_text(json.dumps({"do": do, **more}), encoding="utf-8")
        fresh.replace(self._wish)
        yield from self._until(lambda: not self._wish.exists(), 120)

    def click_button(self, area, region, operator):
        """Click the button of an operator, named as in "pifu.generate", in a region that is on the screen."""
        x, top = region.x + region.width // 2, region.y + region.height
        for y in range(top - _STEP_PX, region.y, -_STEP_PX):
            yield from self.ask("move", (x, y))
            yield 0.1
            if _under_pointer(area, region).startswith(f"bpy.ops.{operator}("):
                yield from self.ask("click", (x, y - 3))
                yield from self.ask("move", (region.x - 99, region.y + 99))  # aside: a tooltip would hide something
                return
        raise AssertionError(f"there is no button of {operator}")


def _under_pointer(area, region) -> str:
    """The operator of the button under the pointer, as Python calls it, or nothing."""
    manager = bpy.context.window_manager
    with bpy.context.temp_override(window=manager.windows[0], area=area, region=region):
        if not bpy.ops.ui.copy_python_command_button.poll():
            return ""
        bpy.ops.ui.copy_python_command_button()
    return manager.clipboard
