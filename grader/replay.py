"""The command that plays one test of one submission again, exactly as it was played."""
from __future__ import annotations

import shlex
from pathlib import Path

from grader.command_line import DEFAULT_TIMEOUT_S

GRADE = Path(__file__).resolve().parents[1] / "grade"


def replay_command(submission: Path, id: str, seed: int, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
    """For a shell, from any directory. --keep leaves the submission's copy and all logs to look at."""
    words = [str(GRADE), str(submission.resolve()), "--only", id, "--seed", str(seed), "--keep"]
    if timeout_s != DEFAULT_TIMEOUT_S:
        words += ["--timeout", f"{timeout_s:g}"]
    return shlex.join(words)
