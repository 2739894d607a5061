"""A run under valgrind: no invalid access, no use of what was never set, no leak."""
import os

import pytest

from client import Client, request_bytes
from crowd import download_at_once, wrong_ones
from observe import receive_all

VALGRIND = ("valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect,possible", "--num-callers=30")
TWO_MIB = 2 << 20


@pytest.fixture
def root(tmp_path, make_file):
    """The files. Where valgrind knows no openat2 (3.19), the links test what replaces it."""
    contents = {}
    for kind in ("static", "dynamic"):
        contents[f"/{kind}/small"] = make_file(f"{kind}/small", 1000)
        contents[f"/{kind}/empty"] = make_file(f"{kind}/empty", 0)
        contents[f"/{kind}/large"] = make_file(f"{kind}/large", TWO_MIB)
        make_file(f"{kind}/huge", 8 << 20)
        (tmp_path / kind / "folder").mkdir()
    folder = tmp_path / "dynamic"
    (folder / "link").symlink_to("../static/large")
    (folder / "chain").symlink_to("folder/../link")
    (folder / "loop").symlink_to("loop")
    (folder / "outside").symlink_to("../../../etc/passwd")
    (folder / "absolute").symlink_to("/etc/passwd")
    os.mkfifo(folder / "fifo")
    contents["/dynamic/link"] = contents["/dynamic/chain"] = contents["/static/large"]
    return contents


def test_a_run_under_valgrind_shows_no_error_and_no_leak(start, tmp_path, root, shim):
    server = start(tmp_path, "--threads", "2", wrapper=VALGRIND, shim=shim)
    assert "memcheck" in os.readlink(f"/proc/{server.pid}/exe")

    for target, content in root.items():
        answer = server.get(target, timeout=60)
        assert (answer.status, answer.body == content) == (200, True), target
        assert server.get(target, "HEAD", timeout=60).status == 200, target
    for name in ("missing", "loop", "outside", "absolute", "fifo", "small/x", "../../etc/passwd"):
        assert server.get(f"/dynamic/{name}", timeout=60).status == 404, name
    for target, status in (("/other/path", 404), ("/static/folder", 301), ("/static/folder/", 403),
                           ("/static/" + "x" * 9000, 414), ("/static/%zz", 400)):
        assert server.get(target, timeout=60).status == status, target

    with server.client(60) as client:
        wanted = [*root, *root]
        client.send(b"".join(map(request_bytes, wanted)))
        for target in wanted:
            assert client.answer().body == root[target], f"pipelined: {target}"

    for rubbish in (b"rubbish\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"x" * 50_000,
                    b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with server.client(60) as client:
            client.send(rubbish)
            client.half_close()
            assert receive_all(client).startswith(b"HTTP/1.1 "), rubbish[:20]

    for kind in ("static", "dynamic"):
        for end in (Client.reset, Client.close):
            client = Client(server.port, 60, receive_buffer=4096)
            client.request(f"/{kind}/huge")
            client.receive()
            end(client)

    targets = ["/static/large", "/dynamic/large"] * 5
    bodies = download_at_once(server, targets)
    assert not wrong_ones(bodies, [root[target] for target in targets])
    assert server.stop() == 0, server.output()
