# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation agrees with what it is about."""

import dataclasses
import re
from pathlib import Path

import pytest

from blender_pifu.choices import OPTIONS
from blender_pifu.engine.__main__ import build_parser
from blender_pifu.result_file import Summary

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page):
    inside = {f"{path.relative_to(ROOT / 'blender_pifu')}" for path in (ROOT / "blender_pifu").rglob("*.py")}
    for name in re.findall(r"`((?:engine|addon|training)/[\w/]+\.py)`", page.read_text(encoding="utf-8")):
        assert name in inside, name


def test_pages_are_as_short_as_they_should_be():
    assert len(text("README.md").splitlines()) <= 120
    assert len(text("docs/training.md").split()) < 1500


def test_every_option_of_the_command_line_is_described():
    told = set(re.findall(r"^\| `(--[\w-]+)`", text("docs/command-line.md"), re.M))
    flags = {action.option_strings[-1] for action in build_parser()._actions if action.option_strings}
    assert told == flags - {"--help", "--output", "--advise"}
    assert {option.flag for option in OPTIONS.values()} <= told


def test_every_array_and_key_of_the_result_file_is_described():
    page = text("docs/result-file.md")
    for name in dataclasses.fields(Summary):
        assert f"`{name.name}`" in page, name.name
    for name in ("format", "vertices", "uv", "texture", "bone_heads", "weight_bones", "weights", "shape_keys"):
        assert f"`{name}`" in page, name
