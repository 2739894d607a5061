"""sockop_preload.so does what it says: each hooked call is really hooked and halved, and nothing else changes."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SHIM = HERE.parents[1] / "sockop_preload.so"
TIMEOUT_S = 60

SENDING = ["send", "__send", "sendfile", "sendfile64"]
RECEIVING = ["recv", "__recv_chk"]
HOOKED = SENDING + RECEIVING

# From <bits/socket.h>: Python's socket module does not name all of them.
MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_MORE = 0x1, 0x2, 0x20, 0x100, 0x2000, 0x8000

# Hardened is how distributions build: there recv becomes __recv_chk (with gcc), and sendfile becomes sendfile64.
BUILDS = {"plain": [], "hardened": ["-D_FORTIFY_SOURCE=2", "-D_FILE_OFFSET_BITS=64"]}


def run(*command, shim=True, check=True):
    assert SHIM.exists(), f"{SHIM} is not there: run make first"
    environment = {**os.environ, "LC_ALL": "C"}
    environment.pop("LD_PRELOAD", None)
    if shim:
        environment["LD_PRELOAD"] = str(SHIM) if shim is True else shim
    done = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module", params=BUILDS)
def probe(request, tmp_path_factory):
    program = tmp_path_factory.mktemp("probe") / request.param
    flags = ["-std=gnu17", "-O2", "-pthread", "-U_FORTIFY_SOURCE", *BUILDS[request.param]]
    run("cc", *flags, "-o", program, HERE / "probe.c", shim=False)
    return program


def one(probe, call, length, on="stream", flags=0, shim=True):
    """The call's result, errno's name, and the bytes that the other end then held."""
    result, error, arrived = run(probe, "one", call, length, on, flags, shim=shim).stdout.split()
    return int(result), error, int(arrived)


def halvings(length):
    """How many calls it takes to move `length` bytes if each moves half of what it is asked for."""
    calls = 0
    while length > 0:
        length -= max(1, length // 2)
        calls += 1
    return calls


def dynamic_symbols(which, file):
    """The names that `file` defines for others or, with which="-u", wants from them; without their versions."""
    lines = run("nm", "-D", which, file, shim=False).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


# What is shortened.


@pytest.mark.parametrize("call", HOOKED)
def test_without_the_shim_the_call_is_whole(probe, call):
    # The ground on which the other tests stand: the kernel by itself shortens none of these.
    assert one(probe, call, 1000, shim=False)[0] == 1000


@pytest.mark.parametrize("call", HOOKED)
@pytest.mark.parametrize("length, moved", [(1, 1), (2, 1), (3, 1), (1000, 500), (1001, 500), (65536, 32768)])
def test_half_is_moved_and_a_single_byte_stays_whole(probe, call, length, moved):
    arrived = moved if call in SENDING else 0
    assert one(probe, call, length) == (moved, "untouched", arrived)


@pytest.mark.parametrize("call", ["sendfile", "sendfile64"])
def test_sendfile_into_a_file_is_halved_and_leaves_errno_alone(probe, call):
    # The shim asks what kind of socket it is, and the kernel answers ENOTSOCK: the program must not see that.
    assert one(probe, call, 1000, "file") == (500, "untouched", 0)


@pytest.mark.parametrize(
    "call, flags", [("send", MSG_MORE), ("recv", MSG_WAITALL), ("recv", MSG_TRUNC), ("__recv_chk", MSG_WAITALL)]
)
def test_flags_under_which_a_short_count_is_legal_do_not_protect(probe, call, flags):
    assert one(probe, call, 1000, flags=flags)[0] == 500


# What is not.


@pytest.mark.parametrize("call", RECEIVING)
def test_a_peek_is_whole(probe, call):
    # A program that peeks until it sees a whole header would otherwise peek for ever.
    assert one(probe, call, 1000, flags=MSG_PEEK)[0] == 1000


@pytest.mark.parametrize("call", HOOKED)
@pytest.mark.parametrize("kind", ["dgram", "seqpacket"])
def test_messages_are_left_whole(probe, call, kind):
    arrived = 1000 if call in SENDING else 0
    assert one(probe, call, 1000, kind) == (1000, "untouched", arrived)


def test_urgent_data_and_the_error_queue_are_left_whole():
    # Only TCP has both. The time stamp of a sent packet comes back through the error queue with the packet itself
    # (SO_TIMESTAMPING with TX_SOFTWARE and SOFTWARE), some 70 bytes; of four urgent bytes only the last is urgent.
    program = f"""
