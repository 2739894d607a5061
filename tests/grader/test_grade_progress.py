"""What the grader writes while it works: a bar on a terminal, plain lines elsewhere."""
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "aws"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return [sys.executable, str(TOP / "grade"), str(path), "--only", "c01-exists"]


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(command):
    ours, theirs = pty.openpty()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # EIO: all has been read
        pass
    os.close(ours)
    assert b"[........................] 0/1, 0 not passed  aws: c01-exists" in said
    assert b"[########################] 1/1, 0 not passed" in said
    assert said.endswith(b"\r\x1b[K")


def test_a_pipe_gets_a_line_for_each_test(command):
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = done.stderr.splitlines()
    assert lines[0].endswith("  ready") and "c01-exists" in lines[1] and "pass" in lines[1]
    assert "\x1b" not in done.stderr
