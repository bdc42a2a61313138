# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer as a program: killed, locked out, repaired, removed. Its packages are tiny wheels in a folder."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from blender_pifu import paths
from blender_pifu.install import environment, lock, packages, torch_builds
from blender_pifu.install.process import InstallError
from blender_pifu.install.report import Report

ROOT = Path(__file__).resolve().parents[2]
FILES_IN_TORCH = 3000  # enough for pip to be caught in the middle


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A folder of wheels with the engine's names and versions and next to nothing in them; PyTorch's does not work."""
    folder = tmp_path_factory.mktemp("wheels")
    for line in packages.requirements_file("engine").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = line.split(" ;")[0].split("==")
            write_wheel(folder, name.replace("-", "_"), version, {})
    broken = {"torch/__init__.py": "raise ImportError('this PyTorch is broken')\n"}
    filling = {f"torch/part_{number}.py": f"number = {number}\n" for number in range(FILES_IN_TORCH)}
    write_wheel(folder, "torch", f"{torch_builds.TORCH}+cpu", broken | filling)
    return folder


def write_wheel(folder, name, version, files):
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {
            **files,
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{about}/RECORD": "",
        }.items():
            wheel.writestr(path, text)


def command(*arguments):
    return [sys.executable, str(ROOT / "vendor_install.py"), *map(str, arguments)]


def run(*arguments):
    answer = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    return answer.returncode, answer.stdout, answer.stderr


def run_json(*arguments):
    code, output, _ = run(*arguments, "--json")
    return code, [json.loads(line) for line in output.splitlines()]


@contextlib.contextmanager
def started(*arguments):
    """The installer in a process group of its own, which is ended with everything in it."""
    child = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, start_new_session=True, text=True)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()


def wait_until_pip_writes(child):
    state = paths.environment() / "blender_pifu.json"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        if state.exists() and json.loads(state.read_text()).get("busy"):
            return
        time.sleep(0.005)
    raise AssertionError("pip never began to write")


@pytest.mark.skipif(os.name != "posix", reason="uses process groups")
def test_a_killed_install_is_no_good_one_and_the_next_repairs_it(home, wheels):
    arguments = ("--wheels", wheels, "--device", "cpu")
    with started(*arguments) as first:
        wait_until_pip_writes(first)
        os.killpg(first.pid, signal.SIGSTOP)  # else it may be done before it is killed
        code, lines = run_json(*arguments)
        assert code == 1 and "Another install" in lines[-1]["message"] and str(first.pid) in lines[-1]["message"]
        assert run_json("--status")[1][0]["status"] == "installing"
    assert not paths.stamp().exists()
    code, lines = run_json("--status")
    assert code == 1 and lines[0]["status"] == "unfinished"
    marker = paths.environment() / "left_by_the_killed_install"
    marker.touch()

    code, lines = run_json(*arguments)
    assert not marker.exists(), "a pip cut off while writing leaves nothing to build on"
    assert len(list(paths.environment().rglob("torch/part_*.py"))) == FILES_IN_TORCH
    fractions = [line["fraction"] for line in lines[:-1]]
    assert fractions == sorted(fractions) and all(line["step"] for line in lines[:-1])
    # This PyTorch does not compute, and so there is no stamp.
    assert code == 1 and lines[-1]["status"] == "failed"
    assert "this PyTorch is broken" in lines[-1]["message"]
    assert not paths.stamp().exists()

    marker.touch()
    code, lines = run_json(*arguments)
    assert code == 1 and marker.exists(), "what was finished is not done again"
    assert not any("Getting" in line["step"] and line["message"] for line in lines[:-1])


@pytest.mark.skipif(os.name != "posix", reason="SIGTERM ends a process at once elsewhere")
def test_ended_by_a_signal_it_says_so_and_takes_pip_along(home, wheels):
    with started("--wheels", wheels, "--device", "cpu", "--json") as child:
        wait_until_pip_writes(child)
        child.terminate()
        output, _ = child.communicate(timeout=60)
        assert child.returncode == 130
        assert json.loads(output.splitlines()[-1])["status"] == "interrupted"
        assert not lock.is_held(home / "install.lock")
        with pytest.raises(ProcessLookupError):
            os.killpg(child.pid, 0)


def test_a_folder_without_the_wheels_is_told_about(home, tmp_path):
    (tmp_path / "empty").mkdir()
    code, _, errors = run("--wheels", tmp_path / "empty", "--device", "cpu")
    assert code == 1 and "PyTorch" in errors and "--wheels" in errors
    assert not paths.stamp().exists()


def test_a_good_environment_is_left_alone_and_a_changed_one_is_noticed(home, tmp_path, monkeypatch):
    make_ready(home)
    assert environment.status()["status"] == "ready"
    assert run("--status")[0] == 0
    stamp = environment.install(environment.Wish(device="cpu", wheels=tmp_path), Report(as_json=True))
    assert stamp == json.loads(paths.stamp().read_text())

    paths.environment_python().unlink()
    assert environment.status()["status"] == "broken"
    make_ready(home, requirements="of an older version")
    assert environment.status()["status"] == "outdated"
    paths.stamp().unlink()
    assert environment.status()["status"] == "unfinished"


def make_ready(home, requirements=None):
    """What a finished install leaves, around an environment without packages."""
    home.mkdir(exist_ok=True)
    (home / "README.txt").touch()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--clear", paths.environment()], check=True)
    groups = {"engine": packages.fingerprint("engine")}
    state = {"asked": "cpu", "build": "cpu", "base": sys.executable, "python": "3.11.7", "groups": groups}
    (paths.environment() / "blender_pifu.json").write_text(json.dumps(state))
    stamp = {"python": str(paths.environment_python()), "python_version": "3.11.7", "device": "cpu", "torch": "2.13.0"}
    stamp |= {"requirements": requirements or groups["engine"], "groups": ["engine"]}
    paths.stamp().write_text(json.dumps(stamp))


def test_nothing_there_is_missing_and_status_makes_nothing(home):
    code, lines = run_json("--status")
    assert code == 1 and lines[0]["status"] == "missing" and lines[0]["home"] == str(home)
    assert not home.exists()


def test_remove_takes_away_what_is_ours_and_nothing_else(home, tmp_path):
    make_ready(home)
    (home / "notes.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (home / "jobs").symlink_to(elsewhere, target_is_directory=True)
    code, output, _ = run("--remove")
    assert code == 0 and "notes.txt" in output
    assert [entry.name for entry in home.iterdir()] == ["notes.txt"]
    assert (elsewhere / "kept").exists()

    (home / "notes.txt").unlink()
    home.rmdir()
    make_ready(home)
    assert run("--remove")[0] == 0 and not home.exists()
    assert run("--remove")[0] == 0, "nothing to remove is no error"


def test_a_folder_of_somebody_else_is_neither_used_nor_removed(home, wheels):
    (home / "env").mkdir(parents=True)
    (home / "env" / "work").touch()
    code, _, errors = run("--wheels", wheels)
    assert code == 1 and "BLENDER_PIFU_HOME" in errors
    assert run("--remove")[0] == 1
    assert sorted(str(path.relative_to(home)) for path in home.rglob("*")) == ["env", os.path.join("env", "work")]


def test_a_folder_that_cannot_be_written_is_told_about(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(InstallError, match="cannot be written"):
        environment.install(environment.Wish(), Report(as_json=True))


def test_wrong_usage_ends_with_2():
    for arguments in (["--status", "--remove"], ["--device", "toaster"], ["stray"], ["--test", "--json"]):
        assert run(*arguments)[0] == 2


@pytest.mark.skipif(os.name != "posix", reason="uses a process that is killed")
def test_a_lock_whose_owner_was_killed_is_free(tmp_path):
    path = tmp_path / "install.lock"
    code = (
        "import sys, time; from pathlib import Path; from blender_pifu.install import lock\n"
        "with lock.hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert owner.stdout.readline() == "held\n"
    with pytest.raises(InstallError, match=str(owner.pid)), lock.hold(path):
        pass
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert path.exists() and not lock.is_held(path)
    with lock.hold(path):
        assert lock.is_held(path)
