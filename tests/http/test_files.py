"""Files of every awkward size arrive as they are: RFC 9110 sections 8.6, 9.3.1 and 9.3.2."""
import os

import pytest

from client import Client
from conftest import KINDS, write_file
from serving import difference, serving

KIB = 1 << 10
MIB = 1 << 20
SIZES = [0, 1, 2 * KIB, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1,
         256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 2 * MIB]


def name_of(kind, size):
    return f"{kind}/{size}.dat"


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """The root that all tests below share, and the bytes of its files by their names."""
    root = tmp_path_factory.mktemp("files")
    # Both kinds have files of the same sizes, but never of the same bytes.
    return root, {name_of(kind, size): write_file(root / name_of(kind, size), size, size + salt)
                  for salt, kind in enumerate(KINDS) for size in SIZES}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, contents):
    with serving(contents[0], shim=request.param) as server:
        yield server


@pytest.mark.parametrize("size", SIZES)
def test_a_file_arrives_byte_for_byte(server, contents, kind, size):
    answer = server.get(f"/{name_of(kind, size)}")
    assert answer.status == 200
    assert answer["Content-Length"] == str(size)
    assert not difference(answer.body, contents[1][name_of(kind, size)])


@pytest.mark.parametrize("size", SIZES)
def test_head_says_what_get_says_and_sends_no_body(server, kind, size):
    target = f"/{name_of(kind, size)}"
    with server.client() as client:
        client.request(target, "HEAD")
        head = client.answer("HEAD")
        client.request(target)  # a body after the first answer would be read as the second
        get = client.answer()
    without_date = [[field for field in answer.fields if field[0] != "date"]
                    for answer in (head, get)]
    assert (head.status, get.status) == (200, 200)
    assert without_date[0] == without_date[1]
    assert head["Date"] and get["Date"]


def test_one_connection_serves_many_files(server, contents):
    with server.client() as client:
        for name, content in contents[1].items():
            client.request(f"/{name}")
            answer = client.answer()
            assert answer.status == 200, name
            assert not difference(answer.body, content), name


def test_a_file_over_4_gib(start, make_file, kind, shim, tmp_path):
    first_part = make_file(f"{kind}/sparse", 3 * MIB)
    size = 5 * KIB * MIB + 1
    os.truncate(tmp_path / kind / "sparse", size)
    server = start(shim=shim)
    head = server.get(f"/{kind}/sparse", "HEAD")
    assert (head.status, head["Content-Length"]) == (200, str(size))

    with server.client() as client:
        client.request(f"/{kind}/sparse")
        while b"\r\n\r\n" not in client.buffer or len(client.buffer) < 4 * MIB:
            assert client.receive(), "the stream ended early"
        head, body = client.buffer.split(b"\r\n\r\n", 1)
        assert f"Content-Length: {size}".encode() in head
    expected = first_part + bytes(len(body) - len(first_part))
    assert not difference(body, expected)
    assert server.get(f"/{kind}/sparse", "HEAD").status == 200, "after an abandoned transfer"


def test_a_file_of_64_mib(start, make_file, kind):
    content = make_file(f"{kind}/big", 64 * MIB)
    answer = start().get(f"/{kind}/big")
    assert answer.status == 200
    assert not difference(answer.body, content)


def started_slowly(server, target):
    """A client that took the head of an answer, and so little of the body that the server waits."""
    client = Client(server.port, receive_buffer=4 * KIB)
    client.request(target)
    while b"\r\n\r\n" not in client.buffer:
        assert client.receive(), "the stream ended in the head"
    return client


def test_a_file_that_grows_meanwhile_keeps_its_announced_length(start, make_file, kind, tmp_path):
    content = make_file(f"{kind}/log", 16 * MIB)
    server = start()
    with started_slowly(server, f"/{kind}/log") as client:
        with open(tmp_path / kind / "log", "ab") as log:
            log.write(b"one more line\n" * KIB)
        assert not difference(client.answer().body, content)
        client.request(f"/{kind}/log")
        assert len(client.answer().body) == 16 * MIB + 14 * KIB, "the next answer has it all"


def test_a_file_that_shrinks_meanwhile_ends_its_answer(start, make_file, kind, tmp_path):
    make_file(f"{kind}/log", 16 * MIB)
    server = start()
    with started_slowly(server, f"/{kind}/log") as client:
        os.truncate(tmp_path / kind / "log", MIB)
        # RFC 9112 section 8: only a closed connection tells the client that bytes are missing.
        with pytest.raises((EOFError, ConnectionResetError)):
            client.answer()
    assert len(server.get(f"/{kind}/log").body) == MIB
