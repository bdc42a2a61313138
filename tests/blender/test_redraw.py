# SPDX-License-Identifier: GPL-3.0-or-later
"""Work at the engine has its own place drawn again, and only when that shows something else."""

from types import SimpleNamespace

import bpy
import pytest

from blender_pifu.addon.work import job, photo_check


class Task:
    """Work that shows what it is told to."""

    title, first_step, belongs_to_file, importing = "Work", "Beginning", True, False
    shows = ("Carving", 0.1)

    def poll(self, show):
        if self.shows is None:
            return job.Outcome("DONE", "Made.")
        show(*self.shows)

    def abort(self):
        pass


@pytest.fixture
def drawn(scene, monkeypatch):
    """A list that grows by one whenever something is told to be drawn."""
    calls = []
    monkeypatch.setattr(job, "redraw", lambda: calls.append(1))
    return calls


def test_the_viewport_is_never_redrawn():
    windows = bpy.context.window_manager.windows
    kinds = {(area.type, region.type) for w in windows for area in w.screen.areas for region in area.regions}
    assert ("VIEW_3D", "WINDOW") in kinds, "there is a viewport that could be"
    found = {region.as_pointer() for region in job.regions(windows)}
    sidebars = {
        region.as_pointer()
        for window in windows
        for area in window.screen.areas
        for region in area.regions
        if (area.type, region.type) == ("VIEW_3D", "UI") and region.width > 1
    }
    assert found == sidebars


def test_sidebars_that_are_open_and_the_preferences_are(scene):
    def region(kind, width=300):
        return SimpleNamespace(type=kind, width=width)

    def area(kind, *regions):
        return SimpleNamespace(type=kind, regions=regions)

    sidebar, closed, preferences = region("UI"), region("UI", 1), region("WINDOW")
    areas = [
        area("VIEW_3D", region("HEADER"), region("WINDOW"), sidebar),
        area("VIEW_3D", region("WINDOW"), closed),
        area("PREFERENCES", region("HEADER"), preferences),
        area("IMAGE_EDITOR", region("UI"), region("WINDOW")),
    ]
    windows = [SimpleNamespace(screen=SimpleNamespace(areas=areas))]
    assert job.regions(windows) == [sidebar, preferences]


def test_a_tick_that_changes_nothing_draws_nothing(drawn):
    task = Task()
    job.begin(task)
    job.tick()
    before = len(drawn)
    for _ in range(20):  # within the same second, but for one
        job.tick()
    assert len(drawn) - before <= 1
    task.shows = ("Carving", 0.1001)  # the same per cent
    job.tick()
    assert len(drawn) - before <= 2
    before = len(drawn)
    task.shows = ("Carving", 0.2)
    job.tick()
    assert len(drawn) - before == 1
    task.shows = ("Painting", 0.2)
    job.tick()
    assert len(drawn) - before == 2
    task.shows = None
    job.tick()
    assert len(drawn) - before > 2 and not job.is_running()


def test_seconds_are_drawn_as_they_pass(drawn, monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(job.time, "monotonic", lambda: clock.now)
    task = Task()
    job.begin(task)
    status = bpy.context.window_manager.pifu
    before = len(drawn)
    for _ in range(50):
        clock.now += 0.1
        task.shows = ("Carving", min(1.0, (clock.now - 100) / 20))
        job.tick()
    assert 5 <= len(drawn) - before <= 50
    assert status.elapsed_s in (4, 5) and status.remaining_s in (15, 20)
    job.abort()
    assert (status.elapsed_s, status.remaining_s) == (0, -1)


def test_a_real_job_draws_when_something_changes(scene, work, photo, drawn):
    seen = set()
    running = work(photo)
    ticks = 0
    while job.tick() is not None:
        status = running.status
        seen.add((status.step, f"{status.fraction:.0%}", status.elapsed_s, status.remaining_s))
        ticks += 1
        job.time.sleep(0.01)
    assert running.status.state == "DONE"
    assert len(drawn) <= len(seen) + 5 < ticks / 2


def test_looking_at_a_photo_draws_at_its_beginning_and_its_end(scene, full_photo, drawn):
    scene.pifu.photo = bpy.data.images.load(str(full_photo))
    drawn.clear()
    photo_check.want(scene)
    while photo_check.tick() is not None:
        job.time.sleep(0.02)
    assert len(drawn) <= 4
