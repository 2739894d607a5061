"""What a request's head may say, and what it is answered: RFC 9110 and RFC 9112, case by case."""
import socket
import ssl

import pytest

from client import request_bytes
from conftest import write_file
from serving import CLOSED, KEPT, fate, serving, sole_answer

LINE = b"GET /static/x HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
END = b"\r\n"
OK = LINE + HOST + END


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("requests")
    write_file(root / "static/x", 10)
    with serving(root) as server:
        yield server


def check(server, data, status, expected_fate, method="GET"):
    """One answer with this status, which says what becomes of the connection, and then it does."""
    with server.client(timeout=10) as client:
        client.send(data)
        answer = client.answer(method)
        assert answer.status == status, answer
        said = (answer["Connection"] or KEPT).replace("close", CLOSED).replace("keep-alive", KEPT)
        assert said == expected_fate, answer
        assert fate(client, expected_fate) == expected_fate


def target_of(size):
    return b"GET /static/x?" + b"q" * (size - len("/static/x?")) + b" HTTP/1.1\r\n" + HOST + END


def fields_of(size):
    """A request whose field lines take `size` bytes, their line ends included."""
    return LINE + HOST + b"X: " + b"v" * (size - len(HOST) - len("X: \r\n")) + END + END


def many_fields(count):
    return LINE + HOST + b"X: y\r\n" * (count - 1) + END


