"""The kernel refuses a call now and then (strace injects it): the server goes on, and is right."""
import signal

import pytest

from observe import Strace, process_state, wait_until

SIZE = 700_000  # three blocks of a dynamic file, two turns of a static one
ROUNDS = 10
CALLS_EACH = 60  # of epoll_wait, generously: a loop that spins makes thousands

# After these every answer must be whole and right, as if nothing had been.
UNSEEN = [
    "accept4:error=EMFILE:when=1+2", "accept4:error=ENFILE:when=2", "accept4:error=ENOMEM:when=1",
    "accept4:error=ECONNABORTED:when=1+2", "accept4:error=EINTR:when=1+2",
    "accept4:error=EPROTO:when=1..3", "accept4:error=EPERM:when=2..4",
    "openat2:error=ENOSYS", "openat2:error=EPERM", "openat2:error=EINTR:when=1+2",
    "openat2:error=EAGAIN:when=1+2",
    "epoll_wait:error=EINTR:when=2+3", "recvfrom:error=EINTR:when=1+2",
    "recvfrom:error=EAGAIN:when=1+2", "sendto:error=EINTR:when=1+2", "sendto:error=EAGAIN:when=1+2",
    "sendfile:error=EINTR:when=1+2", "sendfile:error=EAGAIN:when=1+2",
    "io_submit:error=EAGAIN:when=1..3", "io_submit:error=EAGAIN:when=1+2",
    "io_getevents:error=EINTR:when=2+2", "shutdown:error=ENOTCONN",
]

# These may cost an answer: an error status, or the end of its connection.
SEEN = [
    "sendfile:error=EIO:when=2", "sendfile:error=ENOMEM:when=3", "sendfile:error=EPIPE:when=1+3",
    "io_submit:error=EINVAL:when=2", "io_submit:error=EBADF:when=1+3",
    "io_submit:error=ENOMEM:when=1",
    "sendto:error=EPIPE:when=3", "sendto:error=ECONNRESET:when=1+3", "sendto:error=ENOBUFS:when=2",
    "recvfrom:error=ECONNRESET:when=3", "recvfrom:error=ETIMEDOUT:when=1+3",
    "openat2:error=EMFILE:when=2", "openat2:error=EIO:when=1+3", "openat2:error=ENOMEM:when=3",
    "epoll_ctl:error=ENOMEM:when=5",
]


@pytest.fixture
def contents(tmp_path, make_file):
    """Target → bytes, or None: a 404."""
    contents = {f"/{kind}/{size}": make_file(f"{kind}/{size}", size)
                for kind in ("static", "dynamic") for size in (100, SIZE)}
    (tmp_path / "dynamic/in").symlink_to("../static/100")
    (tmp_path / "dynamic/out").symlink_to("/etc/passwd")
    return contents | {"/dynamic/in": contents["/static/100"], "/dynamic/out": None}


@pytest.fixture
def start_with(start, tmp_path):
    """start_with(fault) → (server, strace)."""
    def start_one(fault):
        folder = tmp_path / "strace"
        folder.mkdir()
        trace = {fault.split(":", 1)[0], "epoll_wait"}
        strace = Strace(folder, ",".join(trace), [fault])
        return start(tmp_path, "--threads", "1", wrapper=strace.wrapper), strace
    return start_one


def is_right(answer, content):
    if content is None:
        return answer.status == 404
    return (answer.status, answer.body) == (200, content)


def injected(strace):
    return len([call for call in strace.calls if "(INJECTED)" in call])


@pytest.mark.parametrize("fault", UNSEEN)
def test_a_fault_that_can_be_overcome_is_never_seen(start_with, contents, fault):
    server, strace = start_with(fault)
    for _ in range(ROUNDS):
        for target, content in contents.items():
            answer = server.get(target)
            assert is_right(answer, content), f"{target}: {answer}"
    with server.client() as kept:
        for target, content in contents.items():
            kept.request(target)
            answer = kept.answer()
            assert is_right(answer, content), f"kept, {target}: {answer}"
        kept.send(b"?\r\n\r\n")
        assert kept.answer().status == 400 and kept.at_end()
    server.stop()
    assert injected(strace), "the fault never happened"
    waits = len(strace.named("epoll_wait"))
    assert waits < (ROUNDS + 1) * len(contents) * CALLS_EACH, f"it spins: {waits} epoll_waits"


@pytest.mark.parametrize("nth", [6, 8])
def test_who_waits_for_room_is_let_in_though_epoll_refuses_the_listener(start, tmp_path, make_file,
                                                                       nth):
    """With room for one client, each costs the loop four calls of epoll_ctl: it is added, others are not listened to, it is
    removed, others are listened to again. (Before, the main thread has made four.)"""
    content = make_file("static/x", 100)
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "epoll_ctl", [f"epoll_ctl:error=ENOMEM:when={nth}"])
    server = start(tmp_path, "--threads", "1", "--max-connections", "1", wrapper=strace.wrapper)
    server.process.send_signal(signal.SIGSTOP)  # so that all are there when it looks
    wait_until(lambda: process_state(server.pid) in "Tt", "the server is stopped")
    clients = [server.client() for _ in range(3)]
    for client in clients:
        client.request("/static/x")
    server.process.send_signal(signal.SIGCONT)
    for client in clients:
        assert client.answer().body == content
        client.close()
    server.stop()
    refused = [call for call in strace.calls if "(INJECTED)" in call]
    assert len(refused) == 1 and "EPOLL_CTL_MOD" in refused[0], refused


@pytest.mark.parametrize("fault", SEEN)
def test_a_fault_that_costs_an_answer_costs_no_other(start_with, contents, fault):
    server, strace = start_with(fault)
    right = wrong = 0
    for _ in range(ROUNDS):
        for target, content in contents.items():
            try:
                answer = server.get(target)
            except (EOFError, ConnectionError):
                wrong += 1  # cut: the client knows
                continue
            assert is_right(answer, content) or answer.status in (500, 503), f"{target}: {answer}"
            right += answer.status < 500
            wrong += answer.status >= 500
    server.stop()
    faults = injected(strace)
    assert faults, "the fault never happened"
    assert wrong <= faults, f"{faults} faults cost {wrong} answers"
    assert right > 0
    waits = len(strace.named("epoll_wait"))
    assert waits < ROUNDS * len(contents) * CALLS_EACH, f"it spins: {waits} epoll_waits"
