"""The course's tests of connections, by what `lsof -p PID` shows of the started process."""
from __future__ import annotations

from grader.check import course

ONE_EACH = "one established connection for each client, and none when the client has gone"


def must_show(run, server, count):
    run.must_wait_until(lambda: server.established() == count,
                        f"{count} established connection{'s' if count != 1 else ''} in the started process",
                        lambda: f"{server.established()}" + ("" if server.alive else ", the server has ended"))


def must_have_closed(run, server):
    """The client is gone; in any state, its socket at the server's end must be closed."""
    run.must_wait_until(lambda: server.connections() == 0, "no connection in the started process after its client left",
                        lambda: f"{server.connections()} that the server has not closed")
    server.must_be_alive("a client that left")


@course("c05-accepts", "Accepts a connection", points=1,
        why="A connection that stays in the accept queue is never answered.", rule=f"accept(2); {ONE_EACH}")
def accepts(run):
    server = run.start()
    with run.connect():
        must_show(run, server, 1)


@course("c06-accepts-two", "Accepts several connections", points=1, needs=("c05-accepts",),
        why="One client must not keep another out.", rule=f"accept(2); {ONE_EACH}")
def accepts_two(run):
    server = run.start()
    with run.connect(), run.connect():
        must_show(run, server, 2)


@course("c08-disconnect", "Notices a disconnect", points=1, needs=("c05-accepts",),
        why="Each client that left and is still held costs a descriptor.", rule=f"recv(2) returns 0 at the end; {ONE_EACH}")
def disconnect(run):
    server = run.start()
    with run.connect():
        must_show(run, server, 1)
    must_have_closed(run, server)


@course("c09-disconnect-two", "Notices several disconnects", points=1, needs=("c06-accepts-two",),
        why="Each client that left and is still held costs a descriptor.", rule=f"recv(2) returns 0 at the end; {ONE_EACH}")
def disconnect_two(run):
    server = run.start()
    with run.connect(), run.connect():
        must_show(run, server, 2)
    must_have_closed(run, server)


@course("c10-reconnect", "Connect, disconnect, connect", points=1, needs=("c05-accepts",),
        why="A client that left at once must not keep the next one out.", rule=f"accept(2); {ONE_EACH}")
def reconnect(run):
    server = run.start()
    run.connect().close()
    with run.connect():
        must_show(run, server, 1)


@course("c11-reconnect-two", "Connect, disconnect, connect, several times", points=1, needs=("c06-accepts-two",),
        why="Clients come and go in any order.", rule=f"accept(2); {ONE_EACH}")
def reconnect_two(run):
    server = run.start()
    run.connect().close()
    with run.connect():
        run.connect().close()
        with run.connect():
            must_show(run, server, 2)


@course("c12-reconnect-unordered", "Connect, disconnect, connect, in another order", points=1, needs=("c06-accepts-two",),
        why="Clients come and go in any order.", rule=f"accept(2); {ONE_EACH}")
def reconnect_unordered(run):
    server = run.start()
    first, second = run.connect(), run.connect()
    first.close()
    second.close()
    with run.connect(), run.connect():
        must_show(run, server, 2)
