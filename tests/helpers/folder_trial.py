# SPDX-License-Identifier: GPL-3.0-or-later
"""Many photos in one process against as many single calls: `python tests/helpers/folder_trial.py --photos 100`.

Cut-outs of the bundled people, mirrored, of other sizes and tones, go through the command line: some alone, each in a
process of its own; all of them, with broken ones among them, as a folder that is killed in the middle and resumed.
Seconds are the processor's, children counted, since others may want the machine.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
PEOPLE = ("man_polo_full_body", "man_suit_full_body")
ENGINE = [sys.executable, "-s", "-m", "blender_pifu.engine"]


def write_photos(folder: Path, count: int, bad: int, high: int = 512) -> None:
    """Write so many pictures, evenly among them `bad` ones that are none; `high`: pixels of the tallest."""
    from blender_pifu.engine.reading.photo import load_photo
    from blender_pifu.engine.subject.figure import Figures

    figures, cuts = Figures("cpu"), []
    for name in PEOPLE:
        figure = figures.cut_out(load_photo(ROOT / "blender_pifu" / "data" / "photos" / f"{name}.jpg"))
        rgb, alpha = figure.cut(high)
        cuts.append(np.dstack([255 * rgb, 255 * alpha]).round().astype(np.uint8))
    wrong = set(np.linspace(1, count - 2, bad).round().astype(int).tolist()) if bad else set()
    for number in range(count):
        file = folder / f"person {number:03d}.png"
        if number in wrong:
            file.write_bytes(b"\x89PNG torn")
            continue
        cut = cuts[number % len(cuts)]
        cut = cut[:, ::-1] if number // 2 % 2 else cut
        cut = cv2.resize(cut, (0, 0), fx=1 - 0.01 * (number // 4 % 30), fy=1 - 0.01 * (number // 4 % 30))
        cut[..., :3] = (cut[..., :3] * (1 - 0.02 * (number // 4 % 20))).astype(np.uint8)
        Image.fromarray(cut).save(file)


def measured(words: list[str], kill_after: int = 0) -> tuple[list[dict], float, int]:
    """Run the engine; its lines of JSON, seconds of the processor, exit code. kill_after: so many results."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [*ENGINE, *words, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    rows, lost = [], 0.0
    for line in process.stdout:
        rows.append(json.loads(line))
        if kill_after and sum("status" in row for row in rows) >= kill_after:
            lost = seconds_of(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    code = process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return rows, lost or after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code


def seconds_of(session: int) -> float:
    """Seconds of the processor of all processes of a session, which are about to be killed (Linux)."""
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print what the trial found, as one JSON object."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--bad", type=int, default=5)
    parser.add_argument("--singles", type=int, default=8, help="calls of one photo")
    parser.add_argument("engine", nargs="*", default=["--model", "fast", "--resolution", "128"], help="its options")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        photos, out = Path(place, "photos"), Path(place, "out")
        photos.mkdir()
        write_photos(photos, options.photos, options.bad)
        files = sorted(photos.iterdir())
        good = [file for file in files if file.stat().st_size > 100]
        singles = []
        for file in good[: options.singles]:
            _, seconds, code = measured([str(file), "-o", str(Path(place, "one.glb")), *options.engine])
            assert code == 0
            singles.append(round(seconds, 2))
        words = [str(photos), "-o", str(out), *options.engine]
        first, before, _ = measured(words, options.photos * 2 // 5)
        rest, after, code = measured([*words, "--resume"])
        rows = [row for row in first + rest if "status" in row]
        report = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
        done = [row["output"] for row in report if row["status"] == "done"]
        peaks = [row["summary"]["peak_memory_mb"] for row in rest if row.get("status") == "done"]
        each = float(np.mean(singles))
        together = (before + after) / len(good)
        found = {
            "photos": options.photos,
            "single_call_s": singles,
            "in_a_folder_s": round(together, 2),
            "times_as_many": round(each / together, 2),
            "killed_after": len([row for row in first if "status" in row]),
            "made_after_resuming": len([row for row in rest if row.get("status") == "done"]),
            "done_once": sorted(done) == sorted(f"{file.stem}.glb" for file in good),
            "results": len(list(out.glob("*.glb"))),
            "failed": sorted({row["output"] for row in rows if row["status"] == "failed"}),
            "exit_code": code,
            "peak_memory_mb": [peaks[k] for k in (0, len(peaks) // 4, len(peaks) // 2, -1)],
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
