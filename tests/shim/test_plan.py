"""The grammar of plans: the conditions of rules, and error messages."""
import errno
import socket
import textwrap

import pytest

from shimmed import faults, python, run

SENDS = """
    import socket, sys
    pairs = [socket.socketpair() for _ in range(2)]
    for ours, theirs in pairs:
        ours.setblocking(False)
    answers = []
    for turn in range(6):
        for ours, _ in pairs:
            try:
                answers.append(str(ours.send(bytes(100))))
            except OSError as error:
                answers.append(type(error).__name__)
    print(*answers[0::2])
    print(*answers[1::2])
"""
WHOLE = "100 100 100 100 100 100"


# There are six sends on each of two sockets, alternating. The strings list the halved ones, counted
# per socket or per process.
@pytest.mark.parametrize("when, first, second", [
    ("", "123456", "123456"), ("@3", "3", "3"), ("@3+", "3456", "3456"), ("%2", "246", "246"),
    ("@2+ %3", "36", "36"), (" once", "1", "1"), ("@3+ once", "3", "3"), ("@3+once", "3", "3"),
    ("@@3", "2", ""), ("@@4", "", "2"), ("@@10+", "6", "56"), ("%%5", "3", "5"),
    ("@@9+ once", "5", "5"), ("@@3 ~1", "2", ""), ("@@3 ~0", "", ""), ("@7", "", ""),
])
def test_when(when, first, second):
    lines = python(SENDS, plan=f"send:half{when}")
    wanted = [" ".join("50" if str(number) in halved else "100" for number in range(1, 7))
              for halved in (first, second)]
    assert lines == wanted


@pytest.mark.parametrize("where, halved", [
    ("", True), ("[fd=socket]", True), ("[fd=any]", True), ("[fd=file]", False),
    ("[fd=listener]", False), ("[above=99]", True), ("[above=100]", False), ("[conn=1]", False),
    ("[port=1]", False), ("[path=*]", True), ("[path=socket:*]", True), ("[path=/*]", False),
    ("[fd=socket,above=99]", True), ("[fd=socket,above=100]", False), (" [ fd = socket ] ", True),
])
def test_where(where, halved):
    wanted = ["50" if halved else "100"] * 6
    assert python(SENDS, plan=f"send:half{where}")[0].split() == wanted


CLIENT = """
    import socket, sys
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for listener in listeners * 2:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        print(client.send(bytes(100)), accepted.send(bytes(100)))
    if len(sys.argv) > 1:
        print(listeners[0].getsockname()[1])
"""


@pytest.mark.parametrize("plan, halved", [
    ("send:half[conn=3]", "2a"), ("send:half[conn=4]", "2b"), ("send:half[conn=9]", ""),
    ("send:half[conn=7]; first=4", "2b"), ("send:half@1[conn=8]", "4b"),
])
def test_connections_are_numbered_in_order(plan, halved):
    # Both ends are in one program, so each connection gets two numbers, for connect and for accept.
    lines = python(CLIENT, plan=plan)
    wanted = [" ".join("50" if f"{number}{end}" == halved else "100" for end in "ab")
              for number in range(1, 5)]
    assert lines == wanted


def test_port_matches_the_peer():
    script = """
        import os, socket, sys
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        if len(sys.argv) == 1:  # the port is not known in advance
            plan = f"send:half[port={port}]; accept4:EMFILE@1[port={port}]; connect:EPERM[port=1]"
            os.set_inheritable(server.fileno(), True)
            os.environ["SOCKOP"] = plan
            os.execv(sys.executable, [sys.executable, "-c", sys.stdin.read(), str(server.fileno())])
    """
    second = """
        import socket, sys
        server = socket.socket(fileno=int(sys.argv[1]))
        client = socket.create_connection(server.getsockname())
        try:
            server.accept()
        except OSError as error:
            print(error.errno)
        ours, _ = server.accept()
        print(client.send(bytes(100)), ours.send(bytes(100)))
    """
    script = script.replace("sys.stdin.read()", repr(textwrap.dedent(second)))
    assert python(script, plan="") == ["24", "50 100"]


@pytest.mark.parametrize("address, family", [("127.0.0.1", socket.AF_INET),
                                             ("::1", socket.AF_INET6)])
def test_port_matches_the_server_of_a_client(address, family):
    script = """
        import socket, sys
        client = socket.socket(int(sys.argv[3]))
        print(client.connect_ex((sys.argv[1], int(sys.argv[2]))))
        try:
            print(client.send(bytes(100)))
        except OSError:
            pass
    """
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        arguments = (address, port, int(family))
        plan = f"connect:ECONNREFUSED[port={port}]"
        assert python(script, *arguments, plan=plan) == [str(errno.ECONNREFUSED)]
        plan = f"connect:ECONNREFUSED[port={port % 65535 + 1}]; send:half[port={port}]"
        assert python(script, *arguments, plan=plan) == ["0", "50"]


