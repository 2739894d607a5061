"""A mount that does not answer (FUSE here; NFS is like it): it costs its own clients, and nobody else. A stop does not wait
for it."""
import select
import signal

import pytest

import fuse_files
from conftest import Server

HANGING = {f"{call}{number}": {"told": 5, "size": 5, "hangs": call} for call in ("open", "read") for number in range(8)}
GOOD = {f"good{number}": {"told": 5000, "size": 5000} for number in range(8)}


@pytest.fixture(params=[False, True], ids=["plain", "shim"])
def server(request, make_file, tmp_path):
    """A server with one loop, and so with two threads for what may sleep. /static/dead hangs, /static/live does not: no
    path of either is cached."""
    for directory in ("dead", "live"):
        (tmp_path / "static" / directory).mkdir(parents=True)
    words = [fuse_files.wrapper(tmp_path / "static/dead", HANGING), fuse_files.wrapper(tmp_path / "static/live", GOOD)]
    if not all(words):
        pytest.skip("no FUSE file system can be mounted here")
    server = Server(tmp_path, "--threads", "1", "--grace", "1", "--trace", wrapper=words[0] + words[1], shim=request.param)
    yield server
    server.process.kill()
    server.wait()


def ask(server, target):
    client = server.client(timeout=60)
    client.request(target)
    return client


def statuses_of(clients, count):
    """The statuses of the first `count` answers that come to any of the clients."""
    waiting, statuses = {client.socket: client for client in clients}, []
    while len(statuses) < count:
        ready, _, _ = select.select(waiting, [], [], 60)
        assert ready, f"only {statuses} came"
        statuses += [waiting.pop(socket).answer().status for socket in ready]
    return statuses[:count]


def stop(server):
    """The server names what it waits for, and exits all the same."""
    status = server.stop()
    said = [line for line in server.stderr_lines if line and "still waits for" in line]
    assert "aws: warning: the server exits without waiting any longer" in server.stderr_lines
    return status, said


def test_a_stop_does_not_wait_for_it(server, tmp_path):
    client = ask(server, "/static/dead/open0")
    server.wait_for_line("OpeningFile, wants Disk")
    status, said = stop(server)
    assert (status, said) == (1, [f"aws: warning: a thread still waits for {tmp_path}/static/dead/open0"])
    client.close()


def test_two_signals_end_it_too(server):
    client = ask(server, "/static/dead/open0")
    server.wait_for_line("OpeningFile, wants Disk")
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_line("stopping when running answers are finished")
    assert stop(server)[0] == 1
    client.close()


@pytest.mark.parametrize("call", ["open", "read"])
def test_others_are_served_meanwhile(server, call):
    hanging = [ask(server, f"/static/dead/{call}{number}") for number in range(2)]
    state = "OpeningFile" if call == "open" else "AwaitingDisk"
    server.wait_for_line(f"{state}, wants Disk", count=2)
    for number in range(3):  # two of them would hold all threads
        answer = server.get(f"/static/live/good{number}", timeout=60)
        assert (answer.status, answer.body) == (200, fuse_files.pattern(5000))
    # Until two of them have hung for long, a further one may hang in the thread that took over for the first.
    further = [ask(server, f"/static/dead/open{number}") for number in range(2, 8)]
    assert statuses_of(further, 4) == [503] * 4
    assert server.get("/static/live/good7").status == 200
    assert stop(server)[0] == 1
    for client in hanging + further:
        client.close()


def test_a_crowd_for_it_is_refused(server):
    """Those that wait behind the hanging ones are refused with them, and let others through."""
    crowd = [ask(server, f"/static/dead/open{number}") for number in range(8)]
    server.wait_for_line("OpeningFile, wants Disk", count=8)
    answer = server.get("/static/live/good0", timeout=60)
    assert (answer.status, answer.body) == (200, fuse_files.pattern(5000))
    assert statuses_of(crowd, 5) == [503] * 5  # two hang, or three; any of them may have come first
    assert stop(server)[0] == 1
    for client in crowd:
        client.close()
