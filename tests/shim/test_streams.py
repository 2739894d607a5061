"""Faults on streams, messages and files. Resets and broken pipes are real: the peer sees them."""
import signal
import sys
import textwrap

import pytest

from shimmed import faults, python, run

PAIR = """
    import signal, socket, sys
    listener = socket.create_server(("127.0.0.1", 0))
    theirs = socket.create_connection(listener.getsockname())
    ours, _ = listener.accept()
    def attempt(call, *arguments):
        try:
            result = call(*arguments)
            return result if isinstance(result, int) else len(result)
        except OSError as error:
            import errno
            return errno.errorcode[error.errno]
"""


@pytest.mark.parametrize("call", ["send", "recv"])
def test_a_reset_reaches_the_peer(call):
    script = PAIR + f"""
    theirs.send(bytes(10))
    ours_call = {{"send": lambda: ours.send(bytes(10)), "recv": lambda: ours.recv(10)}}["{call}"]
    print(attempt(ours_call), attempt(theirs.recv, 100))
    print(attempt(ours.send, b"x"))
    """
    assert python(script, plan=f"{call}:reset@1[conn=2]") == ["ECONNRESET ECONNRESET", "EPIPE"]


def test_a_reset_in_mid_stream(tmp_path):
    script = PAIR + """
    print(attempt(ours.send, bytes(10)), attempt(ours.send, bytes(10)))
    print(attempt(theirs.recv, 100))
    """
    log = tmp_path / "log"
    got = python(script, plan="send:reset@2", log=log)
    assert got[0] == "10 ECONNRESET" and got[1] in ("10", "ECONNRESET")
    assert [(fault["number"], fault["errno"]) for fault in faults(log)] == [(2, "ECONNRESET")]


def test_pipe_ends_the_stream_for_the_peer():
    script = PAIR + """
    print(attempt(ours.send, bytes(10)), attempt(ours.send, bytes(10)), attempt(ours.send, b"x"))
    print(len(theirs.recv(100)), len(theirs.recv(100)))
    """
    assert python(script, plan="send:pipe@2") == ["10 EPIPE EPIPE", "10 0"]


# By default Python ignores SIGPIPE.
SIGNALLED = PAIR + """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print(attempt(ours.send, bytes(10), getattr(socket, sys.argv[1]) if len(sys.argv) > 1 else 0))
"""


@pytest.mark.parametrize("action", ["pipe", "EPIPE"])
def test_EPIPE_sends_sigpipe_unless_MSG_NOSIGNAL_is_given(action):
    done = run(sys.executable, "-c", textwrap.dedent(SIGNALLED), plan=f"send:{action}", check=False)
    assert done.returncode == -signal.SIGPIPE
    assert python(SIGNALLED, "MSG_NOSIGNAL", plan=f"send:{action}") == ["EPIPE"]


@pytest.mark.parametrize("action", ["reset", "pipe", "half"])
def test_messages_are_never_shortened_or_reset(tmp_path, action):
    script = """
        import socket
        for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
            print(ours.send(bytes(10)), len(theirs.recv(100)))
    """
    log = tmp_path / "log"
    assert python(script, plan=f"send:{action}", log=log) == ["10 10", "10 10"]
    assert faults(log) == []


@pytest.mark.parametrize("plan", ["", "sendmsg,recvmsg:half"])
def test_messages_keep_their_ancillary_data(plan):
    """Descriptors, the sender's address, and flags, with and without a shortened message."""
    script = """
        import array, os, socket
        ours, theirs = socket.socketpair()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1]))]
        print(ours.sendmsg([bytes(60), bytes(40)], rights))
        data, beside, flags, _ = theirs.recvmsg(100, socket.CMSG_SPACE(8))
        print(len(data), [len(descriptors) for _, _, descriptors in beside], flags & ~0x40000000)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        print(udp.sendmsg([bytes(100)], [], 0, udp.getsockname()))
        data, beside, flags, address = udp.recvmsg(10)
        print(len(data), beside, flags == socket.MSG_TRUNC, address == udp.getsockname())
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        print(ours.send(b"x"), *theirs.recvmsg(10, 100)[1:])
    """
    # Half of 100 bytes are sent, and half of 100 are received.
    cut = ["50", "50 [8] 0"] if plan else ["100", "100 [8] 0"]
    done = run(sys.executable, "-c", textwrap.dedent(script), plan=plan)
    assert done.stdout.splitlines() == [*cut, "100", "10 [] True True", "1 [] 0 None"]
    assert done.stderr == "", "what came beside is malformed"


def test_a_shortened_vector_has_the_first_bytes():
    """They are in the right buffers."""
    script = """
        import os, socket
        ours, theirs = socket.socketpair()
        sent = os.writev(ours.fileno(), [b"abc", b"", b"defg", b"hij"])
        into = [bytearray(b"." * size) for size in (2, 0, 3, 9)]
        got = os.readv(theirs.fileno(), into)
        print(sent, got, *[bytes(part).decode() for part in into])
    """
    assert python(script, plan="writev:max=6; readv:max=4")[0].split() == ["6", "4", "ab", "cd.",
                                                                           "........."]


def test_a_shortened_vector_has_at_most_32_buffers():
    script = """
        import os, socket
        ours, theirs = socket.socketpair()
        print(os.writev(ours.fileno(), [b"x"] * 100), os.writev(ours.fileno(), [b"x"] * 100))
    """
    assert python(script, plan="writev:max=90@2") == ["100 32"]


