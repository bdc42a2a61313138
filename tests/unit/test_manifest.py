# SPDX-License-Identifier: GPL-3.0-or-later
"""What the extension platform demands of the manifest and Blender's own tool does not check."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))
KEYS = {
    "schema_version", "id", "version", "name", "tagline", "maintainer", "type", "tags", "blender_version_min",
    "blender_version_max", "license", "website", "copyright", "platforms", "wheels", "permissions", "build",
}  # fmt: skip
TAGS = {
    "3D View", "Add Curve", "Add Mesh", "Animation", "Bake", "Camera", "Compositing", "Development", "Game Engine",
    "Geometry Nodes", "Grease Pencil", "Import-Export", "Lighting", "Material", "Modeling", "Mesh", "Node", "Object",
    "Paint", "Pipeline", "Physics", "Render", "Rigging", "Scene", "Sculpt", "Sequencer", "System", "Text Editor",
    "Tracking", "User Interface", "UV",
}  # fmt: skip


def test_keys_are_known():
    assert MANIFEST.keys() <= KEYS
    assert MANIFEST["schema_version"] == "1.0.0"
    assert MANIFEST["type"] == "add-on"
    assert set(MANIFEST["tags"]) <= TAGS


def test_name_and_id_are_allowed():
    assert MANIFEST["id"] == "blender_pifu"
    assert "blender" not in MANIFEST["name"].lower()


def test_versions_fit():
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert tuple(map(int, MANIFEST["blender_version_min"].split("."))) >= (4, 2, 0)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == MANIFEST["version"]
    assert MANIFEST["license"] == [f"SPDX:{project['license']}"]


@pytest.mark.parametrize("text", [MANIFEST["tagline"], *MANIFEST["permissions"].values()])
def test_texts_are_terse(text):
    assert 0 < len(text) <= 64
    assert text == text.strip() and text[-1] not in ".!?"


def test_permissions_are_those_we_use():
    assert set(MANIFEST["permissions"]) == {"network", "files"}


def test_a_root_package_lies_beside_it():
    source = (ROOT / "__init__.py").read_text(encoding="utf-8")
    compile(source, "__init__.py", "exec")
    assert "__init__" not in sys.modules  # pytest would take it for the tests' package
    assert not re.search(r"^(import|from)", source, re.MULTILINE), "it imports lazily"
