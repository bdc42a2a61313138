# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photos on three machines of Ray, one of them lost in the middle, against the plain queue:
`python tests/helpers/cluster_trial.py --photos 200`.

The machines are nodes in this one, of one core each; one is killed when a third of the photos is there. Each photo must
have one result and one line. What Ray costs is told by seconds of the processor, of all of its processes, and by the
time that tasks take which do nothing but sleep, as those of the queue do: so others may want this machine's cores.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from folder_trial import ENGINE, ROOT, measured, write_photos

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
NODES = 3
SLEEP_S = 1.0


class Sleeper:
    """A maker of photos that take their time and no processor."""

    def __call__(self):
        def make(entry) -> dict:
            time.sleep(SLEEP_S)
            entry.output.write_bytes(bytes(1_000_000))
            return {}

        return make

    def __eq__(self, other) -> bool:
        return isinstance(other, Sleeper)

    def __hash__(self) -> int:
        return 0


class Watched:
    """Seconds of the processor that this process's descendants take, the killed ones among them, while it is open
    (Linux)."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[int, str], float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watched":
        self._look()
        self._before = dict(self._seconds)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    @property
    def seconds(self) -> float:
        return sum(value - self._before.get(key, 0.0) for key, value in self._seconds.items())

    def _watch(self) -> None:
        while not self._ended.wait(0.3):
            self._look()

    def _look(self) -> None:
        found = {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = file.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            found[int(file.parent.name)] = fields
        mine = {os.getpid()}
        while more := {pid for pid, fields in found.items() if int(fields[1]) in mine} - mine:
            mine |= more
        for pid in mine - {os.getpid()}:
            ticks = int(found[pid][11]) + int(found[pid][12])
            self._seconds[pid, found[pid][19]] = ticks / os.sysconf("SC_CLK_TCK")


def cluster_of(nodes: int):
    """A cluster of so many nodes of one core beside the one that gives orders."""
    from ray.cluster_utils import Cluster

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    return cluster, [cluster.add_node(num_cpus=1) for _ in range(nodes)]


def killed_in_the_middle(cluster, nodes: list, words: list[str], after: int) -> tuple[list[dict], int]:
    """Run the engine on a cluster and kill a node after so many answers; its lines, and the exit code."""
    process = subprocess.Popen([*ENGINE, *words, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    rows = []
    for line in process.stdout:
        rows.append(json.loads(line))
        if len(rows) == after:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
    return rows, process.wait()


def asleep(folder: Path, files: list[Path], address: str) -> dict[str, float]:
    """Seconds by the clock of tasks that sleep, on the cluster and in the queue, beside what they sleep."""
    from blender_pifu.choices import Choices
    from blender_pifu.engine.batch import cluster, queue
    from blender_pifu.engine.batch.entries import Entry
    from blender_pifu.engine.batch.results import FolderResults

    folder.mkdir()
    entries = [Entry(file, folder / f"{file.stem}.bin", Choices()) for file in files]
    taken = {}
    with cluster.joined(address) as ray:
        for name in ("begun", "cluster"):  # the first time processes start
            begun = time.monotonic()
            keep = FolderResults(folder).put
            done = [answer["status"] for _, answer in cluster.run(entries, Sleeper(), ray, keep, 1, "cpu")]
            taken[name] = time.monotonic() - begun
            assert done == ["done"] * len(entries)
    begun = time.monotonic()
    assert [answer["status"] for _, answer in queue.run(entries, Sleeper(), NODES)] == ["done"] * len(entries)
    taken["queue"] = time.monotonic() - begun
    slept = SLEEP_S * len(entries) / NODES
    return {name: round((value - slept) * NODES / len(entries), 4) for name, value in taken.items()}


def main() -> None:
    """Print what the trial found, as one JSON object."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition(":")[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--bad", type=int, default=5)
    parser.add_argument("--queued", type=int, default=40, help="photos that are made by the plain queue as well")
    parser.add_argument("engine", nargs="*", default=["--model", "fast", "--resolution", "128"], help="its options")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        photos, out, few = Path(place, "photos"), Path(place, "out"), Path(place, "few")
        photos.mkdir()
        few.mkdir()
        write_photos(photos, options.photos, options.bad)
        files = sorted(photos.iterdir())
        good = [file for file in files if file.stat().st_size > 100]
        for file in good[: options.queued]:
            (few / file.name).symlink_to(file)
        _, queued, _ = measured([str(few), "-o", str(Path(place, "queued")), *options.engine])
        cluster, nodes = cluster_of(NODES)
        try:
            idle = asleep(Path(place, "asleep"), files[: 20 * NODES], str(cluster.address))
            words = [str(photos), "-o", str(out), *options.engine, "--cluster", cluster.address]
            begun = time.monotonic()
            with Watched() as watched:
                rows, code = killed_in_the_middle(cluster, nodes, words, options.photos // 3)
        finally:
            cluster.shutdown()
        report = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
        told = collections.Counter(row["output"] for row in report)
        done = [row for row in report if row["status"] == "done"]
        found = {
            "photos": options.photos,
            "killed_after": options.photos // 3,
            "told_once": sorted(told) == sorted(f"{file.stem}.glb" for file in files) and set(told.values()) == {1},
            "done_once": sorted(row["output"] for row in done) == sorted(f"{file.stem}.glb" for file in good),
            "results": len(list(out.glob("*.glb"))),
            "failed": sorted({f"{row['output']}: {row['error']}" for row in report if row["status"] == "failed"}),
            "exit_code": code,
            "wall_s": round(time.monotonic() - begun, 1),
            "core_s_a_photo": round(watched.seconds / len(good), 2),
            "told_core_s_a_photo": rows[-1]["core_seconds"],
            "queue_core_s_a_photo": round(queued / options.queued, 2),
            "beside_sleeping_s_a_task": idle,
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
