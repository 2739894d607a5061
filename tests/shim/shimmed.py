"""Programs under sockop_preload.so: how they are built and run, and how their output is read."""
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
SHIM = TOP / "sockop_preload.so"
SOCKOPCTL = TOP / "preload/sockopctl"
TIMEOUT_S = 60

# Distributions build hardened: then recv becomes __recv_chk, and sendfile becomes sendfile64.
BUILDS = {"plain": ["-U_FORTIFY_SOURCE"],
          "hardened": ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-D_FILE_OFFSET_BITS=64"]}


def build(directory, source, kind="plain"):
    """Compiles tests/shim/<source>.c; returns the program."""
    program = directory / f"{source}-{kind}"
    subprocess.run(["cc", "-std=gnu17", "-O2", "-pthread", *BUILDS[kind], "-o", program,
                    HERE / f"{source}.c", "-laio"], check=True)
    return program


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """programs(source, kind="plain") → the program, compiled once per session."""
    directory, built_ones = tmp_path_factory.mktemp("shim"), {}

    def get(source, kind="plain"):
        if (source, kind) not in built_ones:
            built_ones[source, kind] = build(directory, source, kind)
        return built_ones[source, kind]
    return get


@pytest.fixture(params=BUILDS)
def built(request):
    """How the program is built: plain or hardened."""
    return request.param


def environment(plan=None, log=None, summary=None, control=None, plan_file=None, preload=SHIM):
    """The environment for a program under the shim. `plan` None: SOCKOP is not set."""
    assert SHIM.exists(), f"{SHIM} is not there: run make first"
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith("SOCKOP") and name != "LD_PRELOAD"}
    given = {"SOCKOP": plan, "SOCKOP_PLAN": plan_file, "SOCKOP_LOG": log,
             "SOCKOP_SUMMARY": summary, "SOCKOP_CONTROL": control, "LD_PRELOAD": preload}
    return variables | {name: str(value) for name, value in given.items() if value is not None}


def run(*command, check=True, **shim):
    """Runs a program to its end under the shim; see environment()."""
    done = subprocess.run([str(word) for word in command], env=environment(**shim),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIMEOUT_S)
    assert not check or done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return done


def python(script, *arguments, **shim):
    """Runs a Python script under the shim; returns what it printed, as a list of lines."""
    done = run(sys.executable, "-c", textwrap.dedent(script), *arguments, **shim)
    return done.stdout.splitlines()


def faults(log):
    """Returns the lines of the log as dictionaries; an empty list if there is no log."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def table(summary):
    """Returns {call: (seen, faults)} for the only table in the file."""
    head, *rows = summary.read_text().splitlines()
    assert re.fullmatch(r"sockop: calls seen and faults given in process \d+", head)
    words = [row.removeprefix("sockop: ").split() for row in rows]
    return {name: (int(seen), int(given)) for name, seen, given in words}


class Run:
    """One run of `calls NAME TIMES`: `outcomes` are (result, errno's name), in order."""

    def __init__(self, directory, program, name, times, plan, **shim):
        self.log, summary = directory / "log", directory / "summary"
        for left in (self.log, summary):
            left.unlink(missing_ok=True)
        done = run(program, name, times, plan=plan, log=self.log, summary=summary, **shim)
        lines = [line.split() for line in done.stdout.splitlines()]
        self.outcomes = [(int(result), error) for result, error, _ in lines]
        self.milliseconds = [float(line[2]) for line in lines]
        self.faults, self.table = faults(self.log), table(summary)
