# SPDX-License-Identifier: GPL-3.0-or-later
"""An artist's hand and eye on an X display: drops files out of a file manager, moves, clicks, sees what opens.

Clicks are the X server's own (XTEST). A drop speaks XDND, freedesktop.org's protocol for it, as a file manager does.
"""

import json
import time
from pathlib import Path

import numpy as np
from PIL import ImageGrab
from Xlib import X, Xatom, display
from Xlib.ext import xtest
from Xlib.protocol import event

_VERSION = 5  # of XDND
_PATIENCE_S = 300.0
_BESIDE = 60  # pixels about the pointer within which what a drop opens is seen
_CONFIRM_RGB, _CONFIRM_PX = (71, 114, 179), 120  # a dialog's confirming button, in Blender's own theme


class Hand:
    """On the display of this name; places are pixels of it, (x, y) from its upper left corner."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._display = display.Display(name)
        self._root = self._display.screen().root
        self._own = self._root.create_window(-10, -10, 1, 1, 0, X.CopyFromParent)

    def obey(self, wish: Path) -> None:
        """Do what a file of JSON asks, and take it away: {"do": "drop", "files": [...], "at": [x, y]}, {"do": "move" or
        "click", "at": [x, y]}, {"do": "confirm"}."""
        asked = json.loads(wish.read_text(encoding="utf-8"))
        arguments = [[Path(file) for file in asked["files"]]] if "files" in asked else []
        getattr(self, asked["do"])(*arguments, *asked.get("at", ()))
        wish.unlink()

    def move(self, x: int, y: int) -> None:
        """Move the pointer, as a mouse does, by way of a place beside."""
        for place in ((x - 3, y - 1), (x, y)):
            xtest.fake_input(self._display, X.MotionNotify, x=place[0], y=place[1])
            self._display.sync()
            time.sleep(0.05)

    def click(self, x: int, y: int) -> None:
        """Press and let go of the left button."""
        self.move(x, y)
        time.sleep(0.5)
        for kind in (X.ButtonPress, X.ButtonRelease):
            xtest.fake_input(self._display, kind, 1)
            self._display.sync()
            time.sleep(0.2)

    def confirm(self) -> None:
        """Click the button that a dialog sets off from the others, once it is there."""
        (rows, columns) = self._until(lambda: _wide(self._seen(), _CONFIRM_RGB))
        self.click(int(columns.mean()), int(rows.mean()))

    def drop(self, files: list[Path], x: int, y: int) -> None:
        """Drag files from outside to a place of the window there, let go of them and see something open about it."""
        self.move(x, y)
        time.sleep(0.5)
        before = self._beside(x, y)
        target = self._root.query_pointer().child
        if target.get_full_property(self._atom("XdndAware"), Xatom.ATOM) is None:
            raise RuntimeError("the window there takes no files")
        kind, copy = self._atom("text/uri-list"), self._atom("XdndActionCopy")
        self._own.set_selection_owner(self._atom("XdndSelection"), X.CurrentTime)
        self._say(target, "XdndEnter", _VERSION << 24, kind, 0, 0)
        self._say(target, "XdndPosition", 0, x << 16 | y, X.CurrentTime, copy)
        self._hear(lambda came: came.type == X.ClientMessage and came.client_type == self._atom("XdndStatus"))
        self._say(target, "XdndDrop", 0, X.CurrentTime, 0, 0)
        asked = self._hear(lambda came: came.type == X.SelectionRequest and came.target == kind)
        links = "".join(f"{file.resolve().as_uri()}\r\n" for file in files)
        asked.requestor.change_property(asked.property, kind, 8, links.encode())
        given = {name: getattr(asked, name) for name in ("time", "requestor", "selection", "target", "property")}
        asked.requestor.send_event(event.SelectionNotify(**given))
        self._display.sync()
        self._until(lambda: (self._beside(x, y) != before).mean() > 0.2)
        time.sleep(1.0)

    def _say(self, target, word: str, *values: int) -> None:
        data = (32, [self._own.id, *values])
        target.send_event(event.ClientMessage(window=target, client_type=self._atom(word), data=data))
        self._display.sync()

    def _hear(self, wanted):
        def look():
            while self._display.pending_events():
                came = self._display.next_event()
                if wanted(came):
                    return came
            return None

        return self._until(look)

    def _until(self, look):
        limit = time.monotonic() + _PATIENCE_S
        while time.monotonic() < limit:
            if (found := look()) is not None and found is not False:
                return found
            time.sleep(0.1)
        raise TimeoutError("the window there does not answer")

    def _seen(self) -> np.ndarray:
        return np.asarray(ImageGrab.grab(xdisplay=self._name).convert("RGB"))

    def _beside(self, x: int, y: int) -> np.ndarray:
        return self._seen()[y - _BESIDE : y + _BESIDE, x - _BESIDE : x + _BESIDE]

    def _atom(self, name: str) -> int:
        return self._display.intern_atom(name)


def _wide(picture: np.ndarray, rgb: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """(rows, columns) of the pixels of a colour in the rows that have many of it, or None."""
    same = (np.abs(picture.astype(int) - rgb) <= 3).all(2)
    same &= same.sum(1, keepdims=True) > _CONFIRM_PX
    return np.nonzero(same) if same.any() else None