def test_direct_io_is_shortened_to_whole_blocks(tmp_path):
    script = """
        import mmap, os, sys
        try:
            fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
        except OSError:
            sys.exit("no direct I/O")
        memory = mmap.mmap(-1, 5 * 4096)
        print(os.preadv(fd, [memory], 0))
        print(os.preadv(fd, [memoryview(memory)[:4096]], 0))
    """
    file = tmp_path / "file"
    file.write_bytes(bytes(5 * 4096))
    command = (sys.executable, "-c", textwrap.dedent(script), file)
    done = run(*command, plan="preadv,preadv2:half", check=False)
    if "no direct I/O" in done.stderr:
        pytest.skip("the file system does not support O_DIRECT")
    assert done.stdout.split() == ["8192", "4096"], done.stderr


def test_rate_limits_the_speed():
    script = PAIR + """
    import time
    begin = time.monotonic()
    sent = 0
    while sent < 30:
        sent += ours.send(bytes(30 - sent))
    print(sent, time.monotonic() - begin >= 0.3)
    """
    assert python(script, plan="send:rate=100") == ["30 True"]


def test_an_interrupted_connect_continues():
    """connect(2) says so. A nonblocking connect is not interrupted."""
    script = """
        import ctypes, errno, socket, struct
        libc = ctypes.CDLL(None, use_errno=True)
        listener = socket.create_server(("127.0.0.1", 0))
        _, port = listener.getsockname()
        address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, b"\\x7f\\0\\0\\1")
        for blocks in (True, False):
            client = socket.socket()
            client.setblocking(blocks)
            print(libc.connect(client.fileno(), address, 16), errno.errorcode[ctypes.get_errno()])
            listener.accept()
            print(client.getpeername() == listener.getsockname())
    """
    assert python(script, plan="connect:EINTR") == ["-1 EINTR", "True", "-1 EINPROGRESS", "True"]


def test_a_close_that_fails_closes_the_descriptor():
    script = """
        import os
        fd = os.open("/", os.O_RDONLY)
        for _ in range(2):
            try:
                os.close(fd)
            except OSError as error:
                print(error.errno)
    """
    assert python(script, plan="close:EIO@1[fd=any,path=/]") == ["5", "9"]


def test_a_splice_matches_the_descriptor_that_is_not_a_pipe(tmp_path):
    script = """
        import os, socket, sys
        file = os.open(sys.argv[1], os.O_RDONLY)
        out, into = os.pipe()
        ours, theirs = socket.socketpair()
        print(os.splice(file, into, 100), os.splice(out, ours.fileno(), 100))
    """
    (tmp_path / "file").write_bytes(bytes(100))
    assert python(script, tmp_path / "file", plan="splice:half[fd=file]") == ["50 50"]
    assert python(script, tmp_path / "file", plan="splice:half[fd=socket]") == ["100 50"]


# Submits a poll and a read of 100 bytes to kernel AIO. libaio is loaded after the start.
AIO = """
    import ctypes, os, struct, sys
    ctypes.CDLL("libaio.so.1", mode=ctypes.RTLD_GLOBAL)
    libaio = ctypes.CDLL(None)
    context, counter = ctypes.c_void_p(), os.eventfd(1)
    file = os.open(sys.argv[1], os.O_RDONLY)
    memory = ctypes.create_string_buffer(100)
    def iocb(opcode, fd, address, length):
        return ctypes.create_string_buffer(struct.pack(
            "QIIHhIQQQQII", 0, 0, 0, opcode, 0, fd, address, length, 0, 0, 0, 0))
    reads = [iocb(5, counter, 3, 0), iocb(0, file, ctypes.addressof(memory), 100)]
    print(libaio.io_setup(8, ctypes.byref(context)))
    for read in reads:
        print(libaio.io_submit(context, ctypes.c_long(1), ctypes.byref(ctypes.pointer(read))))
        event = (ctypes.c_int64 * 4)()
        count = libaio.io_getevents(context, ctypes.c_long(1), ctypes.c_long(1), event, None)
        print(count, event[2])
"""


def test_io_getevents_returns_as_many_events_as_it_waits_for(tmp_path):
    script = AIO + """
    for read in reads:
        libaio.io_submit(context, ctypes.c_long(1), ctypes.byref(ctypes.pointer(read)))
    events = (ctypes.c_int64 * 8)()
    print(libaio.io_getevents(context, ctypes.c_long(2), ctypes.c_long(2), events, None))
    """
    (tmp_path / "file").write_bytes(bytes(100))
    assert python(script, tmp_path / "file", plan="io_getevents:one")[-1] == "2"


@pytest.mark.parametrize("plan, read", [
    ("", 100), ("io_getevents:EIO[fd=any]", -5), ("io_getevents:short[fd=any]", 50),
    ("io_getevents:zero[fd=any]", 0), ("io_getevents:EIO[path=*/file]", -5),
    ("io_getevents:EIO[path=*/other]", 100),
])
def test_completions_of_reads_are_changed_but_not_of_polls(tmp_path, plan, read):
    (tmp_path / "file").write_bytes(bytes(100))
    assert python(AIO, tmp_path / "file", plan=plan) == ["0", "1", "1 1", "1", f"1 {read}"]
