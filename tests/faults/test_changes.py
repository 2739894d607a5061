"""Files that change while they are being sent."""
import os

import pytest

from client import Client
from observe import receive_all

SLOW = 4096
LARGE = 16 << 20       # far more than the sockets between hold
READ_AHEAD = 512 << 10  # what the dynamic engine may have read before the file changed


@pytest.fixture
def download(start, tmp_path, make_file, kind, shim):
    """(server, client, path, content): the answer has begun; its end is not sent yet."""
    content = make_file(f"{kind}/x", LARGE)
    server = start(tmp_path, "--threads", "1", shim=shim)
    with Client(server.port, receive_buffer=SLOW) as client:
        client.request(f"/{kind}/x")
        client.receive()
        yield server, client, tmp_path / kind / "x", content


@pytest.mark.parametrize("left", [LARGE - 1, LARGE - (1 << 20) - 1, 8 << 20, 1000, 0])
def test_a_truncated_file_ends_the_connection_and_is_never_padded(download, kind, left):
    server, client, path, content = download
    os.truncate(path, left)
    got = receive_all(client).split(b"\r\n\r\n", 1)[1]
    assert len(got) < LARGE, "the announced length came, though the file did not have it"
    # sendfile lends the socket the file's own pages. What was on its way when the file was cut may
    # be wiped with the rest of its page, so of those bytes only the number can be vouched for.
    sure = got if kind == "dynamic" else got[:left]
    assert content.startswith(sure), "what came is not the file's beginning"
    if left >= LARGE // 2:
        assert left <= len(got) <= left + READ_AHEAD, "it did not come to where the file ends"
    server.stop()
    server.wait_for_line("1 by files")


def test_of_a_file_that_grows_the_announced_length_comes(download, kind):
    server, client, path, content = download
    with path.open("ab") as file:
        file.write(b"more" * 1000)
    assert client.answer().body == content
    client.request(f"/{kind}/x")
    assert client.answer().body == content + b"more" * 1000


def test_of_a_replaced_file_the_old_content_comes_to_its_end(download, kind):
    server, client, path, content = download
    path.with_suffix(".new").write_bytes(b"new")
    path.with_suffix(".new").rename(path)
    assert client.answer().body == content
    client.request(f"/{kind}/x")
    assert client.answer().body == b"new"


def test_a_deleted_file_comes_to_its_end_and_is_then_404(download, kind):
    server, client, path, content = download
    path.unlink()
    assert client.answer().body == content
    client.request(f"/{kind}/x")
    assert client.answer().status == 404


@pytest.mark.parametrize("size", [0, 1])
def test_a_file_that_is_gone_before_its_first_byte_is_sent(start, tmp_path, make_file, kind, size):
    # Pipelined behind a stalled answer: it is looked up when its turn comes, not before.
    make_file(f"{kind}/x", LARGE)
    make_file(f"{kind}/y", size)
    server = start(tmp_path, "--threads", "1")
    with Client(server.port, receive_buffer=SLOW) as client:
        client.request(f"/{kind}/x")
        client.request(f"/{kind}/y")
        client.receive()
        (tmp_path / kind / "y").unlink()
        assert client.answer().status == 200
        assert client.answer().status == 404
