# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for the module `time` where a test asks how long a program holds its main thread: the seconds in which it only
waits for a core that others have are not counted, so a busy machine measures as an idle one does.
"""

import os
import time
from pathlib import Path

monotonic, sleep = time.monotonic, time.sleep
_WAITED = Path("/proc/self/schedstat")  # of Linux: nanoseconds at work, nanoseconds ready but without a core, ...


def perf_counter() -> float:
    """Seconds, for differences; of the main thread."""
    return time.perf_counter() - waited_s()


def waited_s() -> float:
    """How long the main thread was ready to run and got no core; 0 where the system does not tell."""
    if os.name != "posix" or not _WAITED.exists():
        return 0.0
    return int(_WAITED.read_text(encoding="ascii").split()[1]) / 1e9
