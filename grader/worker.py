"""Grades one submission inside its enclosure. Reads its orders from the first line of standard input, as JSON, and
writes events as lines of JSON: {"event": "build" | "test" | "done", …}. When standard input ends, its parent is gone:
then it ends, and everything in the enclosure with it.
"""
from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import threading
from pathlib import Path

from grader import checks  # noqa: F401  (importing it registers the tests)
from grader.check import ALL
from grader.errors import BadCommandLine
from grader.isolation import Isolation
from grader.network import adopt_orphans
from grader.run import Setting
from grader.submission import Build, build
from grader.time_limit import TimeLimit, measured_scale
from grader.verdicts import judge, skip, unmet
from grader.workspace import Workspace

CLIENT_DESCRIPTORS = 4096


def tell(event: str, **details: object) -> None:
    print(json.dumps({"event": event, **details}), flush=True)


def end_with_parent() -> None:
    """Waits for the end of standard input, by read(2) itself: the buffered reader belongs to the main thread."""
    def watch() -> None:
        while os.read(0, 1024):
            pass
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


def prepare(orders: dict, workspace: Workspace, isolation: Isolation, time_limit: TimeLimit) -> Build:
    try:
        workspace.take(Path(orders["submission"]))
    except (OSError, BadCommandLine) as error:
        return Build(False, False, problem=f"it cannot be copied: {error}")
    workspace.hand_over(isolation)
    built = build(workspace, isolation, time_limit)
    workspace.take_back(isolation)
    workspace.fill(orders["seed"])
    return built


def grade(orders: dict) -> None:
    isolation = Isolation(orders["isolation"], orders["job"], orders["as_root"], orders["other_threads"])
    time_limit = TimeLimit(orders["timeout"], measured_scale())
    workspace = Workspace(Path(orders["workspace"]))
    built = prepare(orders, workspace, isolation, time_limit)
    tell("build", build=built.as_json(), scale=round(time_limit.scale, 2))
    setting = Setting(workspace, isolation, time_limit, Path(orders["shim"]), built)
    results = {}
    for id, points, column in orders["tests"]:
        tell("begin", id=id)
        check = dataclasses.replace(ALL[id], column=column)
        needed = unmet(check, results)
        result = skip(check, points, needed) if needed else judge(setting, check, points, orders["seed"])
        results[id] = result
        tell("test", result=result.as_json())
    if not orders["keep"]:
        workspace.remove()
    tell("done")


def main() -> None:
    os.umask(0o022)
    orders = json.loads(read_line())
    end_with_parent()
    adopt_orphans()
    allow_many_connections()
    grade(orders)


def allow_many_connections() -> None:
    """The clients of the tests are this process's, a thousand at a time."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = CLIENT_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, CLIENT_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def read_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit(1)
        line += byte
    return line


if __name__ == "__main__":
    main()
