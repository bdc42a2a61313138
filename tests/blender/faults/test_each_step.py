# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine meets a fault in each step of a job: Blender is told, loses nothing, and the next click works."""

import bpy
import pytest

from blender_pifu.addon.work import job, session
from blender_pifu.client import Limits
from blender_pifu.protocol import ErrorKind
from blender_pifu.steps import STEPS

from .conftest import is_gone, no_leftovers, posix

# Fault of helpers.injected -> kind of the error, a word of what is told, whether the engine's process stays.
TOLD = {
    "killed": (ErrorKind.ENGINE_KILLED, "SIGKILL", False),
    "crashed": (ErrorKind.ENGINE_CRASHED, "SIGSEGV", False),
    "left": (ErrorKind.ENGINE_CRASHED, "exit code 3", False),
    "hung": (ErrorKind.ENGINE_HUNG, "hung", False),
    "garbage": (ErrorKind.ENGINE_TALK, "cannot be read", False),
    "glued": (ErrorKind.ENGINE_TALK, "cannot be read", False),
    "cut_off": (ErrorKind.ENGINE_CRASHED, "exit code 3", False),
    "endless": (ErrorKind.ENGINE_TALK, "a line of more", False),
    "tomorrow": (ErrorKind.ENGINE_TALK, "hologram", False),
    "memory": (ErrorKind.OUT_OF_MEMORY, "memory", True),
    "card": (ErrorKind.DEVICE, "graphics card stopped", False),
    "library": (ErrorKind.ENGINE_BROKEN, "Repair", False),
    "full": (ErrorKind.DISK_FULL, "room", False),
    "unforeseen": (ErrorKind.INTERNAL, "unforeseen", True),
}
# What ends the engine costs its start again: the rest of that sort meets one step, another one each.
IN_EACH = {"killed", "hung", "garbage", "cut_off", "memory", "unforeseen"}
STEPS_OF = {fault: STEPS if fault in IN_EACH else (STEPS[n % len(STEPS)],) for n, fault in enumerate(TOLD)}


@posix
@pytest.mark.parametrize("fault", TOLD)
def test_a_fault_of_the_engine(fault, faults, work, photo, unharmed, works_again, monkeypatch):
    kind, word, stays = TOLD[fault]
    monkeypatch.setattr(session.client(), "_limits", Limits(silence_s=4, answer_s=2) if fault == "hung" else Limits())
    for step in STEPS_OF[fault]:  # each begins where the one before left the engine: dead or alive
        faults.order(fault, step)
        running = work(photo)
        process = running.engine
        running.until()
        assert faults.met, step
        unharmed(kind, word)
        assert (session.is_warm() and session._client.process is process) if stays else is_gone(process.pid), step
    works_again()
    no_leftovers()


@posix
@pytest.mark.parametrize("fault", ["flood", "chatter"])
def test_too_many_words_in_each_step_neither_hold_blender_nor_spoil_the_job(fault, faults, work, photo):
    for step in STEPS:
        faults.order(fault, step)
        job.ticks.clear()
        work(photo).until()
        assert faults.met, step
        assert bpy.context.window_manager.pifu.state == "DONE"
        assert max(tick.seconds for tick in job.ticks if not tick.importing) < 1.0
    no_leftovers()
