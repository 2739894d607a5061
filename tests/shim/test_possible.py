"""A fault is one that the kernel could have caused: transfers that are all or nothing are never
shortened, and fail only with errors that are possible for the descriptor."""
import os
import textwrap

import pytest

from shimmed import faults, python

BEGIN = """
    import array, ctypes, errno, fcntl, os, pty, signal, socket, struct, sys, tempfile
    libc = ctypes.CDLL(None, use_errno=True)
    def attempt(call, *arguments):
        try:
            result = call(*arguments)
            return result if isinstance(result, int) else len(result)
        except OSError as error:
            return errno.errorcode[error.errno]
"""

# Files whose transfers are records: the path, code that creates a descriptor, the size of a buffer
# for a record, and the size of the record (0: any).
RECORDS = {
    "eventfd": ("*eventfd*", "fd = os.eventfd(3)", 8, 8),
    "timerfd": ("*timerfd*", """
        fd = libc.timerfd_create(1, 0)
        libc.timerfd_settime(fd, 0, struct.pack("qqqq", 0, 0, 0, 1), None)
        """, 8, 8),
    "signalfd": ("*signalfd*", """
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        fd = libc.signalfd(-1, struct.pack("Q", 1 << signal.SIGUSR1 - 1), 0)
        os.kill(os.getpid(), signal.SIGUSR1)
        """, 128, 128),
    "inotify": ("*inotify*", """
        fd = libc.inotify_init1(0)
        libc.inotify_add_watch(fd, sys.argv[1].encode(), 0x100)
        os.mkdir(sys.argv[1] + "/new")
        """, 64, 32),
    "packets": ("pipe:*", """
        fd, into = os.pipe2(os.O_DIRECT)
        os.write(into, bytes(100))
        """, 4096, 100),
    "/proc": ("/proc/*/limits", "fd = os.open('/proc/self/limits', os.O_RDONLY)", 4096, 0),
    "/sys": ("/sys/*", "fd = os.open('/sys/kernel/mm/transparent_hugepage/enabled', os.O_RDONLY)",
             4096, 0),
    "netlink": ("socket:*", """
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
        netlink.send(struct.pack("=IHHIIB3x", 20, 18, 0x301, 1, 0, 0))
        fd = netlink.fileno()
        """, 16384, 0),
}


@pytest.mark.parametrize("action", ["half", "one", "max=7", "rate=70", "zero"])
@pytest.mark.parametrize("call", ["read", "readv"])
@pytest.mark.parametrize("what", RECORDS)
def test_a_read_of_a_record_is_not_shortened(tmp_path, what, call, action):
    path, making, size, record = RECORDS[what]
    if what == "/sys" and not os.path.exists("/sys/kernel/mm/transparent_hugepage/enabled"):
        pytest.skip("this kernel has no such file")
    reading = {"read": f"os.read, fd, {size}",
               "readv": f"os.readv, fd, [bytearray({size})]"}
    script = f"{textwrap.dedent(BEGIN)}{textwrap.dedent(making)}\nprint(attempt({reading[call]}))"
    log = tmp_path / "log"
    got, = python(script, tmp_path, plan=f"{call}:{action}[fd=any,path={path}]", log=log)
    assert faults(log) == []
    assert int(got) == record if record else int(got) > 7


def test_a_write_to_an_eventfd_is_not_shortened(tmp_path):
    script = BEGIN + """
    fd = os.eventfd(0)
    print(attempt(os.write, fd, struct.pack("Q", 5)), attempt(os.eventfd_read, fd))
    print(attempt(os.writev, fd, [struct.pack("Q", 1)]), attempt(os.eventfd_read, fd))
    """
    assert python(script, plan="write,writev:half[fd=any]") == ["8 5", "8 1"]


@pytest.mark.parametrize("length, moved", [(1, 1), (100, 100), (4096, 4096), (4098, 2049)])
@pytest.mark.parametrize("blocks", [True, False])
def test_a_short_write_to_a_pipe_is_atomic(length, moved, blocks):
    """pipe(7) says so for up to PIPE_BUF bytes."""
    script = BEGIN + f"""
    out, into = os.pipe()
    os.set_blocking(into, {blocks})
    print(os.write(into, bytes({length})), os.writev(into, [bytes({length})]))
    print(len(os.read(out, 100000)))
    """
    assert python(script, plan="write,writev:half[fd=any]") == [f"{moved} {moved}", str(2 * moved)]


def test_a_read_from_a_pipe_is_shortened():
    script = BEGIN + """
    out, into = os.pipe()
    os.write(into, bytes(100))
    print(len(os.read(out, 100)), len(os.read(out, 100)))
    """
    assert python(script, plan="read:half@1[fd=any,path=pipe:*]") == ["50 50"]


