# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: few threads, and a way out that does not hang in Blender's own shutdown."""

import os
import sys
from pathlib import Path

import pytest

# Small arrays on many threads are slower, and on a busy machine threads that wait for each other crawl. Worker
# processes of the tests inherit this.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_session = pytest.StashKey[pytest.Session]()
# Tests that took long by `--durations=0`, one a line; `vendor_install.py --test --quick` leaves them out.
SLOW = Path(__file__).with_name("slow.txt")


def pytest_collection_modifyitems(items):
    slow = {line for line in SLOW.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}
    for item in items:
        if item.nodeid.split("[")[0] in slow:
            item.add_marker("slow")


def pytest_sessionstart(session):
    session.config.stash[_session] = session


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    # Blender as a module may hang or crash when the interpreter shuts down; by now everything has been reported.
    if "bpy" in sys.modules and _session in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(config.stash[_session].exitstatus))
