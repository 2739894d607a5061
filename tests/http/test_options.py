"""The command line: what it offers, what it refuses, and in how many words."""
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from client import Client
from conftest import AWS, TOP
from observe import wait_until

OPTIONS = {  # with the default that --help must name; None where there is none
    "--help": None, "--version": None, "--config": None, "--root": "see below",
    "--bind": "default: all", "--port": "8888", "--threads": "CPUs", "--pin": None,
    "--max-connections": "RLIMIT_NOFILE",
    "--header-timeout": "10", "--idle-timeout": "60", "--send-timeout": "60", "--grace": "10",
    "--aio-blocks": "64", "--sentinels": "32", "--helper-threads": "2",
    "--helper-queue": "64", "--file-cache": "2048", "--image-cache": "4096", "--engine": "announced",
    "--no-keep-alive": None, "--access-log": None, "--log-level": "info",
    "--trace": None, "--audit": None,
    "--max-stall": None, "--stalls": None,
    "--listing": None, "--max-listings": "32", "--dotfiles": None,
    "--no-precompressed": None, "--no-compress": None,
    "--cors": None, "--default-type": "application/octet-stream", "--types": None,
    "--fallback": None, "--cache-control": None, "--header": None,
}


def run(*options, **keywords):
    """Runs aws to its end: for command lines that do not serve."""
    return subprocess.run([AWS, *options], capture_output=True, text=True, timeout=10,
                          stdin=subprocess.DEVNULL, **keywords)


def check_refusal(done, status, *patterns):
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines), done.stdout) == (status, 1, ""), done
    assert lines[0].startswith("aws: "), done
    for pattern in patterns:
        assert re.search(pattern, lines[0]), f"not a word of {pattern!r}: {lines[0]}"


def help_text():
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_help_names_every_option_and_its_default():
    text = help_text()
    entries = {match[1]: match[0] for match in re.finditer(
        r"^  (?:-\w,)?(--[\w-]+)(?:.*\n)(?: {20,}.*\n)*", text, re.MULTILINE)}
    assert set(entries) == set(OPTIONS)
    missing = [name for name, default in OPTIONS.items()
               if default and default not in entries[name]]
    assert not missing, text


def test_the_readme_names_every_option():
    readme = (TOP / "README.md").read_text()
    missing = [name for name in re.findall(r"--[a-z][\w-]+", help_text()) if name not in readme]
    assert not missing, "options that README.md does not name"


def test_version():
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"aws \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("options", [
    ["--no-such-option"], ["stray"], ["-x"], ["--port"], ["--port", "65536"], ["--port", "-1"],
    ["--port", "http"], ["--port", "80x"], ["--threads", "0"], ["--threads", "1025"],
    ["--threads", "1.5"], ["--max-connections", "0"], ["--header-timeout", "0"],
    ["--idle-timeout", "-1"], ["--send-timeout", "soon"], ["--grace", "-0.5"],
    ["--grace", "nan"], ["--header-timeout", "nan"],
    ["--aio-blocks", "0"], ["--sentinels", "0"], ["--helper-threads", "0"],
    ["--helper-queue", "0"], ["--file-cache", "-1"], ["--image-cache", "-1"], ["--engine", "steam"],
    ["--max-listings", "0"], ["--max-listings", "some"],
    ["--log-level", "loud"], ["--bind", "localhost"],
    ["--bind", "1.2.3"],
    ["--bind", "127.0.0.1:80"], ["--bind", "[::1]"], ["--config", "/no/such/file"], ["--pin=maybe"],
    ["--max-stall", "0"], ["--max-stall", "-3"], ["--max-stall", "long"], ["--max-stall", "nan"],
    ["--max-stall"], ["--stalls=maybe"],
], ids=" ".join)
def test_a_bad_command_line(options, tmp_path):
    (tmp_path / "static").mkdir()
    check_refusal(run(*options, cwd=tmp_path), 2, "--help")


