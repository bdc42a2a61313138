# SPDX-License-Identifier: GPL-3.0-or-later
"""That work is divided among the cores that are free, without changing it, and that the engine gives way."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from blender_pifu.engine import cores
from blender_pifu.engine.layout.presets import Begun


@pytest.fixture
def four_cores(monkeypatch):
    """A computer of four cores, all of which torch takes; a setter of how many others keep busy."""
    busy = [0.0]
    monkeypatch.setattr(cores, "_cores", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(cores.FreeCores, "threads", 1)
    monkeypatch.setattr(cores, "_busy_s", lambda: time.process_time() + busy[0] * time.monotonic())
    return lambda count: busy.__setitem__(0, count)


@pytest.mark.parametrize(("busy", "threads"), [(0, 4), (1, 3), (2, 2), (9, 2)])
def test_as_many_threads_as_cores_are_free_and_at_least_two(four_cores, busy, threads):
    four_cores(busy)
    assert cores.FreeCores().use() == cores.FreeCores.threads == threads


def test_cores_of_who_gives_way_are_free(four_cores, monkeypatch):
    four_cores(3)
    monkeypatch.setattr(cores, "_giving_way_s", lambda: {7: 2 * time.monotonic()})
    watch = cores.FreeCores()
    assert watch.use() == 2  # it is not known yet who keeps them busy
    time.sleep(0.05)
    assert watch.use() == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="told by /proc")
def test_who_is_nicer_gives_way():
    code = "while True: pass"
    busy = [subprocess.Popen([sys.executable, "-c", code], preexec_fn=lambda by=by: os.nice(by)) for by in (9, 0)]
    try:
        time.sleep(0.3)
        found = cores._giving_way_s()
        assert found.get(busy[0].pid, 0) > 0 and busy[1].pid not in found
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_work_divided_among_threads_comes_back_in_order(four_cores):
    four_cores(0)
    cores.FreeCores().use()
    parts, seen = [np.full(5, k) for k in range(40)], []
    assert cores.divided(np.sum, parts, lambda: seen.append(1)) == [5 * k for k in range(40)] and len(seen) == 40


def test_what_is_raised_while_waiting_stops_the_rest(four_cores):
    four_cores(0)
    cores.FreeCores().use()
    done = []

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cores.divided(lambda part: done.append(part) or time.sleep(0.01), range(1000), stop)
    assert len(done) < 100


def test_the_first_job_need_not_wait_to_know_which_cores_are_free(four_cores, monkeypatch):
    four_cores(1)
    loaded = time.monotonic() - 0.5, cores._busy_s() - 0.5, sum(os.times()[:4])
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waits"))
    assert cores.FreeCores(loaded).use() == 3


@pytest.mark.parametrize(("there", "torchs", "threads"), [(2, 2, 2), (1, 2, 1), (4, 1, 1)])
def test_where_there_is_no_choice_nobody_looks(four_cores, monkeypatch, there, torchs, threads):
    monkeypatch.setattr(cores, "_cores", lambda: there)
    monkeypatch.setattr(torch, "get_num_threads", lambda: torchs)
    monkeypatch.setattr(cores, "_busy_s", lambda: pytest.fail("it looks"))
    assert cores.FreeCores().use() == threads


def test_networks_on_other_devices_are_asked_in_turn(four_cores):
    four_cores(0)
    cores.FreeCores().use()
    asked = cores.divided(lambda _: threading.get_ident(), range(8), device="meta")
    assert set(asked) == {threading.get_ident()}


def test_threads_are_told_to_sleep_before_libraries_are_loaded():
    code = "import sys, blender_pifu.engine.__main__; print({'numpy', 'cv2', 'scipy', 'torch'} & {*sys.modules})"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


@pytest.mark.skipif(sys.platform == "win32", reason="there it has a priority class")
def test_the_engine_comes_after_others_and_waits_asleep():
    code = (
        "import os, blender_pifu.engine.priority as p; p.give_way(); p.give_way();"
        "print(os.getpriority(os.PRIO_PROCESS, 0) - int(os.environ['BEFORE']), 'OMP_WAIT_POLICY' in os.environ)"
    )
    environment = os.environ | {"BEFORE": str(os.getpriority(os.PRIO_PROCESS, 0))}
    environment.pop("OMP_WAIT_POLICY", None)
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert said.stdout.split() == [str(max(0, 2 - before)), "True"]


def test_quads_begun_ahead_end_with_the_job():
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rim = np.stack([0.3 * np.cos(angle), 0.3 * np.sin(angle), np.zeros(40)], 1)
    vertices = np.vstack([rim, [[0, 0, 0.3], [0, 0, -0.3]]]).astype(np.float32)
    here, there = np.arange(40), (np.arange(40) + 1) % 40
    faces = np.concatenate(
        [np.stack([here, there, np.full(40, 40)], 1), np.stack([there, here, np.full(40, 41)], 1)]
    ).astype(np.int32)
    ahead = Begun(400, (vertices, faces), lambda _: (vertices, faces), 256)
    child = ahead._remeshing._child
    assert child.poll() is None
    ahead.stop()
    ahead.stop()
    assert child.poll() is not None
