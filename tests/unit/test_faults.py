# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault table names tests that are there."""

import ast
from pathlib import Path

from faults.table import ROWS

ROOT = Path(__file__).resolve().parents[2]


def test_every_row_of_the_fault_table_has_a_test_that_is_there():
    assert len(ROWS) >= 40
    assert len({row.fault for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.tests
        for test in row.tests:
            path, _, name = test.partition("::")
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            assert name.split("[")[0] in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}, test
