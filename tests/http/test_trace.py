"""--trace tells a request's way through the states, and no connection leaves the table of states
that stands in src/server/http_connection.h."""
import re
import threading

import pytest

from client import Client, request_bytes
from conftest import KINDS
from observe import wait_until

STEP = re.compile(r"#(\d+) (\w+) --(\w+|at once)--> (\w+)(?:, wants (\w+))?")
NOTE = re.compile(r"#(\d+) (accepted from \S+|destroyed)")
ANSWER = re.compile(r"#\d+ \d{3} \S+(?:, .+)?")  # what is sent; test_decisions.py reads it

# (state, next state, want): what that table allows a state's own work to come to.
AFTER_AN_ANSWER = [("ReadingRequest", "Read"), ("ReadingRequest", None),  # None: more has come
                   ("Draining", None), ("Closed", "Close")]
STEPS = {
    "ReadingRequest": [("ReadingRequest", "Read"), ("OpeningFile", None), ("Closed", "Close")],
    "OpeningFile": [("SendingHead", None)],
    "SendingHead": [("SendingHead", "Write"), ("SendingBody", None), *AFTER_AN_ANSWER],
    "SendingBody": [("SendingBody", "Write"), ("AwaitingDisk", "Disk"), *AFTER_AN_ANSWER],
    "AwaitingDisk": [("SendingBody", "Write"), ("AwaitingDisk", "Disk"), *AFTER_AN_ANSWER],
    "Draining": [("Draining", "Read"), ("Closed", "Close")],
}
EVENTS = {  # what may wake a state; "at once" is how the one before it passes on to it
    "ReadingRequest": ["SocketReady", "at once"],
    "OpeningFile": ["DiskReady", "at once"],
    "SendingHead": ["SocketReady", "at once"],
    "SendingBody": ["SocketReady", "at once"],
    "AwaitingDisk": ["DiskReady"],
    "Draining": ["SocketReady", "at once"],
}
ALLOWED = {(state, event, *step)
           for state in STEPS for event in EVENTS[state] for step in STEPS[state]}
ALLOWED |= {(state, event, "Closed", "Close")
            for state in STEPS for event in ("PeerGone", "Timeout")}
ALLOWED |= {("ReadingRequest", "Timeout", "OpeningFile", None),  # a 408
            ("SendingHead", "Timeout", "SendingHead", None),  # the client did take bytes meanwhile
            ("SendingBody", "Timeout", "SendingBody", None),
            ("ReadingRequest", "at once", "ReadingRequest", "Write")}  # its share of a turn is used


def trace(server):
    """Each connection's steps in order, as (state, event, next state, want) beneath its number,
    once the server has ended. Its first and last elements are notes, as (word,)."""
    server.stop()
    steps = {}
    for line in server.stderr_lines:
        if line is None or not line.startswith("#"):
            continue
        if ANSWER.fullmatch(line):
            continue
        step, note = STEP.fullmatch(line), NOTE.fullmatch(line)
        assert step or note, f"neither a step nor a note: {line}"
        life = steps.setdefault((step or note).group(1), [])
        life.append(step.groups()[1:] if step else (note.group(2).split()[0],))
    return steps


NOTHING_YET = ("ReadingRequest", "SocketReady", "ReadingRequest", "Read")


def life_of(server):
    """The only connection's steps, without the notes and the first: it looked for a request when
    it was let in, and there was none."""
    [life] = trace(server).values()
    assert (life[0], life[1], life[-1]) == (("accepted",), NOTHING_YET, ("destroyed",))
    return life[2:-1]


def way(server):
    """The states that the only connection went through."""
    life = life_of(server)
    return [life[0][0], *(step[2] for step in life)]


def wait_for_reads(server, count):
    """Until connections have had to wait for their clients that often."""
    wait_until(lambda: sum((line or "").endswith(", wants Read") for line in server.stderr_lines)
               >= count, f"{count} times wants Read")


@pytest.fixture
def server(start, make_file, tmp_path):
    make_file("static/x", 1000)
    make_file("dynamic/x", 1000)
    return start(tmp_path, "--threads", "1", "--trace")


READ_AND_OPEN = ["ReadingRequest", "OpeningFile", "SendingHead"]
WAIT_AND_END = ["ReadingRequest", "Closed"]  # for a next request; the client ends it


def exchange(server, data, *methods):
    with server.client() as client:
        wait_for_reads(server, 1)
        client.send(data)
        for method in methods:
            client.answer(method)
        wait_for_reads(server, 2)


