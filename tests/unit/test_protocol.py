# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message survives its line; every other line is refused with what is wrong about it."""

import json

import pytest

from blender_pifu import protocol
from blender_pifu.choices import Choices
from blender_pifu.protocol import (
    Alive,
    Cancel,
    Cancelled,
    Capture,
    Done,
    ErrorKind,
    Failed,
    FramesPicked,
    Generate,
    Look,
    Looked,
    PickFrames,
    Ping,
    Progress,
    ProtocolError,
    Quit,
    Ready,
)

COMMANDS = [
    Generate(
        job="1",
        photo="C:\\Bilder\\Ä\n.jpg",
        output="/tmp/r.npz",
        choices=Choices(height_m=1.8, person=2, views=("Ä.jpg", "b.png"), topology="game", texture_px=1024, rig=True),
        device="auto",
        keep_warm_s=300.0,
    ),
    Look("2", "C:\\Bilder\\Ä\n.jpg", "/tmp/p.png", 0, "auto", 300.0),
    PickFrames("3", "C:\\Filme\\Ä.mp4", "/tmp/job", "auto", 300.0),
    Capture(
        "4",
        "C:\\Filme\\Ä.mp4",
        {"names": ["hips"], "parents": [-1], "heads": [[0.0, 0.5, 1.0]], "tails": [[0.0, 0.5, 1.1]]},
        "/tmp/m.npz",
        "auto",
        300.0,
    ),
    Cancel("1"),
    Ping(),
    Quit(),
]
EVENTS = [
    Ready("3.11.7", "2.13.0"),
    Progress("1", "Carving the surface", 0.5),
    Done("1", "/tmp/r.npz", {"vertices": 3, "seconds": {"a": 0.1}, "notes": ["é"]}),
    Looked("2", {"people": [{"number": 1, "box": [0.5, 1, 2, 3]}], "person": 1, "framing": None, "notes": ["é"]}),
    Failed("1", ErrorKind.NO_PERSON, "No person was found.", ""),
    Cancelled("1"),
    Alive(),
    FramesPicked("3", {"frames": [{"file": "/tmp/1.jpg", "name": "a.mp4, 0.40 s", "side": "left"}], "notes": []}),
]


@pytest.mark.parametrize("message", COMMANDS)
def test_command_survives_its_line(message):
    line = protocol.to_line(message)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert protocol.read_command(line) == message


@pytest.mark.parametrize("message", EVENTS)
def test_event_survives_its_line(message):
    assert protocol.read_event(protocol.to_line(message)) == message


def test_every_message_is_covered():
    assert {type(message) for message in COMMANDS} == set(protocol.COMMANDS.values())
    assert {type(message) for message in EVENTS} == set(protocol.EVENTS.values())


def test_a_side_does_not_take_its_own_messages():
    with pytest.raises(ProtocolError, match="unknown type 'ready'"):
        protocol.read_command(protocol.to_line(EVENTS[0]))
    with pytest.raises(ProtocolError, match="unknown type 'quit'"):
        protocol.read_event(protocol.to_line(Quit()))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not a line of JSON"),
        (b"hello", "not a line of JSON"),
        (b'{"type": "cancel", "job": "1"', "not a line of JSON"),
        (b'{"type": "cancel", "job": "\xff"}', "not a line of JSON"),
        (b"[" * 100_000, "not a line of JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", "unknown type None"),
        (b'{"type": ["cancel"]}', "unknown type"),
        (b'{"type": "explode"}', "unknown type 'explode'; known: generate"),
        (b'{"type": "cancel"}', "cancel: missing job"),
        (b'{"type": "cancel", "job": "1", "why": 2}', "cancel: not known: why"),
        (b'{"type": "cancel", "job": 1}', "cancel.job: int 1 where str is needed"),
        (b'{"type": "quit", "now": true}', "quit: not known: now"),
    ],
)
def test_wrong_lines_name_what_is_wrong(line, reason):
    with pytest.raises(ProtocolError, match=reason):
        protocol.read_command(line)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("keep_warm_s", True, "generate.keep_warm_s: bool"),
        ("keep_warm_s", "1", "generate.keep_warm_s: str"),
        ("choices", None, "generate.choices: NoneType"),
        ("photo", None, "generate.photo: NoneType"),
    ],
)
def test_wrong_values_name_their_field(field, value, reason):
    item = json.loads(protocol.to_line(COMMANDS[0]))
    with pytest.raises(ProtocolError, match=reason):
        protocol.read_command(json.dumps({**item, field: value}).encode())


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("resolution", True, "generate.choices.resolution: bool"),
        ("rig", 1, "generate.choices.rig: int 1 where bool"),
        ("resolution", 256.0, "generate.choices.resolution: float"),
        ("resolution", 3, "generate.choices: A resolution of 3 is not possible"),
        ("height_m", "1.7", "generate.choices.height_m: str"),
        ("views", "a.png", "generate.choices.views: str"),
        ("views", ["a.png", 1], "generate.choices.views: int"),
        ("views", ["a.png"] * 8, "generate.choices: 8 further photos are too many"),
        ("topology", "clay", "There is no topology"),
        ("volume", 11, "generate.choices: not known: volume"),
    ],
)
def test_wrong_choices_name_their_field(field, value, reason):
    item = json.loads(protocol.to_line(COMMANDS[0]))
    item["choices"][field] = value
    with pytest.raises(ProtocolError, match=reason):
        protocol.read_command(json.dumps(item).encode())


def test_an_error_of_an_unknown_kind_is_no_message():
    line = protocol.to_line(EVENTS[4]).replace(b"no_person", b"bad_luck")
    with pytest.raises(ProtocolError, match="failed.kind"):
        protocol.read_event(line)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_are_finite(number):
    line = protocol.to_line(COMMANDS[0]).replace(b"1.8", number.encode())
    with pytest.raises(ProtocolError, match="JSON number|not a finite number"):
        protocol.read_command(line)


def test_a_whole_number_serves_as_a_float():
    line = protocol.to_line(COMMANDS[0]).replace(b'"height_m": 1.8', b'"height_m": 2')
    assert protocol.read_command(line).choices.height_m == 2.0


def test_values_json_cannot_hold_are_refused_when_written():
    with pytest.raises(ProtocolError, match="progress"):
        protocol.to_line(Progress("1", "Painting", float("nan")))
    with pytest.raises(ProtocolError, match="done"):
        protocol.to_line(Done("1", "r.npz", {"size": object()}))
