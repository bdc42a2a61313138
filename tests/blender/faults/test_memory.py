# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory: a computer without any left, and whether a hundred jobs in a row use it up.

$BLENDER_PIFU_JOBS: how many jobs make the row; for the fault table a hundred.
"""

import os

import bpy
import pytest

from blender_pifu.addon.work import session
from blender_pifu.client import Limits
from blender_pifu.protocol import ErrorKind

from .conftest import no_leftovers

JOBS = int(os.environ.get("BLENDER_PIFU_JOBS", "30"))
linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")


def megabytes(pid, what="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what)) / 1024


@linux
@pytest.mark.parametrize("spare_mb", [0, 60, 200])
def test_the_engine_gets_no_more_memory(spare_mb, scene, photo, contents, works_again):
    import resource

    works_again()
    before, process = contents(), session._client.process
    most = int((megabytes(process.pid, "VmSize") + spare_mb) * 2**20)
    resource.prlimit(process.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    scene.pifu.quality = "FINE"
    try:
        bpy.ops.pifu.generate(filepath=str(photo))
    except RuntimeError:
        status = bpy.context.window_manager.pifu
        assert status.kind in {ErrorKind.OUT_OF_MEMORY, ErrorKind.ENGINE_CRASHED, ErrorKind.ENGINE_KILLED}
        assert status.message and status.fix and "Traceback" not in status.message
        assert contents() == before
    no_leftovers()
    if session._client.process is process:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    scene.pifu.quality = "DRAFT"
    works_again()


@linux
def test_many_jobs_in_a_row_leave_the_memory_flat(scene, photo, works_again, monkeypatch):
    monkeypatch.setattr(session, "LIMITS", Limits())
    monkeypatch.setattr(bpy.context.preferences.edit, "undo_steps", 2)  # each keeps a human
    works_again()
    engine, used = session._client.process, []
    for _ in range(JOBS):
        works_again()
        body = bpy.context.view_layer.objects.active
        bpy.data.batch_remove([body, body.data, *body.users_collection])
        bpy.ops.outliner.orphans_purge(do_recursive=True)
        used.append((megabytes(engine.pid), megabytes(os.getpid())))
    assert session._client.process is engine, "one engine did them all"
    for which, name in enumerate(("engine", "Blender")):
        early = max(pair[which] for pair in used[: JOBS // 4])
        late = min(pair[which] for pair in used[-JOBS // 4 :])
        print(f"{name}: {early:.0f} MB at most in the first quarter, {late:.0f} MB at least in the last")
        assert late < early + 30, name
    no_leftovers()