REQUEST_LINES = {
    "9112-2.2 empty lines before it": (b"\r\n\r\n" + OK, 200, KEPT),
    "9112-2.2 too many empty lines": (b"\r\n" * 9 + OK, 400, CLOSED),
    "9112-2.2 bare LF before it": (b"\n" + OK, 400, CLOSED),
    "9112-2.2 white space before it": (b" " + OK, 400, CLOSED),
    "9112-2.2 bare LF ends it": (b"GET /static/x HTTP/1.1\n" + HOST + END, 400, CLOSED),
    "9112-2.2 bare CR ends it": (b"GET /static/x HTTP/1.1\r" + HOST + END, 400, CLOSED),
    "9112-2.2 bare CR in it": (b"GET /static/x\r HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 two spaces": (b"GET  /static/x HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 two spaces, further on": (b"GET /static/x  HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 a tab": (b"GET\t/static/x HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 space behind it": (b"GET /static/x HTTP/1.1 \r\n" + HOST + END, 400, CLOSED),
    "9112-3 space in the target": (b"GET /static/x y HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 NUL in the target": (b"GET /static/\0x HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 delete in the target": (b"GET /static/\x7f HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 no version, HTTP/0.9": (b"GET /static/x\r\n", 400, CLOSED),
    "9112-3 no target": (b"GET HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 no method": (b" /static/x HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-3 one word": (b"GET\r\n", 400, CLOSED),
    "9112-2.3 lower-case name": (b"GET /static/x http/1.1\r\n" + HOST + END, 400, CLOSED),
    "9112-2.3 one digit": (b"GET /static/x HTTP/1\r\n" + HOST + END, 400, CLOSED),
    "9112-2.3 three digits": (b"GET /static/x HTTP/1.10\r\n" + HOST + END, 400, CLOSED),
    "9112-2.3 another protocol": (b"GET /static/x ICE/1.1\r\n" + HOST + END, 400, CLOSED),
    "9110-2.5 higher minor version": (b"GET /static/x HTTP/1.9\r\n" + HOST + END, 200, KEPT),
    "9110-15.6.6 HTTP/2.0": (b"GET /static/x HTTP/2.0\r\n" + HOST + END, 505, CLOSED),
    "9110-15.6.6 HTTP/0.9": (b"GET /static/x HTTP/0.9\r\n" + HOST + END, 505, CLOSED),
    "9110-15.6.6 HTTP/3.0": (b"GET /static/x HTTP/3.0\r\n" + HOST + END, 505, CLOSED),
    "9113-3.4 HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, CLOSED),
    "9110-9.1 unknown method": (b"BREW /static/x HTTP/1.1\r\n" + HOST + END, 501, CLOSED),
    "9110-9.1 methods have a case": (b"get /static/x HTTP/1.1\r\n" + HOST + END, 501, CLOSED),
    "9110-9.1 a known one and more": (b"GETS /static/x HTTP/1.1\r\n" + HOST + END, 501, CLOSED),
    "9110-9.1 RTSP's method": (b"PLAY /static/x HTTP/1.1\r\n" + HOST + END, 501, CLOSED),
    "9110-9.1 HTTP/2's method": (b"PRI * HTTP/1.1\r\n" + HOST + END, 501, CLOSED),
    "9110-9.1 Icecast's method": (b"SOURCE /static/x HTTP/1.1\r\n" + HOST + END, 501, CLOSED),
    "9110-9.1 no token": (b"G(T /static/x HTTP/1.1\r\n" + HOST + END, 400, CLOSED),
    "9110-9.1 endless method": (b"A" * 4096, 400, CLOSED),
    "9110-4.1 target at its limit": (target_of(8192), 200, KEPT),
    "9110-15.5.15 target beyond": (target_of(8193), 414, CLOSED),
    "9110-15.5.15 endless target": (b"GET /" + b"a" * 9000, 414, CLOSED),
    "9112-3.2 GET of a star": (b"GET * HTTP/1.1\r\n" + HOST + END, 400, KEPT),
    "9112-3.2 escape without digits": (b"GET /static/%zz HTTP/1.1\r\n" + HOST + END, 400, KEPT),
}

FIELDS = {
    "9110-5.1 names have no case": (LINE + b"hOsT: localhost\r\n" + END, 200, KEPT),
    "9110-5.5 white space around a value": (LINE + b"Host:\t localhost \t\r\n" + END, 200, KEPT),
    "9110-5.5 no white space": (LINE + b"Host:localhost\r\n" + END, 200, KEPT),
    "9110-5.5 obs-text": (LINE + HOST + b"X: \xfc\xff\x80\r\n" + END, 200, KEPT),
    "9110-5.5 empty value": (LINE + HOST + b"X:\r\n" + END, 200, KEPT),
    "9110-5.6.2 every mark of a token": (LINE + HOST + b"!#$%&'*+-.^_`|~9: x\r\n" + END, 200, KEPT),
    "9110-5.6.2 a name that is none": (LINE + HOST + b"X(y): z\r\n" + END, 400, CLOSED),
    "9110-5.6.2 obs-text in a name": (LINE + HOST + b"X\xfc: z\r\n" + END, 400, CLOSED),
    "9110-5.1 empty name": (LINE + HOST + b": z\r\n" + END, 400, CLOSED),
    "9112-5 no colon": (LINE + HOST + b"X\r\n" + END, 400, CLOSED),
    "9110-5.4 fields at their limit": (fields_of(32768), 200, KEPT),
    "9110-5.4 fields beyond": (fields_of(32769), 431, CLOSED),
    "9110-5.4 an endless field": (LINE + HOST + b"X: " + b"v" * 33000, 431, CLOSED),
    "6585-5 a hundred fields": (many_fields(100), 200, KEPT),
    "6585-5 a hundred and one": (many_fields(101), 431, CLOSED),
    "9112-3.2 no Host": (LINE + END, 400, CLOSED),
    "9112-3.2 no Host in absolute-form": (b"GET http://a/static/x HTTP/1.1\r\n" + END, 400, CLOSED),
    "9112-3.2 two Hosts": (LINE + HOST + HOST + END, 400, CLOSED),
    "9112-3.2 two Hosts in HTTP/1.0": (b"GET /static/x HTTP/1.0\r\n" + HOST * 2 + END, 400, CLOSED),
    "9110-7.8 Upgrade is ignored": (LINE + HOST + b"Connection: Upgrade, HTTP2-Settings\r\n"
                                    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAA\r\n" + END, 200, KEPT),
    "9110-7.8 WebSocket too": (LINE + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\n"
                               b"Sec-WebSocket-Key: AAAA\r\n" + END, 200, KEPT),
}

PERSISTENCE = {
    "9112-9.3 close": ("1.1", "close", CLOSED),
    "9112-9.3 no case": ("1.1", "CLOSE", CLOSED),
    "9112-9.3 in a list": ("1.1", "x, close,y", CLOSED),
    "9112-9.3 close wins": ("1.1", "keep-alive, close", CLOSED),
    "9112-9.3 two fields": ("1.1", "keep-alive\r\nConnection: close", CLOSED),
    "9112-9.3 part of a word": ("1.1", "closed, unclose", KEPT),
    "9112-9.3 keep-alive": ("1.1", "keep-alive", KEPT),
    "9112-9.3 empty": ("1.1", "", KEPT),
    "9112-9.3 HTTP/1.0": ("1.0", "x", CLOSED),
    "9112-9.3 HTTP/1.0 keep-alive": ("1.0", "Keep-Alive", KEPT),
    "9112-9.3 HTTP/1.0 close wins": ("1.0", "keep-alive, close", CLOSED),
}


@pytest.mark.parametrize("data, status, expected_fate", [
    pytest.param(*case, id=name) for name, case in (REQUEST_LINES | FIELDS).items()])
def test_answered(server, data, status, expected_fate):
    check(server, data, status, expected_fate)


@pytest.mark.parametrize("version, connection, expected_fate", [
    pytest.param(*case, id=name) for name, case in PERSISTENCE.items()])
def test_persistence(server, version, connection, expected_fate):
    head = f"GET /static/x HTTP/{version}\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n"
    check(server, head.encode(), 200, expected_fate)


@pytest.mark.parametrize("data, status, expected_fate", [
    (b"HEAD /missing HTTP/1.1\r\n" + HOST + END, 404, KEPT),
    (b"HEAD /static HTTP/1.1\r\n" + HOST + END, 301, KEPT),
    (b"HEAD /static/ HTTP/1.1\r\n" + HOST + END, 403, KEPT),
    (b"HEAD /static/% HTTP/1.1\r\n" + HOST + END, 400, KEPT),
    (b"HEAD /static/x HTTP/1.1\r\n" + END, 400, CLOSED),
    (b"HEAD /static/x HTTP/1.1\r\n" + HOST + b"X\r\n" + END, 400, CLOSED),
    (b"HEAD /static/x HTTP/1.1\r\n" + HOST + b"Expect: x\r\n" + END, 417, KEPT),
    (b"HEAD /static/x HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 100 + END, 431, CLOSED),
])
def test_an_error_too_has_no_body_for_head(server, data, status, expected_fate):
    check(server, data, status, expected_fate, "HEAD")  # RFC 9110 section 9.3.2


@pytest.mark.parametrize("host", [
    "localhost", "localhost:", "localhost:80", "127.0.0.1:8888", "[::1]", "[::1]:8888", "a-b.c_d~",
    "%41", "!$&'()*+,;=", "[::ffff:1.2.3.4]"])
def test_valid_host(server, host):  # RFC 3986 section 3.2.2
    check(server, request_bytes("/static/x", host=host), 200, KEPT)


@pytest.mark.parametrize("host", [
    "", ":80", "a b", "a/b", "a?b", "a#b", "user@a", "a:b", "a:8o", "a:80:80", "a, b", "[::1",
    "::1",
    "[]", "[::g]", "[::1]x", "[::1]:x", "a%4", "a%zz", "\"a\"", "<a>", "a\\b", "a\tb", "\xfc"])
def test_invalid_host(server, host):  # RFC 9112 section 3.2: 400, and Host is never empty for http
    check(server, request_bytes("/static/x", host=host), 400, CLOSED)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "LINK",
                                    "PROPFIND", "MKCOL", "LOCK"])
def test_a_known_method_is_not_allowed(server, method):  # RFC 9110 section 15.5.6
    target = "localhost:80" if method == "CONNECT" else "/static/x"
    with server.client() as client:
        client.request(target, method)
        answer = client.answer()
        assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
        assert fate(client) == KEPT


@pytest.mark.parametrize("target", ["*", "/static/x", "/missing", "/"])
def test_options(server, target):  # RFC 9110 section 9.3.7; section 8.6: no Content-Length with 204
    with server.client() as client:
        client.request(target, "OPTIONS")
        answer = client.answer()
        assert (answer.status, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")
        assert (answer["Content-Length"], answer["Transfer-Encoding"]) == (None, None)
        assert fate(client) == KEPT


def test_http_1_0_needs_no_host(server):
    check(server, b"GET /static/x HTTP/1.0\r\n\r\n", 200, CLOSED)


def test_every_answer_is_http_1_1(server):  # RFC 9110 section 2.5: the server's own version
    for version in ("HTTP/1.0", "HTTP/1.1"):
        with server.client() as client:
            client.request("/static/x", version=version)
            assert client.answer().version == "HTTP/1.1"


def test_tls_is_refused_at_once(server):
    """A client that speaks TLS to the plain port learns it at once, and not by a time-out."""
    context = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_hostname="localhost")
    assert sole_answer(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").status == 400
