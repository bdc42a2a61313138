# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is: steps count as long as they take, and the bar never stands still where somebody reports."""

import time

import pytest

from blender_pifu import steps
from blender_pifu.engine.layout.topologies import TOPOLOGIES
from blender_pifu.engine.progress import Clock
from blender_pifu.steps import BAKE, BIND, CARVE, ENCODE, FIT, LAY_OUT, MATTE, PAINT, READ, UNWRAP

# Processor seconds of one core on the bundled photos: (topology, rig, texture, resolution) -> by step. The first as
# each part of a job told what it took; the next two as measured on an idle machine before that; to the others, measured
# on a busy one before hands, heads, maps and the photo's materials behind came, what these took then is added.
MEASURED = {
    ("standard", True, 2048, 256): {READ: 0.1, MATTE: 2.6, ENCODE: 2.1, CARVE: 0.5, FIT: 5.0, PAINT: 2.7, LAY_OUT: 1.3,
                                    UNWRAP: 0.8, BAKE: 3.9, BIND: 0.2},
    ("standard", True, 4096, 512): {READ: 0.2, MATTE: 2.6, ENCODE: 2.4, CARVE: 2.0, FIT: 16.3, PAINT: 7.0, LAY_OUT: 3.7,
                                    UNWRAP: 2.2, BAKE: 21.1, BIND: 0.2},
    ("game", True, 1024, 256): {READ: 0.2, MATTE: 2.9, ENCODE: 2.4, CARVE: 0.5, FIT: 6.0, PAINT: 4.6, LAY_OUT: 1.6,
                                UNWRAP: 0.6, BAKE: 3.3, BIND: 0.1},
    ("animation", True, 2048, 256): {READ: 0.0, MATTE: 3.4, ENCODE: 2.5, CARVE: 0.9, FIT: 9.4, PAINT: 4.3, LAY_OUT: 9.1,
                                     BAKE: 8.1, BIND: 0.1},
    ("sculpt", False, 0, 128): {READ: 0.0, MATTE: 3.7, ENCODE: 2.9, CARVE: 0.3, PAINT: 2.8},
    ("sculpt", True, 2048, 256): {READ: 0.0, MATTE: 3.2, ENCODE: 2.6, CARVE: 0.8, FIT: 8.7, PAINT: 4.8, UNWRAP: 37.8,
                                  BAKE: 4.2, BIND: 0.5},
    ("sculpt", True, 2048, 512): {READ: 0.0, MATTE: 3.7, ENCODE: 2.2, CARVE: 2.9, FIT: 11.5, PAINT: 6.5, UNWRAP: 311.7,
                                  BAKE: 5.8, BIND: 1.4},
    ("print", False, 0, 512): {READ: 0.0, MATTE: 4.2, ENCODE: 2.6, CARVE: 3.4, PAINT: 5.3, LAY_OUT: 11.5},
}  # fmt: skip


@pytest.mark.parametrize("job", MEASURED, ids=str)
def test_shares_are_those_of_the_time(job):
    name, *rest = job
    told, measured = steps.seconds_of(name, *rest), MEASURED[job]
    assert list(told) == [step for step in told if step in measured] and set(told) == set(measured)
    whole, taken, reached, done = sum(told.values()), sum(measured.values()), 0.0, 0.0
    for step in told:
        reached, done = reached + told[step] / whole, done + measured[step] / taken
        assert reached == pytest.approx(done, abs=0.07), step


@pytest.mark.parametrize("resolution", [128, 256, 512, 1024])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_every_job_has_its_steps_in_their_order_each_with_a_time(name, resolution):
    order = [READ, MATTE, ENCODE, CARVE, FIT, PAINT, LAY_OUT, UNWRAP, BAKE, BIND]
    for rig in (False, True):
        for texture_px in (0, 1024, 4096):
            told = steps.seconds_of(name, rig, texture_px, resolution)
            assert list(told) == [step for step in order if step in told]
            assert min(told.values()) > 0
            assert (FIT in told) == (BIND in told) == rig
            assert (BAKE in told) == bool(texture_px)
            assert (LAY_OUT in told) == TOPOLOGIES[name].lays_out
            assert (UNWRAP in told) == (bool(texture_px) and not TOPOLOGIES[name].brings_uv)


def test_a_step_that_cannot_tell_how_far_it_is_goes_by_the_time_it_should_take(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    seen = []
    clock = Clock(lambda step, fraction: seen.append((step, fraction)), {"a": 1.0, "b": 3.0})
    with clock.step("a"):
        now[0] += 2.0  # a computer half as fast
    with clock.step("b"):
        for _ in range(4):
            clock.reporter("b")()
            now[0] += 1.5
        clock.sign_of_life("b")(0.0)
        now[0] += 60
        clock.reporter("b")()
    shares = [fraction for step, fraction in seen if step == "b"]
    assert shares[:6] == pytest.approx([0.25, 0.25, 0.4375, 0.625, 0.8125, 0.25 + 0.75 * 0.95])
    assert shares == sorted(shares) and shares[-2] < 1 and shares[-1] == 1
    assert clock.seconds == {"a": 2.0, "b": 66.0}


def test_a_fraction_that_is_told_is_taken_at_its_word():
    seen = []
    clock = Clock(lambda step, fraction: seen.append(fraction), {"a": 1.0, "b": 1.0})
    with clock.step("a"):
        clock.reporter("a")(0.5)
    assert seen == pytest.approx([0, 0.25, 0.5])
