# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch on a cluster of Ray: a machine lost in the middle loses nothing, every photo has exactly one result."""

import collections
import json
import os
import sys
import time
from pathlib import Path

import pytest

from blender_pifu.choices import Choices
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.batch import cluster
from blender_pifu.engine.batch.entries import Entry
from blender_pifu.engine.batch.results import FolderResults, UrlResults
from helpers import silhouette
from helpers.batch_makers import maker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Ray's trial cluster is for Linux and macOS")
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def machines():
    """A cluster of three machines in this one, beside the one that gives orders."""
    from ray.cluster_utils import Cluster

    own = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    own |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    before = {name: os.environ.get(name) for name in own}
    os.environ |= own
    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    found.nodes = [found.add_node(num_cpus=1) for _ in range(3)]
    yield found
    found.shutdown()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def entries(folder, names):
    made = []
    for name in names:
        photo = folder / f"{name}.png"
        photo.write_bytes(name.encode())
        made.append(Entry(photo, folder / "out" / f"{name}.glb", Choices()))
    (folder / "out").mkdir(exist_ok=True)
    return made


def test_nothing_is_lost_or_doubled_when_a_machine_goes(tmp_path, machines):
    names = [f"p{k}" for k in range(24)] + ["nobody", "broken", "slow-1", "slow-2", "slow-3"]
    todo = entries(tmp_path, names)
    answers = collections.defaultdict(list)
    results = FolderResults(tmp_path / "out")
    with cluster.joined(machines.address) as joined:
        for entry, answer in cluster.run(todo, maker, joined, results.put, 1, "cpu"):
            answers[entry.photo.stem].append(answer["status"])
            if len(answers) == 3:
                machines.remove_node(machines.nodes.pop())
    assert sorted(answers) == sorted(names)
    failed = {"nobody", "broken"}
    assert all(told == ["failed" if name in failed else "done"] for name, told in answers.items())
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(names) - failed


def test_who_kills_every_process_is_told_after_some(tmp_path, machines, monkeypatch, capfd):
    monkeypatch.setattr(cluster, "RETRIES", 1)
    with cluster.joined(machines.address) as joined:
        ((_, answer),) = cluster.run(
            entries(tmp_path, ["deadly"]), maker, joined, FolderResults(tmp_path / "out").put, 1, "cpu"
        )
        time.sleep(2)  # Ray tells of it a little later
    out, told = capfd.readouterr()
    assert not out and "died" in told  # stdout is for the lines of the answers
    assert answer["status"] == "failed" and answer["kind"] == "engine_killed" and "2 times" in answer["error"]


def test_a_cluster_makes_people_and_goes_on_where_it_stopped(tmp_path, machines, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    silhouette.write_cut_out(photos / "ann.png")
    (photos / "torn.png").write_bytes(b"no picture")
    words = [str(photos), "-o", str(tmp_path / "out"), "--resolution", "128", "--cluster", machines.address, "--json"]
    words += ["--results", f"file://{tmp_path}/store"]
    assert main(words) == 5
    *rows, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert sorted((row["output"], row["status"]) for row in rows) == [
        ("ann.glb", "done"), ("torn.glb", "failed"),
    ]  # fmt: skip
    assert end["core_seconds"] > 0 and end["contact_sheets"]
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["ann.glb"]
    assert (tmp_path / "store" / "ann.glb").read_bytes()[:4] == b"glTF"
    silhouette.write_cut_out(photos / "torn.png")
    assert main([*words, "--resume"]) == 0
    *rows, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert [row["output"] for row in rows] == ["torn.glb"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cluster", "nowhere"], "no cluster at"),
        (["--cluster", "local", "--workers", "2"], "this machine alone"),
        (["--results", "file:///x"], "go with --cluster"),
        (["--cluster", "local", "--cores", "0"], "0 cores"),
        (["--cluster", "local", "--results", "nowhere://x"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, capsys, words, said):
    silhouette.write_cut_out(tmp_path / "ann.png")
    silhouette.write_cut_out(tmp_path / "bob.png")
    photos = [str(tmp_path / name) for name in ("ann.png", "bob.png")]
    assert main([*photos, "-o", str(tmp_path / "out"), *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--results", "file:///x"], ["--cores", "2"]])
def test_of_one_photo_they_are_not_overlooked(tmp_path, capsys, words):
    photo = silhouette.write_cut_out(tmp_path / "ann.png")
    assert main([str(photo), "-o", str(tmp_path / "ann.glb"), *words]) == 2
    assert "go with --cluster" in capsys.readouterr().err and not (tmp_path / "ann.glb").exists()


def test_results_are_whole_or_not_there(tmp_path):
    for results in (FolderResults(tmp_path / "a"), UrlResults(f"file://{tmp_path}/b")):
        assert not results.has("x/one.glb")
        results.put("x/one.glb", b"1")
        results.put("x/one.glb", b"22")
        assert results.has("x/one.glb")
    assert (tmp_path / "a" / "x" / "one.glb").read_bytes() == (tmp_path / "b" / "x" / "one.glb").read_bytes() == b"22"
    assert [path.name for path in (tmp_path / "a" / "x").iterdir()] == ["one.glb"]


def test_films_and_folders_of_frames_travel_to_the_machine(tmp_path):
    (tmp_path / "turn").mkdir()
    for name in ("1.png", "2.png"):
        (tmp_path / "turn" / name).write_bytes(name.encode())
    (tmp_path / "film.mp4").write_bytes(b"film")
    (tmp_path / "ann.png").write_bytes(b"ann")

    def maker():
        def make(entry):
            video = Path(entry.choices.video)
            files = sorted(video.iterdir()) if video.is_dir() else [video]
            assert tmp_path not in video.parents and entry.is_film == (entry.photo == video)
            told = {file.name: file.read_bytes().decode() for file in files}
            return told | ({} if entry.is_film else {"photo": entry.photo.read_bytes().decode()})

        return make

    def made(photo, video):
        entry = Entry(photo, tmp_path / "out" / "ann.glb", Choices(video=str(video)))
        return cluster._make_one(maker, cluster._order(entry))[0]["summary"]

    folder, film, ann = tmp_path / "turn", tmp_path / "film.mp4", tmp_path / "ann.png"
    assert made(folder, folder) == {"1.png": "1.png", "2.png": "2.png"}
    assert made(film, film) == {"film.mp4": "film"}
    assert made(ann, film) == {"film.mp4": "film", "photo": "ann"}


def test_without_ray_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    begun = time.monotonic()
    with pytest.raises(Exception, match="not installed") as caught, cluster.joined("local"):
        pass
    assert "pip install" in caught.value.fix and time.monotonic() - begun < 5
