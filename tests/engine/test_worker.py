# SPDX-License-Identifier: GPL-3.0-or-later
"""The real worker with the real engine, driven by the client that Blender uses."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import blender_pifu
from blender_pifu import child
from blender_pifu.choices import Choices
from blender_pifu.client import Client, Limits
from blender_pifu.engine import worker
from blender_pifu.protocol import (
    EXIT_ORPHANED,
    Cancelled,
    Done,
    Failed,
    Generate,
    Look,
    Looked,
    Progress,
    read_event,
    to_line,
)
from blender_pifu.steps import STEPS
from helpers import silhouette

PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"
posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX's")
_count = iter(range(1, 10_000))


def a_job(folder, photo=None, **change):
    """A job for a cut-out person, who is quicker to find than one in a photo, by the quicker model."""
    name = f"job{next(_count)}"
    photo = photo or silhouette.write_cut_out(folder / f"{name}.png")
    names = {each.name for each in fields(Choices)}
    chosen = Choices(
        **{"model": "fast", "resolution": 128} | {key: value for key, value in change.items() if key in names}
    )
    usual = {"photo": str(photo), "output": str(folder / f"{name}.npz"), "device": "cpu", "keep_warm_s": 300.0}
    return Generate(name, choices=chosen, **usual | {key: value for key, value in change.items() if key not in names})


def a_look(folder, photo=PHOTO, person=0):
    name = f"look{next(_count)}"
    return Look(name, str(photo), str(folder / f"{name}.png"), person, "cpu", 300.0)


def watch(client, until=lambda event: False):
    """Poll until the job's end, or until an event that fits; all events."""
    events, limit = [], time.monotonic() + 120
    while time.monotonic() < limit:
        for event in client.poll():
            events.append(event)
            if until(event) or not isinstance(event, Progress):
                return events
        time.sleep(0.01)
    raise AssertionError(f"no end in sight after {events}")


def run(client, job):
    client.begin(job)
    return watch(client)[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def client(folder):
    """One for all tests: each of them leaves it fit for the next."""
    client = Client(sys.executable, folder, folder / "engine.log")
    yield client
    client.close()


def test_a_job_is_done_with_its_steps_in_words(client, folder):
    job = a_job(folder, PHOTO, model="human")
    client.begin(job)
    *progress, end = watch(client)
    assert isinstance(end, Done) and end.job == job.job and end.output == job.output
    assert end.summary["output"] == job.output
    steps = list(dict.fromkeys(event.step for event in progress))
    assert steps == ["Starting the engine", *STEPS]
    fractions = [event.fraction for event in progress]
    assert fractions == sorted(fractions) and fractions[-1] <= 1
    with np.load(job.output, allow_pickle=False) as result:
        assert len(result["vertices"]) == end.summary["vertices"]
    assert not client.busy and client.process


def test_the_next_job_finds_the_engine_warm(client, folder):
    assert isinstance(run(client, a_job(folder)), Done)
    first = client.process.pid
    assert isinstance(run(client, a_job(folder)), Done)
    assert client.process.pid == first


def test_a_photo_is_looked_at(client, folder):
    look = a_look(folder)
    end = run(client, look)
    assert isinstance(end, Looked) and end.job == look.job
    assert (len(end.report["people"]), end.report["person"], end.report["advice"]) == (1, 1, [])
    assert Path(look.picture).stat().st_size > 1000
    end = run(client, a_look(folder, person=2))
    assert (end.kind, end.job) == ("input", f"look{int(look.job[4:]) + 1}")


def test_a_job_pushes_a_look_out_and_hears_nothing_of_it(client, folder):
    first, second, job = a_look(folder), a_look(folder), a_job(folder)
    client.begin(first)
    client.begin(second)
    assert not client.is_at(first.job) and client.is_at(second.job)
    client.begin(job)
    *_, end = watch(client)
    assert isinstance(end, Done) and end.job == job.job
    assert not Path(second.picture).exists(), "it was stopped before it began"
    with pytest.raises(RuntimeError, match="still at work"):
        client.begin(a_job(folder))
        client.begin(a_look(folder))
    watch(client)


def test_a_cancelled_job_leaves_the_engine_warm(client, folder):
    job = a_job(folder, resolution=512)
    client.begin(job)
    watch(client, lambda event: event.step == STEPS[1])
    process = client.process
    client.cancel()
    assert watch(client) == [Cancelled(job.job)]
    assert not Path(job.output).exists()
    assert client.process is process
    assert isinstance(run(client, a_job(folder)), Done)


@pytest.mark.parametrize("step", STEPS)
def test_a_cancel_is_honoured_in_each_step(step, tmp_path):
    class Recorder(worker.Events):
        """Writes events as the worker does, and cancels when the step begins."""

        def send(self, event):
            if isinstance(event, Progress) and event.step == step:
                inbox.cancel(event.job)
            super().send(event)

    with open(tmp_path / "events", "wb") as file, open(os.devnull, "rb") as nothing:
        events = Recorder(file.fileno())
        inbox = worker.Inbox(nothing, events)
        job = a_job(tmp_path)
        inbox.jobs.put(job)
        inbox.jobs.put(None)
        worker.Worker(events, inbox).serve()
    *progress, end = [read_event(line) for line in (tmp_path / "events").read_bytes().splitlines()]
    assert end == Cancelled(job.job)
    assert [event.step for event in progress].count(step) == 1 and progress[-1].step == step
    assert not Path(job.output).exists()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"photo": "corrupt"}, "input"),
        ({"photo": "missing"}, "input"),
        ({"photo": "nobody"}, "no_person"),
        ({"device": "abacus"}, None),
        ({"model": "no such model"}, None),
    ],
    ids=str,
)
def test_what_goes_wrong_with_a_job_is_told(client, folder, change, kind):
    from PIL import Image

    photos = {name: folder / f"{name}.png" for name in ("corrupt", "missing", "nobody")}
    photos["corrupt"].write_bytes(PHOTO.read_bytes()[:5000])
    Image.new("RGB", (300, 300), (120, 160, 90)).save(photos["nobody"])
    change = {**change, "photo": photos[change["photo"]]} if "photo" in change else change
    end = run(client, a_job(folder, **change))
    assert isinstance(end, Failed)
    assert end.message and "Traceback" not in end.message
    assert end.fix
    assert kind in (None, end.kind)
    assert end.kind != "internal"


