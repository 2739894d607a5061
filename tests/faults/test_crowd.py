"""Many clients at once: what they get, and what those who dawdle do to the others."""
import resource

import pytest

from client import Client, request_bytes
from crowd import at_once, download_at_once, wrong_ones
from observe import receive_all

SLOW = 4096
TWO_MIB = 2 << 20


def targets_of(mixture, count):
    """`count` (target, seed) pairs: of one kind, of both, or one single file."""
    if mixture == "identical":
        return [("dynamic/0", 0) if number % 2 else ("static/0", 0) for number in range(count)]
    if mixture == "mixed":
        return [(f"{('static', 'dynamic')[i % 2]}/{i}", i) for i in range(count)]
    return [(f"{mixture}/{i}", i) for i in range(count)]


@pytest.mark.parametrize("mixture", ["static", "dynamic", "mixed", "identical"])
def test_50_simultaneous_downloads_are_byte_identical(start, make_file, mixture, shim):
    wanted = targets_of(mixture, 50)
    contents = {target: make_file(target, TWO_MIB, seed) for target, seed in set(wanted)}
    server = start(shim=shim)
    bodies = download_at_once(server, ["/" + target for target, _ in wanted])
    assert not wrong_ones(bodies, [contents[target] for target, _ in wanted])


@pytest.mark.parametrize("options", [["--threads", "1"], ["--threads", "1", "--aio-blocks", "4"],
                                     ["--threads", "2"]], ids=" ".join)
def test_200_slow_senders_and_100_readers_that_never_read_harm_nobody(start, tmp_path, make_file,
                                                                      options, shim):
    contents = {kind: make_file(f"{kind}/x", TWO_MIB) for kind in ("static", "dynamic")}
    for kind in contents:
        make_file(f"{kind}/large", 8 << 20)
    server = start(tmp_path, *options, shim=shim)
    crowd = []
    for number in range(200):
        crowd.append(server.client())
        crowd[-1].send(request_bytes("/static/x")[:10 + number % 40])
    for number in range(100):
        crowd.append(Client(server.port, receive_buffer=SLOW))
        crowd[-1].request(("/static/large", "/dynamic/large")[number % 2])
    for client in crowd[200:]:
        assert client.receive(), "an answer ended before it began"
    with server.client() as kept:
        for kind, content in contents.items():
            kept.request(f"/{kind}/missing")
            assert kept.answer().status == 404
            kept.request(f"/{kind}/x")
            assert kept.answer().body == content, kind
            assert server.get(f"/{kind}/x").body == content, kind
    crowd[0].send(request_bytes("/static/x")[10:])
    assert crowd[0].answer().body == contents["static"], "a slow sender is still a client"
    for client in crowd:
        client.close()


@pytest.mark.parametrize("blocks", ["1", "2", "3"])
def test_more_dynamic_downloads_than_blocks_all_complete(start, tmp_path, make_file, blocks, shim):
    contents = [make_file(f"dynamic/{number}", TWO_MIB, number) for number in range(20)]
    server = start(tmp_path, "--threads", "1", "--aio-blocks", blocks, shim=shim)
    bodies = download_at_once(server, [f"/dynamic/{number}" for number in range(20)])
    assert not wrong_ones(bodies, contents)


@pytest.mark.parametrize("blocks", ["1", "2", "3"])
@pytest.mark.parametrize("readers", [1, 2, 3, 10])
def test_slow_readers_share_few_blocks(start, tmp_path, make_file, blocks, readers):
    # A slow reader's blocks may be taken from it; when it goes on, it must get one again, though
    # all those who hold one wait for another.
    contents = [make_file(f"dynamic/{number}", 8 << 20, number) for number in range(readers)]
    server = start(tmp_path, "--threads", "1", "--aio-blocks", blocks)
    clients = [Client(server.port, receive_buffer=SLOW) for _ in contents]
    for number, client in enumerate(clients):
        client.request(f"/dynamic/{number}", headers=[("Connection", "close")])
        client.receive()
    bodies = at_once([lambda client=client: receive_all(client) for client in clients])
    bodies = [body.split(b"\r\n\r\n", 1)[1] for body in bodies]
    assert not wrong_ones(bodies, contents)
    for client in clients:
        client.close()


def test_5000_requests_on_one_connection(start, make_file, kind, shim):
    content = make_file(f"{kind}/x", 300)
    server = start(shim=shim)
    with server.client() as client:
        for number in range(2000):
            client.request(f"/{kind}/x")
            assert client.answer().body == content, f"request {number}"
        for number in range(0, 3000, 100):
            client.send(request_bytes(f"/{kind}/x") * 100)
            for _ in range(100):
                assert client.answer().body == content, f"pipelined, from {number} on"


def test_1000_connections(start, make_file, kind):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    content = make_file(f"{kind}/x", 300)
    server = start()
    clients = [server.client() for _ in range(1000)]
    for _ in range(2):
        for client in clients:
            client.request(f"/{kind}/x")
        for number, client in enumerate(clients):
            assert client.answer().body == content, f"client {number}"
        clients.reverse()
    for client in clients:
        client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
