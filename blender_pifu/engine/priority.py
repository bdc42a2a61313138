# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that gives way: to Blender, which may render meanwhile, and to whoever else is at work."""

import ctypes
import os
import sys

NICENESS = 2  # of 19: Blender's threads go first, yet beside two that never rest the engine gets half of a core
BELOW_NORMAL = 0x4000  # Windows: BELOW_NORMAL_PRIORITY_CLASS
# Read by OpenMP (GNU's, LLVM's and Intel's), NumPy's and SciPy's OpenBLAS and OpenCV when they are loaded: threads
# without work sleep at once. Waiting by turning they took as much of a second core as they left for other work.
ASLEEP = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
    "OPENBLAS_THREAD_TIMEOUT": "4",  # 2 to the power of it is how many ticks of the processor they turn: the fewest
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER": "0",
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_MAIN": "0",
}


def give_way() -> None:
    """Have this process wait asleep, and come after others. To be called before NumPy is loaded."""
    for name, value in ASLEEP.items():
        os.environ.setdefault(name, value)
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), BELOW_NORMAL)
    elif os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.nice(NICENESS - os.getpriority(os.PRIO_PROCESS, 0))
