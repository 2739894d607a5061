"""examples/: what each program does, through the real binary, bare and under the shim."""
import contextlib
import random
import re
import socket
import subprocess
import threading

import pytest

from conftest import TOP
from examples.conftest import EXAMPLES, Example, receive_all, receive_until

STEPS = ("steps/1_accept", "steps/2_concurrent", "steps/3_read_request", "steps/4_respond",
         "steps/5_keep_alive")
ALL = ("hello", "sessions", "echo", "udp_echo", "chat", *STEPS)
REQUEST = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_every_example_is_tested_and_explained():
    names = {str(path.relative_to(TOP / "examples").with_suffix(""))
             for path in (TOP / "examples").rglob("*.cc")}
    assert names == set(ALL)
    readme = (TOP / "examples/README.md").read_text()
    for name in ALL:
        assert f"{name}.cc)" in readme, f"{name} has no row in examples/README.md"


@pytest.mark.parametrize("name", ALL)
def test_it_has_at_most_80_lines(name):
    assert len((TOP / "examples" / f"{name}.cc").read_text().splitlines()) <= 80


# ---- The command line, the same for all

@pytest.mark.parametrize("name", ALL)
def test_help_describes_the_options(name):
    told = subprocess.run([EXAMPLES / name, "--help"], capture_output=True, text=True, check=True)
    assert "--port N" in told.stdout and "--threads N" in told.stdout


@pytest.mark.parametrize("name", ["echo", "udp_echo"])
@pytest.mark.parametrize("options, problem", [
    (["--port", "65536"], "--port 65536: not a number from 0 to 65535"),
    (["--port", "-1"], "--port -1: not a number"),
    (["--port", "1x"], "--port 1x: not a number"),
    (["--port"], "--port needs a number"),
    (["--threads", "many"], "--threads many: not a number"),
    (["--colour", "red"], "unknown argument --colour"),
])
def test_a_mistake_is_one_line_and_status_2(name, options, problem):
    told = subprocess.run([EXAMPLES / name, *options], capture_output=True, text=True, check=False)
    assert told.returncode == 2 and problem in told.stderr
    assert told.stderr.count("\n") == 1 and told.stdout == ""


@pytest.mark.parametrize("name", ["echo", "udp_echo"])
def test_a_port_that_is_taken_is_one_line_and_status_1(name):
    first = Example(name)
    told = subprocess.run([EXAMPLES / name, "--port", str(first.port)], capture_output=True,
                          text=True, check=False)
    assert told.returncode == 1 and "the port is taken" in told.stderr
    assert told.stderr.count("\n") == 1
    assert first.stop() == (0, "")


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("name", ALL)
def test_it_ends_on_sigterm_with_idle_clients_connected(example, name, threads):
    running = example(name, "--threads", threads)
    if running.scheme == "udp":
        return
    with running.connect() as one, running.connect() as other:
        status, errors = running.stop()
        assert (status, errors) == (0, "")
        for client in (one, other):
            with contextlib.suppress(ConnectionResetError):
                receive_all(client)


# ---- echo

@pytest.mark.parametrize("threads", ["1", "2"])
def test_echo_returns_every_byte_to_a_slow_reader(example, threads):
    """More than the kernel's buffers and the queue hold: the client is read from no further."""
    running = example("echo", "--threads", threads)
    sent = random.Random(1).randbytes(12_000_000)
    with running.connect() as client:
        def send():
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        received = receive_all(client)
        sender.join()
    assert received == sent


def test_echo_serves_many_at_once(example):
    running = example("echo", "--threads", "2")
    clients = [running.connect() for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall(b"%d\n" % number)
    for number, client in enumerate(clients):
        assert receive_until(client, b"\n") == b"%d\n" % number
        client.close()


def test_echo_does_not_read_from_a_client_that_does_not_read(example):
    running = example("echo")
    with running.connect() as client:
        client.settimeout(0.5)  # it must block: there is nothing to wait for but that
        with pytest.raises(TimeoutError):
            while True:
                client.sendall(bytes(1 << 20))
        rss = resident_kib(running.process.pid)
        assert rss < 64 * 1024, "the queue has a bound"
        client.settimeout(30)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return int(re.search(r"VmRSS:\s+(\d+)", lines.read()).group(1))


# ---- udp_echo

@pytest.mark.parametrize("family, host", [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"),
                                          (socket.AF_INET6, "::1")])
@pytest.mark.parametrize("size", [0, 1, 1400, 60_000])
def test_udp_echo_replies_from_the_address_that_was_asked(example, family, host, size):
    running = example("udp_echo")
    data = random.Random(size).randbytes(size)
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(30)
        client.connect((host, running.port))  # the kernel drops replies from elsewhere
        client.send(data)
        assert client.recv(65_536) == data


def test_udp_echo_serves_many_senders_on_several_threads(example):
    running = example("udp_echo", "--threads", "3")
    senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(50)]
    for number, sender in enumerate(senders):
        sender.settimeout(30)
        sender.connect(("127.0.0.1", running.port))
        sender.send(b"%d" % number)
    for number, sender in enumerate(senders):
        assert sender.recv(100) == b"%d" % number
        sender.close()


# ---- HTTP

