# SPDX-License-Identifier: GPL-3.0-or-later
"""What ships opens no socket, starts no shell, unpickles nothing and runs no text as code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(
    path
    for path in (*(ROOT / "blender_pifu").rglob("*.py"), ROOT / "vendor_install.py", ROOT / "__init__.py")
    if "training" not in path.relative_to(ROOT).parts
)
MODULES = {"socket", "socketserver", "ssl", "http", "ftplib", "pickle", "shelve", "marshal", "dill", "code", "xmlrpc"}
MODULES |= {"requests", "urllib3", "aiohttp"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "execfile", "execv", "execve", "spawnl"}
METHODS = {"eval", "compile"}  # of networks and regular expressions; platform.system only tells


def name_of(call):
    function = call.func
    return (function.id, False) if isinstance(function, ast.Name) else (getattr(function, "attr", ""), True)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_ships_is_a_way_in_or_out(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module.split(".")[0] not in MODULES
        elif isinstance(node, ast.Call):
            name, method = name_of(node)
            own = method and (name in METHODS or ast.unparse(node.func) == "platform.system")
            assert name not in CALLS or own, f"line {node.lineno}: {name}"
            words = {word.arg: ast.unparse(word.value) for word in node.keywords}
            assert words.get("shell", "False") == "False"
            if name == "load" and ast.unparse(node.func) in ("torch.load", "np.load"):
                assert words.get("weights_only") == "True" or words.get("allow_pickle") == "False"
