"""Requests cut anywhere by the network, in two or into bytes: RFC 9112 section 2.

A cut counts only if the server reads what stands before it alone, so where it matters the trace is
asked whether it has.
"""
import pytest

from conftest import write_file
from serving import KEPT, fate, serving

CONTENT_SIZE = 5000
REQUESTS = {
    "GET": (b"GET /dynamic/x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n", "GET", 200),
    "HEAD": (b"\r\nHEAD /static/x HTTP/1.1\r\nHost: localhost\r\nConnection: a,b\r\n\r\n",
             "HEAD", 200),
    "no such file": (b"GET /static/%78%79?z HTTP/1.1\r\nHost:localhost\r\n\r\n", "GET", 404),
    "not allowed": (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
                    b"GET / HTT", "POST", 405),
    "chunked": (b"PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"3;x=y\r\n0\r\n\r\n12\r\n\r\n\r\nGET / HTTP/1.0\r\n0\r\nA: b\r\n\r\n", "PUT", 405),
    "HTTP/1.0": (b"GET /static/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", 200),
}
MALFORMED = {
    "bare LF": b"GET /static/x HTTP/1.1\nHost: localhost\r\n\r\n",
    "bare CR": b"GET /static/x HTTP/1.1\r\nHost: localhost\r\r\n\r\n",
    "fold": b"GET /static/x HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
    "NUL": b"GET /static/x HTTP/1.1\r\nHost: localhost\r\nA: \0b\r\n\r\n",
    "space before the colon": b"GET /static/x HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "no Host": b"GET /static/x HTTP/1.1\r\n\r\n",
    "two framings": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n",
    "bad chunk": b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdefg\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("splitting")
    for kind in ("static", "dynamic"):
        write_file(root / kind / "x", CONTENT_SIZE)
    return root


class Network:
    """Delivers bytes to a server that traces: a part is read before the next one is sent."""

    TURN_ENDS = r", wants Read$"
    MOST = 8000  # bytes that one receive takes, even where the shim halves it

    def __init__(self, start, root, shim):
        self.server = start(root, "--threads", "1", "--trace", shim=shim)
        self.turns = 0

    def deliver(self, client, data):
        for at in range(0, len(data), self.MOST):
            client.send(data[at:at + self.MOST])
            self.turns += 1
            self.server.wait_for_line(self.TURN_ENDS, count=self.turns, timeout=10)


@pytest.fixture
def network(start, root, shim):
    return Network(start, root, shim)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


def check_answer(client, method, status):
    answer = client.answer(method)
    assert answer.status == status
    if status == 200:
        assert answer["Content-Length"] == str(CONTENT_SIZE)


@pytest.mark.parametrize("data, method, status", REQUESTS.values(), ids=REQUESTS.keys())
def test_cut_in_two_at_every_byte(network, data, method, status):
    with network.server.client(timeout=10) as client:
        for cut in range(1, len(data)):
            network.deliver(client, data[:cut])
            network.deliver(client, data[cut:])
            check_answer(client, method, status)
        assert fate(client) == KEPT


@pytest.mark.parametrize("data, method, status", REQUESTS.values(), ids=REQUESTS.keys())
def test_byte_by_byte(network, data, method, status):
    with network.server.client(timeout=10) as client:
        for at in range(len(data)):
            network.deliver(client, data[at:at + 1])
        check_answer(client, method, status)
        assert fate(client) == KEPT


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_however_it_is_cut(network, data):
    """The answer may come as soon as the fault is seen, but a cut never makes it another one."""
    for cut in range(1, len(data)):
        with network.server.client(timeout=10) as client:
            network.deliver(client, data[:cut])
            network.deliver(client, data[cut:])
            assert client.answer().status == 400, f"cut at {cut}"
            assert client.at_end(), f"cut at {cut}"


def target_of(size):
    return b"GET /static/x?%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"q" * (size - len("/static/x?")))


def fields_of(size):
    value = b"v" * (size - len("Host: a\r\nX: \r\n"))
    return b"GET /static/x HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % value


@pytest.mark.parametrize("data, status", [
    pytest.param(target_of(8192), 200, id="target of 8192 bytes"),
    pytest.param(target_of(8193), 414, id="target of 8193 bytes"),
    pytest.param(fields_of(32766), 200, id="fields of 32766 bytes"),
    pytest.param(fields_of(32767), 200, id="fields of 32767 bytes"),
    pytest.param(fields_of(32768), 200, id="fields of 32768 bytes"),
    pytest.param(fields_of(32769), 431, id="fields of 32769 bytes"),
])
def test_a_limit_is_the_same_however_the_request_is_cut(network, data, status):
    line_end = data.index(b"\r\n")
    statuses = {}
    for cut in [*range(line_end - 10, line_end + 3), *range(len(data) - 8, len(data))]:
        with network.server.client(timeout=10) as client:
            network.deliver(client, data[:cut])
            network.deliver(client, data[cut:])
            statuses[cut] = client.answer().status
    assert set(statuses.values()) == {status}, f"by cut, of {len(data)} bytes: {statuses}"


# ---- Clients that close their writing side: RFC 9112 section 9.6


@pytest.mark.parametrize("data, method, status", REQUESTS.values(), ids=REQUESTS.keys())
def test_half_closed_behind_a_request(server, data, method, status):
    with server.client(timeout=10) as client:
        client.send(data)
        client.half_close()
        check_answer(client, method, status)
        assert client.at_end()


@pytest.mark.parametrize("data", [case[0] for case in REQUESTS.values()], ids=REQUESTS.keys())
def test_half_closed_within_a_request(server, data):
    begin = len(data) - len(data.lstrip())
    for cut in range(begin + 1, len(data)):
        with server.client(timeout=10) as client:
            client.send(data[:cut])
            client.half_close()
            while client.receive():
                pass
            head = client.buffer.split(b"\r\n\r\n")[0]
            assert head.startswith(b"HTTP/1.1 400 "), f"cut at {cut}"
            assert b"\r\nConnection: close" in head, f"cut at {cut}"
            assert client.buffer.count(b"HTTP/1.1") == 1, f"cut at {cut}"


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n"])
def test_half_closed_before_a_request(server, data):
    with server.client(timeout=10) as client:
        client.send(data)
        client.half_close()
        assert client.at_end()
