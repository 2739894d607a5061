"""A call that a sandbox refuses for good, as seccomp profiles and gVisor do: the server does without it and says so, or does
not start. It never promises what it cannot keep."""
import shutil
import subprocess

import pytest

from conftest import AWS, Server

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

NEEDED = ["accept4", "recvfrom", "sendto", "sendmsg", "recvmsg", "shutdown", "timerfd_settime", "timerfd_create",
          "epoll_create1", "epoll_ctl", "eventfd2", "listen", "bind", "socket", "setsockopt"]
DISPENSABLE = {"io_setup": "kernel AIO is refused here", "io_submit": "kernel AIO is refused here",
               "io_getevents": "kernel AIO is refused here", "sendfile": "sendfile is refused here", "openat2": "",
               "preadv2": "", "memfd_create": "", "fadvise64": "", "readahead": "", "statfs,fstatfs": "",
               "ioctl": "", "sched_getaffinity": "", "prctl": "", "getsockopt": "", "getrusage": ""}
ERRORS = ["EPERM", "ENOSYS"]
SIZES = [0, 1, 1000, 40_000, 3_000_000]


def refusing(call, error):
    return ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", f"trace={call}", "-e", f"inject={call}:error={error}"]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", NEEDED)
def test_it_does_not_start_without_it(tmp_path, call, error):
    (tmp_path / "static").mkdir()
    done = subprocess.run([*refusing(call, error), AWS, "--root", tmp_path, "--port", "0"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("aws: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [[], ["--engine", "plain"]], ids=["", "plain"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("call", DISPENSABLE)
def test_it_serves_without_it(make_file, call, error, options):
    contents = {f"/{kind}/{size}": make_file(f"{kind}/{size}", size) for kind in ("static", "dynamic") for size in SIZES}
    server = Server(make_file.root, "--threads", "1", *options, wrapper=refusing(call, error))
    try:
        if DISPENSABLE[call]:
            server.wait_for_line(DISPENSABLE[call])
        with server.client() as client:
            for target, content in contents.items():
                for headers in ([], [("Range", f"bytes={len(content) // 2}-")]):
                    client.request(target, headers=headers)
                    answer = client.answer()
                    if content and headers:
                        assert (answer.status, answer.body) == (206, content[len(content) // 2:]), target
                    elif content or not headers:
                        assert (answer.status, answer.body) == (200, content), target
    finally:
        with open(f"/proc/{server.pid}/task/{server.pid}/children") as children:
            subprocess.run(["kill", *children.read().split()], check=True)
        assert server.wait() == 0, server.output()
