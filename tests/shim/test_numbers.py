"""The shim's descriptors do not get in the way of the program: they move if the program wants their
numbers, and the shim never writes to a file of the program."""
import platform
import re
import resource
import subprocess
import sys
import textwrap

import pytest

from shimmed import SOCKOPCTL, environment, faults, programs, run

# theirs() returns the numbers of the shim's descriptors; send() gets a fault.
BEGIN = """
    import ctypes, errno, fcntl, os, socket, subprocess, sys
    libc = ctypes.CDLL(None, use_errno=True)
    def theirs():
        return sorted(int(fd) for fd in os.listdir("/proc/self/fd") if int(fd) > 500)
    def call(name, *arguments):
        result = getattr(libc, name)(*arguments)
        return result if result >= 0 else errno.errorcode[ctypes.get_errno()]
    ours, peer = socket.socketpair()
    def send():
        return ours.send(bytes(100))
    file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR, 0o600)
"""
DUP2 = 'call("dup2", file, fd)'
DUP3 = 'call("dup3", file, fd, os.O_CLOEXEC)'
WAYS = {
    "dup2": DUP2, "dup3": DUP3,
    "F_DUPFD": 'call("fcntl", file, fcntl.F_DUPFD, fd)',
    "F_DUPFD_CLOEXEC": 'call("fcntl", file, fcntl.F_DUPFD_CLOEXEC, fd)',
    "fcntl64": 'call("fcntl64", file, fcntl.F_DUPFD, fd)',
}
X86_64 = platform.machine() == "x86_64"  # the system call numbers below are for this architecture
if X86_64:
    WAYS |= {"syscall-dup2": 'call("syscall", 33, file, fd)',
             "syscall-dup3": 'call("syscall", 292, file, fd, 0)',
             "syscall-fcntl": 'call("syscall", 72, file, fcntl.F_DUPFD, fd)'}


def script(*lines):
    return textwrap.dedent(BEGIN) + textwrap.dedent("\n".join(lines))


class Program:
    """A finished script that ran while the shim had a log, a table and a control socket."""

    def __init__(self, tmp_path, *lines, summary="-", check=True):
        self.file, self.log, self.control = (tmp_path / name for name in ("file", "log", "control"))
        done = run(sys.executable, "-c", script(*lines), self.file, plan="send:half", log=self.log,
                   summary=summary, control=self.control, check=check)
        self.lines, self.stderr, self.status = done.stdout.split("\n")[:-1], done.stderr, \
            done.returncode

    @property
    def content(self):
        return self.file.read_bytes()

    def has_table(self, sends):
        heads = re.findall("^sockop: calls seen", self.stderr, re.MULTILINE)
        return len(heads) == 1 and re.search(rf"  send +{sends} +{sends}\n", self.stderr)


@pytest.mark.parametrize("way", WAYS)
def test_the_program_gets_the_number_that_it_asks_for(tmp_path, way):
    program = Program(tmp_path, f"""
        numbers = theirs()
        print(len(numbers))
        for fd in numbers:
            print({WAYS[way]} == fd, os.write(fd, b"x"), send())
            print(call("close", fd), call("close", fd))
        print(len(theirs()))
    """)
    assert program.lines == ["3", *["True 1 50", "0 EBADF"] * 3, "3"]
    assert program.content == b"xxx"
    assert len(faults(program.log)) == 3 and program.has_table(3), program.stderr


