# SPDX-License-Identifier: GPL-3.0-or-later
"""Check results of the engine without a window: python -m blender_pifu.addon.criteria RESULT.npz ...

Prints a JSON object a line: the report of `bpy.ops.pifu.validate` as a result comes, and what its T-pose tears. Needs
Blender as a Python module.
"""

import argparse
import json
import sys
from pathlib import Path

import bpy

from .. import addon
from ..result_file import ResultError, read_result
from .checks.validate import as_json, validate
from .demo import enable, leave
from .person.human import find_person
from .person.scene import add_human
from .posing.repose import repose


def report(path: Path, bones: str) -> dict:
    """What the panel's Check says of a result file with the bones of a set (of bones.SETS), its summary, and its Torn
    in T-pose with the checks that fail then. Raises ResultError."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    human = read_result(path)
    add_human(bpy.context, bpy.context.scene, human, path.stem, bones)
    person = find_person(bpy.context)
    found = json.loads(as_json(person, validate(person))) | {"summary": human.summary.as_dict()}
    if person.armature:
        torn = repose(bpy.context, person, "T")
        found["torn"] = {"edges": torn.edges, "parts": torn.parts}
        found["failed_in_t_pose"] = [line.id for line in validate(person) if line.state == "ERROR"]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the reports; returns 1 if a file cannot be read."""
    parser = argparse.ArgumentParser(prog="blender_pifu.addon.criteria", description=__doc__.splitlines()[0])
    parser.add_argument("results", metavar="RESULT.npz", type=Path, nargs="+")
    parser.add_argument("--bones", default="PLAIN", help="bone set: PLAIN, RIGIFY, MIXAMO, UNREAL, VRM")
    options = parser.parse_args(arguments)
    enable()
    try:
        for path in options.results:
            print(json.dumps(report(path, options.bones)), flush=True)
    except ResultError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        addon.unregister()
    return 0


if __name__ == "__main__":
    leave(main())
