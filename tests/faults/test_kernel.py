"""What the kernel is asked for, as strace sees it: how many calls, which, and on what."""
import collections
import os
import re
import socket
import signal
import subprocess
import time

import pytest

from client import request_bytes
from conftest import AWS, SHIM
from control import Control
from observe import Strace, is_asleep, process_state, wait_until

ALL = ("accept4,recvfrom,sendto,sendfile,epoll_ctl,epoll_wait,io_submit,io_getevents,read,pread64,"
       "readv,preadv,preadv2,mmap,open,openat,openat2,eventfd2,io_setup,listen")


@pytest.fixture
def strace(tmp_path):
    folder = tmp_path / "strace"
    folder.mkdir()
    return Strace(folder, ALL)


def serve_kept(start, tmp_path, strace, target, count):
    """Answers `count` requests on one kept connection; returns the calls, its descriptor."""
    server = start(tmp_path, "--threads", "1", "--image-cache", "0", wrapper=strace.wrapper)
    with server.client() as client:
        for _ in range(count):
            wait_until(lambda: is_asleep(server.pid), "the server has nothing left to do")
            client.request(target)
            assert client.answer().status == 200
        wait_until(lambda: is_asleep(server.pid), "the server has nothing left to do")
    assert server.stop() == 0
    accepted = [call for call in strace.named("accept4") if " = -1 " not in call]
    return strace.calls, re.search(r"\) = (\d+)<", accepted[0]).group(1)


def test_static_is_sent_by_sendfile_and_never_read(start, tmp_path, make_file, strace):
    make_file("static/x", 2 << 20)
    calls, socket_number = serve_kept(start, tmp_path, strace, "/static/x", 1)
    touching = [call for call in calls if "/static/x>" in call and not call.startswith("openat2(")]
    assert touching, "strace saw no call on the file"
    # preadv2 of one byte asks whether the file is in memory; fstat, whether it has changed.
    asking = [call for call in touching
              if re.match(r"preadv2\(.*iov_len=1}\], 1, \d+, RWF_NOWAIT\)", call)]
    assert asking
    others = [call for call in touching
              if call not in asking and not call.startswith(f"sendfile({socket_number}<")]
    assert not others, others
    touching = [call for call in touching if call not in asking]
    sent = [int(call.rsplit(" = ", 1)[1]) for call in touching if " = -1 " not in call]
    assert sum(sent) == 2 << 20
    assert not [call for call in calls if call.startswith("io_submit(")]


def test_dynamic_is_read_by_io_submit_and_announced_by_an_eventfd(start, tmp_path, make_file,
                                                                  strace):
    make_file("dynamic/x", 2 << 20)
    calls, _ = serve_kept(start, tmp_path, strace, "/dynamic/x", 1)
    touching = [call for call in calls if "/dynamic/x>" in call and not call.startswith("openat2(")]
    assert touching, "strace saw no call on the file"
    others = [call for call in touching if not call.startswith("io_submit(")]
    assert not others, others
    assert not [call for call in touching if "IOCB_FLAG_RESFD" not in call], "read unannounced"
    eventfd = re.search(r"aio_resfd=(\d+)", touching[0]).group(1)
    assert [call for call in calls if call.startswith(f"read({eventfd}<") and "eventfd" in call]
    assert [call for call in calls if re.match(rf"epoll_ctl\(.*EPOLL_CTL_ADD, {eventfd}<", call)]
    assert not [call for call in calls if call.startswith("sendfile(")]


@pytest.mark.parametrize("size", [0, 1, 10_000])
def test_a_small_kept_request_costs_one_recv_two_sends_and_no_epoll_ctl(
        start, tmp_path, make_file, kind, size, strace):
    make_file(f"{kind}/x", size)
    count = 20
    calls, number = serve_kept(start, tmp_path, strace, f"/{kind}/x", count)

    def calls_of(*names):
        of_socket = rf"({'|'.join(names)})\((\d+<[^>]*>, [A-Z_]+, )?{number}<TCP"
        return [call for call in calls if re.match(of_socket, call)]

    def short(calls):
        return "\n".join(re.sub("<.*?>,", ",", call)[:150] for call in calls[-8:])
    receives = calls_of("recvfrom")
    # The first one may come too early, and the last one finds the end.
    assert len(receives) <= count + 2, f"{len(receives)} recvs, at last\n{short(receives)}"
    sends = calls_of("sendto", "sendfile")
    assert len(sends) == (1 if size == 0 else 2) * count, short(sends)
    controls = calls_of("epoll_ctl")  # of the connection, none of a request
    assert [re.search("EPOLL_CTL_[A-Z]+", call).group() for call in controls] == [
        "EPOLL_CTL_ADD", "EPOLL_CTL_DEL"], short(controls)


