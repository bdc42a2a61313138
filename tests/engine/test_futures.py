# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a job worked out beside it: once, with the same result and the same errors at any number of free cores."""

import threading
import time

import numpy as np
import pytest

from blender_pifu.engine import cores, reconstruct
from blender_pifu.engine.errors import Cancelled
from blender_pifu.engine.futures import Future, Futures, check_wanted
from blender_pifu.steps import BAKE, CARVE, PAINT, UNWRAP
from helpers import silhouette


@pytest.fixture(params=[1, 2], ids=["one core", "two cores"])
def free(request, monkeypatch):
    monkeypatch.setattr(cores.FreeCores, "threads", request.param)
    return request.param


def test_work_is_done_once_by_whoever_is_first(free):
    done = []
    with Futures() as futures:
        asked = [futures.begin(lambda k=k: done.append(threading.get_ident()) or k) for k in range(30)]
        assert [future.result() for future in asked for _ in range(2)] == [k for k in range(30) for _ in range(2)]
    assert len(done) == 30
    assert free == 2 or set(done) == {threading.get_ident()}


def test_on_one_core_nothing_is_done_before_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(cores.FreeCores, "threads", 1)
    done = []
    with Futures() as futures:
        later, sooner = (futures.begin(done.append, name) for name in ("later", "sooner"))
        futures.go_on()
        sooner.result()
        assert done == ["sooner"]
        monkeypatch.setattr(cores.FreeCores, "threads", 2)
        futures.go_on()
        while not later._done.wait(0.01):
            pass
    assert done == ["sooner", "later"]


def test_an_error_comes_to_who_asks_for_the_result(free):
    def fail():
        raise MemoryError("no room")

    with Futures() as futures:
        failing, sound = futures.begin(fail), futures.begin(lambda: 1)
        assert sound.result() == 1
        for _ in range(2):
            with pytest.raises(MemoryError, match="no room"):
                failing.result()


def test_one_future_may_ask_for_another(free):
    with Futures() as futures:
        first = futures.begin(lambda: 2)
        assert futures.begin(lambda: 3 * first.result()).result() == 6


def test_a_job_that_ends_waits_for_nothing_but_the_work_it_stops(monkeypatch):
    monkeypatch.setattr(cores.FreeCores, "threads", 2)
    at_work, done = threading.Event(), []

    def long():
        at_work.set()
        for _ in range(6000):
            check_wanted()
            time.sleep(0.01)

    begun = time.monotonic()
    with pytest.raises(Cancelled), Futures() as futures:
        futures.begin(long)
        futures.begin(done.append, 1)
        assert at_work.wait(30)
        raise Cancelled
    assert time.monotonic() - begun < 30 and not done
    assert not [thread for thread in threading.enumerate() if thread.name == "futures"]


def test_who_waits_is_told_often_and_may_stop(free):
    def long():
        for _ in range(6000):
            check_wanted()
            time.sleep(0.01)

    told = []

    def waiting():
        told.append(1)
        if len(told) > 3:
            raise Cancelled

    with pytest.raises(Cancelled), Futures() as futures:
        futures.begin(long).result(waiting)
    assert len(told) == 4


def test_the_check_is_of_the_work_at_hand_alone():
    told = []
    inner = Future(check_wanted)

    def outer():
        inner.result(lambda: told.append("inner"))
        check_wanted()

    Future(outer).result(lambda: told.append("outer"))
    check_wanted()
    assert told == ["inner", "outer"]


def test_the_same_futures_serve_a_job_that_begins_again(free):
    futures = Futures()
    with futures:
        futures.begin(lambda: 1)
    with futures:
        assert futures.begin(lambda: 2).result() == 2


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Makes a person with a texture on a computer with so many cores free; its futures' threads, by step."""
    photo = silhouette.write_cut_out(tmp_path / "person.png")

    def make(threads, stop_in=None):
        monkeypatch.setattr(cores.FreeCores, "threads", threads)
        monkeypatch.setattr(cores.FreeCores, "use", lambda self: threads)
        beside = {}

        def progress(step, _fraction):
            beside[step] = beside.get(step, False) or any(one.name == "futures" for one in threading.enumerate())
            if step == stop_in:
                raise Cancelled

        how = {"topology": "game", "texture_px": 1024, "resolution": 64}
        return reconstruct(photo, model=silhouette.AnalyticModel(), progress=progress, **how), beside

    return make


def test_a_person_is_the_same_on_one_core_and_on_two(job):
    (alone, never), (beside, sometimes) = job(1), job(2)
    assert not any(never.values()) and any(sometimes.values())
    for name in ("vertices", "faces", "normals", "colors"):
        assert np.array_equal(getattr(alone, name), getattr(beside, name)), name
    assert np.array_equal(alone.texture.uv, beside.texture.uv)
    for name in ("png", "normal_png", "roughness_png"):
        assert getattr(alone.texture, name) == getattr(beside.texture, name), name


@pytest.mark.parametrize("step", [CARVE, PAINT, UNWRAP, BAKE])
def test_a_job_that_is_stopped_leaves_nothing_at_work(job, step):
    with pytest.raises(Cancelled):
        job(2, stop_in=step)
    assert not [thread for thread in threading.enumerate() if thread.name == "futures"]


def test_work_asked_for_by_work_asks_who_waits_for_both():
    asked = []

    def inner():
        check_wanted()
        return 1

    assert Future(lambda: Future(inner).result(check_wanted)).result(lambda: asked.append(1)) == 1
    assert asked