@pytest.mark.parametrize("sent", ["left open", "closed"])
def test_the_control_socket_works_after_it_has_moved(tmp_path, sent):
    control = tmp_path / "control"
    lines = script(f"""
        for fd in theirs():
            {DUP2}
            if {sent == "closed"}:
                os.close(fd)
        print(send(), flush=True)
        input()
        print(send(), flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", lines, tmp_path / "file"], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=environment(plan="", control=control)) as process:
        assert process.stdout.readline() == "100\n"
        done = subprocess.run([SOCKOPCTL, control, "plan", "send:half"], capture_output=True,
                              text=True, timeout=60)
        assert done.stdout == "ok\n", done
        assert process.communicate("\n", timeout=60)[0] == "50\n"
    assert (tmp_path / "file").read_bytes() == b"" and not control.exists()


@pytest.mark.parametrize("what", [
    '"close", fd', '"__close", fd', '"dup", fd', '"dup2", fd, 50', '"dup2", fd, fd',
    '"dup3", fd, 50, 0', '"fcntl", fd, fcntl.F_GETFD', '"fcntl", fd, fcntl.F_DUPFD, 0',
    '"__fcntl", fd, fcntl.F_SETFD, 0', *(['"syscall", 3, fd', '"syscall", 32, fd'] * X86_64),
])
def test_the_shims_descriptors_look_closed_to_the_program(tmp_path, what):
    program = Program(tmp_path, f"""
        for fd in theirs():
            print(call({what}), send())
    """)
    assert program.lines == ["EBADF 50"] * 3 and program.has_table(3)


def test_a_duplicate_that_fails_leaves_the_number_free(tmp_path):
    program = Program(tmp_path, """
        numbers = theirs()
        for fd in numbers:
            print(call("dup2", 400, fd), fd in theirs(), send())
    """)
    assert program.lines == ["EBADF False 50"] * 3 and program.has_table(3)


CLOSING = {
    "closefrom": 'libc.closefrom(3)',
    "close_range": 'call("close_range", 3, ctypes.c_uint(-1), 0)',
    "syscall": 'call("syscall", 436, 3, ctypes.c_uint(-1), 0)',
    "up to one of them": 'call("close_range", 3, theirs()[1], 0)',
    "from one of them": 'call("close_range", theirs()[1], ctypes.c_uint(-1), 0),'
                        'call("close_range", 3, theirs()[0], 0)',
    "one of them": '[call("close_range", fd, fd, 0) for fd in theirs()]; os.closerange(3, 100)',
    "on exec": 'call("close_range", 3, ctypes.c_uint(-1), 4); os.closerange(3, 100)',
}


@pytest.mark.parametrize("way", CLOSING)
def test_closing_many_descriptors_leaves_the_shims_open(tmp_path, way):
    program = Program(tmp_path, f"""
        import resource
        os.dup2(file, 400), os.dup2(file, 2000) if resource.getrlimit(7)[0] > 2000 else None
        numbers = theirs()
        {CLOSING[way]}
        print([fd for fd in (ours.fileno(), file) if os.path.exists(f"/proc/self/fd/{{fd}}")])
        print(set(theirs()) >= {{fd for fd in numbers if fd < 1100}})
        ours.detach(), peer.detach()
        ours, peer = socket.socketpair()
        print(send())
    """)
    assert program.lines == ["[]", "True", "50"]
    assert len(faults(program.log)) == 1 and program.has_table(1), program.stderr


def test_an_empty_range_fails_as_without_the_shim(tmp_path):
    assert Program(tmp_path, 'print(call("close_range", 5, 4, 0))').lines == ["EINVAL"]


def limited(tmp_path, limit, *lines):
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    return subprocess.run([sys.executable, "-c", script(*lines), tmp_path / "file"], text=True,
                          capture_output=True, timeout=60, preexec_fn=lower, check=True,
                          env=environment(plan="send:half", log=tmp_path / "log", summary="-"))


def test_under_a_low_limit_the_program_gets_every_number(tmp_path):
    """In the end no number is free, so the shim cannot move its descriptors and loses them."""
    done = limited(tmp_path, 40, """
        mine = {0, 1, 2, ours.fileno(), peer.fileno(), file}
        for fd in range(3, 40):
            if fd not in mine:
                print(call("dup2", file, fd) == fd, os.write(fd, b"x"))
        print(send())
    """)
    *lines, sent = done.stdout.splitlines()
    assert set(lines) == {"True 1"} and sent == "50"
    assert (tmp_path / "file").read_bytes() == b"x" * len(lines)


def test_the_table_is_not_written_to_a_file_that_has_descriptor_2(tmp_path):
    for closing in ("os.close(2)", "os.dup2(file, 2)"):
        program = Program(tmp_path, f"""
            {closing}
            other = os.open(sys.argv[1], os.O_RDWR | os.O_APPEND)
            print(send())
        """)
        assert program.has_table(1) and program.content == b""


def test_without_standard_error_no_file_is_written(tmp_path):
    """The first file that the program opens is descriptor 2."""
    (tmp_path / "file").write_bytes(b"")
    command = f"exec {sys.executable} -c 'import os, sys; sys.exit(os.open(sys.argv[1], 2))'"
    done = subprocess.run(["sh", "-c", f"{command} {tmp_path}/file 2>&-"],
                          env=environment(plan="", summary="-"), timeout=60, check=False)
    assert done.returncode == 2 and (tmp_path / "file").read_bytes() == b""


@pytest.mark.parametrize("way", ["vfork", "fork"])
def test_a_child_does_not_change_the_records_of_its_parent(programs, tmp_path,
                                                                             way):
    log = tmp_path / "log"
    done = run(programs("children"), way, plan="send:half", log=log, summary="-")
    assert done.stdout == "2 2\n"
    assert [(fault["connection"], fault["number"]) for fault in faults(log)] == [(1, 1), (1, 2)]
    assert done.stderr.count("sockop: calls seen") == (2 if way == "fork" else 1)


@pytest.mark.parametrize("close_fds", [True, False])
def test_new_programs_do_not_inherit_the_shims_descriptors(tmp_path, close_fds):
    """subprocess calls vfork, and the child duplicates and closes descriptors before execve."""
    program = Program(tmp_path, f"""
        numbers = theirs()
        done = subprocess.run(["ls", "/proc/self/fd"], close_fds={close_fds}, stdin=file, env={{}},
                              stdout=subprocess.PIPE, check=True)
        print(max(map(int, done.stdout.split())) < 500, theirs() == numbers, send())
    """)
    assert program.lines == ["True True 50"]


def test_the_log_continues_after_the_program_has_taken_its_number(tmp_path):
    program = Program(tmp_path, """
        for _ in range(5):
            for fd in theirs():
                os.dup2(file, fd)
            print(send())
    """)
    assert program.lines == ["50"] * 5
    assert len(faults(program.log)) == 5 and program.content == b""