def test_it_accepts_until_nobody_is_left(start, tmp_path, strace):
    server = start(tmp_path, "--threads", "1", wrapper=strace.wrapper)
    server.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: process_state(server.pid) in "Tt", "the server is stopped")
    clients = [server.client() for _ in range(10)]
    server.process.send_signal(signal.SIGCONT)
    for client in clients:
        client.request("/other")
        assert client.answer().status == 404
        client.close()
    server.stop()
    accepted_last = None
    for call in strace.calls:
        if call.startswith("accept4("):
            accepted_last = " EAGAIN " not in call
        elif call.startswith("epoll_wait(") and accepted_last is not None:
            assert not accepted_last, "it went to sleep after an accept that found somebody"


def test_nothing_is_opened_but_beneath_the_root(start, tmp_path, make_file, strace):
    make_file("static/x", 10)
    (tmp_path / "dynamic/link").symlink_to("../static/x")
    (tmp_path / "dynamic/out").symlink_to("/etc/passwd")
    server = start(tmp_path, wrapper=strace.wrapper)
    for target in ("/static/x", "/dynamic/link", "/dynamic/out", "/static/../../etc/passwd", "/",
                   "/static/", "/dynamic/%2e%2e/%2e%2e/etc/passwd", "/static/%2fetc%2fpasswd"):
        server.get(target)
    server.stop()
    calls = strace.calls
    begin = next(i for i, call in enumerate(calls) if call.startswith("listen("))
    opens = [c for c in calls[begin:] if c.startswith(("open(", "openat(", "openat2("))]
    # Each thread's first allocation has the C library look at the CPUs; the audit, at itself.
    own = ("/sys/devices/system/cpu", "/proc/self/fd", "/etc/localtime", "/proc/sys/vm/overcommit")
    opens = [call for call in opens if not any(name in call for name in own)]
    assert len([call for call in opens if "RESOLVE_BENEATH" in call]) >= 4, opens
    unsafe = [call for call in opens if "RESOLVE_BENEATH" not in call
              and not (f'"{tmp_path}"' in call and "O_PATH" in call)]  # the root itself
    assert not unsafe, unsafe


def test_the_file_is_closed_and_so_is_the_socket_when_the_client_is_gone(start, tmp_path,
                                                                         make_file, kind):
    make_file(f"{kind}/x", 1000)
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "close,accept4")
    server = start(tmp_path, "--threads", "1", "--file-cache", "0", wrapper=strace.wrapper)
    for _ in range(5):
        assert server.get(f"/{kind}/x").status == 200
    server.stop()
    closed = strace.named("close")
    assert len([call for call in closed if f"/{kind}/x>" in call]) == 5
    assert len([call for call in closed if re.search(r"TCP.*->", call)]) == 5


