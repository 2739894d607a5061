"""After an injected EAGAIN, an edge-triggered program gets another edge. No program gets an event that
it did not register for."""
import sys
import textwrap

import pytest

from shimmed import faults, python, run

# Receives 100000 bytes with the epoll flags in its arguments. A wait fails after a second.
RECEIVER = """
    import select, socket, sys
    flags = sum(getattr(select, name) for name in sys.argv[1:])
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    epoll = select.epoll()
    epoll.register(ours, select.EPOLLIN | flags)
    theirs.sendall(bytes(100000))
    got = events = 0
    while got < 100000:
        if not epoll.poll(1):
            sys.exit("hung")
        events += 1
        try:
            while got < 100000:
                got += len(ours.recv(1000))
        except BlockingIOError:
            if flags & select.EPOLLONESHOT:
                assert not epoll.poll(0), "an event without a registration"
                epoll.modify(ours, select.EPOLLIN | flags)
    print(got, events)
"""


@pytest.mark.parametrize("flags", [["EPOLLET"], ["EPOLLET", "EPOLLONESHOT"], ["EPOLLONESHOT"], []],
                         ids=lambda flags: "+".join(flags) or "level")
def test_a_receiver_gets_every_byte(tmp_path, flags):
    log = tmp_path / "log"
    # There are 100 receives, and every second call fails, so 100 calls fail.
    assert python(RECEIVER, *flags, plan="recv:again", log=log) == ["100000 101"]
    assert [fault["errno"] for fault in faults(log)] == ["EAGAIN"] * 100


# Concludes from a short count that the socket is empty or full, as epoll(7) allows.
TRUSTING = """
    import select, socket, sys
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    epoll = select.epoll()
    epoll.register(ours, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
    theirs.sendall(bytes(100))
    got = sent = 0
    while got < 100 or sent < 100:
        events = dict(epoll.poll(1))
        if not events:
            sys.exit("hung")
        try:
            if events[ours.fileno()] & select.EPOLLIN:
                got += len(ours.recv(1000))
            if sent < 100:
                sent += ours.send(bytes(100 - sent))
        except BlockingIOError:
            pass
    print(got, sent)
"""


@pytest.mark.parametrize("action", ["half", "max=7", "one", "rate=1000000"])
def test_a_short_count_rearms_edge_triggered_registrations(action):
    assert python(TRUSTING, plan=f"send,recv:{action}[above=1]") == ["100 100"]


@pytest.mark.parametrize("plan", ["strict; recv:max=7", "recv:max=7; strict", "course"])
def test_strict_does_not_rearm_after_a_short_count(plan):
    done = run(sys.executable, "-c", textwrap.dedent(TRUSTING), plan=plan, check=False)
    assert (done.returncode, done.stderr) == (1, "hung\n")


def test_EAGAIN_by_name_rearms_too(tmp_path):
    assert python(RECEIVER, "EPOLLET", plan="recv:EAGAIN%3")[0].startswith("100000 ")


def test_a_sender_gets_an_edge_for_writing():
    script = """
        import select, socket, sys
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        epoll = select.epoll()
        epoll.register(ours, select.EPOLLOUT | select.EPOLLET)
        sent = 0
        while sent < 50:
            if not epoll.poll(1):
                sys.exit("hung")
            try:
                while sent < 50:
                    sent += ours.send(b"x")
            except BlockingIOError:
                pass
        print(len(theirs.recv(100)))
    """
    assert python(script, plan="send:again") == ["50"]


@pytest.mark.parametrize("exclusive", ["0", "1"])
def test_a_listener_gets_an_edge_for_accepting(exclusive):
    script = """
        import select, socket, sys
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        epoll = select.epoll()
        exclusive = select.EPOLLEXCLUSIVE if sys.argv[1] == "1" else 0
        epoll.register(listener, select.EPOLLIN | select.EPOLLET | exclusive)
        clients = [socket.create_connection(listener.getsockname()) for _ in range(5)]
        accepted = []
        while len(accepted) < 5:
            if not epoll.poll(1):
                sys.exit("hung")
            try:
                while len(accepted) < 5:
                    accepted.append(listener.accept())
            except BlockingIOError:
                pass
        print(len(accepted))
    """
    assert python(script, exclusive, plan="accept4:again") == ["5"]


def test_every_epoll_instance_gets_an_edge():
    script = """
        import select, socket
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        epolls = [select.epoll() for _ in range(3)]
        for epoll in epolls[:2]:
            epoll.register(ours, select.EPOLLIN | select.EPOLLET)
        epolls[2].register(ours, select.EPOLLIN | select.EPOLLET | select.EPOLLEXCLUSIVE)
        epolls[2].unregister(ours)
        theirs.send(b"x")
        print(*[len(epoll.poll(1)) for epoll in epolls[:2]])
        try:
            ours.recv(1)
        except BlockingIOError:
            print(*[len(epoll.poll(0)) for epoll in epolls])
    """
    assert python(script, plan="recv:again") == ["1 1", "1 1 0"]


def test_a_rearmed_registration_is_the_latest_one():
    script = """
        import select, socket
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        epoll = select.epoll()
        epoll.register(ours, select.EPOLLIN | select.EPOLLET)
        epoll.modify(ours, select.EPOLLOUT | select.EPOLLET)
        theirs.send(b"x")
        print(epoll.poll(1)[0][1] == select.EPOLLOUT)
        try:
            ours.recv(1)
        except BlockingIOError:
            print(epoll.poll(0)[0][1] == select.EPOLLOUT)
    """
    assert python(script, plan="recv:again") == ["True", "True"]


def test_a_blocking_call_never_fails_with_EAGAIN():
    script = """
        import os, socket
        ours, theirs = socket.socketpair()
        theirs.sendall(bytes(20))
        print(len(ours.recv(10)))
        try:
            ours.recv(10, socket.MSG_DONTWAIT)
        except BlockingIOError:
            print("would block")
    """
    assert python(script, plan="recv:EAGAIN") == ["10", "would block"]