import select, socket
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.setsockopt(socket.SOL_SOCKET, 37, 2 | 16)
print(client.send(b"urge", {MSG_OOB}))
select.select([client], [], [])
print(len(client.recv(80, {MSG_ERRQUEUE})) > 40)
select.select([], [], [server])
print(server.recv(2, {MSG_OOB}).decode())
"""
    assert run(sys.executable, "-c", program).stdout.split() == ["4", "True", "e"]


@pytest.mark.parametrize("call", HOOKED)
def test_an_error_passes_through(probe, call):
    assert one(probe, call, 1000, "closed") == (-1, "EBADF", 0)
    if not call.startswith("sendfile"):
        assert one(probe, call, 1000, "file") == (-1, "ENOTSOCK", 0)


@pytest.mark.parametrize("call, on", [(call, "full") for call in SENDING] + [(call, "empty") for call in RECEIVING])
def test_would_block_passes_through(probe, call, on):
    assert one(probe, call, 1000, on)[:2] == (-1, "EAGAIN")


@pytest.mark.parametrize("call", RECEIVING + ["sendfile", "sendfile64"])
@pytest.mark.parametrize("length", [1, 1000])
def test_the_end_is_still_the_end(probe, call, length):
    assert one(probe, call, length, "ended") == (0, "untouched", 0)


@pytest.mark.parametrize("call", HOOKED)
def test_nothing_asked_for_is_nothing_moved(probe, call):
    assert one(probe, call, 0) == (0, "untouched", 0)


def test_the_overflow_check_of_a_fortified_recv_still_aborts(probe):
    # The probe's buffer has 65536 bytes: half of 100000 would fit, and the bug would stay hidden.
    done = run(probe, "one", "__recv_chk", 100000, "empty", check=False)
    assert done.returncode == -signal.SIGABRT
    assert "buffer overflow detected" in done.stderr


# Whole programs.


@pytest.mark.parametrize("call", SENDING)
@pytest.mark.parametrize("threads", [1, 8])
def test_blobs_arrive_identical_in_as_many_calls_as_halving_takes(probe, call, threads):
    # The probe compares every byte, and each of its threads counts the calls it needed.
    size = 1_000_003
    calls = run(probe, "copy", call, threads, size).stdout.split()
    assert calls == [str(halvings(size))] * threads


def test_a_call_from_an_earlier_constructor_is_served(tmp_path):
    # Of two preloaded libraries the second is initialised first, so it calls send before the shim has looked it up.
    source = tmp_path / "early.c"
    source.write_text(
        """
#include <stdio.h>
#include <sys/socket.h>
__attribute__((constructor)) static void early(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) printf("%zd\\n", send(ends[0], "12345678", 8, 0));
}
"""
    )
    library = tmp_path / "early.so"
    run("cc", "-shared", "-fPIC", "-o", library, source, shim=False)
    assert run(sys.executable, "-c", "", shim=f"{SHIM}:{library}").stdout == "4\n"


def test_every_name_is_looked_up_before_main():
    # Later would be too late: the first call may come from a signal handler, where the loader's locks are forbidden.
    log = run("env", "LD_DEBUG=symbols", "true").stderr
    assert all(re.search(rf"symbol={name};", log) for name in HOOKED)


def test_an_http_server_and_curl_agree_on_every_byte(tmp_path):
    # Server and client are preloaded both; the server proves it by what its own send answers before it serves.
    content = os.urandom(300_001)
    (tmp_path / "blob").write_bytes(content)
    program = """
import functools, http.server, socket, sys
left, right = socket.socketpair()
print(left.send(bytes(1000)), len(right.recv(400)))
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
    server = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path],
        env={**os.environ, "LD_PRELOAD": str(SHIM)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout.readline() == "500 200\n"
        port = server.stdout.readline().strip()
        # Eight at once, so that the server's threads and curl's own transfers overlap.
        urls = [f"http://127.0.0.1:{port}/blob?{number}" for number in range(8)]
        outputs = [word for number in range(8) for word in ("-o", tmp_path / f"got{number}")]
        run("curl", "-sSf", "--noproxy", "*", "--parallel", "--parallel-immediate", *outputs, *urls)
    finally:
        server.kill()
        server.wait()
    assert all((tmp_path / f"got{number}").read_bytes() == content for number in range(8))


# The file itself.


def test_it_defines_the_hooked_names_and_no_other():
    table = (HERE.parents[1] / "preload/hooks/names.def").read_text()
    names = set(re.findall(r"^FUNCTION\((\w+),", table, re.MULTILINE))
    assert set(HOOKED) < names
    assert dynamic_symbols("--defined-only", SHIM) == names


def test_no_spelling_slips_past_it(probe):
    # Whatever the headers made of the three calls in either build, the shim has that name.
    spellings = re.compile(r"_*(send|recv|sendfile)(64)?(_chk)?")
    wanted = {name for name in dynamic_symbols("-u", probe) if spellings.fullmatch(name)}
    assert {"send", "sendfile64"} <= wanted <= dynamic_symbols("--defined-only", SHIM)


def test_it_needs_only_the_c_library():
    libraries = run("ldd", SHIM, shim=False).stdout.splitlines()
    names = {Path(line.split()[0]).name for line in libraries}
    allowed = re.compile(r"lib(c|dl)\.so\.\d+|ld-linux.*|linux-(vdso|gate)\.so\.1")
    assert "libc.so.6" in names and all(allowed.fullmatch(name) for name in names), names