def test_a_path_selects_files(tmp_path):
    script = """
        import os, sys
        for name in sys.argv[1:]:
            try:
                fd = os.open(name, os.O_RDONLY)
                print(len(os.pread(fd, 100, 0)), len(os.read(fd, 100)))
            except OSError as error:
                print(error.errno)
    """
    names = [tmp_path / name for name in ("a.txt", "b.bin", "c.txt")]
    for name in names:
        name.write_bytes(bytes(100))
    plan = "pread,read:half[path=*/a.*]; open*:ENOENT[path=*/c.t?t]"
    assert python(script, *names, plan=plan) == ["50 50", "100 100", "2"]


def test_path_matches_the_file_of_sendfile(tmp_path):
    script = """
        import os, socket, sys
        ours, theirs = socket.socketpair()
        for name in sys.argv[1:]:
            print(os.sendfile(ours.fileno(), os.open(name, os.O_RDONLY), 0, 100))
    """
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(100))
    plan = "sendfile:zero[path=*/b]"
    assert python(script, tmp_path / "a", tmp_path / "b", plan=plan) == ["100", "0"]


def test_once_is_once_per_process_for_calls_without_a_descriptor():
    script = """
        import os, socket
        def attempt(call, *arguments):
            try:
                call(*arguments)
                return "done"
            except OSError as error:
                return error.errno
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        clients = [socket.create_connection(each.getsockname()) for each in listeners]
        print(*[attempt(each.accept) for each in listeners])
        print(*[attempt(os.open, "/", os.O_RDONLY) for _ in range(3)])
    """
    plan = "accept4:EMFILE once; open*:ENFILE once [path=/]"
    assert python(script, plan=plan) == ["24 done", "23 done done"]


# ---- Which rules apply

def test_the_first_rule_that_decides_takes_effect():
    lines = python(SENDS, plan="send:max=10%2; send:ECONNRESET@3; send:half")
    assert lines[0] == "50 10 ConnectionResetError 10 50 10"


def test_a_rule_that_changes_nothing_does_not_decide():
    assert python(SENDS, plan="send:max=100; send:max=200; send:one")[0] == "1 1 1 1 1 1"


def test_a_delay_does_not_decide(tmp_path):
    log = tmp_path / "log"
    assert python(SENDS, plan="send:delay=1@1; send:half", log=log)[0] == "50 50 50 50 50 50"
    assert [fault["rule"] for fault in faults(log)][:3] == ["send:delay=1@1", "send:half",
                                                          "send:delay=1@1"]


@pytest.mark.parametrize("plan", ["send:half", "send*:half", "*nd:half", "*:half", "__send:half",
                                  "recv,send:half", " send : half ", "send:half;", ";;send:short"])
def test_a_call_may_be_named_in_several_ways(plan):
    assert python(SENDS, plan=plan)[0] == "50 50 50 50 50 50"


def test_a_star_means_the_transfers_to_which_the_action_applies():
    assert python(SENDS, plan="*:ENETDOWN")[0] == "OSError OSError OSError OSError OSError OSError"
    assert run("true", plan="*:EMFILE", check=False).returncode == 2


def test_the_default_plan_halves_send_recv_and_sendfile():
    script = """
        import os, socket, sys
        ours, theirs = socket.socketpair()
        file = os.memfd_create("x")
        print(ours.send(bytes(101)), len(theirs.recv(100)), os.write(file, bytes(100)))
        print(os.sendfile(ours.fileno(), file, 0, 100), ours.sendmsg([bytes(100)]))
    """
    assert python(script) == ["50 50 100", "50 100"]
    assert python(script, plan="") == ["101 100 100", "100 100"]


def test_course_behaves_as_the_checkers_shim():
    script = """
        import os, socket, sys
        ours, theirs = socket.socketpair()
        file = os.memfd_create("x")
        os.write(file, bytes(100))
        print(*[ours.send(bytes(n)) for n in (1, 2, 100)])
        print(*[len(theirs.recv(n)) for n in (100, 21, 20, 3)], len(theirs.recv(1)))
        print(*[os.sendfile(ours.fileno(), file, 0, n) for n in (1, 32, 33, 100)])
    """
    assert python(script, plan="course") == ["1 1 50", "20 20 10 1 1", "1 32 16 50"]


# ---- Files

