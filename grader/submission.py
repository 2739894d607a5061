"""Builds a submission: `make` in its directory, in the jail, with a time limit; the log is kept."""
from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from grader.isolation import Isolation
from grader.limits import BUILD
from grader.process import Process
from grader.time_limit import TimeLimit
from grader.workspace import Workspace

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
BUILD_LIMIT_S = 600.0
WARNING = re.compile(r"\bwarning:")


@dataclass
class Build:
    """What became of `make`: ok means that there is a program ./aws now."""
    ok: bool
    made: bool
    seconds: float = 0.0
    warnings: int = 0
    problem: str = ""
    log: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        return asdict(self)


def build(workspace: Workspace, isolation: Isolation, time_limit: TimeLimit) -> Build:
    """Runs `make` if there is a makefile, and looks whether ./aws is there."""
    program = workspace.site / "aws"
    if not any((workspace.site / name).is_file() for name in MAKEFILES):
        there = is_program(program)
        return Build(there, False, problem="" if there else "there is neither a Makefile nor a program named aws")
    begin = time.monotonic()
    process = Process(isolation, workspace.box, workspace.site, ["make"], workspace.log("build"), BUILD, [])
    status = process.wait(BUILD_LIMIT_S * time_limit.scale)
    ending = process.ending() if status is not None else ""
    process.kill()
    text = process.log.read_text(errors="replace")
    result = Build(False, True, round(time.monotonic() - begin, 2), len(WARNING.findall(text)),
                   log=text.splitlines()[-40:])
    if status is None:
        result.problem = f"make did not end within {BUILD_LIMIT_S * time_limit.scale:.0f} s"
    elif status != 0:
        result.problem = f"make failed: {ending}"
    elif not is_program(program):
        result.problem = "make worked, but made no program named aws"
    result.ok = not result.problem
    return result


def is_program(path: Path) -> bool:
    return path.is_file() and bool(path.stat().st_mode & 0o111)
