"""Under valgrind: leaks that grow with the requests, and invalid accesses when clients are rude."""
from __future__ import annotations

import signal

from grader import procfs
from grader.check import LARGE, LASTS, extra
from grader.checks.extra_connections import HUGE, begin
from grader.checks.extra_resources import ENDS, ask_often
from grader.client import request_bytes
from grader.errors import Failed
from grader.valgrind import leaks_while_running, must_have_no_errors, must_not_lose, parse_leaks

REQUESTS = 60
MANUAL = "valgrind's memcheck manual, sections 4.2 and 4.6"


@extra("x-valgrind-leaks", "No memory is lost while it runs", needs=LASTS + ENDS, rule=f"{MANUAL}; vgdb leak_check full",
       why="A server never ends, so what is lost counts while it runs. What is taken once is no leak.")
def valgrind_leaks(run):
    server = run.start(plan=None, valgrind=True)
    checks = []
    for _ in range(3):
        ask_often(run, REQUESTS)
        checks.append(leaks_while_running(server))
    must_not_lose(checks[0], checks[2], f"{2 * REQUESTS} requests")
    growth = [after.reachable_blocks - before.reachable_blocks for before, after in zip(checks, checks[1:])]
    if min(growth) > REQUESTS // 2:
        raise Failed(f"no memory is kept with each of {2 * REQUESTS} requests",
                     f"{growth[0]} and {growth[1]} blocks more that are never freed, though they can be reached")


@extra("x-valgrind-exit", "No memory is lost at the end, if it ends by SIGTERM or SIGINT", needs=LASTS + ENDS, rule=f"{MANUAL}; signal(7)",
       why="A server that ends in order can be looked at in the end; what it lost once, whatever it served, is no leak.")
def valgrind_exit(run):
    lost = []
    for requests in (5, 5 + REQUESTS):
        server = run.start(plan=None, valgrind=True)
        ask_often(run, requests)
        wanted = next((one for one in (signal.SIGTERM, signal.SIGINT) if procfs.catches(server.pid, one)), None)
        if wanted is None:
            return
        server.signal(wanted)
        run.must_wait_until(lambda: server.process.has_ended, f"the end after {wanted.name}, for which it has a handler",
                            "it still runs")
        lost.append(parse_leaks(server.valgrind_log.read_text(errors="replace")))
    if lost[1].lost_blocks - lost[0].lost_blocks >= REQUESTS // 10:
        must_not_lose(lost[0], lost[1], f"{REQUESTS} more requests")


@extra("x-valgrind-rude", "No invalid access when clients are rude", needs=(*LARGE, "x-long-path", "x-connect-close", "x-reset"), rule=MANUAL,
       why="What is freed while a transfer goes on, or overwritten by a long name, shows when clients misbehave.")
def valgrind_rude(run):
    server = run.start(valgrind=True)
    for target in ("/static/" + "x" * 300, "/static/" + "x" * 5000, "/..", "/", "", "/static/size0.dat"):
        with run.connect() as connection:
            connection.send(request_bytes(target, extra="Connection: close\r\n"))
            connection.head()
    for data in (b"", b"\r\n\r\n", b"GET", b"\0" * 600 + b"\r\n\r\n", b"x" * 9000):
        with run.connect() as connection:
            connection.send(data)
    for target in HUGE * 2:
        begin(run, target).reset()
    run.must_get("/static/small00.dat", "/dynamic/small00.dat")
    server.must_be_alive("rude clients")
    must_have_no_errors(server)