def test_a_plan_may_come_from_a_file(tmp_path):
    file = tmp_path / "plan"
    file.write_text("# tried today\nsend:half  # always\n\n  seed = 3\nrecv:EINTR@1; recv:one")
    assert python(SENDS, plan_file=file)[0] == "50 50 50 50 50 50"


def test_an_error_in_a_file_is_reported_with_its_line(tmp_path):
    file = tmp_path / "plan"
    file.write_text("send:half\nrecv:mx=3\n")
    done = run("true", plan_file=file, check=False)
    assert (done.returncode, done.stderr) == (
        2, f"sockop: {file}, line 2, column 6: mx is neither an action nor the name of an errno\n")


@pytest.mark.parametrize("shim, message", [
    ({"plan_file": "/does/not/exist"}, "SOCKOP_PLAN: cannot use /does/not/exist: ENOENT"),
    ({"plan_file": "/"}, "SOCKOP_PLAN: cannot use /: EISDIR"),
    ({"plan_file": "/etc/hostname", "plan": ""}, "SOCKOP: set SOCKOP or SOCKOP_PLAN, not both"),
    ({"plan": "send:half", "log": "/does/not/exist"},
     "SOCKOP_LOG: cannot use /does/not/exist: ENOENT"),
    ({"plan": "send:half;" * 1000},
     "SOCKOP: the plan is too long; put it in a file and set SOCKOP_PLAN"),
    ({"plan": "send:half;" * 70}, "SOCKOP, column 641: too many rules"),
])
def test_a_setting_that_cannot_be_used_is_one_line(shim, message):
    done = run("true", check=False, **shim)
    assert (done.returncode, done.stderr) == (2, f"sockop: {message}\n")


# ---- Errors: the column is that of the invalid word

@pytest.mark.parametrize("plan, column, what", [
    ("sned:half", 1, "unknown call sned"),
    ("recv:half; sned:half", 12, "unknown call sned"),
    ("send", 5, "expected a colon and an action"),
    ("send half", 6, "expected a colon and an action"),
    (":half", 1, "expected the name of a call before ':'"),
    ("send,:half", 6, "expected the name of a call before ':'"),
    ("send:", 6, "expected an action"),
    ("send:hlf", 6, "hlf is neither an action nor the name of an errno"),
    ("send:EIEIO", 6, "EIEIO is neither an action nor the name of an errno"),
    ("recv,send:EMFILE", 11, "EMFILE is not an error of send, which may fail with EAGAIN"),
    ("accept4:half", 9, "half does not apply to accept4"),
    ("recv:pipe", 6, "pipe does not apply to recv"),
    ("recv:fewer", 6, "fewer does not apply to recv"),
    ("recv:max", 9, "max needs a value: max=N"),
    ("recv:max=", 10, "expected a number"),
    ("recv:max=x", 10, "expected a number"),
    ("recv:max=0", 10, "the number must be at least 1"),
    ("recv:max=99999999999999999999", 10, "the number is too large"),
    ("recv:half@", 11, "expected a number"),
    ("recv:half@0", 11, "the number must be at least 1"),
    ("recv:half%0", 11, "the number must be at least 1"),
    ("recv:half~", 11, "expected a probability from 0 to 1"),
    ("recv:half~1.5", 11, "expected a probability from 0 to 1"),
    ("recv:half~2", 11, "expected a probability from 0 to 1"),
    ("recv:half twice", 11, "unexpected 'twice'"),
    ("recv:half!", 10, "unexpected '!'"),
    ("recv:half[", 11, "expected key=value; the keys are fd, path, port, conn and above"),
    ("recv:half[fd]", 11, "expected key=value; the keys are fd, path, port, conn and above"),
    ("recv:half[fd=disk]", 14, "unknown kind 'disk': fd is socket, listener, file or any"),
    ("recv:half[size=3]", 11, "unknown key 'size'"),
    ("recv:half[port=70000]", 16, "a port is at most 65535"),
    ("recv:half[path=]", 16, "expected a pattern for a path"),
    ("recv:half[fd=any", 17, "expected ]"),
    ("seed=", 6, "expected a number"),
    ("seed=x", 6, "expected a number"),
    ("first=0", 7, "the number must be at least 1"),
    ("course half", 8, "unexpected 'half'"),
    ("malloc:ENOMEM; malloc:EIO", 23, "EIO is not an error of malloc, which may fail with ENOMEM"),
])
def test_an_error_is_one_line_that_contains_the_column(plan, column, what):
    done = run("sh", "-c", "echo started", plan=plan, check=False)
    assert done.returncode == 2 and done.stdout == "", "the program was started"
    assert done.stderr.startswith(f"sockop: SOCKOP, column {column}: {what}"), done.stderr
    assert done.stderr.count("\n") == 1
