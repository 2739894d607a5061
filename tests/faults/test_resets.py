"""Clients that vanish at any moment, watched by the address sanitizer: the server owes them
nothing, and must owe nobody else anything either. Every choice follows from the seed."""
import random

import pytest

from client import Client, request_bytes
from conftest import AWS_ASAN
from observe import descriptors, wait_for_descriptors

SLOW = 4096
LARGE = 4 << 20
ASAN = {"ASAN_OPTIONS": "verify_asan_link_order=0", "UBSAN_OPTIONS": "print_stacktrace=1"}

pytestmark = pytest.mark.skipif(not AWS_ASAN.exists(), reason=f"{AWS_ASAN} is not built")


@pytest.fixture
def server(start, tmp_path, make_file, shim):
    for kind in ("static", "dynamic"):
        make_file(f"{kind}/small", 1000)
        make_file(f"{kind}/large", LARGE)
    return start(tmp_path, "--threads", "1", "--aio-blocks", "4", binary=AWS_ASAN, env=ASAN,
                 shim=shim)


def end(client, with_reset):
    if with_reset:
        client.reset()
    else:
        client.close()


def check(server, tmp_path):
    """The server answers as ever, and nothing of the vanished is left."""
    for kind in ("static", "dynamic"):
        for name in ("small", "large"):
            content = (tmp_path / kind / name).read_bytes()
            assert server.get(f"/{kind}/{name}").body == content, f"{kind}/{name}"


@pytest.mark.parametrize("with_reset", [False, True], ids=["close", "reset"])
def test_at_every_stage_of_an_answer(server, tmp_path, kind, with_reset):
    before = len(descriptors(server.pid))
    request = request_bytes(f"/{kind}/large")
    for cut in range(0, len(request), 4):  # in mid-head
        client = server.client()
        client.send(request[:cut])
        end(client, with_reset)
    for received in (0, 1, 100, 70_000, 300_000, 700_000):  # before, in, and after the first block
        client = Client(server.port, receive_buffer=SLOW)
        client.send(request)
        got = 0
        while got < received:
            got += len(client.socket.recv(min(1 << 16, received - got)))
        end(client, with_reset)
    wait_for_descriptors(server, before)
    check(server, tmp_path)


def test_in_mid_aio(server, tmp_path):
    # More readers than blocks, so that some stand in line for one when they vanish.
    before = len(descriptors(server.pid))
    for _ in range(5):
        clients = [Client(server.port, receive_buffer=SLOW) for _ in range(20)]
        for client in clients:
            client.request("/dynamic/large")
        for client in clients[::2]:
            client.reset()
        for client in clients[1::4]:
            client.receive()
        for client in clients[1::2]:
            client.close()
    wait_for_descriptors(server, before)
    check(server, tmp_path)


@pytest.mark.parametrize("with_reset", [False, True], ids=["close", "reset"])
def test_while_the_server_drains(server, tmp_path, kind, with_reset):
    before = len(descriptors(server.pid))
    for rubbish in (0, 1, 100_000):
        client = server.client()
        client.request(f"/{kind}/small", headers=[("Connection", "close")])
        assert client.answer().status == 200
        client.send(b"x" * rubbish)
        end(client, with_reset)
    wait_for_descriptors(server, before)
    check(server, tmp_path)


def vanish_somehow(server, choose):
    """One client's life: some requests, perhaps a part of an answer, and an end."""
    client = Client(server.port, receive_buffer=choose.choice([None, SLOW]))
    closing = [("Connection", "close")]
    stream = b"".join(
        request_bytes(f"/{choose.choice(['static', 'dynamic'])}/"
                      f"{choose.choice(['small', 'large', 'missing'])}",
                      choose.choice(["GET", "GET", "HEAD", "POST"]),
                      headers=choose.choice([(), (), closing]))
        for _ in range(choose.choice([1, 1, 2, 20])))
    client.send(stream[:choose.choice([0, len(stream), choose.randrange(len(stream))])])
    if choose.random() < 0.3:
        client.half_close()
    client.socket.settimeout(0.02)  # it takes what is there, and goes whatever that is
    try:
        for _ in range(choose.choice([0, 1, 10])):
            client.socket.recv(choose.choice([1, 100, 1 << 16]))
    except OSError:
        pass
    return client, choose.random() < 0.6


@pytest.mark.parametrize("seed", [1, 2])
def test_300_at_random(server, tmp_path, seed):
    choose = random.Random(seed)
    before = len(descriptors(server.pid))
    present = []
    for _ in range(300):
        present.append(vanish_somehow(server, choose))
        if choose.random() < 0.5:
            for client, with_reset in present:
                end(client, with_reset)
            present.clear()
    for client, with_reset in present:
        end(client, with_reset)
    wait_for_descriptors(server, before)
    check(server, tmp_path)
