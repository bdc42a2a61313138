# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests of the fault table and prints it: by `vendor_install.py --test --faults`.

How each test ended is kept as it ends: with --resume those that passed are not run again. Writes docs/faults.md when
no further arguments choose among the tests.
"""

import json
import os
import platform
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults.table import ROWS, Row  # noqa: E402

os.environ.setdefault("BLENDER_PIFU_JOBS", "100")
KEPT = ROOT / ".pytest_cache" / "faults.json"
PAGE = ROOT / "docs" / "faults.md"
HEAD = """# What may go wrong, and what holds

Made by `python vendor_install.py --test --faults`, which injects each fault into the real add-on and the real engine. A
row survives when all its tests pass (`tests/faults/table.py` names them).

The readers of messages, results, weights and checkpoints (torch's two formats and Torch7's) are fuzzed as well:
`BLENDER_PIFU_EXAMPLES=2000 python -m pytest tests/unit/test_hostile_input.py` draws 10,000 inputs, five times 2,000,
with Hypothesis. Bad ones, which are neither read nor refused in words: 0.

"""


class Outcomes:
    """Collects how each test ended; prints the table at the end."""

    def __init__(self, resume: bool, write: bool) -> None:
        self._write = write
        known = json.loads(KEPT.read_text(encoding="utf-8")) if resume and KEPT.exists() else {}
        self._ended = {node: hows for node, hows in known.items() if "failed" not in hows}

    def pytest_collection_modifyitems(self, items) -> None:
        """Leave out what passed before."""
        items[:] = [item for item in items if "passed" not in self._ended.get(item.nodeid, ())]

    def pytest_runtest_logreport(self, report) -> None:
        """Keep the worst of setup, call and teardown."""
        if report.when == "call" or not report.passed:
            why = report.longrepr[2].removeprefix("Skipped: ") if report.skipped and report.longrepr else ""
            self._ended.setdefault(report.nodeid, []).append(f"skipped: {why}" if report.skipped else report.outcome)
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(self._ended), encoding="utf-8")

    def outcome(self, row: Row) -> str:
        """How a row came out: survived, FAILED, not run, or why it was skipped."""
        tests = [[how for node, hows in self._ended.items()
                  if node == test or ("[" not in test and node.split("[")[0] == test) for how in hows]
                 for test in row.tests]  # fmt: skip
        ended = [how for hows in tests for how in hows]
        if "failed" in ended:
            return "FAILED"
        if "passed" in ended:
            ran = sum(map(bool, tests))
            return "survived" if ran == len(tests) else f"not all run: {ran} of {len(tests)} tests passed"
        return next(iter(ended), "not run")  # a skipped one says why

    def pytest_terminal_summary(self, terminalreporter) -> None:
        """Print the table, and keep it."""
        lines = ["| fault | injected by | what must hold | outcome |", "|---|---|---|---|"]
        outcomes = [self.outcome(row) for row in ROWS]
        lines += [
            f"| {row.fault} | {row.injected} | {row.holds} | {how} |" for row, how in zip(ROWS, outcomes, strict=True)
        ]
        count = f"{len(ROWS)} faults, {outcomes.count('survived')} survived, {outcomes.count('FAILED')} failed."
        where = f"{count} {platform.system()}, Python {platform.python_version()}{_blender()}."
        text = "\n".join([where, "", *lines, ""])
        terminalreporter.write(f"\n{text}\n")
        if self._write:
            PAGE.write_text(HEAD + text, encoding="utf-8")


def _blender() -> str:
    bpy = sys.modules.get("bpy")
    return f", Blender {bpy.app.version_string}" if bpy else ""


def main(arguments: list[str]) -> int:
    """Run the rows' tests, with further arguments for pytest; returns pytest's exit code."""
    nodes = sorted({test for row in ROWS for test in row.tests}, key=lambda node: node.partition("::")[0], reverse=True)
    others = [argument for argument in arguments if argument != "--resume"]
    return int(pytest.main([*nodes, *others], plugins=[Outcomes("--resume" in arguments, not others)]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