def test_a_kernel_without_room_for_aio_is_told_in_one_line(tmp_path):
    (tmp_path / "static").mkdir()
    strace = Strace(tmp_path, "io_setup", ["io_setup:error=EAGAIN"])
    done = subprocess.run([*strace.wrapper, AWS, "--root", tmp_path, "--port", "0"], timeout=60,
                          capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("aws: ") and "fs.aio-max-nr" in lines[0], lines


@pytest.mark.parametrize("fault", ["epoll_create1:error=EMFILE", "eventfd2:error=EMFILE",
                                   "socket:error=EMFILE",
                                   "listen:error=EACCES", "bind:error=EACCES"])
def test_a_start_that_the_kernel_refuses_ends_with_one_line_and_status_1(tmp_path, fault):
    (tmp_path / "static").mkdir()
    strace = Strace(tmp_path, fault.split(":", 1)[0], [fault])
    with subprocess.Popen([*strace.wrapper, AWS, "--root", tmp_path, "--port", "0"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        said = process.stdout.readline()  # empty at the end
        process.kill() if said else None
        errors = process.stderr.read().splitlines()
        assert not said, f"it started all the same: {said}"
        assert process.wait(60) == 1
    assert len(errors) == 1 and errors[0].startswith("aws: "), errors


def test_a_machine_without_ipv6_is_served_by_ipv4(start, tmp_path, make_file):
    content = make_file("static/x", 10)
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "socket", ["socket:error=EAFNOSUPPORT:when=1"])
    server = start(tmp_path, "--threads", "2", wrapper=strace.wrapper)
    assert server.get("/static/x").body == content
    with pytest.raises(OSError):
        socket.create_connection(("::1", server.port), timeout=30).close()


BROWSERS = ("Accept-Encoding", "gzip, deflate, br, zstd")


@pytest.mark.parametrize("kind, size, fields", [
    ("static", 1000, []), ("static", 100_000, []), ("static", 1000, [BROWSERS]),
    ("dynamic", 1000, []), ("dynamic", 1000, [BROWSERS])])
def test_a_hot_request_allocates_nothing(start, tmp_path, make_file, kind, size, fields):
    """The shim, which here does nothing else, counts. Once a second the file is opened anew, and
    its image made anew: hence a tenth."""
    requests = 500
    make_file(f"{kind}/x", size)
    wait_until(lambda: time.time() - os.stat(tmp_path / kind / "x").st_ctime > 1.1, "it is settled")
    control = Control(tmp_path / "control")
    server = start(tmp_path, "--threads", "1", "--log-level", "off", env={
        "LD_PRELOAD": str(SHIM), "SOCKOP": "seed=1", "SOCKOP_CONTROL": control.path})
    with server.client() as client:
        for _ in range(20):  # all that is done but once
            client.request(f"/{kind}/x", headers=fields)
            assert client.answer().status == 200
        before = control.all_calls_seen()
        for _ in range(requests):
            client.request(f"/{kind}/x", headers=fields)
            assert client.answer().status == 200
        seen = control.all_calls_seen()
    assert seen["recv"] - before["recv"] >= requests, "the shim saw nothing"
    assert seen["malloc"] - before["malloc"] <= requests // 10


@pytest.mark.parametrize("kind, fields, beside, calls", [
    ("static", [], [], {"recvfrom": 1, "newfstatat": 1, "sendfile": 1}),
    ("static", [BROWSERS], [], {"recvfrom": 1, "newfstatat": 2, "sendfile": 1}),  # of its folder
    ("static", [BROWSERS], ["x.gz"],
     {"recvfrom": 1, "newfstatat": 3, "sendto": 1, "sendfile": 1, "preadv2": 1}),
    ("dynamic", [], [], {"recvfrom": 1, "newfstatat": 1, "io_submit": 1, "sendto": 2}),
    ("dynamic", [BROWSERS], [], {"recvfrom": 1, "newfstatat": 2, "io_submit": 1, "sendto": 2}),
])
def test_a_hot_small_request_costs_few_calls(start, tmp_path, make_file, kind, fields, beside, calls):
    """Once a second the file is opened again, and the calls before an image is worth it are others: hence a tenth more for
    each second."""
    requests = 500
    for name in ("x", *beside):
        make_file(f"{kind}/{name}", 1000)
    wait_until(lambda: time.time() - os.stat(tmp_path / kind).st_ctime > 1.1, "it is settled")
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "recvfrom,newfstatat,fstat,sendto,sendfile,preadv2,ioctl,close,"
                            "epoll_ctl,openat2,io_submit,mmap,munmap,brk,clock_gettime")
    server = start(tmp_path, "--threads", "1", "--log-level", "off", wrapper=strace.wrapper)
    with server.client() as client:
        client.request(f"/{kind}/x", headers=fields)  # all that is done but once
        assert client.answer().status == 200
        before = collections.Counter(call.split("(")[0] for call in strace.calls)
        begin = time.monotonic()
        for _ in range(requests):
            client.request(f"/{kind}/x", headers=fields)
            assert client.answer().status == 200
        renewals = 1 + int(time.monotonic() - begin)
        counted = collections.Counter(call.split("(")[0] for call in strace.calls) - before
    assert counted, "strace saw nothing"
    for call, count in counted.items():
        allowed = calls.get(call, 0) * requests + renewals * requests // 10
        assert count <= allowed, f"{call}: {count} for {requests} requests"


def test_hot_requests_that_came_together_share_a_look_at_the_file(start, tmp_path, make_file):
    """All of them were sent before it. Once a second the file is opened anew."""
    batches, together = 50, 16
    make_file("static/x", 1000)
    wait_until(lambda: time.time() - os.stat(tmp_path / "static/x").st_ctime > 1.1, "it is settled")
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "newfstatat,recvfrom")
    server = start(tmp_path, "--threads", "1", "--log-level", "off", wrapper=strace.wrapper)
    with server.client() as client:
        for _ in range(batches):
            client.send(request_bytes("/static/x") * together)
            for _ in range(together):
                assert client.answer().status == 200
    server.stop()
    assert len(strace.named("recvfrom")) >= batches
    assert len(strace.named("newfstatat")) <= 2 * batches
