"""What servers of students were measured to get wrong, each as a test: see each test's name."""
import os
import resource
import signal

import pytest

from client import Client, request_bytes
from crowd import at_once
from observe import descriptors, process_state, wait_for_descriptors, wait_until

SLOW = 4096
LARGE = 8 << 20


@pytest.mark.parametrize("way", ["../secret", "%2e%2e/secret", "..%2fsecret", "a/../../../secret",
                                 "absolute-link", "relative-link", "link-to-folder/secret",
                                 "//../secret", "./.././../secret"])
def test_a_file_outside_the_root_is_never_served(start, tmp_path, way, kind, shim):
    root = tmp_path / "root"
    (root / kind / "a").mkdir(parents=True)
    for place in (tmp_path, root):
        (place / "secret").write_text("SECRET")
    (root / kind / "absolute-link").symlink_to(tmp_path / "secret")
    (root / kind / "relative-link").symlink_to("../../secret")
    (root / kind / "link-to-folder").symlink_to("../..")
    server = start(root, shim=shim)
    answer = server.get(f"/{kind}/{way}")
    assert answer.status in (400, 404)
    assert b"SECRET" not in answer.body


def test_sigstop_and_sigcont_in_mid_transfer_cost_no_byte(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", LARGE)
    server = start(shim=shim)
    with Client(server.port, receive_buffer=SLOW) as client:
        client.request(f"/{kind}/x")
        for _ in range(10):
            client.receive()
            server.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: process_state(server.pid) == "T", "the server is stopped")
            server.process.send_signal(signal.SIGCONT)
        assert client.answer().body == content
        client.request(f"/{kind}/x")
        assert client.answer().body == content


def test_sigstop_and_sigcont_between_requests_change_nothing(start, make_file, kind):
    content = make_file(f"{kind}/x", 1000)
    server = start()
    with server.client() as client:
        for _ in range(10):
            server.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: process_state(server.pid) == "T", "the server is stopped")
            client.request(f"/{kind}/x")
            server.process.send_signal(signal.SIGCONT)
            assert client.answer().body == content


def test_two_requests_whose_bytes_come_in_turns_are_both_answered(start, tmp_path, make_file, kind,
                                                                  shim):
    contents = {name: make_file(f"{kind}/{name}", 100_000, seed=name) for name in "ab"}
    server = start(tmp_path, "--threads", "1", shim=shim)
    with server.client() as a, server.client() as b:
        for byte_a, byte_b in zip(request_bytes(f"/{kind}/a"), request_bytes(f"/{kind}/b")):
            a.send(bytes([byte_a]))
            b.send(bytes([byte_b]))
        assert b.answer().body == contents["b"]
        assert a.answer().body == contents["a"]


def test_a_request_split_over_time_is_answered(start, tmp_path, make_file, kind, shim):
    # One loop: when another client's answer is there, the bytes sent before it have been parsed.
    content = make_file(f"{kind}/x", 1000)
    server = start(tmp_path, "--threads", "1", shim=shim)
    with server.client() as client, server.client() as other:
        for byte in request_bytes(f"/{kind}/x"):
            client.send(bytes([byte]))
            other.request("/other")
            assert other.answer().status == 404
        assert client.answer().body == content


@pytest.mark.parametrize("squeezed", [False, True])
def test_it_recovers_from_running_out_of_descriptors(start, tmp_path, make_file, kind, shim,
                                                     squeezed):
    """Squeezed: there are fewer than the server could know when it started."""
    content = make_file(f"{kind}/x", 100_000)
    server = start(tmp_path, "--threads", "2", shim=shim,
                   preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    before = len(descriptors(server.pid))
    if squeezed:
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (before + 10, before + 10))
    clients = [server.client() for _ in range(100)]
    if squeezed:
        server.wait_for_line("cannot accept")

    def finish(number):
        with clients[number] as client:
            client.request(f"/{kind}/x", headers=[("Connection", "close")])
            answer = client.answer()
            # Where descriptors are fewer than it thinks, some clients get none for their file.
            assert answer.status == 200 or (squeezed and answer.status == 503), f"{number}: {answer}"
            assert answer.status == 503 or answer.body == content, f"client {number}"
    at_once([lambda number=number: finish(number) for number in range(100)])
    wait_for_descriptors(server, before)
    for _ in range(20):
        assert server.get(f"/{kind}/x").body == content


