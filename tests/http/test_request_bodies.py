"""Bodies that nobody asked for: read and dropped where they are small, RFC 9110 section 10.1.1 and
RFC 9112 sections 7, 9.3 and 9.6."""
import os
import random
import signal

import pytest

from client import Client
from conftest import write_file
from serving import CLOSED, KEPT, difference, fate, serving

LIMIT = 64 * 1024
NEXT = b"GET /static/next HTTP/1.1\r\nHost: localhost\r\n\r\n"
STATUS = {"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "OPTIONS": 204}


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    root = tmp_path_factory.mktemp("bodies")
    return root, {name: write_file(root / "static" / name, size)
                  for name, size in (("x", 1000), ("next", 2000), ("big", 8 << 20))}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, contents):
    with serving(contents[0], shim=request.param) as server:
        yield server


def head(method, *fields):
    lines = [f"{method} /static/x HTTP/1.1", "Host: localhost", *fields, "", ""]
    return "\r\n".join(lines).encode()


def body_of(size):
    """Bytes that look like a request to a server that reads a body as one."""
    return (NEXT * (size // len(NEXT) + 1))[:size]


def chunked(body, sizes, extension=b"", trailer=b""):
    chunks, at = [], 0
    for size in sizes:
        chunks.append(b"%x%s\r\n%s\r\n" % (size, extension, body[at:at + size]))
        at += size
    assert at == len(body)
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


def check_the_next_is_answered(server, contents, method, data):
    with server.client() as client:
        client.send(data + NEXT)
        assert client.answer(method).status == STATUS[method]
        answer = client.answer()
        assert answer.status == 200
        assert not difference(answer.body, contents[1]["next"])
        assert fate(client) == KEPT


@pytest.mark.parametrize("size", [0, 1, 1000, LIMIT - 1, LIMIT])
@pytest.mark.parametrize("method", STATUS)
def test_a_body_by_length_is_dropped(server, contents, method, size):
    data = head(method, f"Content-Length: {size}") + body_of(size)
    check_the_next_is_answered(server, contents, method, data)


@pytest.mark.parametrize("size", [0, 1, 1000, 60_000])
@pytest.mark.parametrize("method", STATUS)
def test_a_chunked_body_is_dropped(server, contents, method, size):
    cuts = sorted(random.Random(size).sample(range(1, size), min(20, size // 2)))
    sizes = [end - begin for begin, end in zip([0, *cuts], [*cuts, size]) if end > begin]
    data = head(method, "Transfer-Encoding: chunked") + chunked(body_of(size), sizes)
    check_the_next_is_answered(server, contents, method, data)


@pytest.mark.parametrize("extension, trailer", [
    (b";a", b""), (b";a=\"b c\"", b""), (b"", b"X: y\r\n"), (b"", b"X: y\r\nExpires: 0\r\n"),
    (b"", b"Content-Length: 7\r\nHost: elsewhere\r\nConnection: close\r\n"),  # no such trailers
], ids=["extension", "quoted extension", "trailer", "trailers", "trailers of framing"])
def test_chunk_extensions_and_trailers_are_ignored(server, contents, extension, trailer):
    data = head("POST", "Transfer-Encoding: chunked") + chunked(b"abcde", [5], extension, trailer)
    check_the_next_is_answered(server, contents, "POST", data)


def test_a_size_may_have_leading_zeros_and_either_case(server, contents):
    data = head("POST", "Transfer-Encoding: Chunked") + b"00A\r\n0123456789\r\na\r\n0123456789\r\n"
    check_the_next_is_answered(server, contents, "POST", data + b"000\r\n\r\n")


def test_a_body_that_comes_late_is_waited_for(server):
    with server.client() as client:
        client.send(head("POST", "Content-Length: 1000"))
        client.send(body_of(999))
        client.send(b"x" + NEXT)
        assert client.answer().status == 405
        assert client.answer().status == 200


@pytest.mark.parametrize("length", [LIMIT + 1, 10 << 20, 1 << 40, (1 << 64) - 1])
def test_a_longer_body_is_not_waited_for(server, length):
    with server.client(timeout=10) as client:
        client.send(head("POST", f"Content-Length: {length}"))
        answer = client.answer()
        assert (answer.status, answer["Connection"]) == (405, "close")
        assert client.at_end()


def test_a_longer_chunked_body_ends_the_connection(server):
    with server.client(timeout=10) as client:
        client.send(head("PUT", "Transfer-Encoding: chunked") + b"fffff\r\n" + body_of(LIMIT + 100))
        answer = client.answer()
        assert (answer.status, answer["Connection"]) == (405, "close")
        assert client.at_end()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_who_sends_10_mib_all_at_once_gets_the_answer(server, framing):
    """A server that closes with unread input sends a reset, and the answer is lost with it."""
    body = body_of(10 << 20)
    if framing == "length":
        data = head("POST", f"Content-Length: {len(body)}") + body
    else:
        data = head("POST", "Transfer-Encoding: chunked") + chunked(body, [len(body)])
    with server.client() as client:
        client.send(data)
        answer = client.answer()
        assert (answer.status, answer["Connection"]) == (405, "close")
        assert client.at_end()


def test_a_download_is_whole_though_the_client_uploads_meanwhile(server, contents):
    with server.client() as client:
        client.send(head("GET", "Content-Length: 1048576").replace(b"/x", b"/big"))
        client.send(body_of(1 << 20))
        answer = client.answer()
        assert answer.status == 200
        assert not difference(answer.body, contents[1]["big"])
        assert client.at_end()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_who_expects_100_continue_is_answered_at_once(server, method, framing):
    with server.client(timeout=10) as client:
        client.send(head(method, framing, "Expect: 100-Continue"))
        answer = client.answer()  # the first status line is the final one: no 100 comes before
        assert (answer.status, answer["Connection"]) == (STATUS[method], "close")
        assert client.at_end()


@pytest.mark.parametrize("version, fields, status, expected_fate", [
    ("1.1", b"Expect: 100-continue\r\n", 200, KEPT),  # nothing is to come, so nothing to ask for
    ("1.1", b"Expect: 100-continue\r\nContent-Length: 0\r\n", 200, KEPT),
    ("1.1", b"Expect: 200-ok\r\n", 417, KEPT),
    ("1.1", b"Expect: 100-continue, x\r\n", 417, KEPT),
    ("1.1", b"Expect: x\r\nContent-Length: 5\r\n", 417, CLOSED),
    ("1.0", b"Expect: 100-continue\r\nConnection: keep-alive\r\n", 200, KEPT),  # 9110-10.1.1
    ("1.0", b"Expect: x\r\nConnection: keep-alive\r\n", 200, KEPT),
])
def test_expectations_without_a_body(server, version, fields, status, expected_fate):
    with server.client(timeout=10) as client:
        line = f"GET /static/x HTTP/{version}\r\n".encode()
        client.send(line + b"Host: localhost\r\n" + fields + b"\r\n")
        assert client.answer().status == status
        assert fate(client, expected_fate) == expected_fate


def test_an_http_1_0_body_is_dropped_in_spite_of_expect(server):
    with server.client(timeout=10) as client:
        client.send(b"POST /static/x HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n"
                    b"Content-Length: 5\r\n\r\nabcde")
        assert client.answer().status == 405
        assert fate(client) == KEPT


def test_an_answer_is_whole_though_the_upload_behind_it_is_not_read(start, make_file, kind, shim,
                                                                     tmp_path):
    """A client that has sent everything and closed its side, but has not read its answer yet. If
    the server closes while it has unread input, a reset takes what it has sent along."""
    content = make_file(f"{kind}/x", 400_000)
    server = start(tmp_path, "--threads", "1", "--trace", shim=shim)
    with Client(server.port, receive_buffer=4096) as client:
        client.send(head("GET", "Content-Length: 60000000").replace(b"static", kind.encode()))
        server.wait_for_line("Draining, wants Read", timeout=10)  # all of the answer is on its way
        server.process.send_signal(signal.SIGSTOP)  # so that input and its end are there together
        os.waitid(os.P_PID, server.pid, os.WSTOPPED)
        client.send(body_of(30_000))
        client.half_close()
        server.process.send_signal(signal.SIGCONT)
        server.wait_for_line("destroyed", timeout=10)
        answer = client.answer()
        assert answer.status == 200
        assert not difference(answer.body, content)
