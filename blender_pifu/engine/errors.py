# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways the engine can fail, each told to an artist and each with its own exit code."""

from ..protocol import ErrorKind


class EngineError(Exception):
    """Base of all expected failures.

    message: one or two plain sentences: what happened, and to which file.
    fix: a sentence telling what to do now, or "".
    exit_code: of the command line. kind: its sort, by which the add-on offers what mends it.
    """

    exit_code = 1
    kind = ErrorKind.ENGINE

    def __init__(self, message: str, fix: str = "", kind: ErrorKind | None = None) -> None:
        super().__init__(message)
        self.fix = fix
        if kind is not None:
            self.kind = kind


class InputError(EngineError):
    """The photo, or another file that was given, cannot be used."""

    exit_code = 2
    kind = ErrorKind.INPUT


class OptionError(InputError):
    """An option has a value that is not possible."""

    kind = ErrorKind.OPTION


class DeviceError(InputError):
    """There is no such device, or not on this machine."""

    kind = ErrorKind.DEVICE


class TopologyError(InputError):
    """The chosen topology cannot be made of this person."""

    kind = ErrorKind.TOPOLOGY


class OutputError(InputError):
    """A file cannot be written where it was asked for."""

    kind = ErrorKind.OUTPUT


class ModelError(InputError):
    """There is no such model, or its file cannot be used."""

    kind = ErrorKind.MODEL


class NoPersonError(EngineError):
    """The photo was read, but no person stands out in it."""

    exit_code = 3
    kind = ErrorKind.NO_PERSON

    def __init__(
        self,
        message: str = "No person was found in the photo.",
        fix: str = "Choose a photo that shows one person clearly, from head to feet, "
        "or one whose background is already transparent.",
        kind: ErrorKind | None = None,
    ) -> None:
        super().__init__(message, fix, kind)


class OutOfMemory(EngineError):
    """The device or the computer ran out of memory."""

    exit_code = 4
    kind = ErrorKind.OUT_OF_MEMORY

    def __init__(
        self,
        message: str = "There was not enough memory to finish.",
        fix: str = "Choose a lower quality, close other programs, or use the CPU as the device.",
    ) -> None:
        super().__init__(message, fix)


class Cancelled(EngineError):
    """The artist or the calling program asked to stop."""

    exit_code = 130
    kind = ErrorKind.CANCELLED

    def __init__(self, message: str = "The reconstruction was cancelled.", fix: str = "") -> None:
        super().__init__(message, fix)
