"""A signal's default action never decides: whatever the parent, a preloaded library or a limit does."""
import contextlib
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from conftest import AWS
from test_stuck import flooded  # noqa: F401 (a fixture)

STRAY = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGIO, signal.SIGPWR, signal.SIGVTALRM,
         signal.SIGPROF, signal.SIGSTKFLT, signal.SIGRTMIN, signal.SIGRTMIN + 3, signal.SIGRTMAX]
LARGE = 40_000_000


@pytest.fixture(scope="session")
def early_thread(tmp_path_factory):
    library = tmp_path_factory.mktemp("library") / "early_thread.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-pthread", "-o", library, Path(__file__).parent / "early_thread.c"],
                   check=True)
    return library


@pytest.mark.parametrize("number", STRAY)
def test_a_stray_signal_changes_nothing(start, make_file, number):
    content = make_file("static/x", 10)
    server = start(make_file.root)
    for _ in range(3):
        server.process.send_signal(number)
        assert server.get("/static/x").body == content
    assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU])
@pytest.mark.parametrize("preloaded", [False, True], ids=["alone", "early thread"])
def test_a_signal_to_stop_lets_a_download_finish(start, make_file, early_thread, number, preloaded):
    content = make_file("static/x", LARGE)
    # Whoever runs the tests may ignore a hangup, as nohup does.
    server = start(make_file.root, env={"LD_PRELOAD": str(early_thread)} if preloaded else {},
                   preexec=lambda: signal.signal(number, signal.SIG_DFL))
    with server.client() as client:
        client.request("/static/x")
        client.receive()
        server.process.send_signal(number)
        server.wait_for_line("stopping when running answers are finished")
        answer = client.answer()
    assert answer.body == content
    assert server.wait() == 0


def test_a_hangup_that_the_parent_ignores_stays_ignored(start, make_file):
    """nohup(1)."""
    content = make_file("static/x", 10)
    server = start(make_file.root, preexec=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    server.process.send_signal(signal.SIGHUP)
    assert server.get("/static/x").body == content


def ignored():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


def blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM, signal.SIGINT})


@pytest.mark.parametrize("how", ["SIGALRM ignored", "signals blocked", "PID 1"])
def test_two_signals_end_a_server_that_hangs_in_a_pipe(flooded, how):  # noqa: F811
    keywords = {"SIGALRM ignored": {"preexec": ignored}, "signals blocked": {"preexec": blocked},
                "PID 1": {"wrapper": ["unshare", "--pid", "--fork", "--kill-child"]}}[how]
    if how == "PID 1" and os.geteuid() != 0:
        pytest.skip("only root can make a PID namespace")
    server = flooded("stdout", "--access-log", "-", **keywords)
    pid = server.pid
    if how == "PID 1":  # of unshare; the server is its child
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text())
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert server.process.wait(20) == 1


@contextlib.contextmanager
def file_size_limit(size):
    """For the processes that are started meanwhile; the test's own is back afterwards."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))


def test_files_are_served_beyond_the_limit_of_file_sizes(start, make_file):
    """A response image is a file, and a write beyond the limit raises SIGXFSZ."""
    content = make_file("static/x", 40_000)
    with file_size_limit(8192) as limited:
        server = start(make_file.root, "--threads", "1", preexec=limited)
    with server.client() as client:
        for _ in range(40):
            client.request("/static/x")
            assert client.answer().body == content


def test_the_second_signal_counts_even_if_the_first_came_before_the_start(tmp_path):
    """Neither ends it by its default action, whenever they come."""
    (tmp_path / "static").mkdir()
    process = subprocess.Popen([AWS, "--root", tmp_path, "--port", "0"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=blocked)
    process.send_signal(signal.SIGTERM)  # pending until the server catches it
    process.communicate(timeout=20)
    assert process.returncode == 0

