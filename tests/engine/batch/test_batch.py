# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photos: each has its own output and choices, one that fails does not stop the rest, and what is done stays."""

import json
from pathlib import Path

import pytest

from blender_pifu.choices import Choices
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.batch import queue
from blender_pifu.engine.batch.entries import Entry, entries_of, read_manifest
from blender_pifu.engine.batch.report import Report
from blender_pifu.engine.errors import InputError
from helpers import silhouette
from helpers.batch_makers import maker

PLAIN = Choices()


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def entry(out, name):
    photo = out.parent / f"{name}.png"
    photo.write_bytes(b"photo")
    return Entry(photo, out / f"{name}.glb", PLAIN)


def test_photos_of_one_name_get_outputs_of_their_own(tmp_path):
    photos = [tmp_path / "a" / "Ann.png", tmp_path / "b" / "ann.jpg", tmp_path / "Bob.png"]
    names = [each.output.name for each in entries_of(photos, tmp_path / "out", ".glb", PLAIN)]
    assert names == ["Ann.glb", "ann-2.glb", "Bob.glb"]


def test_a_folder_is_its_pictures(tmp_path):
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    assert [each.photo.name for each in entries_of([tmp_path], tmp_path, ".ply", PLAIN)] == ["a.png", "b.JPG"]
    with pytest.raises(InputError, match="no photo"):
        entries_of([tmp_path / "a.png"][1:], tmp_path, ".ply", PLAIN)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_manifest_tells_the_choices_of_each(tmp_path, ending):
    rows = [
        {"photo": "Ann.png", "name": "Anna", "height_m": 1.62, "rig": True},
        {"photo": "sub/Bob.png", "person": 2, "back": "sub/Bob back.png", "views": ["a.png", "sub/b.png"]},
    ]
    path = tmp_path / f"people.{ending}"
    if ending == "csv":
        path.write_text(
            "photo,name,height_m,rig,person,back,views\nAnn.png,Anna,1.62,yes,,,\n"
            "sub/Bob.png,,,,2,sub/Bob back.png,a.png; sub/b.png\n",
            encoding="utf-8-sig",
        )
    else:
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    ann, bob = read_manifest(path, tmp_path / "out", ".glb", Choices(resolution=128))
    assert ann == Entry(
        tmp_path / "Ann.png", tmp_path / "out" / "Anna.glb", Choices(resolution=128, height_m=1.62, rig=True)
    )
    views = str(tmp_path / "a.png"), str(tmp_path / "sub" / "b.png")
    assert bob.choices == Choices(resolution=128, person=2, back=str(tmp_path / "sub" / "Bob back.png"), views=views)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Ann.png,tall", "Line 2.*height of tall"),
        ("Ann.png,900", "Line 2.*height of 900"),
        (",1.7", "Line 2.*no photo"),
    ],
)
def test_a_wrong_line_is_named_before_anything_is_made(tmp_path, line, message):
    path = tmp_path / "people.csv"
    path.write_text(f"photo,height_m\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_manifest(path, tmp_path, ".glb", PLAIN)


@pytest.mark.parametrize(
    ("text", "message"),
    [("photo,hight\na.png,1\n", '"hight"'), ("photo,name\na.png,../b\n", "no name"), ("", "names no")],
)
def test_so_is_a_column_that_nobody_reads_and_a_name_elsewhere(tmp_path, text, message):
    path = tmp_path / "people.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_manifest(path, tmp_path, ".glb", PLAIN)


def test_one_that_fails_does_not_stop_the_rest(out):
    entries = [entry(out, name) for name in ("Ann", "nobody", "broken", "Bob")]
    answers = {each.photo.stem: answer for each, answer in queue.run(entries, maker)}
    assert [answers[name]["status"] for name in ("Ann", "nobody", "broken", "Bob")] == [
        "done", "failed", "failed", "done",
    ]  # fmt: skip
    assert answers["nobody"]["kind"] == "no_person" and answers["nobody"]["fix"]
    assert "broken" in answers["broken"]["error"]


def test_a_process_that_is_killed_takes_nothing_with_it(out):
    names = ["Ann", "deadly", "Bob", "nobody", "Cid"]
    entries = [entry(out, name) for name in names]
    answers = {each.photo.stem: answer for each, answer in queue.run(entries, maker, 2)}
    assert set(answers) == set(names)
    assert answers["deadly"]["kind"] == "engine_killed" and answers["nobody"]["kind"] == "no_person"
    for name in ("Ann", "Bob", "Cid"):
        assert answers[name]["status"] == "done" and (out / f"{name}.glb").exists()


def test_nor_is_one_lost_whose_process_was_killed_for_another(out):
    # Without a deadly one beside it, which could end its process before it has marked its first attempt.
    entries = [entry(out, name) for name in ("Ann", "unlucky", "Bob", "Cid")]
    answers = {each.photo.stem: answer for each, answer in queue.run(entries, maker, 2)}
    assert len(answers) == 4 and all(answer["status"] == "done" for answer in answers.values())
    assert all(each.output.exists() for each in entries)


def test_what_is_done_is_not_made_again_unless_something_changed(out):
    ann, bob = entry(out, "Ann"), entry(out, "Bob")
    report = Report.begin(out, [ann, bob], resume=False)
    ann.output.touch()
    report.add(ann, "done", summary={})
    report.add(bob, "failed", error="no")
    with open(report.path, "a", encoding="utf-8") as file:
        file.write('{"output": "Bo')  # the computer stopped
    again = Report.begin(out, [ann, bob], resume=True)
    assert again.is_done(ann) and not again.is_done(bob)
    assert not again.is_done(Entry(ann.photo, ann.output, Choices(rig=True)))
    ann.photo.write_bytes(b"another photo")
    assert not again.is_done(ann)
    side = out.parent / "side.png"
    side.write_bytes(b"one")
    both = Entry(ann.photo, ann.output, Choices(views=(str(side),)))
    again.add(both, "done", summary={})
    assert again.is_done(both)
    side.write_bytes(b"another")
    assert not again.is_done(both), "nor when a further photo is another"
    again.add(bob, "failed", error="no")
    assert json.loads(report.path.read_text(encoding="utf-8").splitlines()[-1])["output"] == "Bob.glb"
    with pytest.raises(InputError, match="already holds"):
        Report.begin(out, [ann, bob], resume=False)


def test_a_folder_of_photos_becomes_a_folder_of_people(tmp_path, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    silhouette.write_cut_out(photos / "Ann.png")
    (photos / "Bad.png").write_bytes(b"no picture")
    command = [str(photos), "-o", str(tmp_path / "out"), "--resolution", "128", "--format", "ply"]
    assert main([*command, "--model", "fast"]) == 5
    assert "Bad.png" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "Ann.ply", "report.jsonl", "contact_sheet-1.jpg", "strips",
    }  # fmt: skip
    made = (tmp_path / "out" / "Ann.ply").stat().st_mtime_ns
    assert main([*command, "--model", "fast"]) == 2, "results are not replaced unasked"
    assert "--resume" in capsys.readouterr().err
    silhouette.write_cut_out(photos / "Bad.png")
    assert main([*command, "--model", "fast", "--resume", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["output"] for line in lines[:-1]] == ["Bad.ply"] and lines[-1]["failed"] == 0
    assert (tmp_path / "out" / "Ann.ply").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.png", "b.png", "-o", "out.glb"], "no folder"),
        (["a.png", "b.png", "-o", "out", "--person", "2"], "manifest"),
        (["a.png", "-o", "out", "--manifest", "m.csv"], "one or the other"),
        (["-o", "out", "--manifest", "none.csv"], "cannot be read"),
    ],
)
def test_what_cannot_be_is_told_before_work_begins(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()