def test_hello_answers_and_closes(example):
    running = example("hello")
    assert running.scheme == "http"
    with running.connect() as client:
        client.sendall(REQUEST)
        answer = receive_all(client)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\nHello, world!\n")
    assert b"\r\nContent-Length: 14\r\n" in answer


def test_hello_is_understood_by_curl(example):
    running = example("hello")
    told = subprocess.run(["curl", "-sS", f"http://localhost:{running.port}/"],
                          capture_output=True, check=True)
    assert told.stdout == b"Hello, world!\n"


def page(client):
    """One page of the sessions example: its lines as a dictionary, and this connection's counts."""
    client.sendall(REQUEST)
    head = receive_until(client, b"errors ")
    while not head.endswith(b"\n"):
        head += client.recv(1000)
    text = head.decode().split("\r\n\r\n", 1)[1]
    mine = re.search(r"this connection: (\d+) reads, (\d+) writes\n", text)
    totals = {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE)}
    return totals, (int(mine.group(1)), int(mine.group(2)))


def test_sessions_counts_each_connection_for_itself(example, shim):
    running = example("sessions", "--threads", "2")
    with running.connect() as one, running.connect() as other:
        for number in (1, 2, 3):
            totals, (reads, writes) = page(one)
            assert writes == number
            assert reads >= number if shim else reads == number
        _, (_, writes) = page(other)
        assert writes == 1
        assert totals["current"] == totals["opened"] - totals["closed"]


def test_sessions_counts_what_was_opened_and_closed(example):
    running = example("sessions")
    for _ in range(5):
        with running.connect() as client:
            page(client)
            client.shutdown(socket.SHUT_WR)
            assert receive_all(client) == b"", "closed by the server, too"
    with running.connect() as client:
        totals, _ = page(client)
    assert totals == {"opened": 6, "closed": 5, "current": 1, "errors": 0}


def hear(client, pattern):
    """Reads lines up to one that matches. The others may only say who has joined: a loop may hear of it late."""
    while not re.fullmatch(pattern, line := receive_until(client, b"\n")):
        assert re.fullmatch(rb"guest \d+ has joined\n", line)


def test_chat_sends_each_line_to_everybody_else(example):
    running = example("chat", "--threads", "2")
    clients = []
    for _ in range(3):
        clients.append(running.connect())
        hear(clients[-1], rb"you are guest \d+\n")
        for before in clients[:-1]:
            hear(before, rb"guest \d+ has joined\n")
    clients[0].sendall(b"one\ntwo\n")
    for client in clients[1:]:
        hear(client, rb"guest \d+: one\n")
        hear(client, rb"guest \d+: two\n")
    clients[2].close()
    for client in clients[:2]:
        hear(client, rb"guest \d+ has left\n")


def test_chat_closes_a_client_that_does_not_read(example):
    running = example("chat")
    with running.connect() as talker, running.connect(), running.connect() as listener:
        receive_until(talker, b"has joined\n", 2)  # the one that never reads, and the listener
        receive_until(listener, b"\n")
        heard = b""
        while b"has left\n" not in heard:
            talker.sendall((b"x" * 3900 + b"\n") * 10)
            heard = receive_until(listener, b"\n", 10)  # ten at a time: the listener is never slow


# ---- The ladder

def test_step_1_accepts_and_closes(example):
    running = example("steps/1_accept")
    for _ in range(20):
        with running.connect() as client:
            assert receive_all(client) == b""


def test_step_2_keeps_many_clients(example):
    running = example("steps/2_concurrent")
    clients = [running.connect() for _ in range(100)]
    greetings = [receive_until(client, b"\n") for client in clients]
    assert greetings == [b"%d connected\n" % number for number in range(1, 101)]
    clients[0].close()
    for client in clients[1:]:
        client.close()


@pytest.mark.parametrize("name", STEPS[2:])
def test_a_header_may_come_byte_by_byte(example, name):
    running = example(name)
    with running.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in REQUEST:
            client.send(bytes([byte]))
        assert receive_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("name", STEPS[2:])
def test_a_header_without_an_end_closes_the_connection(example, name):
    """receive_limit bounds what is kept."""
    running = example(name)
    with running.connect() as client, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for _ in range(100):
            client.sendall(b"x" * 4096)
        assert receive_all(client) == b""


def test_step_4_answers_in_full_and_closes(example):
    running = example("steps/4_respond")
    with running.connect() as client:
        client.sendall(REQUEST + REQUEST)  # the second is never read: no reset may destroy the answer
        head, body = receive_all(client).split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"\r\nConnection: close\r\n" in head
    assert body == b"You asked: GET /a HTTP/1.1\n"


def test_step_4_refuses_what_it_does_not_understand(example):
    running = example("steps/4_respond")
    with running.connect() as client:
        client.sendall(b"POST /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert receive_all(client).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_step_5_answers_pipelined_requests_in_order(example):
    running = example("steps/5_keep_alive")
    with running.connect() as client:
        client.sendall(b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % i for i in range(50)))
        answers = receive_until(client, b" HTTP/1.1\n", 50)
        assert re.findall(rb"asked: GET /(\d+)", answers) == [b"%d" % i for i in range(50)]
        client.sendall(b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert receive_all(client).endswith(b"You asked: GET /last HTTP/1.1\n")
