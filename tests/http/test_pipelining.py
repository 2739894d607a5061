"""Requests sent before the answers came: answered all, in order (RFC 9112 section 9.3.2)."""
import random
import socket
import struct

import pytest

from client import request_bytes
from conftest import KINDS, write_file
from serving import KEPT, difference, fate, serving

SIZES = [0, 1, 3000, 300_000]


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    root = tmp_path_factory.mktemp("pipelining")
    return root, {f"/{kind}/{size}": write_file(root / kind / str(size), size, size + salt)
                  for salt, kind in enumerate(KINDS) for size in SIZES}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, contents):
    with serving(contents[0], shim=request.param) as server:
        yield server


def mixed_requests(contents, count):
    """`count` requests of every sort; each with its method, and its answer's status and body."""
    files = [(request_bytes(target, method), method, 200, content)
             for target, content in contents[1].items() for method in ("GET", "GET", "HEAD")]
    others = [
        (request_bytes("/static/missing"), "GET", 404, None),
        (request_bytes("/dynamic/missing", "HEAD"), "HEAD", 404, None),
        (request_bytes("/static/%"), "GET", 400, None),
        (request_bytes("/static"), "GET", 301, None),
        (request_bytes("*", "OPTIONS"), "OPTIONS", 204, None),
        (b"\r\n" + request_bytes("/"), "GET", 404, None),
        (request_bytes("/x", "PUT", headers=[("Content-Length", "4")]) + b"GET ", "PUT", 405, None),
        (request_bytes("/x", "POST", headers=[("Transfer-Encoding", "chunked")])
         + b"6\r\nGET / \r\n0\r\n\r\n", "POST", 405, None),
    ]
    return random.Random(count).choices(files + others, k=count)


def check_answer(client, request, number):
    _, method, status, content = request
    which = f"answer {number}, to {request[0]}"
    answer = client.answer(method)
    assert (answer.status, answer["Connection"]) == (status, None), which
    if content is None:
        return
    assert answer["Content-Length"] == str(len(content)), which
    if method == "GET":
        assert not difference(answer.body, content), which


@pytest.mark.parametrize("count", [2, 16, 17, 100])
def test_sent_all_at_once(server, contents, count):
    requests = mixed_requests(contents, count)
    with server.client() as client:
        client.send(b"".join(request[0] for request in requests))
        for number, request in enumerate(requests):
            check_answer(client, request, number)
        assert fate(client) == KEPT


def data_segments(client):
    """How many TCP segments with data have come: tcpi_data_segs_in of struct tcp_info (tcp(7))."""
    info = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    return struct.unpack_from("I", info, 152)[0]


@pytest.mark.parametrize("target", ["/static/3000", "/static/missing"])
def test_answers_to_requests_that_came_together_leave_together(start, contents, target):
    server = start(contents[0])
    with server.client() as client:
        for _ in range(3):
            client.send(request_bytes(target, version="HTTP/1.1") * 16)
            before = data_segments(client)
            for _ in range(16):
                assert client.answer().status in (200, 404)
            assert data_segments(client) - before <= 4  # of 64 KiB each, on the loopback


@pytest.mark.parametrize("shift", [-5, -3, -2, -1, 1, 2, 5, 30])
def test_sent_in_pieces_across_the_boundaries(server, contents, shift):
    """Each piece ends a little before or behind the end of a request. The answers to what is
    complete must come without the next piece."""
    requests = mixed_requests(contents, 40)
    stream = b"".join(request[0] for request in requests)
    ends = [sum(len(request[0]) for request in requests[:i + 1]) for i in range(len(requests))]
    answered = sent = 0
    with server.client() as client:
        for cut in [*(end + shift for end in ends[:-1:3]), len(stream)]:
            client.send(stream[sent:cut])
            sent = cut
            while answered < len(requests) and ends[answered] <= sent:
                check_answer(client, requests[answered], answered)
                answered += 1
        assert fate(client) == KEPT


def test_half_closed_behind_the_last(server, contents):
    requests = mixed_requests(contents, 50)
    with server.client() as client:
        client.send(b"".join(request[0] for request in requests))
        client.half_close()
        for number, request in enumerate(requests):
            check_answer(client, request, number)
        assert client.at_end()


def test_nothing_is_answered_behind_a_close(server):  # RFC 9112 section 9.6
    with server.client() as client:
        client.send(request_bytes("/static/1")
                    + request_bytes("/static/1", headers=[("Connection", "close")])
                    + request_bytes("/static/1") * 20)
        assert client.answer()["Connection"] is None
        assert client.answer()["Connection"] == "close"
        assert client.at_end()


def test_nothing_is_answered_behind_a_malformed_request(server):  # RFC 9112 section 2.2
    with server.client() as client:
        client.send(request_bytes("/static/1") * 3 + b"GET /static/1\r\n\r\n"
                    + request_bytes("/static/1") * 20)
        assert [client.answer().status for _ in range(4)] == [200, 200, 200, 400]
        assert client.at_end()


def test_a_flood_leaves_room_for_others(start, make_file, tmp_path):
    make_file("static/x", 100)
    server = start(tmp_path, "--threads", "1")
    count = 2000
    with server.client() as flood, server.client() as other:
        flood.send(request_bytes("/static/x", "HEAD") * count)
        other.request("/static/x")
        assert other.answer().status == 200
        for number in range(count):
            assert flood.answer("HEAD").status == 200, number
