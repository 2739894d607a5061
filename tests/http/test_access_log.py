"""--access-log: one line an answer, in Combined format, that nobody can forge."""
import os
import re
import resource
import subprocess
import time
from datetime import datetime, timedelta

import pytest

from client import Client, request_bytes

QUOTED = r'"((?:[^"\\\x00-\x1f\x7f-\xff]|\\["\\]|\\x[0-9a-f]{2})*)"'
LINE = re.compile(
    r"(?P<peer>[0-9a-f.:]+) - - "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
    rf"(?P<request>{QUOTED}) (?P<status>\d{{3}}) (?P<bytes>\d+) (?P<referer>{QUOTED}) "
    rf"(?P<agent>{QUOTED}) (?P<duration>\d+) (?P<engine>(?:static|dynamic|memory|listing)"
    r"(?:/(?:gz|br|zst|gzip|zstd))?)(?: (?P<decision>[a-z0-9-]+(?: ranges?)?))?")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def server(start, make_file, tmp_path, log):
    make_file("static/x", 1000)
    make_file("dynamic/x", 2000)
    # One loop logs in the order of its answers; of several, each may be ahead of another.
    return start(tmp_path, "--access-log", log, "--threads", "1")


def parsed(text):
    lines = text.split("\n")
    assert lines.pop() == "", "the last line is cut"
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches) if not match]
    return matches


def entries(server, log):
    """What was logged, once the server has ended."""
    assert server.stop() == 0
    return parsed(log.read_bytes().decode("latin-1"))


def summary(entry):
    return entry["request"][1:-1], int(entry["status"]), int(entry["bytes"]), entry["engine"]


def test_one_line_an_answer(server, log):
    expected = []
    for method, target, status, engine in (
            ("GET", "/static/x", 200, "static"),
            ("GET", "/dynamic/x?q=%20", 200, "dynamic"),
            ("HEAD", "/dynamic/x", 200, "dynamic"),
            ("GET", "/missing", 404, "memory"),
            ("HEAD", "/missing", 404, "memory"),
            ("GET", "/static", 301, "memory"),
            ("GET", "/static/%", 400, "memory"),
            ("OPTIONS", "*", 204, "memory"),
            ("DELETE", "/static/x", 405, "memory"),
            ("BREW", "/", 501, "memory")):
        answer = server.get(target, method)
        assert answer.status == status
        expected.append((f"{method} {target} HTTP/1.1", status, len(answer.body), engine))
    assert [summary(entry) for entry in entries(server, log)] == expected


def test_pipelined_answers_are_logged_in_order(server, log):
    with server.client() as client:
        client.send(b"".join(request_bytes(f"/static/{i}") for i in range(50)))
        for _ in range(50):
            client.answer()
    assert [summary(entry)[0] for entry in entries(server, log)] == [
        f"GET /static/{i} HTTP/1.1" for i in range(50)]


@pytest.mark.parametrize("data, request_line, status", [
    (b"\x16\x03\x01\0\0", "-", 400),
    (b"GET /static/x\r\n\r\n", "-", 400),
    (b"GET /x HTTP/2.0\r\n\r\n", "-", 505),
    (b"GET /x HTTP/1.1\r\n\r\n", "GET /x HTTP/1.1", 400),
    (b"GET /x HTTP/1.1\r\nHost : a\r\n\r\n", "GET /x HTTP/1.1", 400),
    (b"GET /x HTTP/1.1\r\nHost: a\r\nX: \r\r\n\r\n", "GET /x HTTP/1.1", 400),
    (b"GET /" + b"x" * 9000, "-", 414),
])
def test_a_refused_request_is_logged_too(server, log, data, request_line, status):
    with server.client() as client:
        client.send(data)
        size = len(client.answer().body)
    assert [summary(entry) for entry in entries(server, log)] == [
        (request_line, status, size, "memory")]


def test_who_asks_nothing_is_not_logged(server, log):
    server.client().close()
    with server.client() as client:
        client.send(b"\r\n")
        client.half_close()
        assert client.at_end()
    assert not entries(server, log)


def test_a_cut_transfer_is_logged_with_what_was_sent(server, log, kind, tmp_path):
    size = 256 << 20
    (tmp_path / kind / "big").touch()
    os.truncate(tmp_path / kind / "big", size)
    with Client(server.port, receive_buffer=4096) as client:
        client.request(f"/{kind}/big")
        while len(client.buffer) < 100_000:
            assert client.receive()
        client.reset()
    [entry] = entries(server, log)
    assert summary(entry)[:2] == (f"GET /{kind}/big HTTP/1.1", 200)
    assert 90_000 < int(entry["bytes"]) < size


def test_referer_and_user_agent(server, log):
    server.get("/static/x", headers=[("rEFERER", "http://a/b?c"), ("User-Agent", "  me/1.0 (x) ")])
    server.get("/static/x", headers=[("Referer", "")])
    given, absent = entries(server, log)
    assert (given["referer"], given["agent"]) == ('"http://a/b?c"', '"me/1.0 (x)"')
    assert (absent["referer"], absent["agent"]) == ('"-"', '"-"')


FORGED = '127.0.0.1 - - [01/Jan/2030:00:00:00 +0000] "GET /forged HTTP/1.1" 200 1 "-" "-" 1 static'