@pytest.mark.parametrize("options, patterns", [
    (["--root", "nowhere"], ["nowhere", "--root"]),
    (["--root", "file"], ["file", "--root"]),
    (["--port", "0", "--root", ".", "--bind", "192.0.2.1"], [r"192\.0\.2\.1"]),
    (["--port", "0", "--root", ".", "--access-log", "file/log"], ["--access-log", "file/log"]),
    (["--port", "0", "--root", ".", "--access-log", "."], ["--access-log"]),
], ids=lambda words: " ".join(words))
def test_what_cannot_start_says_why(options, patterns, tmp_path):
    (tmp_path / "file").touch()
    check_refusal(run(*options, cwd=tmp_path), 1, *patterns)


@pytest.mark.parametrize("reuse", [[], ["SO_REUSEADDR"], ["SO_REUSEADDR", "SO_REUSEPORT"]], ids=str)
@pytest.mark.parametrize("address, bind", [
    ("127.0.0.1", []), ("127.0.0.1", ["127.0.0.1"]), ("::", []), ("0.0.0.0", ["127.0.0.1"]),
    ("::1", ["127.0.0.1", "::1"])], ids=str)
def test_a_port_that_another_program_holds(tmp_path, address, bind, reuse):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as holder:
        for option in reuse:
            holder.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
        holder.bind((address, 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        binds = [word for name in bind for word in ("--bind", name)]
        check_refusal(run("--root", tmp_path, "--port", port, *binds), 1, port, "taken", "--port")


def test_a_port_that_another_aws_holds(start, make_file):
    server = start()
    for _ in range(2):
        check_refusal(run("--root", server.root, "--port", str(server.port)), 1, "taken", "--port")
    assert server.get("/static/").status == 403, "the first one goes on"


def test_a_port_is_free_again_at_once(start, make_file, tmp_path, kind):
    """kill -9 with open connections: idle ones, one in mid-transfer, one in mid-request."""
    make_file(f"{kind}/big", 8 << 20)
    server = start()
    clients = [Client(server.port, receive_buffer=4096) for _ in range(20)]
    clients[0].request(f"/{kind}/big")
    clients[1].send(b"GET /stat")
    clients[2].request("/", "HEAD")
    clients[2].answer("HEAD")
    assert clients[0].receive()
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start(tmp_path, port_option=("--port", str(server.port)))
    assert again.port == server.port
    assert again.get(f"/{kind}/big", "HEAD").status == 200
    for client in clients:
        client.close()


def connects(address, port):
    try:
        Client(port, address=address).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("binds, reached", [
    ([], ["127.0.0.1", "127.0.0.2", "::1"]),
    (["127.0.0.1"], ["127.0.0.1"]),
    (["127.0.0.1", "127.0.0.2", "::1"], ["127.0.0.1", "127.0.0.2", "::1"]),
    (["::1"], ["::1"]),
    (["::"], ["::1"]),
    (["0.0.0.0"], ["127.0.0.1", "127.0.0.2"]),
    (["::", "0.0.0.0"], ["127.0.0.1", "127.0.0.2", "::1"]),
], ids=str)
def test_bind(start, tmp_path, binds, reached):
    server = start(tmp_path, *[word for name in binds for word in ("--bind", name)])
    assert [address for address in ("127.0.0.1", "127.0.0.2", "::1")
            if connects(address, server.port)] == reached


def test_the_line_at_the_start_says_where(start, tmp_path):
    server = start(tmp_path, "--bind", "::1", "--threads", "3")
    assert server.stdout_lines == [
        f"aws: serving {tmp_path} on http://[::1]:{server.port}/ (3 threads)"]


def test_options_from_a_file(start, make_file, tmp_path):
    make_file("static/x", 10)
    log = tmp_path / "log"
    config = tmp_path / "aws.conf"
    config.write_text(f"# comment\nroot = \"{tmp_path}\"\nthreads = 3\nno-keep-alive = true\n"
                      f"access-log = \"{log}\"\nbind = [\"127.0.0.1\", \"127.0.0.2\"]\n")
    server = start(None, "--config", config, "--threads", "1", cwd="/")  # the command line wins
    assert server.stdout_lines[0].endswith(" (1 thread)")
    with Client(server.port, address="127.0.0.2") as client:
        client.request("/static/x")
        assert client.answer()["Connection"] == "close"
    server.stop()
    assert "GET /static/x" in log.read_text()


def test_a_byte_order_mark_before_the_options_is_skipped(start, tmp_path):
    config = tmp_path / "aws.conf"
    config.write_bytes(b"\xef\xbb\xbfthreads = 3\r\nlog-level = error\r\n")
    assert start(tmp_path, "--config", config).stdout_lines[0].endswith(" (3 threads)")
    for nothing in (b"\xef\xbb\xbf", b""):
        config.write_bytes(nothing)
        start(tmp_path, "--config", config)


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf\xef\xbb\xbfport = 0", b"port = 0\n\xef\xbb\xbfthreads = 3"],
                         ids=["twice", "later"])
def test_a_byte_order_mark_elsewhere_is_no_option(tmp_path, text):
    (tmp_path / "aws.conf").write_bytes(text)
    check_refusal(run("--config", tmp_path / "aws.conf", "--root", tmp_path), 2, "--help")


@pytest.mark.parametrize("line", ["no-such-option = 1", "port = 99999", "threads = many"], ids=str)
def test_a_bad_file_of_options(tmp_path, line):
    (tmp_path / "aws.conf").write_text(line + "\n")
    check_refusal(run("--config", tmp_path / "aws.conf", "--root", tmp_path), 2, "--help")


@pytest.mark.parametrize("folders, environment, root", [
    (["static", "www", "env"], "env", "env"),
    (["static", "www"], "", "."),  # empty is as unset
    (["static", "www"], None, "."),
    (["dynamic", "www"], None, "."),
    (["www"], None, "www"),
])
def test_the_document_root_that_is_found(start, tmp_path, folders, environment, root):
    for folder in folders:
        (tmp_path / folder).mkdir()
    for place in {".", "www", "env"} & {".", *folders}:
        (tmp_path / place / "index.html").write_text(place)
    env = {} if environment is None else {"AWS_DOCUMENT_ROOT": environment}
    assert start(None, cwd=tmp_path, env=env).get("/").body.decode() == root


def test_the_option_beats_the_environment(start, tmp_path):
    for place in ("option", "environment"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "index.html").write_text(place)
    server = start("option", cwd=tmp_path, env={"AWS_DOCUMENT_ROOT": "environment"})
    assert server.get("/").body == b"option"


def test_no_document_root_is_found(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "AWS_DOCUMENT_ROOT"}
    check_refusal(run("--port", "0", cwd=tmp_path, env=environment), 1, r"\./www", "--root")


def loop_threads(pid):
    threads = pathlib.Path(f"/proc/{pid}/task")
    return sorted(int(thread.name) for thread in threads.iterdir()
                  if (thread / "comm").read_text() == "aws-loop\n")


def wait_for_loops(server, count):
    wait_until(lambda: len(loop_threads(server.pid)) >= count, "the loops have begun")
    assert len(loop_threads(server.pid)) == count


def cpus_of(pid, thread):
    with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as status:
        return re.search(r"^Cpus_allowed_list:\s*(\S+)", status.read(), re.MULTILINE)[1]


@pytest.mark.parametrize("threads", [1, 3])
def test_threads(start, tmp_path, threads):
    server = start(tmp_path, "--threads", threads)
    wait_for_loops(server, threads)


def test_threads_are_as_many_as_cpus(start, tmp_path):
    usable = sorted(os.sched_getaffinity(0))
    wait_for_loops(start(tmp_path), len(usable))
    one = start(tmp_path, preexec=lambda: os.sched_setaffinity(0, usable[:1]))
    wait_for_loops(one, 1)


def test_pin(start, make_file, tmp_path):
    make_file("static/x", 10)
    threads = 3
    server = start(tmp_path, "--pin", "--threads", threads)
    cpus = [str(cpu) for cpu in sorted(os.sched_getaffinity(0))]
    expected = sorted(itertools.islice(itertools.cycle(cpus), threads))
    for _ in range(1000):  # a loop pins itself before it serves, which may be after the first line
        server.get("/static/x")
        found = sorted(cpus_of(server.pid, thread) for thread in loop_threads(server.pid))
        if found == expected:
            break
    assert found == expected
