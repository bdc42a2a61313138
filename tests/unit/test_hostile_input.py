# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever bytes come to a reader, it reads them or says in its own error what is wrong.

$BLENDER_PIFU_EXAMPLES: how many inputs each test draws; five tests, so 2000 are 10,000 in all.
"""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from blender_pifu import protocol
from blender_pifu.protocol import ProtocolError, read_command, read_event
from blender_pifu.result_file import FORMAT, ResultError, read_result

EXAMPLES = int(os.environ.get("BLENDER_PIFU_EXAMPLES", "150"))
LIGHTLY = {"max_examples": EXAMPLES, "deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
FLAT = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.text(max_size=8), PLAIN, max_size=3)
TYPES = [name.lower() for name in dir(protocol) if name[0].isupper()]
FIELDS = ["job", "photo", "output", "choices", "device", "keep_warm_s", "step", "fraction", "kind", "message", "fix"]
MESSAGES = st.fixed_dictionaries({"type": st.sampled_from(TYPES) | PLAIN}).flatmap(
    lambda base: st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=6), FLAT, max_size=6).map(
        lambda more: more | base
    )
)


@settings(**LIGHTLY)
@given(st.binary(max_size=200) | MESSAGES.map(lambda item: json.dumps(item).encode()))
@pytest.mark.parametrize("read", [read_command, read_event])
def test_a_line_is_a_message_or_refused(read, line):
    try:
        read(line)
    except ProtocolError as error:
        assert str(error)


def valid():
    """The arrays of a small result with all its groups: a tetrahedron."""
    names = np.array(["hips", "spine"])
    return {
        "vertices": np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32),
        "faces": np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], np.int32),
        "normals": np.zeros((4, 3), np.float32),
        "colors": np.zeros((4, 3), np.uint8),
        "summary": np.array(json.dumps({"topology": "sculpt", "height_m": 1.7})),
        "uv": np.zeros((4, 3, 2), np.float32),
        "texture": np.frombuffer(b"\x89PNG\r\n\x1a\n", np.uint8),
        "bone_names": names,
        "bone_parents": np.array([-1, 0], np.int32),
        "bone_heads": np.array([[0, 0, 0], [0, 0, 1]], np.float32),
        "bone_tails": np.array([[0, 0, 1], [0, 0, 2]], np.float32),
        "weight_bones": np.zeros((4, 4), np.int32),
        "weights": np.tile(np.array([1, 0, 0, 0], np.float32), (4, 1)),
        "shape_key_names": np.array(["jawOpen"]),
        "shape_keys": np.zeros((1, 4, 3), np.float32),
        "shape_key_values": np.zeros(1, np.float32),
        "motion_turns": np.tile(np.array([1, 0, 0, 0], np.float32), (3, 2, 1)),
        "motion_hips": np.zeros((3, 3), np.float32),
        "motion_seen": np.ones(3, bool),
        "motion_planted": np.zeros((3, 2), bool),
        "motion_about": np.array(json.dumps({"name": "wave", "rate": 24.0, "notes": []})),
        "format": np.array(FORMAT, np.int32),
    }


def packed(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return bytearray(buffer.getvalue())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile") / "result.npz"


def read_or_refused(place, data, read=read_result, error=ResultError):
    place.write_bytes(data)
    try:
        read(place)
    except error as found:
        assert str(found)


def test_the_untouched_one_is_read(place):
    place.write_bytes(packed(valid()))
    assert len(read_result(place).faces) == 4


CHANGES = st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=12)


@settings(**LIGHTLY)
@given(CHANGES, st.integers(0, 2**14), st.booleans())
@example([(4034, 1)], 0, False)  # a flag of the archive: an array is encrypted
@example([(4034, 32)], 0, False)  # another: it is a patch
def test_a_result_with_other_bytes_is_read_or_refused(place, changes, cut, shorter):
    data = packed(valid())
    for where, value in changes:
        data[where % len(data)] = value
    read_or_refused(place, data[: cut % len(data)] if shorter else data)


ARRAYS = st.builds(
    lambda kind, shape, fill: np.full(shape, fill, kind),
    st.sampled_from([np.float32, np.float64, np.int32, np.int64, np.uint8, bool, "U3"]),
    st.lists(st.integers(0, 4), max_size=3).map(tuple),
    st.sampled_from([0, 1, 3, 200]),
)
NUMBERS = st.sampled_from([np.nan, np.inf, -np.inf, -1, 2**31 - 1, -(2**31), 1e38, 255])


@settings(**LIGHTLY)
@given(st.sampled_from(sorted(valid())), ARRAYS | NUMBERS | st.none(), st.integers(0, 100))
def test_a_result_with_other_arrays_is_read_or_refused(place, name, change, where):
    arrays = valid()
    if change is None:
        del arrays[name]
    elif isinstance(change, np.ndarray):
        arrays[name] = change
    elif arrays[name].dtype.kind in "fiu" and arrays[name].size:
        array = arrays[name].astype(np.float64).ravel()
        array[where % array.size] = change
        with np.errstate(all="ignore"):
            arrays[name] = array.reshape(arrays[name].shape).astype(arrays[name].dtype)
    read_or_refused(place, packed(arrays))


@settings(**LIGHTLY)
@given(CHANGES, st.booleans(), st.sampled_from(["weights", "torch", "old", "torch7"]))
def test_weights_and_checkpoints_with_other_bytes_are_read_or_refused(place, hostile, changes, shorter, kind):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save

    from blender_pifu.engine.errors import InputError, ModelError
    from blender_pifu.engine.files.tensors import read_tensors
    from blender_pifu.engine.published.checkpoint import read_checkpoint
    from blender_pifu.engine.published.torch7 import read_torch7
    from helpers import torch7_file

    tensors = {"a.weight": torch.ones(3, 2), "a.bias": torch.zeros(3)}
    if kind == "weights":
        data, read, error = bytearray(save(tensors)), read_tensors, ModelError
    elif kind == "torch7":
        writer = torch7_file.Writer()
        writer.value({name: tensor.numpy() for name, tensor in tensors.items()})
        data, read, error = bytearray(b"".join(writer.parts)), read_torch7, InputError
    else:
        buffer = io.BytesIO()
        torch.save(tensors, buffer, _use_new_zipfile_serialization=kind == "torch")
        data, read, error = bytearray(buffer.getvalue()), read_checkpoint, InputError
    for at, value in changes:
        data[at % len(data)] = value
    read_or_refused(place.with_suffix(".pt"), data[: changes[0][0] % len(data)] if shorter else data, read, error)
    assert not hostile.exists()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A file that nothing may make."""
    return tmp_path_factory.mktemp("marker") / "made"


def test_a_zip_that_would_fill_the_memory_is_refused(place):
    """An array that says it has 2^40 numbers holds none."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in valid().items():
            head = io.BytesIO()
            np.lib.format.write_array(head, array)
            text = head.getvalue()
            if name == "vertices":
                text = text.replace(b"(4, 3)", b"(%d, 3)" % 2**40).replace(b" " * 12 + b"\n", b"\n", 1)
            file.writestr(f"{name}.npy", text)
    read_or_refused(place, data.getvalue())
