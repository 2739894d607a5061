"""How long the server waits for whom, and how many it lets in."""
import select
import time

import pytest

from client import Client, request_bytes
from observe import Strace, descriptors, receive_all, wait_until

SLOW = 4096            # bytes of receive buffer
LARGE = 16 << 20       # more than the sockets between hold with such a window


def readable(client, seconds):
    return bool(select.select([client.socket], [], [], seconds)[0])


def trickle(client, data, interval_s):
    """Sends a byte each interval until the server says something or all is sent."""
    for number in range(len(data)):
        if readable(client, interval_s):
            return
        client.send(data[number:number + 1])


# ---- --header-timeout


def test_half_a_request_gets_408_and_the_end(start, tmp_path, shim):
    server = start(tmp_path, "--header-timeout", "0.3", shim=shim)
    begin = time.monotonic()
    with server.client() as client:
        client.send(b"GET /static/x HTTP/1.1\r\nHost: loc")
        answer = client.answer()
        assert (answer.status, answer["connection"]) == (408, "close")
        assert client.at_end()
    assert time.monotonic() - begin >= 0.3, "it lost patience too early"


def test_bytes_that_trickle_in_do_not_extend_the_time(start, tmp_path):
    # At this pace the request would take 20 seconds; each byte comes well within the limit.
    server = start(tmp_path, "--header-timeout", "0.4")
    with server.client() as client:
        trickle(client, request_bytes("/static/" + "x" * 1000), 0.02)
        assert client.answer().status == 408
        assert client.at_end()


def test_half_a_body_gets_408_and_the_end(start, tmp_path, make_file):
    make_file("static/x", 10)
    server = start(tmp_path, "--header-timeout", "0.3")
    with server.client() as client:
        client.request("/static/x", headers=[("Content-Length", "10")])
        client.send(b"12345")
        assert client.answer().status == 408
        assert client.at_end()


def test_the_second_request_of_a_connection_has_the_same_time(start, tmp_path, make_file):
    make_file("static/x", 10)
    server = start(tmp_path, "--header-timeout", "0.3")
    with server.client() as client:
        client.request("/static/x")
        assert client.answer().status == 200
        client.send(b"GET /static/x")
        assert client.answer().status == 408
        assert client.at_end()


def test_who_never_says_a_word_is_let_go_without_one(start, tmp_path):
    server = start(tmp_path, "--header-timeout", "0.3")
    with server.client() as client:
        assert client.at_end(), f"it was told {client.buffer!r}"


# ---- --idle-timeout


def test_a_kept_connection_is_let_go_quietly_when_it_is_idle(start, tmp_path, make_file, kind):
    make_file(f"{kind}/x", 10)
    server = start(tmp_path, "--idle-timeout", "0.3")
    with server.client() as client:
        client.request(f"/{kind}/x")
        assert client.answer().status == 200
        begin = time.monotonic()
        assert client.at_end(), f"it was told {client.buffer!r}"
        assert time.monotonic() - begin >= 0.25, "it lost patience too early"


def test_a_busy_connection_outlives_the_idle_limit(start, tmp_path, make_file):
    make_file("static/x", 10)
    server = start(tmp_path, "--idle-timeout", "0.8", "--header-timeout", "0.8")
    end = time.monotonic() + 1.6
    with server.client() as client:
        while time.monotonic() < end:
            client.request("/static/x")
            assert client.answer().status == 200


# ---- --send-timeout


def test_a_client_that_never_reads_is_cut(start, tmp_path, make_file, kind, shim):
    make_file(f"{kind}/x", LARGE)
    server = start(tmp_path, "--send-timeout", "0.3", "--threads", "1", shim=shim)
    before = len(descriptors(server.pid))
    with Client(server.port, receive_buffer=SLOW) as client:
        client.request(f"/{kind}/x")
        server_side = "the server has let go of the socket and the file"
        wait_until(lambda: len(descriptors(server.pid)) > before, "the client was accepted")
        wait_until(lambda: len(descriptors(server.pid)) == before, server_side)
        assert len(receive_all(client)) < LARGE, "it got everything after all"
    assert server.stop() == 0
    server.wait_for_line("1 timed out")


def test_a_client_that_reads_slowly_but_steadily_gets_everything(start, tmp_path, make_file, kind,
                                                                 shim):
    # For three times the limit it takes 32 KiB each 50 ms. The kernel reports the socket writable
    # only when a third of its buffer is free, which takes longer than the limit at this pace: who
    # measures patience must look at what the client took, not at what the kernel asked for.
    content = make_file(f"{kind}/x", 16 << 20)
    server = start(tmp_path, "--send-timeout", "0.6", shim=shim)
    with Client(server.port) as client:
        client.request(f"/{kind}/x", headers=[("Connection", "close")])
        tick = time.monotonic()
        for _ in range(40):
            client.buffer += client.socket.recv(32 << 10)
            tick += 0.05
            select.select([], [], [], max(0, tick - time.monotonic()))  # the client's own pace
        got = receive_all(client).split(b"\r\n\r\n", 1)[1]
    assert len(got) == len(content), f"cut after {len(got)} of {len(content)} bytes"
    assert got == content


# ---- --max-connections


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_next_one_waits_and_is_served_when_another_leaves(start, tmp_path, make_file, threads):
    content = make_file("static/x", 100)
    server = start(tmp_path, "--max-connections", "3", "--threads", threads)
    inside = [server.client() for _ in range(3)]
    for client in inside:
        client.request("/static/x")
        assert client.answer().status == 200
    waiting = [server.client() for _ in range(3)]
    for client in waiting:
        client.request("/static/x")
    for client in inside:
        assert not readable(waiting[-1], 0), "there was no room for it"
        client.request("/static/x")
        assert client.answer().body == content, "an open connection is still served"
    for leaving in inside:
        leaving.close()
    for client in waiting:
        with client:
            assert client.answer().body == content


def test_waiting_for_room_costs_next_to_nothing(start, tmp_path, make_file):
    # The second client waits until the first is let go for idleness. A loop that spins makes
    # thousands of calls meanwhile, even under strace; one that looks now and then makes a few.
    make_file("static/x", 100)
    strace = Strace(tmp_path, "epoll_wait,accept4")
    server = start(tmp_path, "--max-connections", "1", "--idle-timeout", "0.7", "--threads", "1",
                   wrapper=strace.wrapper)
    with server.client() as first, server.client() as second:
        first.request("/static/x")
        assert first.answer().status == 200
        second.request("/static/x")
        assert second.answer().status == 200
        assert first.at_end()
    server.stop()
    assert len(strace.calls) < 60, f"{len(strace.calls)} calls"
