# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines come whole however they were written, and ends of processes are told in words."""

import os
import subprocess
import sys

from blender_pifu import child


def test_a_line_is_given_once_and_only_when_it_is_whole(tmp_path):
    path = tmp_path / "events"
    tail = child.Tail(path)
    assert tail.lines() == []  # not there yet
    with open(path, "ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert tail.lines() == [b"one"]
        file.write(b"o")
        assert tail.lines() == []
        file.write("\nü\n\nlast".encode())
        assert tail.lines() == [b"two", "ü".encode(), b""]
    assert tail.lines() == []


def test_a_flood_of_lines_is_read_in_portions(tmp_path):
    path = tmp_path / "events"
    path.write_bytes(b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 30_000)
    tail, lines = child.Tail(path), []
    while new := tail.lines():
        assert len(new) < 15_000
        lines += new
    assert len(lines) == 30_001 and set(lines[1:]) == {b"y" * 99}


def test_the_environment_holds_nothing_of_another_python(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "mirror")
    environment = child.clean_environment()
    assert "/elsewhere" not in environment.values()
    assert environment["PIP_INDEX_URL"] == "mirror"
    assert os.environ["PYTHONPATH"] == "/elsewhere"


def test_ends_are_described(tmp_path):
    assert child.describe_exit(3) == "exit code 3"
    assert child.describe_exit(0xC0000005) == "exit code 0xc0000005"
    with open(tmp_path / "log", "wb") as log:
        code = "import os, sys; print('so long ', file=sys.stderr, flush=True); print(file=sys.stderr); os.abort()"
        process = child.start([sys.executable, "-S", "-c", code], cwd=tmp_path, stderr=log)
    process.wait(timeout=60)
    if os.name == "posix":
        assert child.describe_exit(process.returncode) == "signal SIGABRT"
    assert child.last_words(tmp_path / "log") == "so long"
    assert child.last_words(tmp_path / "none") == ""


def test_a_child_is_not_of_our_terminal(tmp_path):
    with open(tmp_path / "log", "wb") as log:
        code = "import sys, time; print(sys.stdin.read(), flush=True); time.sleep(60)"
        process = child.start([sys.executable, "-S", "-c", code], cwd=tmp_path, stderr=log, stdin=subprocess.PIPE)
    if os.name == "posix":
        assert os.getpgid(process.pid) == process.pid != os.getpgrp()
    process.kill()
    process.wait(timeout=60)
    process.stdin.close()
