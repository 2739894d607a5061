"""Long work on one loop, a compression or a listing, is cut in slices: later requests are answered
in between. The order of events is --trace's; nothing here looks at a clock."""
import os
import re
import signal

import pytest

from codings import gunzip, prose
from observe import process_state, wait_until
from serving import difference

CONTENT = prose(8 << 20)  # gets so small that it is compressed to its end though nobody reads
ENTRIES = 10_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("fairness")
    for name in ("static/many", "dynamic"):
        (root / name).mkdir(parents=True)
    for number in range(ENTRIES):
        os.mknod(root / f"static/many/{number}")
    (root / "dynamic/large.txt").write_bytes(CONTENT)
    (root / "static/small").write_bytes(b"small")
    (root / "dynamic/small").write_bytes(b"small")
    return root


@pytest.fixture
def server(start, root):
    return start(root, "--threads", "1", "--trace", "--listing")


def order_of_answers(server, long_requests, small_target):
    """Has a server that is stopped meanwhile be sent `long_requests` and then one for a small file.
    Returns all clients, the last of them answered, once the server has gone on."""
    os.kill(server.pid, signal.SIGSTOP)
    wait_until(lambda: process_state(server.pid) == "T", "the server is stopped")
    clients = []
    for target, headers in [*long_requests, (small_target, [])]:
        clients.append(server.client())
        clients[-1].request(target, headers=[("Connection", "close"), *headers])
    os.kill(server.pid, signal.SIGCONT)
    assert clients[-1].answer().body == b"small"
    return clients


def check_order(server, count, slices):
    """The last of `count` clients was answered before the work for any other, which took at least
    so many slices, was half done."""
    server.stop()
    steps = [match.groups() for line in server.stderr_lines if line
             and (match := re.match(r"#(\d+) (\w+) --[\w ]+--> (\w+)", line))]
    numbers = sorted({int(number) for number, _, _ in steps})
    assert len(numbers) == count
    last = str(numbers[-1])
    answered = next(i for i, step in enumerate(steps) if step[0] == last and step[2] == "Closed")
    for number in map(str, numbers[:-1]):
        pumps = [i for i, step in enumerate(steps)
                 if step[0] == number and step[1] in ("SendingBody", "AwaitingDisk")]
        assert len(pumps) >= slices, "the work was not cut"
        done_before = sum(i < answered for i in pumps)
        assert done_before < len(pumps) / 2, f"{done_before} of {len(pumps)}"


@pytest.mark.parametrize("small", ["/static/small", "/dynamic/small"])
def test_between_slices_of_compressions(server, small):
    clients = order_of_answers(
        server, [("/dynamic/large.txt", [("Accept-Encoding", "gzip")])] * 4, small)
    for client in clients[:-1]:
        assert not difference(gunzip(client.answer().body), CONTENT)
        client.close()
    clients[-1].close()
    check_order(server, 5, len(CONTENT) // (64 * 1024))


@pytest.mark.parametrize("small", ["/static/small", "/dynamic/small"])
def test_between_slices_of_listings(server, small):
    clients = order_of_answers(server, [("/static/many/", [])] * 2, small)
    for client in clients[:-1]:
        page = client.answer().body
        assert page.count(b"<tr><td><a ") == ENTRIES
        client.close()
    clients[-1].close()
    check_order(server, 3, len(page) // (16 * 1024))
