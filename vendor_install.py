# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the engine of PIFu Human into its own Python environment; also runs the demo and the tests.

Standard library only, Python 3.9 or later. The environment lies in $BLENDER_PIFU_HOME, by default in the system's
per-user data folder. A plain run installs, resumes or repairs.
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 9):
    sys.exit("vendor_install.py needs Python 3.9 or later to run.")

sys.dont_write_bytecode = True  # this file may lie in Blender's extension folder, where nothing may be written
ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from blender_pifu import paths  # noqa: E402
from blender_pifu.child import clean_environment  # noqa: E402
from blender_pifu.install import environment, selftest, system_libraries, torch_builds  # noqa: E402
from blender_pifu.install.process import InstallError  # noqa: E402
from blender_pifu.install.report import Report  # noqa: E402

# What --test may run instead of all tests: option -> (words, arguments of Python).
INSTEAD = {
    "--faults": ("only those that inject faults, and print their table", ["tests/faults/run.py"]),
    "--gui": ("only those in a Blender with a window ($BLENDER_PIFU_BLENDERS)", ["-m", "pytest", "tests/gui"]),
    "--all-blenders": ("Blender's side in every Blender that is there", ["tests/gui/all_blenders.py"]),
}


def main(arguments: "list[str]") -> int:
    """Return 0 done, 1 failed (of --status: not ready), 2 usage, 130 interrupted; else what the demo or pytest does."""
    options = parse(arguments)
    report = Report(options.json)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return act(options, report)
    except InstallError as error:
        report.end({"status": "failed", "message": str(error), "fix": error.fix})
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        report.end({"status": "failed", "message": f"The install stopped: {error.strerror or error}{where}."})
        return 1
    except KeyboardInterrupt:
        report.end({"status": "interrupted", "message": "Interrupted.", "fix": "Run it again to go on."})
        return 130


def act(options: argparse.Namespace, report: Report) -> int:
    """Do what the command line asks for; raises InstallError."""
    if options.status:
        found = environment.status()
        report.end(found)
        return 0 if found["status"] == "ready" else 1
    if options.remove:
        left = environment.remove()
        kept = f" Left there, as the installer did not bring it: {', '.join(left)}." if left else ""
        report.end({"status": "removed", "message": f"The engine was removed from {paths.home()}.{kept}"})
        return 0
    if options.test and not (ROOT / "tests").is_dir():
        raise InstallError("The tests are not part of the installed extension.", "Run --test in the source folder.")

    groups = ("engine", "blender", "tests") if options.test else ("engine", "blender") if options.demo else ("engine",)
    unasked = len(groups) > 1 and sys.platform.startswith("linux") and system_libraries.can_install_unasked()
    wish = environment.Wish(options.device, options.python, options.wheels, groups, options.system or unasked)
    stamp = environment.install(wish, report)
    report.end({"status": "ready", "message": f"The engine is ready on {stamp['device']}.", **stamp})
    if options.test and options.instead:
        return run_here([*options.instead, *options.pytest_arguments])
    if options.test:
        # A file's tests share what they made, and two processes fit into any machine that runs the engine.
        chosen = ["-m", "not slow"] if options.quick else []
        return run_here(["-m", "pytest", "-n", "2", "--dist", "loadfile", *chosen, *options.pytest_arguments])
    if options.demo:
        return run_here(["-m", "blender_pifu.addon.demo", str(options.demo.absolute()), "--out", str(Path.cwd())])
    return 0


def run_here(arguments: "list[str]") -> int:
    """Run the environment's Python in the repository's root, on this terminal; return its exit code."""
    command = [str(paths.environment_python()), "-s", *arguments]
    compiled = clean_environment(PYTHONDONTWRITEBYTECODE="")  # in a checkout the next start may be the quicker for it
    return subprocess.run(command, cwd=ROOT, env=compiled, check=False).returncode


def parse(arguments: "list[str]") -> argparse.Namespace:
    """The command line; ends with 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="vendor_install.py",
        description="Installs, resumes or repairs the engine of PIFu Human in its own Python environment.",
        epilog="The environment lies in $BLENDER_PIFU_HOME, by default in the system's per-user data folder. "
        "pip's own settings (index-url, find-links, proxy, cert) are honoured. --demo and --test need some system "
        "libraries; as root on Debian or Ubuntu they install them unasked, as --system does.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--demo", nargs="?", type=Path, const=selftest.PHOTO, metavar="PHOTO",
        help="install what is missing, then turn PHOTO (default: a bundled one) into human.blend, human.glb and "
        "human.png in the current folder (numbered where such are there)",
    )  # fmt: skip
    what.add_argument("--test", action="store_true", help="install what is missing, then run the tests")
    what.add_argument("--status", action="store_true", help="say what is there; exit code 0 if the engine is ready")
    what.add_argument("--remove", action="store_true", help="take everything away")
    parser.add_argument(
        "--device", choices=torch_builds.DEVICES,
        help="what the engine computes on (default: as before, auto at first)",
    )  # fmt: skip
    parser.add_argument("--python", metavar="PATH", help="the Python to make the environment from (3.11, 3.12 or 3.13)")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="take every package from this folder, offline")
    parser.add_argument("--system", action="store_true", help="install missing system packages (Debian, Ubuntu)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="with --test: leave out what takes long")
    for flag, (told, instead) in INSTEAD.items():
        parser.add_argument(flag, dest="instead", action="store_const", const=instead, help=f"with --test: {told}")
    parser.add_argument("pytest_arguments", nargs="*", metavar="-- ARGUMENTS", help="with --test: passed on to pytest")
    options = parser.parse_args(arguments)
    if (options.pytest_arguments or options.quick or options.instead) and not options.test:
        parser.error("only --test takes --quick, --faults, --gui, --all-blenders and further arguments")
    if options.json and (options.test or options.demo):
        parser.error("--json does not go with --test and --demo")
    if options.wheels and not options.wheels.is_dir():
        parser.error(f"--wheels: {options.wheels} is not a folder")
    if options.demo and not options.demo.is_file():
        parser.error(f"--demo: {options.demo} is not a file")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