def test_a_static_request(server):
    exchange(server, request_bytes("/static/x"), "GET")
    assert way(server) == [*READ_AND_OPEN, "SendingBody", *WAIT_AND_END]


def test_a_dynamic_request(server):
    exchange(server, request_bytes("/dynamic/x"), "GET")
    assert way(server) == [*READ_AND_OPEN, "SendingBody", "AwaitingDisk", *WAIT_AND_END]


def test_a_request_without_a_body(server):
    exchange(server, request_bytes("/dynamic/x", "HEAD"), "HEAD")
    assert way(server) == [*READ_AND_OPEN, *WAIT_AND_END]


def test_pipelined_requests(server):
    exchange(server, request_bytes("/static/x") + request_bytes("/dynamic/x", "HEAD")
             + request_bytes("/missing"), "GET", "HEAD", "GET")
    assert way(server) == [*READ_AND_OPEN, "SendingBody", *READ_AND_OPEN, *READ_AND_OPEN,
                           *WAIT_AND_END]


def test_a_malformed_request(server):
    exchange(server, b"\x16\x03\x01\r\n", "GET")
    life = life_of(server)
    assert [step[0] for step in life] == [*READ_AND_OPEN, "Draining", "Draining"]
    assert life[-1][2:] == ("Closed", "Close")


def test_a_request_cut_short(server):
    with server.client() as client:
        wait_for_reads(server, 1)
        client.send(b"GET / HT")
        wait_for_reads(server, 2)
        client.half_close()
        assert client.answer().status == 400
        assert client.at_end()
    assert life_of(server)[:2] == [("ReadingRequest", "SocketReady", "ReadingRequest", "Read"),
                                   ("ReadingRequest", "SocketReady", "OpeningFile", None)]


def test_a_request_that_takes_too_long(start, tmp_path):
    server = start(tmp_path, "--trace", "--header-timeout", "0.05")
    with server.client() as client, server.client() as silent:
        wait_for_reads(server, 2)
        client.send(b"GET / HT")
        assert client.answer().status == 408
        assert client.at_end() and silent.at_end()
    lives = trace(server).values()
    assert [life[-2] for life in lives if len(life) == 4] == [
        ("ReadingRequest", "Timeout", "Closed", "Close")], "who said nothing"
    [begun] = [life for life in lives if len(life) > 4]
    assert begun[3] == ("ReadingRequest", "Timeout", "OpeningFile", None)
    assert not {step for life in lives for step in life[1:-1]} - ALLOWED


def busy_client(port, number, problems):
    """One of many: whole downloads, pipelined ones, malformed ones, half-closed and reset ones."""
    kind = KINDS[number % 2]
    try:
        for turn in range(6):
            with Client(port, receive_buffer=[None, 4096][turn % 2]) as client:
                client.send(request_bytes(f"/{kind}/big") + request_bytes("/missing", "HEAD") * 20)
                if turn == number % 6:
                    client.receive()
                    client.reset()
                    continue
                assert len(client.answer().body) == 1 << 20
                assert [client.answer("HEAD").status for _ in range(20)] == [404] * 20
                client.send(b"GET /static/x HTTP/1.1\r\nHos")
                if number % 3:
                    client.half_close()
                else:
                    client.send(b"t : x\r\n\r\n")
                assert client.answer().status == 400
    except (OSError, AssertionError) as error:
        problems.append(error)


def test_a_busy_run_stays_within_the_table(start, make_file, tmp_path, shim):
    for kind in KINDS:
        make_file(f"{kind}/big", 1 << 20)
    server = start(tmp_path, "--trace", shim=shim)
    problems = []
    threads = [threading.Thread(target=busy_client, args=(server.port, number, problems))
               for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    lives = trace(server)
    assert len(lives) == 8 * 6
    for number, life in lives.items():
        assert (life[0], life[-1]) == (("accepted",), ("destroyed",)), f"#{number}"
        steps = life[1:-1]
        assert not set(steps) - ALLOWED, f"#{number} makes steps that the table has not"
        jumps = [pair for pair in zip(steps, steps[1:]) if pair[0][2] != pair[1][0]]
        assert not jumps, f"#{number} jumps"
        assert steps[0][0] == "ReadingRequest" and steps[-1][2] == "Closed", f"#{number}"
    seen = {step[0] for life in lives.values() for step in life[1:-1]}
    assert seen == set(STEPS), "all states are visited, or this test shows little"
