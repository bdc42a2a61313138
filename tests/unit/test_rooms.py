# SPDX-License-Identifier: GPL-3.0-or-later
"""Which room of engine, add-on and training may import which, and that no file comes back to itself."""

import ast
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "blender_pifu"
FILES = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in PACKAGE.rglob("*.py")}
# Files beside the rooms that every room stands on; the others there stand on the rooms.
BASE = {
    "engine": {
        "cores",
        "crop_space",
        "device",
        "errors",
        "futures",
        "interfaces",
        "labels",
        "memory",
        "smooth_step",
        "srgb",
        "usual_colors",
    },
    "addon": {"errors", "files_in_use", "identity", "kept"},
}
# Room: what it may import, beside its own files. Both sides' common files are rooms of their own.
MAY_IMPORT = {
    "protocol": "choices",
    "client": "child protocol",
    "install": "child paths",
    "engine.base": "protocol",
    "engine.surface": "engine.base",
    "engine.files": "body_axes engine.base engine.surface outputs result_file",
    "engine.reading": "engine.base engine.files",
    "engine.subject": "choices engine.base engine.reading",
    "engine.networks": "engine.base engine.reading engine.subject engine.surface",
    "engine.color": "engine.base engine.reading engine.surface",
    "engine.body": "engine.base engine.files engine.reading engine.subject engine.surface result_file",
    "engine.layout": "engine.base engine.body engine.color engine.files engine.reading engine.subject engine.surface "
    "result_file",
    "engine.hands": "engine.base engine.body engine.layout engine.reading engine.subject engine.surface",
    "engine.face": "engine.base engine.body engine.files engine.layout engine.networks engine.reading engine.subject "
    "engine.surface",
    "engine.back_photo": "engine.base engine.color engine.networks engine.reading engine.subject protocol",
    "engine.folds": "engine.base engine.color engine.files engine.networks engine.reading",
    "engine.shading": "engine.base engine.color engine.files engine.networks engine.reading",
    "engine.parsing": "engine.base engine.files engine.networks engine.reading",
    "engine.published": "engine.base engine.files engine.networks engine.reading",
    "engine": "choices engine.back_photo engine.base engine.batch engine.body engine.color engine.face engine.files "
    "engine.folds engine.hands engine.layout engine.motion engine.networks engine.parsing engine.published "
    "engine.reading engine.shading engine.subject engine.surface engine.video engine.views outputs paths protocol "
    "result_file steps",
    "addon.base": "outputs protocol",
    "addon.person": "addon.base body_axes protocol result_file",
    "addon.checks": "addon.base addon.person body_axes",
    "addon.posing": "addon.base addon.checks addon.controls addon.person body_axes protocol",
    "addon.work": "addon.base addon.checks addon.controls addon.languages addon.person addon.posing child choices "
    "client install outputs paths protocol result_file steps",
    "addon.ui": "addon.base addon.checks addon.controls addon.export addon.languages addon.person addon.posing "
    "addon.work choices outputs paths protocol",
    "addon": "addon.base addon.checks addon.person addon.posing addon.queue addon.ui addon.work outputs result_file",
    "training.people": "engine.base engine.reading engine.surface training.native",
    "training.data": "engine.base engine.files engine.networks engine.reading engine.surface outputs training.native "
    "training.people",
    "training.learn": "engine engine.base engine.files engine.networks training.data training.native",
    "training.pack": "engine engine.base engine.body engine.files engine.hands engine.layout engine.reading "
    "engine.surface training.learn training.native training.people",
    "training.fields": "engine engine.published engine.surface",
    "training.photos": "engine engine.base engine.reading engine.subject training.data training.people",
    "training.evaluate": "choices engine engine.back_photo engine.base engine.body engine.color engine.face "
    "engine.files engine.folds engine.hands engine.layout engine.motion engine.networks engine.reading engine.subject "
    "engine.surface engine.video engine.views result_file training.data training.marks training.native training.pack "
    "training.people",
    "training.drawn": "engine engine.back_photo engine.base engine.color engine.folds engine.networks training.data "
    "training.evaluate training.learn training.native",
    "training.folds": "engine.base engine.color engine.folds training.drawn training.evaluate training.learn "
    "training.pack",
    "training.parsing": "engine.base engine.color engine.parsing training.drawn training.evaluate training.learn "
    "training.pack",
    "training.shading": "engine.base engine.color engine.shading training.drawn training.learn training.pack",
    "training": "engine.base training.data training.drawn training.evaluate training.fields training.folds "
    "training.learn training.marks training.pack training.parsing training.photos training.shading",
    "engine.batch": "choices engine.base engine.files engine.surface outputs protocol result_file",
    "addon.export": "addon.base addon.person choices protocol",
    "engine.views": "engine.back_photo engine.base engine.body engine.color engine.reading engine.subject "
    "engine.surface",
    "addon.controls": "addon.person body_axes",
    "addon.queue": "addon.base addon.languages addon.person addon.ui addon.work protocol",
    "training.marks": "engine.base engine.body engine.face engine.files engine.reading engine.surface training.data "
    "training.learn training.native training.pack training.people",
    "engine.motion": "engine.base engine.body engine.reading engine.video result_file",
    "engine.video": "engine.base engine.files engine.reading engine.views protocol",
}


def room(file):
    side, *inside = file
    if side not in ("engine", "addon", "training"):
        return side
    if len(inside) < 2:
        return f"{side}.base" if inside and inside[0] in BASE.get(side, ()) else side
    return f"{side}.{inside[0]}"


def imports(file):
    """The files of ours that a file imports, wherever in it; but for what only a type checker reads."""
    tree = ast.parse(FILES[file].read_text(encoding="utf-8"))
    checked = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    unread = {id(inner) for node in checked for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level or id(node) in unread:
            continue
        folder = (*file[: len(file) - node.level], *(node.module.split(".") if node.module else ()))
        for alias in node.names:
            found = next(
                (name for name in ((*folder, alias.name), folder, (*folder, "__init__")) if name in FILES), None
            )
            assert found, f"{'/'.join(file)} imports {'.'.join(folder)}.{alias.name}, which is not there"
            yield found


def arrows():
    found = defaultdict(set)
    for file in FILES:
        for other in imports(file):
            if room(other) not in (room(file), "__init__"):
                found[room(file), room(other)].add(f"{'/'.join(file)} -> {'/'.join(other)}")
    return found


def test_rooms_import_what_the_table_allows():
    allowed = {(one, other) for one, others in MAY_IMPORT.items() for other in others.split()}
    found = arrows()
    assert not [sorted(found[arrow]) for arrow in found if arrow not in allowed]
    assert not allowed - set(found), "arrows that nobody needs any more go from the table"


def test_no_room_leads_back_to_itself():
    TopologicalSorter({one: others.split() for one, others in MAY_IMPORT.items()}).prepare()  # raises CycleError


def test_no_file_leads_back_to_itself():
    TopologicalSorter({file: set(imports(file)) - {file} for file in FILES}).prepare()
