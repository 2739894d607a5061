"""Starts a worker for each submission, some side by side, and passes on what they tell."""
from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Optional

from grader import procfs
from grader.check import ALL
from grader.isolation import Isolation
from grader.scheme import Row
from grader.verdicts import ERROR, Result

PACKAGE_PARENT = Path(__file__).resolve().parents[1]


@dataclass
class Graded:
    """All that is known of one submission."""
    submission: Path
    build: dict = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    workspace: Optional[Path] = None


@dataclass(frozen=True)
class Orders:
    """What all submissions have in common."""
    rows: list[Row]
    isolation: str
    shim: Path
    directory: Path
    seed: int
    timeout_s: float
    keep: bool


class Pool:
    """Grades submissions in order, `jobs` at a time. `listener(graded, event)` is called by one thread at a time."""

    def __init__(self, orders: Orders, jobs: int, listener: Callable[[Graded, dict], None]):
        self._orders = orders
        self._jobs = jobs
        self._listener = listener
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen] = set()
        self._stopped = False

    def grade(self, submissions: list[Path]) -> list[Graded]:
        graded = [Graded(path) for path in submissions]
        waiting: queue.Queue = queue.Queue()
        for number, one in enumerate(graded):
            waiting.put((number, one))
        threads = [threading.Thread(target=self._work, args=(job, waiting), daemon=True)
                   for job in range(min(self._jobs, len(graded)))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            self._stop()
        return graded

    def _stop(self) -> None:
        """Ends the workers that still run, which is what an interrupted grader does; each takes its enclosure along."""
        with self._lock:
            self._stopped = True
            for worker in self._running:
                worker.kill()

    def _work(self, job: int, waiting: queue.Queue) -> None:
        while True:
            try:
                number, graded = waiting.get_nowait()
            except queue.Empty:
                return
            self._grade_one(job, number, graded)

    def _start(self, job: int) -> Optional[subprocess.Popen]:
        command = Isolation(self._orders.isolation, job).enclosure() + [sys.executable, "-B", "-m", "grader.worker"]
        with self._lock:
            if self._stopped:
                return None
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PACKAGE_PARENT,
                                      stderr=subprocess.PIPE)
            self._running.add(worker)
        return worker

    def _grade_one(self, job: int, number: int, graded: Graded) -> None:
        orders = self._orders
        graded.workspace = orders.directory / str(number)
        worker = self._start(job)
        if worker is None:
            return
        complaints: list[bytes] = []
        reader = threading.Thread(target=lambda: complaints.append(worker.stderr.read()), daemon=True)
        reader.start()
        details = {"submission": str(graded.submission.resolve()), "workspace": str(graded.workspace), "job": job,
                   "as_root": os.geteuid() == 0,
                   "other_threads": 0 if os.geteuid() == 0 else procfs.threads_of_user(os.geteuid()),
                   "isolation": orders.isolation, "shim": str(orders.shim), "seed": orders.seed,
                   "timeout": orders.timeout_s, "keep": orders.keep,
                   "tests": [[row.id, row.points, row.column] for row in orders.rows]}
        try:
            worker.stdin.write(json.dumps(details).encode() + b"\n")
            worker.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and says why on its standard error
        for line in worker.stdout:
            self._take(graded, json.loads(line))
        worker.wait()
        reader.join()
        with self._lock:
            self._running.discard(worker)
        if not self._stopped:
            self._complete(graded, b"".join(complaints).decode(errors="replace").strip())

    def _take(self, graded: Graded, event: dict) -> None:
        with self._lock:
            if event["event"] == "build":
                graded.build = {**event["build"], "scale": event["scale"]}
            elif event["event"] == "test":
                graded.results.append(Result(**event["result"]))
            self._listener(graded, event)

    def _complete(self, graded: Graded, complaint: str) -> None:
        """Rows that a broken worker did not come to are errors, not silence."""
        for row in self._orders.rows[len(graded.results):]:
            check = ALL[row.id]
            result = Result(row.id, check.title, 0, row.points, row.column, ERROR,
                            f"the grader's worker ended: {complaint[-400:] or 'it said nothing'}", why=check.why,
                            rule=check.rule)
            self._take(graded, {"event": "test", "result": result.as_json()})
