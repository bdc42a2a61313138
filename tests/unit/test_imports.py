# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom. Blender's side never meets torch or the engine, and the engine never meets bpy or the add-on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "blender_pifu"
MODULES = sorted(PACKAGE.rglob("*.py"))
BLENDERS = {"bpy", "addon_utils", "mathutils", "bmesh", "gpu", "bl_ext"}


def imported(path):
    """(names of packages, names of our own modules as blender_pifu.x.y, whether an import of ours is absolute)"""
    inside = ("blender_pifu", *path.relative_to(PACKAGE).with_suffix("").parts)
    outer, own, absolute = set(), set(), False
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*inside[: len(inside) - node.level], *filter(None, [node.module])])
            own |= {base} | {f"{base}.{alias.name}" for alias in node.names}
            continue
        else:
            continue
        outer |= {name.split(".")[0] for name in names}
        absolute |= any(name.split(".")[0] == "blender_pifu" for name in names)
    return outer, own, absolute


def room(path):
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def meets(own, *rooms):
    return sorted(name for name in own if name.split(".")[1:2] and name.split(".")[1] in rooms)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports(path):
    outer, own, absolute = imported(path)
    assert not absolute, "only relative imports work inside an extension"
    where = room(path)
    if where == "addon":
        assert not outer & {"torch", "threading", "socket", "multiprocessing", "pickle"}
        assert not meets(own, "engine", "training")
    elif where in ("body_axes", "result_file"):
        assert outer <= set(sys.stdlib_module_names) | {"numpy"}
        assert not own
    elif where in ("choices", "steps", "protocol", "paths", "outputs", "child", "client"):
        assert outer <= set(sys.stdlib_module_names)
        assert not outer & {"threading", "socket", "multiprocessing", "pickle"}
        assert not meets(own, "addon", "engine", "training", "install")
    elif where == "install":
        assert outer <= set(sys.stdlib_module_names)
        assert not meets(own, "addon", "engine", "training")
    elif where == "engine":
        assert not outer & BLENDERS
        assert not meets(own, "addon", "client", "training", "install")
    elif where == "training":
        assert not outer & BLENDERS
        assert not meets(own, "addon", "client", "install")
    else:
        assert where == "__init__"
        assert not outer and not own


def test_blender_properties_are_no_strings():
    """`from __future__ import annotations` would turn the property declarations into strings that Blender skips."""
    for path in (PACKAGE / "addon").rglob("*.py"):
        assert "from __future__ import annotations" not in path.read_text(encoding="utf-8"), path.name


def test_client_brings_no_library_along():
    code = "import sys, blender_pifu.client; print([name for name in ('torch', 'numpy', 'bpy') if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