def test_a_reset_in_mid_transfer_harms_nobody(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", LARGE)
    server = start(shim=shim)
    before = len(descriptors(server.pid))
    with server.client() as other:
        for _ in range(20):
            client = Client(server.port, receive_buffer=SLOW)
            client.request(f"/{kind}/x")
            client.receive()
            client.reset()
            other.request(f"/{kind}/x", "HEAD")
            assert other.answer("HEAD").status == 200
        other.request(f"/{kind}/x")
        assert other.answer().body == content
    wait_for_descriptors(server, before)


def test_a_folder_is_403_or_404_and_no_file(start, make_file, kind, shim):
    make_file(f"{kind}/folder/x", 10)
    server = start(shim=shim)
    assert server.get(f"/{kind}/folder/").status == 403
    assert server.get(f"/{kind}/").status == 403
    moved = server.get(f"/{kind}/folder")
    assert (moved.status, moved["location"]) == (301, f"/{kind}/folder/")
    assert server.get(f"/{kind}/missing/").status == 404


def test_a_slow_reader_gets_the_whole_file(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", 4 << 20)
    server = start(shim=shim)
    with Client(server.port, receive_buffer=2048) as client:
        client.request(f"/{kind}/x")
        got = b""
        while len(got) < 100_000:
            got += client.socket.recv(500)
        client.buffer = got
        assert client.answer().body == content


def test_one_slow_reader_blocks_nobody(start, tmp_path, make_file, kind, shim):
    content = make_file(f"{kind}/x", LARGE)
    server = start(tmp_path, "--threads", "1", shim=shim)
    with Client(server.port, receive_buffer=SLOW) as slow:
        slow.request(f"/{kind}/x")
        slow.receive()
        for other in ("static", "dynamic"):
            assert server.get(f"/{other}/missing").status == 404
        assert server.get(f"/{kind}/x").body == content
        assert slow.answer().body == content


def test_a_404_is_framed_and_the_connection_goes_on(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", 10)
    server = start(shim=shim)
    with server.client() as client:
        client.send(request_bytes(f"/{kind}/missing") + request_bytes(f"/{kind}/x"))
        answer = client.answer()
        assert (answer.status, int(answer["content-length"])) == (404, len(answer.body))
        assert client.answer().body == content
        client.request("/other/path")
        assert client.answer().status == 404


def test_who_connects_and_closes_is_no_trouble(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", 10)
    server = start(shim=shim)
    before = len(descriptors(server.pid))
    for number in range(100):
        client = server.client()
        if number % 2:
            client.reset()
        else:
            client.close()
    assert server.get(f"/{kind}/x").body == content
    wait_for_descriptors(server, before)


def test_500_mixed_requests_and_resets_leak_no_descriptor(start, make_file, kind, shim):
    contents = {size: make_file(f"{kind}/{size}", size) for size in (0, 100, 300_000)}
    server = start(shim=shim)
    before = sorted(descriptors(server.pid))

    def one(number):
        size = (0, 100, 300_000)[number % 3]
        client = server.client()
        client.request(f"/{kind}/{size}" if number % 5 else "/missing")
        if number % 7 == 0:
            client.reset()
        elif number % 7 == 1:
            client.receive()
            client.reset()
        else:
            answer = client.answer()
            assert answer.status == 404 or answer.body == contents[size], f"request {number}"
            client.close()
    for first in range(0, 500, 25):
        at_once([lambda number=number: one(number) for number in range(first, first + 25)])
    wait_for_descriptors(server, len(before))
    assert sorted(descriptors(server.pid)) == before


def test_it_outlives_500_requests_each_on_its_own_connection(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", 5000)
    server = start(shim=shim)
    for number in range(500):
        assert server.get(f"/{kind}/x").body == content, f"request {number}"


@pytest.mark.parametrize("path, status", [
    ("x" * 255, 404), ("x" * 256, 404), ("d/" * 300 + "x", 404), ("x/" * 2500, 404),
    ("%78" * 1500, 404), ("x" * 5000, 404), ("x" * 8300, 414), ("x" * 60_000, 414),
], ids=["255", "256", "deep", "deeper", "escaped", "5000", "8300", "60000"])
def test_a_long_path_is_answered(start, make_file, kind, shim, path, status):
    content = make_file(f"{kind}/x", 10)
    server = start(shim=shim)
    assert server.get(f"/{kind}/{path}").status == status
    assert server.get(f"/{kind}/x").body == content


def test_the_longest_name_and_a_deep_path_are_served(start, tmp_path, kind, shim):
    deep = tmp_path / kind / os.path.join(*["d" * 60] * 50)
    deep.mkdir(parents=True)
    (deep / "x").write_text("deep")
    (tmp_path / kind / ("n" * 255)).write_text("long")
    server = start(shim=shim)
    assert server.get("/" + str((deep / "x").relative_to(tmp_path))).body == b"deep"
    assert server.get(f"/{kind}/{'n' * 255}").body == b"long"