def test_a_write_to_proc_is_not_shortened():
    """Half of 123 would be a different number."""
    script = BEGIN + """
    fd = os.open("/proc/self/oom_score_adj", os.O_RDWR)
    print(os.write(fd, b"123"), os.pread(fd, 100, 0))
    """
    assert python(script, plan="write:half") == ["3 b'123\\n'"]


# The errors of eventfd(2) and pipe(7). EAGAIN needs a nonblocking descriptor.
EVENTFD = {"EAGAIN", "EBADF", "EFAULT", "EINVAL"}  # and EINTR, after which Python repeats the call


@pytest.mark.parametrize("error", ["EAGAIN", "EBADF", "EFAULT", "EINVAL", "EIO", "EISDIR",
                                   "ECONNRESET", "ETIMEDOUT", "ENOMEM", "ENOTCONN"])
@pytest.mark.parametrize("what, own", [("eventfd", EVENTFD), ("pipe", EVENTFD)])
def test_reads_fail_only_with_errors_of_the_descriptor(tmp_path, what, own, error):
    script = BEGIN + """
    out, into = os.pipe2(os.O_NONBLOCK)
    os.write(into, bytes(8))
    fd = {"eventfd": lambda: os.eventfd(1, os.EFD_NONBLOCK), "pipe": lambda: out}[sys.argv[1]]()
    print(attempt(os.read, fd, 8), attempt(os.readv, fd, [bytearray(8)]))
    """
    got = python(script, what, plan=f"read,readv:{error}@1[fd=any,path=*[*]")[0].split()
    assert got == ([error] * 2 if error in own else ["8", "EAGAIN"])


@pytest.mark.parametrize("error", ["EAGAIN", "EINVAL", "EPIPE", "ENOSPC", "EIO", "ECONNRESET"])
@pytest.mark.parametrize("what, own", [("eventfd", {"EAGAIN", "EINVAL"}),
                                       ("pipe", {"EAGAIN", "EINVAL", "EPIPE"})])
def test_writes_fail_only_with_errors_of_the_descriptor(what, own, error):
    script = BEGIN + """
    out, into = os.pipe2(os.O_NONBLOCK)
    fd = {"eventfd": lambda: os.eventfd(1, os.EFD_NONBLOCK), "pipe": lambda: into}[sys.argv[1]]()
    print(attempt(os.write, fd, bytes(8)), attempt(os.writev, fd, [bytes(8)]))
    """
    got = python(script, what, plan=f"write,writev:{error}@1[fd=any,path=*[*]")[0].split()
    assert got == [error if error in own else "8"] * 2


def test_terminals_and_dev_zero_are_streams():
    script = BEGIN + """
    ours, theirs = pty.openpty()
    fd = os.open("/dev/zero", os.O_RDWR)
    print(os.write(ours, bytes(100)), os.write(fd, bytes(100)), len(os.read(fd, 100)))
    """
    assert python(script, plan="read,write:half[fd=any,path=/dev/*]") == ["50 50 50"]


# ---- AIO completions

AIO = BEGIN + """
    ctypes.CDLL("libaio.so.1", mode=ctypes.RTLD_GLOBAL)
    context = ctypes.c_void_p()
    libc.io_setup(8, ctypes.byref(context))
    def transfer(opcode, fd, memory):
        iocb = ctypes.create_string_buffer(struct.pack("QIIHhIQQQQII", 0, 0, 0, opcode, 0, fd,
            ctypes.addressof(memory), len(memory), 0, 0, 0, 0))
        event = (ctypes.c_int64 * 4)()
        libc.io_submit(context, ctypes.c_long(1), ctypes.byref(ctypes.pointer(iocb)))
        libc.io_getevents(context, ctypes.c_long(1), ctypes.c_long(1), event, None)
        return event[2]
    memory = ctypes.create_string_buffer(100)
    file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    appended = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
    ours, theirs = socket.socketpair()
    theirs.send(bytes(100))
    print(transfer(1, file, memory), transfer(0, file, memory), transfer(1, appended, memory),
          transfer(0, ours.fileno(), memory), transfer(1, ours.fileno(), memory))
"""


@pytest.mark.parametrize("action, result", [("half", 50), ("zero", 0), ("EIO", -5)])
def test_a_completion_is_changed_only_if_the_transfer_can_be_repeated(tmp_path, action, result):
    """Bytes on a socket cannot be transferred again. A repeated append would write them twice."""
    got = python(AIO, tmp_path / "file", plan=f"completion:{action}[fd=any]")
    assert got == [f"{result} {result} 100 100 100"]


# ---- aws, which wakes its event loops by eventfds

@pytest.mark.parametrize("plan", ["read:half[fd=any]", "read:one[fd=any]", "*:half[fd=any]",
                                  "read:EIO[fd=any]", "read:zero[fd=any]"])
def test_aws_stops_on_sigterm(start, plan):
    server = start(env={"SOCKOP": plan}, shim=True)
    assert server.stop(timeout=30) == 0
