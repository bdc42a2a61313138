# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the golden results anew, from this checkout: python tests/golden/write.py [CASE ...]

Do so where a result was meant to change, and look first at what changed: run it, then `git diff tests/golden`. Without
names all cases are written (two minutes); with --check nothing is written, and what differs is said.

The golden results are exact only on the kind of processor that wrote them (`machine` in their .json). Before work on
another, write them there from the commit one starts at.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as tests/conftest.py
sys.path[:0] = map(str, Path(__file__).resolve().parents[1:3])  # tests, and the root

from blender_pifu.engine.pipeline import Engine  # noqa: E402
from golden.compare import differences  # noqa: E402
from golden.results import CASES, KEPT, golden, machine, make, read, write  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)} (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"there is no case {', '.join(sorted(unknown))}; choose from {', '.join(CASES)}")
    engine = Engine("cpu")
    differs = False
    for name in options.cases or CASES:
        made = golden(make(engine, name))
        if (KEPT / f"{name}.json").exists():
            kept, made_on = read(name)
            found = differences(kept, made, made_on == machine())
            differs |= bool(found)
            print(name, "as it was" if not found else "differs", *found, sep="\n  ", flush=True)
        if not options.check:
            write(name, made)
    return int(options.check and differs)


if __name__ == "__main__":
    sys.exit(main())
