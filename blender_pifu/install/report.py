# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells whoever started the installer how far it is: plain lines for people, JSON lines for the add-on."""

from __future__ import annotations

import json
import sys
import time

_QUIET_S = 0.3  # between two reports of the same step that differ only in their fraction


class Report:
    """Progress of one install on standard output. With `as_json`, one object a line:
    {"step", "fraction" 0..1, "message"} while it runs and one with "status" at the end."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._last = ("", "")
        self._fraction = 0.0
        self._spoke_at = 0.0

    def progress(self, step: str, fraction: float, message: str = "") -> None:
        """Say which step is at work; the bar never goes back."""
        self._fraction = max(self._fraction, min(fraction, 1.0))
        new = (step, message) != self._last
        now = time.monotonic()
        if not new and (not self.as_json or now - self._spoke_at < _QUIET_S):
            return
        self._last, self._spoke_at = (step, message), now
        if self.as_json:
            self._line({"step": step, "fraction": round(self._fraction, 4), "message": message})
        else:
            print(f"[{self._fraction:4.0%}] {step}" + (f": {message}" if message else ""), flush=True)

    def end(self, result: dict) -> None:
        """The last word: a dict with at least "status"."""
        if self.as_json:
            self._line(result)
            return
        if "message" in result:
            where = sys.stderr if result["status"] in ("failed", "interrupted") else sys.stdout
            print(" ".join(text for text in (result["message"], result.get("fix")) if text), file=where, flush=True)
            return
        for name, value in result.items():
            text = ", ".join(map(str, value)) or "none" if isinstance(value, list) else value
            print(f"{name.replace('_', ' '):18} {text}", flush=True)

    def _line(self, item: dict) -> None:
        print(json.dumps(item), flush=True)
