"""The shim does not disturb the program: its standard streams, descriptors, children and exit."""
import os
import re
import signal
import subprocess
import sys
import textwrap

import pytest

from shimmed import Run, environment, faults, programs, python, run, table

CUT = """
    import os, socket, sys
    ours, theirs = socket.socketpair()
    def send():
        return ours.send(bytes(100))
"""


# ---- Descriptors without faults

@pytest.mark.parametrize("action", ["half", "EIO", "zero"])
def test_standard_streams_get_no_faults(tmp_path, action):
    """Not even if they are files: dd reads and writes only these."""
    log, out, calls = tmp_path / "log", tmp_path / "out", tmp_path / "calls"
    with open(out, "wb") as stdout, open(sys.executable, "rb") as stdin:
        subprocess.run(["dd", "bs=100", "count=3", "status=none"], stdin=stdin, stdout=stdout,
                       check=True, env=environment(plan=f"*:{action}[fd=any]", log=log,
                                                   summary=calls))
    assert out.stat().st_size == 300 and faults(log) == []
    assert table(calls)["write"] == (3, 0) and table(calls)["read"] == (3, 0)


def test_a_connection_on_descriptor_0_gets_faults():
    script = """
        import os, socket
        listener = socket.create_server(("127.0.0.1", 0))
        theirs = socket.create_connection(listener.getsockname())
        os.close(0)
        fd, _ = listener._accept()
        print(fd, os.write(fd, bytes(100)))
    """
    assert python(script, plan="write:half") == ["0 50"]


@pytest.mark.parametrize("where, wanted", [("", "10000 8"), ("[fd=any]", "5000 EINVAL")])
def test_pipes_and_eventfds_get_faults_only_with_fd_any(where, wanted):
    script = """
        import errno, os
        into, out = os.pipe()
        counter = os.eventfd(3)
        print(os.write(out, bytes(10000)), end=" ")
        try:
            print(len(os.read(counter, 8)))
        except OSError as error:
            print(errno.errorcode[error.errno])
    """
    fault = f"read:EINVAL@1[{'fd=any,' if where else ''}path=*eventfd*]"
    assert python(script, plan=f"write:half{where}; {fault}") == [wanted]


def test_a_closed_descriptor_gets_no_faults(programs):
    script = """
        import os
        for call in (lambda: os.read(999, 1), lambda: os.write(-1, b"x")):
            try:
                call()
            except OSError as error:
                print(error.errno)
    """
    assert python(script, plan="read,write:EIO@1+[fd=any,path=*999]") == ["9", "9"]


# ---- The shim's descriptors

def test_the_log_has_a_high_descriptor_number(tmp_path):
    script = """
        import os
        fds = map(int, os.listdir("/proc/self/fd"))
        print(os.open("/", os.O_RDONLY), [fd for fd in fds if fd > 4])
    """
    bare = python(script, plan="")
    with_log = python(script, plan="", log=tmp_path / "log")
    assert with_log[0].split()[0] == bare[0].split()[0]
    assert re.fullmatch(r"\d+ \[\d+\]", with_log[0])
    assert int(re.findall(r"\d+", with_log[0])[1]) > 500


def test_a_write_to_the_log_by_the_program_gets_no_fault(tmp_path):
    script = """
        import os
        log = max(map(int, os.listdir("/proc/self/fd")))
        print(os.write(log, b"a line of the program's own"))
    """
    log = tmp_path / "log"
    assert python(script, plan="write:half[fd=any]", log=log) == ["27"]
    assert log.read_text() == "a line of the program's own"


@pytest.mark.parametrize("close", [
    "[close(fd) for fd in fds]",
    "os.closerange(3, 100000)",
    "os.dup2(file, max(fds))",
], ids=["one by one", "all at once", "put over"])
def test_the_log_survives_a_program_that_closes_unknown_descriptors(tmp_path, close):
    log, other = tmp_path / "log", tmp_path / "other"
    script = f"""
        import os, socket
        def close(fd):
            try:
                os.close(fd)
            except OSError:
                pass  # the directory that was listed, and the log
        fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd") if int(fd) > 2)
        file = os.open("{other}", os.O_CREAT | os.O_WRONLY)
        {close}
        ours, theirs = socket.socketpair()
        print(ours.send(bytes(100)))
    """
    assert python(script, plan="send:half", log=log) == ["50"]
    assert [fault["given"] for fault in faults(log)] == [50]
    assert not other.exists() or other.read_bytes() == b""


def test_the_fields_of_a_log_line(tmp_path):
    log = tmp_path / "log"
    script = CUT + """
    import threading
    print(os.getpid(), threading.get_native_id(), ours.fileno())
    send(), send()
    """
    words = python(script, plan="send:half@2[path=*]", log=log)[0].split()
    line, = faults(log)
    assert abs(line.pop("time") - log.stat().st_mtime) < 60
    assert line == {"pid": int(words[0]), "thread": int(words[1]), "fd": int(words[2]),
                    "connection": 0, "call": "send", "number": 2, "process_number": 2,
                    "rule": "send:half@2[path=*]", "asked": 100, "given": 50, "errno": None}


def test_a_rule_with_quotes_in_it_is_still_json(tmp_path):
    log = tmp_path / "log"
    (tmp_path / 'a"\\b').write_bytes(bytes(10))
    python("import os, sys; os.read(os.open(sys.argv[1], os.O_RDONLY), 10)", tmp_path / 'a"\\b',
           plan='read:half[path=*/a"\\b]', log=log)
    assert [fault["rule"] for fault in faults(log)] == ['read:half[path=*/a"\\b]']


