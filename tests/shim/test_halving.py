"""The default plan: send, recv and sendfile are halved under all their names, and nothing else changes."""

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

# From <bits/socket.h>; Python's socket module does not define all of them.
MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_ERRQUEUE, MSG_MORE = 0x1, 0x2, 0x20, 0x100, 0x2000, 0x8000

# Distributions build hardened: then recv becomes __recv_chk (with gcc), and sendfile becomes sendfile64.
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
    """Returns the call's result, errno's name, and the number of bytes that arrived at the other end."""
    result, error, arrived = run(probe, "one", call, length, on, flags, shim=shim).stdout.split()
    return int(result), error, int(arrived)


def halvings(length):
    """Returns how many calls transfer `length` bytes if each transfers half of what is left."""
    calls = 0
    while length > 0:
        length -= max(1, length // 2)
        calls += 1
    return calls


def dynamic_symbols(which, file):
    """Returns the names that `file` defines or, with which="-u", needs; without their versions."""
    lines = run("nm", "-D", which, file, shim=False).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines}


# Calls that are shortened.


@pytest.mark.parametrize("call", HOOKED)
def test_without_the_shim_the_call_transfers_everything(probe, call):
    # The other tests rely on this: the kernel itself shortens none of these calls.
    assert one(probe, call, 1000, shim=False)[0] == 1000


@pytest.mark.parametrize("call", HOOKED)
@pytest.mark.parametrize("length, moved", [(1, 1), (2, 1), (3, 1), (1000, 500), (1001, 500), (65536, 32768)])
def test_half_is_transferred_but_at_least_one_byte(probe, call, length, moved):
    arrived = moved if call in SENDING else 0
    assert one(probe, call, length) == (moved, "untouched", arrived)


@pytest.mark.parametrize("call", ["sendfile", "sendfile64"])
def test_sendfile_into_a_file_is_halved_and_does_not_change_errno(probe, call):
    # Whatever the shim asks about the descriptor must not change errno.
    assert one(probe, call, 1000, "file") == (500, "untouched", 0)


@pytest.mark.parametrize(
    "call, flags", [("send", MSG_MORE), ("recv", MSG_WAITALL), ("recv", MSG_TRUNC), ("__recv_chk", MSG_WAITALL)]
)
def test_flags_that_allow_a_short_count_do_not_prevent_it(probe, call, flags):
    assert one(probe, call, 1000, flags=flags)[0] == 500


# Calls that are not shortened.


@pytest.mark.parametrize("call", RECEIVING)
def test_a_peek_is_not_shortened(probe, call):
    # Otherwise a program that peeks until it sees a whole header would never end.
    assert one(probe, call, 1000, flags=MSG_PEEK)[0] == 1000


@pytest.mark.parametrize("call", HOOKED)
@pytest.mark.parametrize("kind", ["dgram", "seqpacket"])
def test_messages_are_not_shortened(probe, call, kind):
    arrived = 1000 if call in SENDING else 0
    assert one(probe, call, 1000, kind) == (1000, "untouched", arrived)


def test_urgent_data_and_the_error_queue_are_not_shortened():
    # Only TCP has both. With SO_TIMESTAMPING, the error queue returns the sent packet, about 70 bytes. Of four urgent
    # bytes only the last one is urgent.
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
def test_end_of_file_is_still_reported(probe, call, length):
    assert one(probe, call, length, "ended") == (0, "untouched", 0)


@pytest.mark.parametrize("call", HOOKED)
def test_a_length_of_0_transfers_nothing(probe, call):
    assert one(probe, call, 0) == (0, "untouched", 0)


def test_the_overflow_check_of_a_fortified_recv_still_aborts(probe):
    # The probe's buffer has 65536 bytes: half of 100000 would fit, and would hide the overflow.
    done = run(probe, "one", "__recv_chk", 100000, "empty", check=False)
    assert done.returncode == -signal.SIGABRT
    assert "buffer overflow detected" in done.stderr


# Whole programs.


@pytest.mark.parametrize("call", SENDING)
@pytest.mark.parametrize("threads", [1, 8])
def test_data_arrives_intact_in_as_many_calls_as_halving_needs(probe, call, threads):
    # The probe compares every byte, and each thread counts its calls.
    size = 1_000_003
    calls = run(probe, "copy", call, threads, size).stdout.split()
    assert calls == [str(halvings(size))] * threads


def test_a_call_from_an_earlier_constructor_works(tmp_path):
    # Of two preloaded libraries the second one is initialized first, so it calls send before the shim has started.
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
    # The first call may come from a signal handler, which must not take the loader's locks.
    log = run("env", "LD_DEBUG=symbols", "true").stderr
    assert all(re.search(rf"symbol={name};", log) for name in HOOKED)


def test_an_http_server_and_curl_agree_on_every_byte(tmp_path):
    # Both server and client are preloaded. The server shows it by the results of its own send and recv.
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
        # Eight at a time, so that the transfers overlap.
        urls = [f"http://127.0.0.1:{port}/blob?{number}" for number in range(8)]
        outputs = [word for number in range(8) for word in ("-o", tmp_path / f"got{number}")]
        run("curl", "-sSf", "--noproxy", "*", "--parallel", "--parallel-immediate", *outputs, *urls)
    finally:
        server.kill()
        server.wait()
    assert all((tmp_path / f"got{number}").read_bytes() == content for number in range(8))


# The library file.


def test_it_defines_exactly_the_hooked_names():
    table = (HERE.parents[1] / "preload/hooks/names.def").read_text()
    names = set(re.findall(r"^FUNCTION\((\w+),", table, re.MULTILINE))
    assert set(HOOKED) < names
    assert dynamic_symbols("--defined-only", SHIM) == names


def test_every_name_that_the_headers_use_is_hooked(probe):
    # Whichever names the headers use for the three calls, the shim defines them.
    spellings = re.compile(r"_*(send|recv|sendfile)(64)?(_chk)?")
    wanted = {name for name in dynamic_symbols("-u", probe) if spellings.fullmatch(name)}
    assert {"send", "sendfile64"} <= wanted <= dynamic_symbols("--defined-only", SHIM)


def test_it_needs_only_the_c_library():
    libraries = run("ldd", SHIM, shim=False).stdout.splitlines()
    names = {Path(line.split()[0]).name for line in libraries}
    allowed = re.compile(r"lib(c|dl)\.so\.\d+|ld-linux.*|linux-(vdso|gate)\.so\.1")
    assert "libc.so.6" in names and all(allowed.fullmatch(name) for name in names), names