@pytest.mark.parametrize("sent, logged", [
    ('"', r"\""), ("\\", r"\\"), ('\\"', r"\\\""), ("a\tb", r"a\x09b"), ("\xfc\xff", r"\xfc\xff"),
    ('x" 200 1 "-" "' + FORGED, None), ("\\x0a" + FORGED, None), ("\x85" + FORGED, None),
], ids=["quote", "backslash", "both", "tab", "obs-text", "quotes", "escape", "next line"])
def test_what_a_client_says_is_escaped(server, log, sent, logged):
    server.get("/static/x", headers=[("User-Agent", sent), ("Referer", sent)])
    [entry] = entries(server, log)  # one line, and its strict form is that of any other
    if logged is None:
        logged = sent.replace("\\", r"\\").replace('"', r'\"').replace("\x85", r"\x85")
    assert entry["agent"] == entry["referer"] == f'"{logged}"'


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\0", b"\x0b", b"\x7f"])
def test_no_line_end_gets_into_the_log(server, log, line_end):
    for data in (b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n",
                 b"GET / HTTP/1.1\r\nUser-Agent: %b\r\n\r\n"):
        with server.client() as client:
            client.send(data % (b"x" + line_end + FORGED.encode()))
            assert client.answer().status == 400
    lines = entries(server, log)
    assert [int(entry["status"]) for entry in lines] == [400, 400]
    assert not any("forged" in entry["agent"] for entry in lines)


def test_a_target_is_logged_as_it_came(server, log):
    raw = '/%22%0a/ü?"\\'
    with server.client() as client:
        client.send(f"GET {raw} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        client.answer()
    [entry] = entries(server, log)
    assert entry["request"] == r'"GET /%22%0a/\xc3\xbc?\"\\ HTTP/1.1"'


def test_peers_are_written_as_people_write_them(server, log):
    for address in ("127.0.0.1", "::1"):
        with Client(server.port, address=address) as client:
            client.request("/static/x")
            client.answer()
    assert [entry["peer"] for entry in entries(server, log)] == ["127.0.0.1", "::1"]


def test_time_and_duration(start, make_file, tmp_path, log):
    make_file("static/x", 10)
    server = start(tmp_path, "--access-log", log, env={"TZ": "XYZ-5:30"})  # POSIX: east is negative
    before = time.time()
    server.get("/static/x")
    [entry] = entries(server, log)
    after = time.time()
    logged = datetime.strptime(entry["time"], "%d/%b/%Y:%H:%M:%S %z")
    assert logged.utcoffset() == timedelta(hours=5, minutes=30)
    assert int(before) <= logged.timestamp() <= after
    assert 0 < int(entry["duration"]) < (after - before) * 1e6


def test_a_log_on_stdout(start, make_file, tmp_path):
    make_file("static/x", 10)
    server = start(tmp_path, "--access-log", "-")
    for _ in range(3):
        server.get("/static/x")
    server.stop()
    lines = [line for line in server.stdout_lines if line is not None]
    assert lines[0].startswith("aws: serving ")
    assert len(parsed("\n".join(lines[1:]) + "\n")) == 3


def test_a_line_is_written_soon(start, make_file, tmp_path):
    """Whoever follows the log sees an answer while the server runs on."""
    make_file("static/x", 10)
    server = start(tmp_path, "--access-log", "-")
    server.get("/static/x")
    server.wait_for_line(r'"GET /static/x HTTP/1\.1" 200 10 ', server.stdout_lines, timeout=10)


def test_a_log_is_appended_to(start, make_file, tmp_path, log):
    make_file("static/x", 10)
    log.write_text("what was there\n")
    for _ in range(2):
        server = start(tmp_path, "--access-log", log)
        server.get("/static/x")
        server.stop()
    first, *lines = log.read_text().splitlines()
    assert (first, len(lines)) == ("what was there", 2)


# ---- A log that cannot be written

LOGGED = re.compile(rb'127\.0\.0\.1 - - \[[^]]+\] "GET /static/x\?\d+ HTTP/1\.1" 200 10 "-" "-" \d+ static')


def ask(server, numbers):
    with server.client() as client:
        for number in numbers:
            client.request(f"/static/x?{number}")
            assert client.answer().status == 200


def numbers_in(log):
    """The numbers of the requests that are logged. Each line must be whole."""
    data = log.read_bytes()
    assert data.endswith(b"\n")
    lines = data.splitlines()
    assert [line for line in lines if not LOGGED.fullmatch(line)] == []
    return [int(re.search(rb"\?(\d+) ", line).group(1)) for line in lines]


def test_lines_beyond_the_limit_of_file_sizes_are_lost_whole_and_counted(start, make_file, tmp_path):
    """RLIMIT_FSIZE, within a line: write(2) first writes a part of it, and then fails with EFBIG."""
    make_file("static/x", 10)
    log, limit = tmp_path / "log", 5000
    server = start(tmp_path, "--access-log", log, "--image-cache", "0",
                   preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)))
    ask(server, range(200))
    server.wait_for_line("access log: File too large; lines are lost until it can be written")
    assert server.stop() == 0
    logged = numbers_in(log)
    assert 0 < len(logged) < 200 and log.stat().st_size <= limit
    assert any(line and line.endswith(f"{200 - len(logged)} lines of the access log were lost")
               for line in server.stderr_lines), server.output()


def test_a_full_disk_loses_whole_lines_until_there_is_room(start, make_file, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        make_file("static/x", 10)
        log, ballast = disk / "log", disk / "ballast"
        ballast.write_bytes(b"x" * 40_000)
        server = start(tmp_path, "--access-log", log)
        ask(server, range(400))
        server.wait_for_line("access log: No space left on device; lines are lost until it can be written")
        ballast.unlink()
        ask(server, range(1000, 1100))
        server.wait_for_line(r"access log: it can be written again, \d+ lines were lost")
        assert server.stop() == 0
        total = server.wait_for_line(r"\d+ lines of the access log were lost$")  # a short line may have fitted between
        lost = int(re.search(r"(\d+) lines of", total).group(1))
        logged = numbers_in(log)
        assert logged == sorted(logged) and logged[-1] == 1099
        assert len(logged) + lost == 500
    finally:
        subprocess.run(["umount", disk], check=True)
