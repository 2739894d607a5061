"""Other servers and clients work correctly under a plan with mild faults."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

import pytest

from client import Client
from observe import wait_until
from shimmed import SHIM, environment, faults, python, run

SIZES = (0, 1, 1000, 70_000, 1_000_000)
CLIENTS, ROUNDS = 8, 3

# Faults that every correct program handles: partial transfers, EAGAIN and interruptions at any
# time.
MILD = ("send*,write*,sendfile:half~0.3[fd=socket]; recv*,read*:max=50~0.3[fd=socket];"
        "send*,write*,sendfile:again~0.1[fd=socket]; recv*,read*:again~0.1[fd=socket];"
        "accept*:again~0.3; epoll_wait:one~0.5; epoll_wait:EINTR~0.05; seed=11")
SENDING = {"send", "sendto", "sendmsg", "write", "writev", "sendfile"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(directory, port):
    (directory / "nginx.conf").write_text(f"""
        daemon off; pid {directory}/pid; error_log stderr; worker_processes 2;
        {"user root;" if os.getuid() == 0 else ""}
        events {{ worker_connections 64; }}
        http {{
            access_log off; sendfile on;
            client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
            fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi;
            scgi_temp_path {directory}/scgi;
            server {{ listen 127.0.0.1:{port}; root {directory}/www; }}
        }}""")
    return ["nginx", "-e", "stderr", "-p", directory, "-c", directory / "nginx.conf"]


def lighttpd(directory, port):
    (directory / "lighttpd.conf").write_text(f"""
        server.document-root = "{directory}/www"
        server.bind = "127.0.0.1"
        server.port = {port}
    """)
    return ["lighttpd", "-D", "-f", directory / "lighttpd.conf"]


def http_server(directory, port):
    return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1",
            "--directory", directory / "www", port]


SERVERS = {"nginx": nginx, "lighttpd": lighttpd, "http.server": http_server}


def where(name):
    """Returns the program's path. Servers are often in /usr/sbin."""
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30):
            return True
    except ConnectionRefusedError:
        return False


@pytest.fixture(params=SERVERS)
def server(request, tmp_path):
    """Starts a server under the mild plan, yields its port, and stops it."""
    port = free_port()
    command = [str(word) for word in SERVERS[request.param](tmp_path, port)]
    if where(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "www").mkdir()
    with open(tmp_path / "output", "wb") as output:
        process = subprocess.Popen([where(command[0]), *command[1:]], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output,
                                   env=environment(plan=MILD, log=tmp_path / "log"))
    try:
        wait_until(lambda: answers(port) or process.poll() is not None, "the server listens")
        assert process.poll() is None, (tmp_path / "output").read_text()
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_every_response_is_correct(server, tmp_path):
    contents = {f"/{size}": os.urandom(size) for size in SIZES}
    for name, content in contents.items():
        (tmp_path / "www" / name.strip("/")).write_bytes(content)
    wrong = []

    def fetch():
        for _ in range(ROUNDS):
            for target, content in contents.items():
                try:
                    with Client(server, timeout=30) as client:
                        client.request(target, headers=[("Connection", "close")])
                        answer = client.answer()
                    if (answer.status, answer.body) != (200, content):
                        wrong.append((target, answer))
                except (OSError, EOFError) as error:
                    wrong.append((target, error))
    threads = [threading.Thread(target=fetch) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    given = {fault["call"] for fault in faults(tmp_path / "log")}
    assert given & SENDING and given & {"recv", "recvfrom", "read"}, given


def test_curl_downloads_intact_under_faults(tmp_path):
    content = os.urandom(300_001)
    (tmp_path / "blob").write_bytes(content)
    port, log = free_port(), tmp_path / "log"
    process = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1",
                                "--directory", str(tmp_path), str(port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), "the server listens")
        run("curl", "-sSf", "--noproxy", "*", "-o", tmp_path / "got",
            f"http://127.0.0.1:{port}/blob", log=log,
            plan="send*:half; recv*:max=999; recv*,send*:again~0.2[fd=socket]; seed=3")
    finally:
        process.terminate()
        process.wait(60)
    assert (tmp_path / "got").read_bytes() == content
    assert len(faults(log)) > 300


def test_it_needs_only_the_c_library():
    lines = run("ldd", SHIM, preload="", plan="").stdout.splitlines()
    names = {line.split()[0].rpartition("/")[2].split(".")[0].split("-")[0] for line in lines}
    assert "libc" in names and names <= {"libc", "libdl", "ld", "linux"}, names


@pytest.mark.parametrize("plan", ["", None, MILD])
def test_common_tools_work_under_the_shim(tmp_path, plan):
    """A shell with pipes, a compiler, and Python with extension modules."""
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    script = f"cd {tmp_path} && cc -o a a.c && ./a && seq 1000 | sort -rn | tail -1 | tee b"
    assert run("sh", "-c", script, plan=plan).stdout == "1\n"
    assert (tmp_path / "b").read_text() == "1\n"
    assert python("import json, sqlite3, ssl; print(json.dumps([1]))", plan=plan) == ["[1]"]
