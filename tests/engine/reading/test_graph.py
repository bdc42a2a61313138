# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of people and landmarks answer as the published ones do.

mediapipe_oracle.npz holds what the published .tflite files, run by ai-edge-litert, say on man_suit_full_body.jpg,
those of hands on a hand in it, squeezed to the size they take: a map's mean over blocks, everything else as it is. Made
by this file:
BLENDER_PIFU_MEDIAPIPE=FOLDER_OF_TFLITE python tests/engine/reading/test_graph.py
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import blender_pifu
from blender_pifu.engine.errors import EngineError
from blender_pifu.engine.reading.graph import DATA, Graph

ORACLE = Path(__file__).with_name("mediapipe_oracle.npz")
NETWORKS = {
    "pose_detection": (-1, 1),
    "pose_landmark_full": (0, 1),
    "hand_recrop": (0, 1),
    "hand_landmark_full": (0, 1),
}
SIZES = {"pose_detection": 224, "pose_landmark_full": 256, "hand_recrop": 256, "hand_landmark_full": 224}
HAND = (315, 475, 435, 595)  # left, upper, right, lower border of a hand in the photo
PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_suit_full_body.jpg"


def picture(name):
    """(1, h, w, 3) float32 as the network takes it."""
    low, high = NETWORKS[name]
    box = HAND if name.startswith("hand") else None
    small = Image.open(PHOTO).resize((SIZES[name], SIZES[name]), Image.Resampling.BOX, box)
    return np.asarray(small, np.float32)[None] / 255 * (high - low) + low


def shrink(values):
    """Maps (1, h, w, c) averaged over blocks; everything else as it is."""
    if values.ndim != 4 or values.shape[1] == 1:
        return values
    block = values.shape[1] // 32
    return values.reshape(1, 32, block, 32, block, -1).mean((2, 4))


def run_original(name):
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(Path(os.environ["BLENDER_PIFU_MEDIAPIPE"]) / f"{name}.tflite"))
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], picture(name))
    network.invoke()
    return [network.get_tensor(output["index"]) for output in network.get_output_details()]


def run_ours(name):
    graph = Graph(DATA / f"{name}.safetensors")
    outputs = graph(torch.from_numpy(picture(name)).permute(0, 3, 1, 2))
    return [(output.permute(0, 2, 3, 1) if output.dim() == 4 else output).numpy() for output in outputs]


def check(found, wanted, tolerance):
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=tolerance * max(1.0, np.abs(theirs).max()))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_answer_as_the_published_ones(name):
    with np.load(ORACLE) as file:
        wanted = [file[f"{name}{index}"].astype(np.float32) for index in range(sum(name in key for key in file))]
    check([shrink(output) for output in run_ours(name)], wanted, 1e-3)  # kept as float16


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.skipif("BLENDER_PIFU_MEDIAPIPE" not in os.environ, reason="the original .tflite files are not here")
def test_networks_answer_as_the_originals_at_hand(name):
    pytest.importorskip("ai_edge_litert")
    check(run_ours(name), run_original(name), 3e-4 if name == "hand_recrop" else 1e-4)  # the former is rounded


@pytest.mark.parametrize("name", [*NETWORKS, "face_landmark_with_attention"])
def test_weights_are_those_of_the_card(name):
    path = DATA / f"{name}.safetensors"
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["license"] == "Apache-2.0"
    assert card["sha256"][path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", [None, b"", b"nonsense" * 100, "half", "rvm"])
def test_damaged_weights_are_named(tmp_path, content):
    path = tmp_path / "pose.safetensors"
    if content == "rvm":  # weights without a graph
        path = DATA / "rvm.safetensors"
    elif content is not None:
        whole = (DATA / "pose_detection.safetensors").read_bytes()
        path.write_bytes(whole[: 10**6] if content == "half" else content)
    with pytest.raises(EngineError, match=path.name) as caught:
        Graph(path)
    assert caught.value.fix


if __name__ == "__main__":
    np.savez_compressed(
        ORACLE,
        **{
            f"{name}{index}": shrink(output).astype(np.float16)
            for name in NETWORKS
            for index, output in enumerate(run_original(name))
        },
    )