def test_after_errors_the_next_click_works(client, folder):
    assert isinstance(run(client, a_job(folder)), Done)


def test_a_result_that_cannot_be_written_is_told(client, folder):
    job = a_job(folder)
    end = run(client, replace(job, output=str(folder / "no such folder" / "result.npz")))
    assert isinstance(end, Failed) and "no such folder" in end.message


@posix
def test_a_killed_engine_is_seen_and_the_next_click_works(client, folder):
    client.begin(a_job(folder, resolution=512))
    watch(client, lambda event: event.step == STEPS[1])
    client.process.kill()
    end = watch(client)[-1]
    assert end.kind == "engine_killed" and "SIGKILL" in end.message and "memory" in end.message
    assert isinstance(run(client, a_job(folder)), Done)


@posix
def test_a_crash_names_its_signal(client, folder):
    client.begin(a_job(folder, resolution=512))
    watch(client, lambda event: event.step == STEPS[1])
    client.process.send_signal(signal.SIGSEGV)
    end = watch(client)[-1]
    assert end.kind == "engine_crashed" and "SIGSEGV" in end.message


@posix
def test_an_engine_killed_while_idle_is_no_error(client, folder):
    assert isinstance(run(client, a_job(folder)), Done)
    client.process.kill()
    assert client.poll() == []
    assert isinstance(run(client, a_job(folder)), Done)


@posix
def test_a_hung_engine_is_asked_then_ended(folder):
    client = Client(sys.executable, folder, folder / "engine.log", Limits(silence_s=2, answer_s=2))
    try:
        client.begin(a_job(folder, resolution=512))
        watch(client, lambda event: event.step == STEPS[1])
        process = client.process
        process.send_signal(signal.SIGSTOP)
        end = watch(client)[-1]
        assert end.kind == "engine_hung" and "hung" in end.message
        process.wait(timeout=10)
        assert isinstance(run(client, a_job(folder)), Done)
    finally:
        client.close()


@posix
def test_a_cancel_that_is_not_heeded_ends_the_engine(folder):
    client = Client(sys.executable, folder, folder / "engine.log", Limits(cancel_s=0.5))
    try:
        job = a_job(folder, resolution=512)
        client.begin(job)
        watch(client, lambda event: event.step == STEPS[1])
        client.process.send_signal(signal.SIGSTOP)
        client.cancel()
        assert watch(client)[-1] == Cancelled(job.job)
        assert client.process is None
    finally:
        client.close()


def test_a_slow_engine_that_answers_is_not_ended(folder):
    """Silence alone is no hanging: loading the libraries takes longer than this client waits without asking."""
    client = Client(sys.executable, folder, folder / "engine.log", Limits(silence_s=0.05, answer_s=60))
    try:
        assert isinstance(run(client, a_job(folder)), Done)
    finally:
        client.close()


