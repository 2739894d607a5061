"""What the server hangs on must not hang the server: pipes nobody reads, logs nobody can write."""
import os
import signal
import subprocess
import threading

import pytest

from conftest import AWS, Server


def run(*options, timeout=20):
    return subprocess.run([AWS, "--port", "0", *options], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=timeout)


@pytest.fixture
def flooded(tmp_path, make_file):
    """flooded(*options) → a server whose output fills a pipe that nobody reads, the pipe full."""
    servers = []

    def start(full, *options, **keywords):
        make_file("static/x", 10)
        server = Server(tmp_path, *options, "--threads", "1", "--grace", "1", read_stdout=full != "stdout",
                        read_stderr=full != "stderr", **keywords)
        servers.append(server)
        pipe = server.process.stdout if full == "stdout" else server.process.stderr
        request = b"GET /static/x HTTP/1.1\r\nHost: a\r\nUser-Agent: " + b"x" * 4000 + b"\r\n\r\n"

        def flood():
            try:
                with server.client() as client:
                    while True:
                        client.send(request)
                        client.answer()
            except OSError:
                pass  # the server is gone
            except EOFError:
                pass
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        wait_until_full(pipe)
        return server

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait(20)


def wait_until_full(pipe):
    """Waits until no byte more goes into the pipe."""
    import fcntl
    import select
    import struct
    import termios
    last, same = -1, 0
    while same < 20:
        size = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
        same = same + 1 if size == last and size > 50_000 else 0
        last = size
        select.select([], [], [], 0.02)


@pytest.mark.parametrize("full, options", [("stdout", ["--access-log", "-"]),
                                           ("stderr", ["--trace"])])
def test_two_signals_end_a_server_whose_output_nobody_reads(flooded, full, options):
    server = flooded(full, *options)
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGINT)
    server.process.wait(20)


def test_a_log_that_is_a_fifo_without_a_reader_is_refused(tmp_path):
    (tmp_path / "static").mkdir()
    os.mkfifo(tmp_path / "log")
    done = run("--root", tmp_path, "--access-log", tmp_path / "log")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "--access-log" in done.stderr


def test_a_log_in_a_missing_folder_is_refused_and_makes_none(tmp_path):
    (tmp_path / "static").mkdir()
    done = run("--root", tmp_path, "--access-log", tmp_path / "no/log")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "No such file" in done.stderr
    assert not (tmp_path / "no").exists()


def test_a_client_that_has_its_answer_does_not_hold_up_a_stop(start, make_file):
    """It was told that its answer is the last, has read everything, and keeps its socket."""
    make_file("static/x", 10)
    server = start(make_file.root, "--trace", "--no-keep-alive")
    with server.client() as client:
        client.request("/static/x")
        assert client.answer().status == 200 and client.at_end()
        server.wait_for_line("Draining, wants Read")
        assert server.stop(timeout=4) == 0  # the linger alone would take 5 s
    server.wait_for_line(" 0 timed out")


@pytest.mark.parametrize("limit, options", [(64, ["--threads", "10"]),
                                            (40, ["--threads", "2", "--max-connections", "1000"])])
def test_there_are_descriptors_for_the_files_of_all_connections(start, make_file, limit, options):
    import resource
    content = make_file("static/x", 10)

    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    server = start(make_file.root, *options, preexec=few_descriptors)
    clients = [server.client() for _ in range(60)]
    answers = []

    def finish(client):
        with client:
            client.request("/static/x", headers=[("Connection", "close")])
            answers.append(client.answer())
    threads = [threading.Thread(target=finish, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [(answer.status, answer.body) for answer in answers] == [(200, content)] * 60


@pytest.mark.parametrize("limit, loops", [(30, 1), (64, 4), (200, 15), (1024, 20)])
def test_there_are_no_more_loops_than_descriptors_for_them(start, tmp_path, limit, loops):
    import resource

    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    server = start(tmp_path, "--threads", "20", preexec=few_descriptors)
    server.wait_for_line(rf"\({loops} threads?\)$", server.stdout_lines)
    said = f"aws: --threads 20 is lowered to {loops}: RLIMIT_NOFILE ({limit}) allows no more"
    assert (said in server.stderr_lines) == (loops < 20)


@pytest.mark.parametrize("line", ["HEAD /" + "x" * 9000 + " HTTP/1.1", "HEAD /x HTTP/3.0",
                                  "HEAD /x", "HEAD  /x HTTP/1.1"])
def test_head_has_no_body_even_if_its_line_is_refused(start, make_file, line):
    """RFC 9110 section 9.3.2."""
    server = start(make_file.root)
    with server.client() as client:
        client.send(line.encode() + b"\r\nHost: a\r\n\r\n")
        assert client.answer("HEAD").status >= 400
        assert client.at_end()
