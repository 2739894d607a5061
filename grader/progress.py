"""Tells how far grading is: a bar on a terminal, a line for each test elsewhere."""
from __future__ import annotations

import shutil
import sys
from typing import TextIO

from grader.pool import Graded
from grader.verdicts import PASS

BAR_COLUMNS = 24


class Progress:
    """Listens to a pool. `total` is the number of tests of all submissions together."""

    def __init__(self, total: int, stream: TextIO = sys.stderr):
        self._total = total
        self._stream = stream
        self._bar = stream.isatty()
        self._done = 0
        self._not_passed = 0

    def __call__(self, graded: Graded, event: dict) -> None:
        if event["event"] == "build":
            self._say_build(graded)
        elif event["event"] == "begin" and self._bar:
            self._draw(f"{graded.submission.name}: {event['id']}")
        elif event["event"] == "test":
            self._done += 1
            result = graded.results[-1]
            self._not_passed += result.verdict != PASS
            if self._bar:
                self._draw(f"{graded.submission.name}: {result.id}")
            else:
                print(f"{graded.submission}  {result.id:36} {result.verdict:7} {result.points}/{result.max}  {result.title}",
                      file=self._stream, flush=True)

    def _say_build(self, graded: Graded) -> None:
        build = graded.build
        if not self._bar:
            state = "built" if build["ok"] and build["made"] else "ready" if build["ok"] else "not built"
            reason = f": {build['problem']}" if build["problem"] else f", {build['warnings']} warnings" if build["made"] else ""
            print(f"{graded.submission}  {state}{reason}", file=self._stream, flush=True)

    def _draw(self, what: str) -> None:
        filled = BAR_COLUMNS * self._done // max(1, self._total)
        bar = "#" * filled + "." * (BAR_COLUMNS - filled)
        line = f"[{bar}] {self._done}/{self._total}, {self._not_passed} not passed  {what}"
        self._stream.write("\r\x1b[K" + line[:shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def end(self) -> None:
        if self._bar:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
