"""The course's tests of the program itself: it is there, runs, listens, and is linked to the calls it shall use."""
from __future__ import annotations

from grader import procfs
from grader.check import course
from grader.client import PORT
from grader.elf import undefined_symbols
from grader.errors import Failed


@course("c01-exists", "Executable exists", points=1, needs=(),
        why="Everything else needs it.", rule="assignment: `make` builds ./aws")
def exists(run):
    if not run.workspace.site.joinpath("aws").is_file() or not run.build.ok:
        raise Failed("a program ./aws", f"{run.build.problem or 'there is none'}")


@course("c02-runs", "Executable runs", points=1, needs=("c01-exists",),
        why="A server that ends at once serves no client.", rule="assignment: the program is ./aws, and `ps -C aws` finds it")
def runs(run):
    server = run.start(listening=False)
    run.time_limit.until(lambda: server.sockets(procfs.LISTEN) or not server.alive)  # or it has just not got so far
    server.must_be_alive("its start")
    if procfs.name(server.pid) != "aws":
        raise Failed("a process named aws", f"a process named {procfs.name(server.pid)!r}")


def listening_sockets(run, server):
    run.time_limit.until(lambda: server.sockets(procfs.LISTEN) or not server.alive)
    if not server.alive:
        raise Failed("a listening socket", f"{server.process.ending()}")
    return server.sockets(procfs.LISTEN)


@course("c03-listens", "Listens", points=1, needs=("c02-runs",),
        why="Clients connect to a listening socket, which must be the started process's own.",
        rule="listen(2); `lsof -p PID` of the started process shows LISTEN")
def listens(run):
    if not listening_sockets(run, run.start(listening=False)):
        raise Failed("a TCP socket that listens", "none of the started process's sockets does")


@course("c04-port", "Listens on port 8888", points=1, needs=("c03-listens",),
        why="Clients know the server by its port.", rule="assignment: the port is 8888 (AWS_LISTEN_PORT)")
def listens_on_port(run):
    ports = {one.local_port for one in listening_sockets(run, run.start(listening=False))}
    if PORT not in ports:
        raise Failed("a TCP socket that listens on port 8888", f"ports {sorted(ports)}")


def must_import(run, wanted):
    names = undefined_symbols(run.workspace.site / "aws")
    if not any(wanted in name for name in names):
        raise Failed(f"{wanted} among the symbols that ./aws takes from shared libraries",
                     f"{len(names)} symbols, and it is not among them")


@course("c07-epoll", "Uses epoll", points=1,
        why="epoll_wait(2) tells which of a thousand clients need attention, at the cost of those few.",
        rule="assignment: connections are multiplexed by the epoll API; epoll(7)")
def uses_epoll(run):
    must_import(run, "epoll")


@course("c15-sendfile", "Uses sendfile", points=2,
        why="sendfile(2) brings a file from the page cache to the socket without a copy in the program.",
        rule="assignment: static files are transmitted by zero-copying; sendfile(2)")
def uses_sendfile(run):
    must_import(run, "sendfile")


@course("c25-io-submit", "Uses io_submit", points=2,
        why="io_submit(2) starts a read and returns; the server serves others until the disk has answered.",
        rule="assignment: dynamic files are read by the asynchronous API; io_submit(2)")
def uses_io_submit(run):
    must_import(run, "io_submit")
