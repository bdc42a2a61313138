# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: few threads, and a way out that does not hang in Blender's own shutdown."""

import os
import sys

import pytest

# Small arrays on many threads are slower, and on a busy machine threads that wait for each other crawl. Worker
# processes of the tests inherit this.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_session = pytest.StashKey[pytest.Session]()


def pytest_sessionstart(session):
    session.config.stash[_session] = session


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    # Blender as a module may hang or crash when the interpreter shuts down; by now everything has been reported.
    if "bpy" in sys.modules and _session in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(config.stash[_session].exitstatus))
