"""How the server's life ends: what a signal does to whom, and what is left behind."""
import signal
import subprocess

import pytest

from client import Client, request_bytes
from conftest import CLEAN, Server
from observe import Strace, is_refused, process_state, receive_all, wait_until

SLOW = 4096            # bytes of receive buffer of a client that holds its answer up
LARGE = 16 << 20       # more than the sockets between hold

# Keeps a second descriptor of the first connection: a leak that is not the server's.
LEAK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>
int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags) {
  static int leaked;
  int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
  int result = real(fd, address, size, flags);
  if (result >= 0 && !leaked++) (void)dup(result);
  return result;
}
"""


def begin_download(server, target):
    """A client whose answer has begun and cannot go on until it reads."""
    client = Client(server.port, receive_buffer=SLOW)
    client.request(target)
    while b"\r\n\r\n" not in client.buffer:
        assert client.receive(), f"{target} ended in {client.buffer!r}"
    return client


def begin_stop(server, signal_number=signal.SIGTERM):
    server.process.send_signal(signal_number)
    server.wait_for_line("stopping when running answers are finished")
    wait_until(lambda: is_refused(server.port), "the listener is closed")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0_and_closes_idle_connections(start, make_file,
                                                                    signal_number, shim):
    make_file("static/x", 100)
    server = start(shim=shim)
    with server.client() as kept, server.client() as silent:
        kept.request("/static/x")
        assert kept.answer().status == 200
        server.process.send_signal(signal_number)
        assert kept.at_end(), "the kept connection got something besides its end"
        assert silent.at_end(), "the silent connection got something besides its end"
        assert server.wait() == 0
    assert server.audit == CLEAN
    assert is_refused(server.port), "somebody still listens"


def test_a_running_download_is_finished_while_new_clients_are_refused(start, make_file, kind,
                                                                      shim):
    content = make_file(f"{kind}/x", LARGE)
    server = start(shim=shim)
    with begin_download(server, f"/{kind}/x") as client:
        begin_stop(server)
        assert server.process.poll() is None, "it ended under a running download"
        assert client.answer().body == content
        assert client.at_end(), "something followed the last answer"
    assert server.wait() == 0


def test_a_request_that_is_just_arriving_is_answered_and_the_connection_closed(
        start, tmp_path, make_file, kind, shim):
    content = make_file(f"{kind}/x", 1000)
    server = start(tmp_path, "--trace", "--threads", "1", shim=shim)
    request = request_bytes(f"/{kind}/x")
    with server.client() as client:
        client.send(request[:20])
        server.wait_for_line("#1 ReadingRequest --SocketReady--> ReadingRequest")
        begin_stop(server)
        client.send(request[20:])
        answer = client.answer()
        assert (answer.status, answer["connection"]) == (200, "close")
        assert answer.body == content
        assert client.at_end()
    assert server.wait() == 0


def test_clients_that_the_kernel_let_in_before_the_stop_are_answered(start, make_file, kind):
    # While the process is stopped, the kernel takes connections and requests in its name.
    content = make_file(f"{kind}/x", 1000)
    server = start()
    server.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: process_state(server.pid) == "T", "the server is stopped")
    clients = [server.client() for _ in range(10)]
    for client in clients:
        client.request(f"/{kind}/x")
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGCONT)
    for client in clients:
        with client:
            assert client.answer().body == content
            assert client.at_end()
    assert server.wait() == 0


def test_pipelined_requests_end_with_a_close_that_was_announced_or_after_a_whole_answer(
        start, make_file):
    content = make_file("static/x", 100_000)
    server = start()
    with Client(server.port, receive_buffer=SLOW) as client:
        client.send(request_bytes("/static/x") * 200)
        assert client.answer().body == content
        begin_stop(server)
        answers = 1
        try:
            while True:
                assert client.answer().body == content
                answers += 1
        except EOFError as end:
            assert "ended in b''" in str(end), f"after {answers} answers: {end}"
    assert server.wait() == 0


def test_a_second_signal_ends_it_at_once_although_a_download_is_stalled(
        start, tmp_path, make_file, kind):
    content = make_file(f"{kind}/x", LARGE)
    server = start(tmp_path, "--grace", "1000")
    with begin_download(server, f"/{kind}/x") as client:
        begin_stop(server, signal.SIGTERM)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGINT)
        assert server.wait() == 0
        got = receive_all(client).split(b"\r\n\r\n", 1)[1]
    assert len(got) < LARGE and content.startswith(got), "what came is not the file's beginning"


@pytest.mark.parametrize("grace", ["0", "0.2"])
def test_the_grace_is_a_limit(start, tmp_path, make_file, kind, grace):
    make_file(f"{kind}/x", LARGE)
    server = start(tmp_path, "--grace", grace)
    with begin_download(server, f"/{kind}/x") as client, server.client() as half:
        half.send(b"GET /static/x HT")
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
        assert len(receive_all(client)) < LARGE


def test_a_stop_ends_those_who_wait_for_room_too(start, tmp_path, make_file):
    make_file("static/x", 100)
    server = start(tmp_path, "--max-connections", "1", "--threads", "1")
    with server.client() as first:
        first.request("/static/x")
        assert first.answer().status == 200
        with server.client() as in_line:
            in_line.request("/static/x")
            server.process.send_signal(signal.SIGTERM)
            assert receive_all(in_line) == b"", "it was never accepted, and yet answered"
    assert server.wait() == 0


def test_a_stop_while_reads_are_under_way_leaves_none(start, tmp_path, make_file, shim):
    make_file("dynamic/x", 4 << 20)
    for blocks in ("1", "2", "64"):
        server = start(tmp_path, "--grace", "0", "--aio-blocks", blocks, shim=shim)
        clients = [server.client() for _ in range(16)]
        for client in clients:
            client.request("/dynamic/x")
        assert clients[0].receive()
        assert server.stop() == 0, server.output()
        for client in clients:
            client.close()


def test_reads_that_were_asked_for_and_never_begun_are_not_left_either(start, tmp_path, make_file):
    # The clients are to come in with the stop itself, and to be cut in the same turn of the loop.
    # strace holds each epoll_wait up, long enough for all that to gather behind it.
    make_file("dynamic/x", 4 << 20)
    (tmp_path / "strace").mkdir()
    strace = Strace(tmp_path / "strace", "epoll_wait", ["epoll_wait:delay_enter=200000"])
    server = start(tmp_path, "--grace", "0", "--threads", "1", wrapper=strace.wrapper)
    with server.client() as first:
        first.request("/other")
        assert first.answer().status == 404
        clients = [server.client() for _ in range(10)]
        for client in clients:
            client.request("/dynamic/x")
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0, server.output()
        for client in clients:
            client.close()


def test_sigpipe_is_harmless(start, make_file):
    content = make_file("static/x", 100)
    server = start()
    server.process.send_signal(signal.SIGPIPE)
    assert server.get("/static/x").body == content


def test_after_kill_9_the_port_is_free_again_at_once(start, make_file):
    content = make_file("static/x", 100)
    server = start()
    for _ in range(3):
        with server.client() as kept, server.client() as half:
            assert server.get("/static/x").body == content  # the server closes first: TIME_WAIT
            kept.request("/static/x")
            assert kept.answer().body == content
            half.send(b"GET /")
            server.process.kill()
            server.wait()
            server = start(port_option=("--port", str(server.port)))
            assert server.get("/static/x").body == content


def test_the_audit_finds_a_descriptor_that_was_left_open(tmp_path, make_file):
    make_file("static/x", 100)
    source, library = tmp_path / "leak.c", tmp_path / "leak.so"
    source.write_text(LEAK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    server = Server(tmp_path, env={"LD_PRELOAD": str(library)})
    try:
        with server.client() as client:
            client.request("/static/x")
            assert client.answer().status == 200
    finally:
        status = server.stop()
    assert (status, server.audit) == (1, CLEAN.replace("0 descriptors", "1 descriptors"))
