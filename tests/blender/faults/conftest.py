# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after every fault, seen from Blender."""

import os
import time

import bpy
import pytest

from blender_pifu import child, paths
from blender_pifu.addon.work import session
from helpers.injected import Faults

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX's")


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not os.path.isdir("/proc")


def is_gone(pid, within_s=20.0):
    """Whether a process ends soon."""
    limit = time.monotonic() + within_s
    while is_running(pid) and time.monotonic() < limit:
        time.sleep(0.05)
    return not is_running(pid)


def no_leftovers():
    """No file of a job, whole or half."""
    left = [*paths.jobs().glob("*/job-*"), *paths.home().glob(".new-*")]
    assert not left, left


@pytest.fixture
def unharmed(contents):
    """A function that asserts how a fault was told, and that the scene and the job's files are as before it."""
    before = contents()

    def check(kind, *words):
        status = bpy.context.window_manager.pifu
        assert (status.state, status.kind) == ("FAILED", kind), status.message
        assert status.message and "Traceback" not in status.message
        assert all(word in status.message + status.fix for word in words), status.message + status.fix
        assert contents() == before
        no_leftovers()

    return check


@pytest.fixture(scope="module")
def _faulty_source(tmp_path_factory):
    return Faults(tmp_path_factory.mktemp("faulty"))


@pytest.fixture
def faults(_faulty_source, monkeypatch):
    """The engine of this test meets the faults that are ordered; it stays warm for the next of the file."""
    monkeypatch.setattr(child, "ROOT", _faulty_source.root)
    if session._client and not getattr(session._client, "meets_faults", False):
        session.close()
    session.client().meets_faults = True
    yield _faulty_source
    assert _faulty_source.met, "the fault never came"


@pytest.fixture(scope="module", autouse=True)
def _leave_no_faulty_engine():
    yield
    session.close()
