# SPDX-License-Identifier: GPL-3.0-or-later
"""Elapsed and remaining time, as the panel tells them."""

import pytest

from blender_pifu.addon.work.timing import Timing, words


def steady(whole_s, until_s, start_s=0.0):
    """The Timing of work that needs so many seconds after a start in which nothing is done."""
    timing = Timing(0.0)
    timing.at(0.0, 0.0)
    timing.at(start_s, 0.0)
    for tenth in range(1, int(until_s * 10) + 1):
        timing.at(start_s + tenth / 10, tenth / 10 / whole_s)
    return timing


@pytest.mark.parametrize("whole_s", [10, 40, 100, 2000])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_steady_work_is_foretold(whole_s, share):
    done = whole_s * share
    told = steady(whole_s, done).remaining_s(done)
    left = whole_s - done
    assert left - 1e-6 <= told <= left + max(5, 0.35 * left)


def test_the_time_that_starting_takes_is_no_measure_of_the_work():
    assert steady(20, 10, start_s=60).remaining_s(70) == 10


def test_between_two_reports_the_rest_shrinks_but_is_never_gone():
    timing = steady(40, 10)
    told = [timing.remaining_s(10 + later) for later in (0, 10, 25, 60)]
    assert told == sorted(told, reverse=True) and told[0] == 30 and told[-1] > 0


@pytest.mark.parametrize("done", [0.5, 2.5])
def test_nothing_is_foretold_too_early(done):
    assert steady(100, done).remaining_s(done) == -1


def test_work_that_never_tells_how_far_it_is_gets_no_forecast():
    timing = Timing(0.0)
    for second in range(100):
        timing.at(float(second), 0.0)
    assert timing.remaining_s(100.0) == -1 and timing.elapsed_s(100.5) == 100


def test_a_fraction_that_goes_back_is_not_believed():
    timing = steady(40, 20)
    timing.at(20.5, 0.1)
    assert timing.remaining_s(20.5) == 20


def test_the_words():
    assert words(5, -1) == "0:05"
    assert words(42, 90) == "0:42, about 1:30 left"
    assert words(3700, 600) == "1:01:40, about 10:00 left"
