# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways the engine can fail, each told to an artist and each with its own exit code."""


class EngineError(Exception):
    """Base of all expected failures.

    message: one or two plain sentences: what happened, and to which file.
    fix: a sentence telling what to do now, or "".
    exit_code: of the command line. kind: short id sent over the protocol.
    """

    exit_code = 1
    kind = "engine"

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class InputError(EngineError):
    """The photo, an option or the output path cannot be used."""

    exit_code = 2
    kind = "input"


class ModelError(InputError):
    """There is no such model, or its file cannot be used."""

    kind = "model"


class NoPersonError(EngineError):
    """The photo was read, but no person stands out in it."""

    exit_code = 3
    kind = "no_person"

    def __init__(
        self,
        message: str = "No person was found in the photo.",
        fix: str = "Choose a photo that shows one person clearly, from head to feet, "
        "or one whose background is already transparent.",
    ) -> None:
        super().__init__(message, fix)


class OutOfMemory(EngineError):
    """The device or the computer ran out of memory."""

    exit_code = 4
    kind = "out_of_memory"

    def __init__(
        self,
        message: str = "There was not enough memory to finish.",
        fix: str = "Choose a lower quality, close other programs, or use the CPU as the device.",
    ) -> None:
        super().__init__(message, fix)


class Cancelled(EngineError):
    """The artist or the calling program asked to stop."""

    exit_code = 130
    kind = "cancelled"

    def __init__(self, message: str = "The reconstruction was cancelled.", fix: str = "") -> None:
        super().__init__(message, fix)
