"""What holds a loop up is measured, and blamed on a call, a connection and an address."""
import re
import subprocess

import pytest

from conftest import TOP
from observe import Strace

DELAY_US = 300_000  # far beyond what a turn takes by itself, on a busy machine and under strace
LIMIT_MS = 200

# Sleeps for a millisecond, as sendfile(2) does that has to wait for a disk.
SLEEPY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/sendfile.h>
#include <time.h>
ssize_t sendfile(int out, int in, off_t *offset, size_t count) {
  ssize_t (*real)(int, int, off_t *, size_t) = dlsym(RTLD_NEXT, "sendfile");
  struct timespec millisecond = {0, 1000000};
  nanosleep(&millisecond, 0);
  return real(out, in, offset, count);
}
"""


def to_us(words):
    number, unit = words.split()
    return float(number) * {"µs": 1, "ms": 1e3, "s": 1e6}[unit]


def check_stall(line, blamed):
    """`line` tells of a turn that was as long as the delay, most of it by what is blamed."""
    found = re.search(r"held for ([\d.]+ \S+), ([\d.]+ \S+) of it (.*)", line)
    assert found, line
    assert to_us(found[1]) >= to_us(found[2]) >= DELAY_US, line
    assert re.fullmatch(blamed + r"(, in a turn of \d+ events)?", found[3]), line


@pytest.mark.parametrize("call, target, blamed", [
    ("sendfile", "/static/x", r"by sendfile for connection 1 \(/static/x\)"),
    ("openat2", "/static/x?y", r"by openat2 for connection 1 \(/static/x\?y\)"),
    ("recvfrom", "/static/x", "by recv for connection 1"),
    ("sendto", "/dynamic/x", r"by send for connection 1 \(/dynamic/x\)"),
    ("io_submit", "/dynamic/x", "by io_submit"),
    ("accept4", "/static/x", "by accept4"),
    ("close", "/static/x", r"by our own work for connection 1 \(/static/x\)"),
])
def test_a_long_turn_is_logged_with_its_blame(start, tmp_path, make_file, call, target, blamed):
    for kind in ("static", "dynamic"):
        make_file(f"{kind}/x", 1000)
    folder = tmp_path / "strace"
    folder.mkdir()
    # Others are closed before: it is the file's close(2) that is meant.
    faults = [f"{call}:delay_enter={DELAY_US}" + ("" if call == "close" else ":when=1")]
    strace = Strace(folder, call, faults)
    if call == "close":
        strace.wrapper += ("-P", str(tmp_path / "static/x"))
    server = start(tmp_path, "--threads", "1", "--max-stall", LIMIT_MS, "--file-cache", "0",
                   wrapper=strace.wrapper)
    assert server.get(target).status == 200
    check_stall(server.wait_for_line("the loop was held"), blamed)
    server.stop()
    summary = server.wait_for_line(r"turns: \d+ \(1 over the limit\); p50 ")
    assert re.search(rf" of it {blamed}(, in a turn of \d+ events)?$", summary), summary


def test_an_answer_under_way_is_known_by_its_file(start, tmp_path, make_file):
    """The turn that is held has not seen the request: the answer began in another one."""
    make_file("static/a b", 6 << 20)
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "sendfile", [f"sendfile:delay_enter={DELAY_US}:when=4"])
    server = start(tmp_path, "--threads", "1", "--max-stall", LIMIT_MS, wrapper=strace.wrapper)
    assert server.get("/static/a%20b").status == 200
    check_stall(server.wait_for_line("the loop was held"),
                r"by sendfile for connection 1 \(/static/a%20b\)")


def test_nobody_is_warned_who_did_not_ask_and_the_end_tells_all_the_same(start, tmp_path,
                                                                          make_file):
    make_file("static/x", 1000)
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "sendfile", [f"sendfile:delay_enter={DELAY_US}:when=1"])
    server = start(tmp_path, "--threads", "2", wrapper=strace.wrapper)
    assert server.get("/static/x").status == 200
    server.stop()
    assert "was held" not in server.output() and "stalls: loop" not in server.output()
    summary = server.wait_for_line(r"info: turns: \d+; p50 .*, p99 .*, p99\.9 ")
    found = re.search(r"longest ([\d.]+ \S+), ([\d.]+ \S+) of it (.*)", summary)
    assert to_us(found[1]) >= to_us(found[2]) >= DELAY_US, summary
    assert found[3] == "for connection 1 (/static/x)", "the calls were not timed"


def slept(server):
    """How often the loop slept outside epoll_wait; the server must run one, with --stalls."""
    server.stop()
    return int(re.search(r"slept (\d+) times", server.wait_for_line("stalls: loop 0: "))[1])


def test_sleeps_outside_epoll_wait_are_counted_and_those_inside_are_not(start, tmp_path,
                                                                        make_file):
    make_file("static/x", 1000)
    (tmp_path / "sleepy.c").write_text(SLEEPY)
    library = tmp_path / "sleepy.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "sleepy.c", "-ldl"],
                   check=True)
    requests = 100
    counts = []
    for environment in ({}, {"LD_PRELOAD": str(library)}):
        server = start(tmp_path, "--threads", "1", "--stalls", env=environment)
        for _ in range(requests):  # a connection each: the loop sleeps before each of them
            assert server.get("/static/x").status == 200
        counts.append(slept(server))
    assert counts[0] < requests / 2 and counts[1] >= requests, counts


def test_the_histogram_is_drawn_for_who_asks(start, tmp_path):
    server = start(tmp_path, "--threads", "2", "--stalls", "--log-level", "off")
    for _ in range(10):
        assert server.get("/").status == 404
    server.stop()
    loops = [re.match(r"aws: stalls: loop (\d): turns: (\d+);", line)
             for line in server.stderr_lines if line and "stalls: loop" in line]
    assert [loop[1] for loop in loops] == ["0", "1"]
    rows = [re.fullmatch(r"  < +[\d.]+ (?:µs|ms|s) +(\d+) (#*)", line)
            for line in server.stderr_lines if line and line.startswith("  <")]
    assert rows and all(rows), server.output()
    assert sum(int(row[1]) for row in rows) == sum(int(loop[2]) for loop in loops)


def methods(pattern, header):
    """Names of the methods that are written by hand, not made of the rows of a table."""
    text = (TOP / "src" / header).read_text()
    return {name for name in re.findall(pattern, text) if name != "name"}


def test_no_kernel_call_is_left_untimed():
    """TimedSys is made of the rows of sys_calls.def, and so is Sys but for its clocks: a method
    that was written elsewhere would still work, and no stall would be blamed on it."""
    clocks = {"now", "monotonic_us"}
    assert methods(r"virtual [\w:]+ (\w+)\(", "os/sys.h") == clocks
    assert methods(r"(\w+)\([^()]*\) noexcept override", "loop/timed_sys.h") == clocks
    for header in ("os/sys.h", "loop/timed_sys.h"):
        assert '#include "os/sys_calls.def"' in (TOP / "src" / header).read_text()