# ---- Exit

@pytest.mark.parametrize("end, status", [
    ("pass", 0), ("sys.exit(3)", 3), ("os._exit(4)", 4), ("sys.stderr.close(); os.close(2)", 0),
])
def test_the_table_is_written_at_every_kind_of_exit(tmp_path, end, status):
    script = textwrap.dedent(CUT + f"    send(), send()\n    {end}\n")
    summary = tmp_path / "summary"
    for where in (summary, "-"):
        done = run(sys.executable, "-c", script, plan="send:half@2", summary=where, check=False)
        assert done.returncode == status
        if where == "-":
            summary.write_text(done.stderr)
        assert table(summary)["send"] == (2, 1)


def test_a_forked_child_counts_for_itself(tmp_path):
    script = CUT + """
    send()
    pid = os.fork()
    if pid == 0:
        send(), send()
        os._exit(0)
    os.waitpid(pid, 0)
    """
    done = run(sys.executable, "-c", textwrap.dedent(script), plan="send:half", summary="-")
    child, parent = re.split(r"(?=sockop: calls seen)", done.stderr)[1:]
    assert re.search(r"  send +2 +2\n", child) and re.search(r"  send +1 +1\n", parent)


def test_a_child_of_vfork_writes_no_table():
    """subprocess calls vfork; if there is no program, the child exits in its parent's memory."""
    script = CUT + """
    import subprocess
    try:
        subprocess.run(["/does/not/exist"])
    except FileNotFoundError:
        print(os.getpid(), send())
    """
    done = run(sys.executable, "-c", textwrap.dedent(script), plan="send:half", summary="-")
    pid, sent = done.stdout.split()
    assert sent == "50" and re.findall(r"in process (\d+)", done.stderr) == [pid]
    assert re.search(r"  send +1 +1\n", done.stderr)


def test_child_programs_inherit_the_plan(tmp_path):
    log = tmp_path / "log"
    script = textwrap.dedent(CUT) + "send()"
    outer = f"import subprocess as s, sys; s.run([sys.executable, '-c', {script!r}], check=True)"
    run(sys.executable, "-c", outer, plan="send:half", log=log)
    assert len(faults(log)) == 1


# ---- Threads, signals, memory

def test_a_delay_is_not_cut_short_by_signals():
    script = CUT + """
    import signal, time
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    begin = time.monotonic()
    send()
    print(time.monotonic() - begin >= 0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    """
    assert python(script, plan="send:delay=100") == ["True"]


def test_errno_does_not_change(programs, tmp_path):
    made = Run(tmp_path, programs("calls"), "pread", 3, plan="pread:half[path=/no*]; pread:one@2")
    assert made.outcomes == [(1000, "untouched"), (1, "untouched"), (1000, "untouched")]


def test_malloc_may_fail_from_the_first_call_on(programs, tmp_path):
    # The shim itself does not call malloc, and its log contains the faults.
    made = Run(tmp_path, programs("calls"), "malloc", 2, plan="malloc:ENOMEM")
    assert made.outcomes == [(-1, "ENOMEM")] * 2
    assert len(made.faults) > 2 and made.table["malloc"] == (len(made.faults),) * 2


def test_dup2_restarts_the_counts_of_a_descriptor(tmp_path):
    """dup2 replaces a connection by another socket, which gets no number and new counts."""
    log = tmp_path / "log"
    script = """
        import os, socket
        listener = socket.create_server(("127.0.0.1", 0))
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        other, peer = socket.socketpair()
        print(os.write(ours.fileno(), bytes(100)))
        os.dup2(other.fileno(), ours.fileno())
        print(os.write(ours.fileno(), bytes(100)))
    """
    assert python(script, plan="write:half@1", log=log) == ["50", "50"]
    assert [(fault["connection"], fault["number"]) for fault in faults(log)] == [(2, 1), (0, 1)]


@pytest.mark.parametrize("close", ["os.close(fd)", "libc.close_range(fd, fd, 0)"])
@pytest.mark.parametrize("opening", ["os.open(path, 0)", "libc.syscall(437, -100, path, how, 24)"],
                         ids=["open", "openat2"])
def test_counting_restarts_when_a_file_is_opened_again(tmp_path, opening, close):
    """The descriptor number and the inode are the same."""
    (tmp_path / "file").write_bytes(bytes(10))
    script = f"""
        import ctypes, os, sys
        libc, path, how = ctypes.CDLL(None), sys.argv[1].encode(), bytes(24)
        for _ in range(2):
            fd = {opening}
            print(len(os.pread(fd, 10, 0)), len(os.pread(fd, 10, 0)))
            {close}
    """
    assert python(script, tmp_path / "file", plan="pread:one@1") == ["1 10"] * 2


@pytest.mark.parametrize("accept", ["listener._accept()[0]",
                                    "ctypes.CDLL(None).accept(listener.fileno(), None, None)"],
                         ids=["accept4", "accept"])
def test_accepted_connections_are_numbered(accept):
    script = f"""
        import ctypes, os, socket
        listener = socket.create_server(("127.0.0.1", 0))
        clients = [socket.create_connection(listener.getsockname()) for _ in range(2)]
        for _ in clients:
            print(os.write({accept}, bytes(100)))
    """
    assert python(script, plan="write:half[conn=4]") == ["100", "50"]
