"""One measurement of one server: by wrk for a time, or of its idle connections, or of its start."""
import contextlib
import json
import re
import socket
import subprocess
from pathlib import Path

import peers
import process_tree
from servers import Failure, Server, ask

SCRIPT = Path(__file__).with_name("wrk.lua")
IDLE_BASELINE, IDLE_CONNECTIONS = 200, 8_000
ANSWER_WITHIN_S = 5
AT_ONCE = 100  # idle connections are opened together: one by one takes long
CROWD = 1000  # so many connections have to be seen in the server
# Whoever looks at all sockets of the machine now and then, as monitors do, takes the longer the more
# there are, and with it a core. So beside idle connections there are several short loads, of which
# the one counts that others disturbed the least.
WINDOWS_BESIDE_IDLE, WINDOW_S = 3, 1
OVERTIME_S = 120  # for wrk to open and close its connections
CONNECTIONS_A_SECOND = 2000  # so many make a round a second longer


def parse_wrk(output):
    """The line of JSON that wrk.lua prints, as a dictionary."""
    line = re.search(r"^result: (\{.*\})$", output, re.MULTILINE)
    if not line:
        raise Failure(f"wrk told no result: {output.strip() or 'nothing'}")
    return json.loads(line.group(1))


def figures(told, cpu_ns, peak_kib, answer_bytes=0):
    """What a run says of the server, from what wrk told and what the process tree has used.

    With `answer_bytes`, answers are counted by the bytes that came: of large ones, many are under
    way when the time is over.
    """
    requests = told["bytes"] / answer_bytes if answer_bytes else told["requests"]
    if not requests:
        raise Failure("not one request was answered")
    return {"requests_s": requests / (told["duration_us"] / 1e6),
            "cpu_us": cpu_ns / 1000 / requests,
            "mib_s": told["bytes"] / told["duration_us"] * 1e6 / (1 << 20),
            "p50_us": told["p50_us"], "p99_us": told["p99_us"],
            "memory_mib": peak_kib / 1024, "failures": told["failures"]}


def check_answer(server, scenario, headers):
    """Whoever is measured has to give the right answer: its status, and all of its bytes."""
    target = scenario.target + ("0.bin" if scenario.mode[0] == "in-turn" else "")
    status, _, body = ask(server.port, target, headers=headers)
    file = peers.TOP / "build/bench/root" / target.lstrip("/")
    if status != scenario.status or (status == 200 and body != file.read_bytes()):
        raise Failure(f"it answers {target} by {status} and {len(body)} bytes")


def require_right_statuses(scenario, told):
    """One right answer before the round proves little of those in it; wrk counts statuses of 400
    and more."""
    expected = told["requests"] if scenario.status >= 400 else 0
    if told["bad_status"] != expected:
        raise Failure(f"{told['bad_status']:,} of {told['requests']:,} answers were errors, "
                      f"and {expected:,} should be")


def cpu_ns_during(pid, load):
    """(what load() returned, the time that the tree ran meanwhile). A process that ended took its
    time with it, so who lost one cannot be told the price of a request."""
    processes, before = set(process_tree.members(pid)), process_tree.cpu_ns(pid)
    told = load()
    used = process_tree.cpu_ns(pid) - before
    if not processes <= set(process_tree.members(pid)):
        raise Failure("a process of it ended under load")
    if used <= 0:
        raise Failure("it did not run: somebody else answers on its port")
    return told, used


def request_headers(server, scenario):
    headers = {}
    if scenario.close:
        headers["Connection"] = "close"
    if scenario.revalidate and server.name != "floor":
        headers["If-None-Match"] = ask(server.port, scenario.target, "HEAD")[1]["ETag"]
    return headers


@contextlib.contextmanager
def idle_connections(port, count, target="/static/1k.bin"):
    """So many connections that had an answer and then ask nothing; closed at the block's end."""
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for first in range(0, count, AT_ONCE):
            clients = []
            try:
                for _ in range(min(AT_ONCE, count - first)):
                    clients.append(stack.enter_context(
                        socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S)))
                    clients[-1].sendall(request)
                answered = all(client.recv(1 << 16) for client in clients)
            except OSError:
                answered = False
            if not answered:
                raise Failure(f"it holds less than {first + len(clients):,} of {count:,} idle "
                              "connections")
        yield


def wrk(server, scenario, seconds, headers):
    """Loads a server; returns what the script told."""
    fields = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t", "1", "-c", str(scenario.connections), "-d", f"{seconds}s",
               "--timeout", "30s", "-s", str(SCRIPT), *fields,
               f"http://127.0.0.1:{server.port}{scenario.target}", "--", *scenario.mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as client:
        try:
            if scenario.connections >= CROWD:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    client.wait(seconds * 0.8)
                descriptors = process_tree.descriptors(server.pid)
            told = parse_wrk(client.communicate(timeout=seconds + OVERTIME_S)[0])
        except subprocess.TimeoutExpired:
            raise Failure("wrk does not come to its end") from None
        finally:
            client.kill()
    # wrk does not notice that a connection waits to be accepted, and measures the others.
    if scenario.connections >= CROWD and descriptors < scenario.connections:
        raise Failure(f"it holds less than {scenario.connections:,} connections")
    return told


def load_seconds(scenario, seconds):
    """Opening thousands of connections is counted, too; longer rounds keep its weight small."""
    if scenario.idle:
        return WINDOW_S
    return seconds + scenario.connections // CONNECTIONS_A_SECOND


def least_disturbed(pid, measure, times):
    """What measure() returned when all but the tree of `pid` ran the least."""
    found = []
    for _ in range(times):
        before = process_tree.cpu_ns_of_others(pid)
        result = measure()
        after = process_tree.cpu_ns_of_others(pid)
        disturbance = sum(after[thread] - before[thread] for thread in after.keys() & before.keys())
        found.append((disturbance, result))
    return min(found, key=lambda pair: pair[0])[1]


def measure_load(server, scenario, seconds):
    seconds = load_seconds(scenario, seconds)
    headers = request_headers(server, scenario)
    check_answer(server, scenario, headers)
    def window():
        told, used = cpu_ns_during(server.pid, lambda: wrk(server, scenario, seconds, headers))
        require_right_statuses(scenario, told)
        return figures(told, used, process_tree.memory_kib(server.pid, "VmHWM"),
                       scenario.stream_bytes)
    if not scenario.idle:
        return window()
    with idle_connections(server.port, scenario.idle):
        return least_disturbed(server.pid, window, WINDOWS_BESIDE_IDLE)


def measure_idle_memory(server, _scenario, _seconds):
    """What the server's own memory grows by when connections are added that ask nothing. Another of
    the same is started for it: what one round took, the process would have ready for the next."""
    fresh = Server(server.name, peers.TOP / "build/bench/root")
    try:
        with idle_connections(fresh.port, IDLE_BASELINE):
            before = process_tree.private_dirty_kib(fresh.pid)
            with idle_connections(fresh.port, IDLE_CONNECTIONS):
                grown = process_tree.private_dirty_kib(fresh.pid) - before
    finally:
        fresh.stop()
    return {"value": grown * 1024 / IDLE_CONNECTIONS}


def measure_start_up(server, _scenario, _seconds):
    """Another of the same is started and ended; it is the first answer that counts."""
    again = Server(server.name, peers.TOP / "build/bench/root")
    again.stop()
    return {"value": again.start_ms}


MEASURES = {"load": measure_load, "idle-memory": measure_idle_memory,
            "start-up": measure_start_up}
