"""Standard streams that are closed, full or without a reader: the server ends only in the ways that it documents."""
import os
import signal
import socket
import subprocess

import pytest

from conftest import AWS

STREAMS = ("closed", "full", "broken pipe")


def redirect(number, how):
    """Returns what a child runs before exec, so that descriptor `number` cannot be written to."""
    def prepare():
        if how == "closed":
            os.close(number)
        elif how == "full":
            os.dup2(os.open("/dev/full", os.O_WRONLY), number)
        else:
            reader, writer = os.pipe()
            os.dup2(writer, number)
            os.close(reader)
            os.close(writer)
    return prepare


def run(options, prepare, **streams):
    return subprocess.run([AWS, "--port", "0", *options], stdin=subprocess.DEVNULL, preexec_fn=prepare, timeout=20,
                          env={"PATH": os.environ["PATH"]}, **streams)


@pytest.mark.parametrize("how", STREAMS)
@pytest.mark.parametrize("options, status", [(["--root", "/nonexistent"], 1), (["--nonsense"], 2), (["--version"], 0),
                                             (["--threads", "x"], 2), (["--access-log", "/no/such/file"], 1)])
def test_without_stderr_the_exit_status_is_the_same(how, options, status):
    assert run(options, redirect(2, how), stdout=subprocess.DEVNULL).returncode == status


@pytest.mark.parametrize("how", STREAMS)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_it_serves_and_ends_without_a_stream(tmp_path, how, number):
    """Everything that it prints: warnings at start, the trace, the log, the stalls, the audit."""
    content = b"x" * 1000
    (tmp_path / "static").mkdir()
    (tmp_path / "static/x").write_bytes(content)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--root", tmp_path, "--port", str(port), "--max-connections", "1000000", "--trace", "--stalls",
               "--audit", "--access-log", "-"]
    process = subprocess.Popen([AWS, *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, preexec_fn=redirect(number, how))
    fetch = subprocess.run(["curl", "-s", "--retry", "200", "--retry-delay", "0", "--retry-connrefused", "--max-time", "20",
                            f"http://127.0.0.1:{port}/static/x"], capture_output=True, check=True)
    assert fetch.stdout == content
    if how == "closed":
        assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0

