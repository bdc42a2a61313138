# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults inside the real worker, at the step that a test names: the process itself does what the fault does.

A folder that stands for the source holds a link to the package and a `sitecustomize.py`, which Python runs first. It
waits for an order, and carries it out once, right after the worker has told that the step begins.
"""

import json
import os
from pathlib import Path

from blender_pifu import child

_SITE = r"""
import errno, json, os, signal, sys
HERE = os.path.dirname(os.path.abspath(__file__))
ORDER = os.path.join(HERE, "order.json")
write = os.write

def memory(events, line): raise MemoryError
def card(events, line): raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be ...")
def library(events, line): raise ModuleNotFoundError("No module named 'skimage.measure'")
def full(events, line): raise OSError(errno.ENOSPC, "No space left on device")
def unforeseen(events, line): raise ZeroDivisionError("a mistake in the program")
def killed(events, line): os.kill(os.getpid(), signal.SIGKILL)
def crashed(events, line): os.kill(os.getpid(), signal.SIGSEGV)
def hung(events, line): os.kill(os.getpid(), signal.SIGSTOP)
def left(events, line): os._exit(3)
def garbage(events, line): write(events, b"\x00\xff\xfe no message\n")
def glued(events, line): write(events, b'{"type": "prog')
def cut_off(events, line): write(events, line[: len(line) // 2]), os._exit(3)
def flood(events, line):
    for _ in range(200): write(events, line * 1000)
def endless(events, line):
    for _ in range(100): write(events, b"x" * 100_000)
def tomorrow(events, line): write(events, b'{"type": "hologram", "job": "", "depth": 3}\n')
def chatter(events, line):
    for _ in range(2000): print("a library says much " * 20, file=sys.stderr)

def watched(events, line):
    written = write(events, line)
    if bytes(line[:1]) == b"{" and os.path.exists(ORDER):
        with open(ORDER) as file: order = json.load(file)
        if json.loads(bytes(line)).get("step") == order["step"]:
            os.unlink(ORDER)
            globals()[order["fault"]](events, bytes(line))
    return written

os.write = watched
"""


class Faults:
    """Stands for the source in processes started from now on; `order` has the next job meet a fault."""

    def __init__(self, folder: Path) -> None:
        self._order = folder / "order.json"
        os.symlink(child.ROOT / "blender_pifu", folder / "blender_pifu", target_is_directory=True)
        (folder / "sitecustomize.py").write_text(_SITE, encoding="utf-8")
        self.root = folder

    def order(self, fault: str, step: str) -> None:
        """Have the worker meet a fault of `_SITE` when it next begins the step."""
        draft = self._order.with_suffix(".draft")
        draft.write_text(json.dumps({"fault": fault, "step": step}), encoding="utf-8")
        draft.replace(self._order)

    @property
    def met(self) -> bool:
        """Whether the fault that was ordered has come."""
        return not self._order.exists()
