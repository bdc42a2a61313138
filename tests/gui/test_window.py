# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist does from the zip to a person in a file, in a real window.

$BLENDER_PIFU_SCREENSHOTS: a folder for the screenshots of every state, as small JPEGs.
"""

import json
import os
from pathlib import Path

import pytest
from PIL import Image

import blender_pifu

PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"
STATES = {
    "new-file", "zip-dropped", "photo-dropped", "engine-missing", "installing", "photo-looked-at", "at-work",
    "first-human", "panel", "controls", "cancelling", "cancelled", "undone", "failed", "queue", "queue-at-work",
    "queue-done", "checked", "for-unreal", "t-pose-unreal-bones", "opened-again", "german",
}  # fmt: skip


@pytest.fixture(scope="module")
def played(play):
    """(folder, what was told, exit code); the play is kept where $BLENDER_PIFU_SCREENSHOTS says."""
    out, code = play({"photo": str(PHOTO)})
    told = json.loads((out / "told.json").read_text(encoding="utf-8"))
    if os.environ.get("BLENDER_PIFU_SCREENSHOTS"):
        _keep(out, told, Path(os.environ["BLENDER_PIFU_SCREENSHOTS"]))
    print(json.dumps(told, indent=1))
    return out, told, code


def _keep(out, told, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for picture in sorted(out.glob("*.png")):
        whole = Image.open(picture).convert("RGB")
        wide, high = whole.size
        if picture.stem[3:] == "panel":
            left, below, width, height = told["sidebar"]
            whole.crop((left, high - below - height, left + width, high - below)).save(folder / "panel.png")
            continue
        left = 0.03 if picture.stem[3:] in {"zip-dropped", "photo-dropped"} else 0.31  # else the person and the sidebar
        small = whole.crop((int(left * wide), 0, int((left + 0.52) * wide), int(0.9 * high)))
        small.thumbnail((1080, 1080), Image.Resampling.LANCZOS)
        small.save(folder / f"{picture.stem[3:]}.jpg", quality=60)
    (folder / "told.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def test_everything_holds(played):
    out, told, code = played
    assert not told["error"], told["error"]
    assert [name for name, held in told["held"].items() if not held] == []
    assert code == 0
    assert {picture.stem[3:] for picture in out.glob("*.png")} == STATES


def test_few_actions_lead_to_the_first_human(played):
    actions = played[1]["actions"]
    assert len(actions) <= 6 and sum(action["decision"] for action in actions) == 3


def test_blender_stays_smooth_while_the_engine_works(played):
    for work in played[1]["work"]:
        assert work["longest_own_tick_s"] < 0.5, work
        assert work["cpu_share"] < 0.6, work  # most of it is software OpenGL


def test_a_human_costs_less_than_moving_the_view_twice(played):
    works = [work for work in played[1]["work"] if work["humans"]]
    assert sum(work["humans"] for work in works) == 4
    for work in works:
        assert work["import_s"] < 1, work
        assert work["cpu_s_a_human"] < 2 * work["cpu_s_a_view"], work  # built, and drawn once as after any move


def test_nothing_runs_on_or_lies_about_once_blender_has_quit(played, profile):
    assert played[2] == 0
    home = Path(profile["BLENDER_PIFU_HOME"])
    assert not list(home.glob("jobs/*"))
    for cmdline in Path("/proc").glob("[0-9]*/environ") if Path("/proc").is_dir() else ():
        try:
            assert str(home).encode() not in cmdline.read_bytes(), cmdline.parent.name
        except OSError:
            continue
