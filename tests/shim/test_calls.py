"""Each call × each action, in a program that makes one call: the fault is injected exactly when the
plan says so, and it is counted and logged. Without a plan nothing changes."""
import re
import signal
import sys

import pytest

from shimmed import Run, built, programs, run

OUT = ["send", "sendto", "sendmsg", "write", "writev", "sendfile", "splice"]
IN = ["recv", "recvfrom", "recvmsg", "read", "readv"]
AT_OFFSET = ["pread", "preadv", "preadv2"]
COUNTS = ["epoll_wait", "epoll_pwait", "io_submit", "io_getevents"]
OTHER = ["accept", "accept4", "connect", "poll", "open", "openat", "openat2", "fstat", "close",
         "io_setup", "eventfd", "socket", "setsockopt", "malloc"]
CALLS = [*OUT, "pwrite", *IN, *AT_OFFSET, *COUNTS, *OTHER, "completion"]

# The other functions that make the calls. In a hardened build some plain names become others, so
# both builds try all of them.
SPELLINGS = {
    "send": ["__send"], "write": ["__write"], "sendfile": ["sendfile64"],
    "recv": ["__recv_chk"], "recvfrom": ["__recvfrom_chk"], "read": ["__read", "__read_chk"],
    "pread": ["pread64", "__pread64", "__pread_chk", "__pread64_chk"],
    "pwrite": ["pwrite64", "__pwrite64"], "preadv": ["preadv64"], "preadv2": ["preadv64v2"],
    "connect": ["__connect"], "poll": ["__poll", "__poll_chk"],
    "open": ["open64", "__open", "__open64", "__open_2", "__open64_2"],
    "openat": ["openat64", "__openat_2", "__openat64_2"],
    "fstat": ["fstat64", "__fxstat", "__fxstat64"], "close": ["__close"],
    "io_setup": ["syscall_io_setup"], "io_submit": ["syscall_io_submit"],
    "io_getevents": ["syscall_io_getevents"],
}
EVERY_NAME = [(call, name) for call in CALLS for name in [call, *SPELLINGS.get(call, [])]]

# The result of the second of three calls if the action applies to it. The call asks for 1000 bytes
# or for 4 events.
SHORTER = {"half": (500, "untouched"), "short": (500, "untouched"), "max=7": (7, "untouched"),
           "one": (1, "untouched"), "rate=70": (7, "untouched")}
FEWER = {"half": (2, "untouched"), "max=3": (3, "untouched"), "one": (1, "untouched")}
ZERO = {"zero": (0, "untouched")}
AGAIN = {"again": (-1, "EAGAIN")}
RESET = {"reset": (-1, "ECONNRESET")}
PIPE = {"pipe": (-1, "EPIPE")}

ACTIONS = {call: {} for call in CALLS}
for call in OUT:
    ACTIONS[call] = SHORTER | AGAIN | RESET | PIPE
ACTIONS["sendfile"] = ACTIONS["splice"] = ACTIONS["send"] | ZERO
for call in IN:
    ACTIONS[call] = SHORTER | ZERO | AGAIN | RESET
for call in AT_OFFSET:
    ACTIONS[call] = SHORTER | ZERO
for call in COUNTS:
    ACTIONS[call] = FEWER
ACTIONS["pwrite"] = SHORTER
ACTIONS["accept"] = ACTIONS["accept4"] = AGAIN
ACTIONS["io_submit"] = FEWER | {"fewer": (2, "untouched")}
ACTIONS["completion"] = ZERO | {action: SHORTER[action] for action in ("half", "short", "max=7")}

EVERY_ACTION = [(call, action) for call in CALLS for action in ACTIONS[call]]
DELAYED = [call for call in CALLS if call != "completion"]


def natural(call):
    """The result of the call without a fault."""
    if call in OUT + IN + AT_OFFSET + ["pwrite", "completion"]:
        return (1000, "untouched")
    return (4 if call in COUNTS else 1 if call == "poll" else 0, "untouched")


def rule(call, action, number):
    """A rule for the number-th call of the program. For malloc, the length selects the calls of the
    program: libraries allocate less."""
    if call == "malloc":
        return f"{call}:{action}@@{number}[above=150000]"
    return f"{call}:{action}@@{number}"


def errors_of(call):
    """The errnos that the shim accepts for the call: its error message lists them."""
    wrong = "ENETDOWN" if call not in ("send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg",
                                       "accept", "accept4") else "EXDEV"
    done = run("true", plan=f"{call}:{wrong}", check=False)
    assert done.returncode == 2, f"{call} may not answer {wrong}"
    return re.search(r"which may fail with (.*)", done.stderr).group(1).split()


@pytest.mark.parametrize("call, name", EVERY_NAME)
def test_without_a_plan_calls_are_counted_and_unchanged(programs, tmp_path, built, call, name):
    made = Run(tmp_path, programs("calls", built), name, 3, plan="")
    assert made.outcomes == [natural(call)] * 3
    assert made.faults == []
    seen, given = made.table[call]
    assert given == 0 and (seen > 3 if call == "malloc" else seen == 3)


