# SPDX-License-Identifier: GPL-3.0-or-later
"""Makers of batch entries whose outcome is known, for processes that import them by name."""

import os
import time
from pathlib import Path

from blender_pifu.engine.errors import NoPersonError


def maker():
    """Writes this process's number into the output; photos called nobody, broken, deadly or unlucky fail their
    way, slow ones take two seconds."""

    def make(entry):
        name = entry.photo.stem
        if name.startswith("slow"):
            time.sleep(2)
        if name == "nobody":
            raise NoPersonError
        if name == "broken":
            raise RuntimeError("broken")
        mark = entry.output.with_suffix(".tried")
        if name == "deadly" or name == "unlucky" and not mark.exists():
            mark.touch()
            os._exit(9)
        Path(entry.output).write_text(str(os.getpid()), encoding="utf-8")
        return {"output": str(entry.output)}

    return make
