"""--max-listings: a listing holds its folder's entries until its client has them, so there is a limit
to how many are under way."""
import pytest

from client import Client
from observe import wait_until
from serving import KEPT, fate
from slow_download import small_send_buffers

ENTRIES = 3000  # far more text than a connection of small buffers holds


@pytest.fixture
def server(start, tmp_path):
    (tmp_path / "static/x").mkdir(parents=True)
    for number in range(ENTRIES):
        (tmp_path / f"static/x/{number}").touch()
    (tmp_path / "static/file").write_bytes(b"a file")
    return start(tmp_path, "--listing", "--max-listings", "2", "--access-log", tmp_path / "log",
                 env=small_send_buffers(tmp_path, shim=False))


@pytest.fixture
def readers(server):
    """Two clients that have begun to read a listing, and read no further."""
    with Client(server.port, receive_buffer=4096) as one, Client(server.port,
                                                                 receive_buffer=4096) as two:
        for client in (one, two):
            client.request("/static/x/")
            client.receive()
        yield one, two


def test_who_comes_then_is_asked_to_come_again(server, readers, tmp_path):
    for method in ("GET", "HEAD"):
        with server.client() as client:
            client.request("/static/x/", method)
            answer = client.answer(method)
            assert (answer.status, answer["Retry-After"]) == (503, "1")
            assert fate(client) == KEPT
    assert server.get("/static/file").body == b"a file", "a file is no listing"
    line = wait_until(lambda: [line for line in (tmp_path / "log").read_text().splitlines()
                               if "GET /static/x/" in line], "the log tells")[0]
    assert line.endswith(" memory max-listings")


def test_a_listing_that_ends_makes_room(server, readers):
    for client in readers:
        body = client.answer().body
        assert body.count(b"<tr") > ENTRIES, "it was whole"
        assert server.get("/static/x/").status == 200


def test_a_client_that_leaves_makes_room(server, readers):
    readers[0].reset()
    wait_until(lambda: server.get("/static/x/").status == 200, "its place is free")


def test_one_after_another_there_is_no_limit(server):
    with server.client() as client:
        for _ in range(5):
            client.request("/static/x/")
            assert client.answer().status == 200