@pytest.mark.parametrize("call, name", EVERY_NAME)
def test_every_name_of_a_call_is_hooked(programs, tmp_path, built, call, name):
    action = "EIO" if call == "completion" else "EINVAL" if call != "malloc" else "ENOMEM"
    action = {"fstat": "EIO", "poll": "ENOMEM", "openat2": "ENOENT", "close": "EIO",
              "connect": "ECONNREFUSED"}.get(call, action)
    made = Run(tmp_path, programs("calls", built), name, 3, plan=rule(call, action, 2))
    assert made.outcomes == [natural(call), (-1, action), natural(call)]
    assert made.table[call][1] == 1


@pytest.mark.parametrize("call, action", EVERY_ACTION)
def test_an_action_is_executed_counted_and_logged_once(programs, tmp_path, call, action):
    ends_it = action in ("reset", "pipe")
    made = Run(tmp_path, programs("calls"), call, 2 if ends_it else 3, plan=rule(call, action, 2))
    wanted = ACTIONS[call][action]
    assert made.outcomes[:2] == [natural(call), wanted]
    assert ends_it or made.outcomes[2] == natural(call)
    assert made.table[call][1] == 1
    asked = natural(call)[0]
    assert [(fault["call"], fault["process_number"], fault["asked"], fault["given"],
             fault["errno"] or "untouched") for fault in made.faults] == [
                 (call, 2, 0 if call in ("accept", "accept4") else asked, *wanted)]


@pytest.mark.parametrize("call", CALLS)
def test_every_errno_of_the_manual_page_can_be_injected(programs, tmp_path, call):
    # A connect on a blocking socket does not fail with EAGAIN.
    errors = [name for name in errors_of(call) if call != "connect" or name != "EAGAIN"]
    plan = "; ".join(rule(call, name, 1) for name in errors)
    made = Run(tmp_path, programs("calls"), call, len(errors) + 1, plan=plan)
    given = ["EAGAIN" if name == "EWOULDBLOCK" else name for name in errors]
    assert made.outcomes == [(-1, name) for name in given] + [natural(call)]
    assert [fault["errno"] for fault in made.faults] == given


@pytest.mark.parametrize("call", DELAYED)
def test_a_delay_takes_time_and_changes_nothing_else(programs, tmp_path, call):
    made = Run(tmp_path, programs("calls"), call, 3, plan=rule(call, "delay=20", 2))
    assert made.outcomes == [natural(call)] * 3
    assert made.milliseconds[1] >= 20
    assert [fault["call"] for fault in made.faults] == [call]


def test_these_tables_cover_every_hooked_name(programs):
    names = set(run(programs("calls"), "list", plan="").stdout.split())
    assert names == {name for _, name in EVERY_NAME}


@pytest.mark.parametrize("call", CALLS)
def test_an_action_that_does_not_apply_to_the_call_is_an_error(call):
    possible = {action.partition("=")[0] for action in ACTIONS[call]} | {"delay"}
    every = {"half", "max", "one", "zero", "again", "reset", "pipe", "rate", "fewer"}
    for action in every - possible:
        value = "=5" if action in ("max", "rate") else ""
        if (call, action) in (("completion", "one"), ("io_getevents", "zero")):
            continue  # valid, and tested elsewhere
        done = run("true", plan=f"{call}:{action}{value}", check=False)
        assert done.returncode == 2, action
        assert f"column {len(call) + 2}: {action} does not apply to" in done.stderr


@pytest.mark.parametrize("call, beside", [
    ("__recv_chk", "0"), ("__recvfrom_chk", "0, None, None"), ("__read_chk", ""),
    ("__pread_chk", "offset"), ("__pread64_chk", "offset"),
])
def test_the_overflow_check_of_a_fortified_call_still_aborts(tmp_path, call, beside):
    """Half of 15 bytes would fit into a buffer of 10, and would hide the overflow."""
    (tmp_path / "file").write_bytes(bytes(100))
    size = "ctypes.c_size_t(10)"
    arguments = f"ctypes.c_long(0), {size}" if beside == "offset" else f"{size}, {beside or 0}"
    script = f"""
import ctypes, os, socket, sys
ours, theirs = socket.socketpair()
theirs.send(bytes(100))
file = os.open(sys.argv[1], os.O_RDONLY)
fd = file if "pread" in "{call}" else ours.fileno()
buffer = ctypes.create_string_buffer(100)
function, length = getattr(ctypes.CDLL(None), "{call}"), ctypes.c_size_t(int(sys.argv[2]))
print(function(fd, buffer, length, {arguments}))
"""
    plan = "recv,recvfrom,read,pread:half"
    fits = run(sys.executable, "-c", script, tmp_path / "file", 10, plan=plan)
    assert fits.stdout == "5\n"
    done = run(sys.executable, "-c", script, tmp_path / "file", 15, plan=plan, check=False)
    assert done.returncode == -signal.SIGABRT and "buffer overflow detected" in done.stderr
