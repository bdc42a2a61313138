# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer picks: the build of PyTorch, the Python, the system libraries it asks for."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from blender_pifu.child import clean_environment
from blender_pifu.install import interpreters, packages, system_libraries, torch_builds
from blender_pifu.install.process import InstallError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("cards", "machine", "label"),
    [
        ("NVIDIA H200, 580.95.05, 9.0", "x86_64", "cu130"),
        ("NVIDIA GeForce RTX 5090, 581.29, 12.0", "AMD64", "cu130"),
        ("NVIDIA GeForce RTX 3060, 535.183.01, 8.6", "x86_64", "cu126"),
        ("NVIDIA GeForce GTX 1080, 580.95.05, 6.1", "x86_64", "cu126"),
        ("NVIDIA GeForce GTX 1080, 580.95.05, 6.1\nNVIDIA RTX A4000, 580.95.05, 8.6", "x86_64", "cu130"),
        ("NVIDIA GeForce RTX 5090, 535.183.01, 12.0", "x86_64", "cpu"),
        ("NVIDIA GeForce RTX 3060, 470.10, 8.6", "x86_64", "cpu"),
        ("NVIDIA Tesla K80, 470.10, 3.7", "x86_64", "cpu"),
        ("NVIDIA Tegra X2, 580.10, 6.2", "aarch64", "cpu"),
        ("No devices were found", "x86_64", "cpu"),
        ("", "x86_64", "cpu"),
    ],
)
def test_the_driver_and_the_card_decide_the_cuda_build(cards, machine, label):
    assert torch_builds.from_nvidia(cards, machine).label == label


def test_a_card_left_unused_is_explained():
    assert "update it" in torch_builds.from_nvidia("NVIDIA GeForce RTX 5090, 535.1, 12.0", "x86_64").reason


@pytest.mark.skipif(platform.system() != "Linux" or platform.machine() != "x86_64", reason="Linux x86_64's devices")
def test_the_device_asked_for_is_the_device_chosen():
    for device in ("cpu", "cuda", "rocm", "xpu"):
        assert torch_builds.choose(device).device == device
    assert torch_builds.choose("auto").device in ("cpu", "cuda", "rocm", "xpu")
    with pytest.raises(InstallError):
        torch_builds.choose("mps")


def test_no_choice_for_the_processor_can_lead_to_a_cuda_build():
    # Under the bare version number, Linux's general index carries gigabytes of CUDA.
    for requirement, _ in torch_builds.wheel_choices("cpu", "Linux", offline=False):
        assert requirement.endswith("+cpu")


@pytest.mark.parametrize("system", ["Linux", "Windows"])
@pytest.mark.parametrize("label", ["cpu", "cu126", "cu130"])
def test_the_users_own_settings_are_asked_first_and_without_a_network_alone(label, system):
    choices = torch_builds.wheel_choices(label, system, offline=False)
    assert choices[0] == (f"torch=={torch_builds.TORCH}+{label}", [])
    assert all(not options for _, options in torch_builds.wheel_choices(label, system, offline=True))


def test_everything_is_pinned_to_one_version():
    pin = re.compile(r"[a-z0-9-]+==[0-9a-z.]+( ; python_version .*)?")
    for group in ("engine", "blender", "tests"):
        for line in packages.requirements_file(group).read_text(encoding="utf-8").splitlines():
            assert not line or line.startswith("#") or pin.fullmatch(line)


def test_the_python_running_the_tests_is_found_to_serve():
    found, reason = interpreters.probe(sys.executable)
    assert found and found.version == f"{sys.version_info[0]}.{sys.version_info[1]}" and not reason


def test_what_is_no_python_is_refused_with_the_reason(tmp_path):
    liar = tmp_path / "python3.11"
    liar.write_text("#!/bin/sh\necho hello\n")
    liar.chmod(0o755)
    for path in (liar, tmp_path / "absent"):
        with pytest.raises(InstallError, match="does not run as a Python"):
            interpreters.choose(str(path), tmp_path, tmp_path / "log", offline=True, system=False)


def test_blenders_own_python_is_never_taken(tmp_path):
    python = tmp_path / "blender" / "4.5" / "python" / "bin" / "python3.11"
    python.parent.mkdir(parents=True)
    assert not interpreters.is_blenders(python)
    (tmp_path / "blender" / "4.5" / "scripts").mkdir()
    assert interpreters.is_blenders(python)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lacks these libraries")
def test_missing_libraries_are_named_with_the_command_that_brings_them(monkeypatch):
    monkeypatch.setitem(system_libraries.LIBRARIES, "libnot_there.so.7", "libnot-there7")
    absent = system_libraries.missing()
    assert absent["libnot_there.so.7"] == "libnot-there7"
    error = system_libraries.explain(absent)
    assert "libnot_there.so.7" in str(error)
    assert "libnot-there7" in error.fix or "package manager" in error.fix


def test_a_childs_python_hears_nothing_of_the_callers(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PIP_TARGET", "/nowhere")
    monkeypatch.setenv("PIP_INDEX_URL", "file:///mirror")
    environment = clean_environment()
    assert not {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET"} & set(environment)
    assert environment["PIP_INDEX_URL"] == "file:///mirror"
    assert subprocess.run([sys.executable, "-c", "import json"], env=environment, check=False).returncode == 0


@pytest.mark.parametrize(("arguments", "code"), [(["--demo", "--quick"], 2), (["--quick"], 2), (["--faults"], 2)])
def test_quick_goes_with_the_tests_alone(arguments, code):
    done = subprocess.run([sys.executable, ROOT / "vendor_install.py", *arguments], capture_output=True, text=True)
    assert done.returncode == code and "--quick" in done.stderr