def test_idle_it_leaves_and_a_job_that_just_misses_it_is_not_lost(client, folder):
    assert isinstance(run(client, a_job(folder, keep_warm_s=0.0)), Done)
    leaving = client._process
    assert isinstance(run(client, a_job(folder, keep_warm_s=0.0)), Done)
    leaving.wait(timeout=30)
    assert leaving.returncode == 0
    client._process.wait(timeout=30)
    assert client.process is None


def test_released_it_leaves(client, folder):
    assert isinstance(run(client, a_job(folder)), Done)
    process = client.process
    client.release()
    process.wait(timeout=30)
    assert process.returncode == 0
    client.release()  # nobody there: no error


def test_a_python_that_is_not_there_is_an_error_at_once(folder):
    with pytest.raises(OSError, match="no such python"):
        Client("/no such python", folder, folder / "engine.log").begin(a_job(folder))


def test_libraries_that_do_not_load_are_told(folder, tmp_path, monkeypatch):
    os.symlink(child.ROOT / "blender_pifu", tmp_path / "blender_pifu", target_is_directory=True)
    (tmp_path / "torch.py").write_text("raise ImportError('a library of CUDA is missing')")
    monkeypatch.setattr(child, "ROOT", tmp_path)
    client = Client(sys.executable, folder, tmp_path / "engine.log")
    end = run(client, a_job(folder))
    client.close()
    assert end.kind == "engine_broken" and "CUDA is missing" in end.message and "Repair" in end.fix
    assert "Traceback" in (tmp_path / "engine.log").read_text()


@posix
def test_a_full_disk_is_told_for_the_result(client, folder):
    import resource

    client.release()
    client._process.wait(timeout=30)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        client.begin(a_job(folder))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    end = watch(client)[-1]
    assert end.kind == "disk_full" and str(folder) in end.message and "room" in end.fix
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []
    client.release()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs prlimit")
def test_a_full_disk_is_told_even_when_no_event_can_be_written(tmp_path):
    import resource

    client = Client(sys.executable, tmp_path, tmp_path / "engine.log")
    client.begin(a_job(tmp_path))
    resource.prlimit(client.process.pid, resource.RLIMIT_FSIZE, (0, 0))  # no file may grow
    end = watch(client)[-1]
    client.close()
    assert end.kind == "disk_full" and str(tmp_path) in end.message


_BLENDER = """
import sys, time
from pathlib import Path
from blender_pifu.client import Client
from blender_pifu.protocol import read_command
folder = Path(sys.argv[1])
client = Client(sys.executable, folder, folder / "engine.log")
client.begin(read_command(sys.argv[2].encode()))
while not any(getattr(event, "step", "") == "Cutting out the person" for event in client.poll()):
    time.sleep(0.01)
print(client.process.pid, flush=True)
time.sleep(600)
"""


@posix
def test_the_engine_ends_in_the_middle_of_a_job_when_blender_dies(tmp_path):
    job = a_job(tmp_path, PHOTO, resolution=1024)
    blender = subprocess.Popen(
        [sys.executable, "-c", _BLENDER, tmp_path, to_line(job).decode()],
        cwd=child.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(blender.stdout.readline())
    blender.kill()
    blender.wait()
    blender.stdout.close()
    limit = time.monotonic() + worker._GRACE_S + 10
    while is_running(pid) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not is_running(pid)
    assert not Path(job.output).exists()


def test_a_job_that_heeds_nothing_ends_too_when_blender_is_gone(tmp_path):
    code = (
        "import os, sys, time; from blender_pifu.engine import worker; "
        "worker.Inbox(sys.stdin.buffer, worker.Events(os.dup(1))).start(); time.sleep(600)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=child.ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert answer.returncode == EXIT_ORPHANED


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # Dead, it may still wait for its new parent to take note of it.
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_libraries_print_is_log_and_never_an_event(tmp_path):
    """Without a file the events share standard output with all that a library might print there."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Chatter:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': os.write(1, b'hello from a library\\n')\n"
        "sys.meta_path.insert(0, Chatter())\n"
    )
    environment = {**child.clean_environment(), "PYTHONPATH": os.pathsep.join([str(tmp_path), str(child.ROOT)])}
    with open(tmp_path / "log", "wb") as log:
        command = [sys.executable, "-m", "blender_pifu.engine.worker"]
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
    with process:  # its input stays open, so that it has all the time to load that a busy machine needs
        process.stdin.write(b'{"type": "ping"}\n{"type": "nonsense"}\n{"type": "quit"}\n')
        process.stdin.flush()
        events = [read_event(line) for line in process.stdout]
    assert b"hello from a library" in (tmp_path / "log").read_bytes()
    assert {type(event).__name__ for event in events} == {"Alive", "Failed", "Ready"}
    assert process.returncode == 0
