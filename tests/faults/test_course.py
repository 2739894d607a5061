"""The conditions of the public coursework checker, re-expressed: `./aws` without arguments, in a
folder that holds static/ and dynamic/, on port 8888, under a shim, in part under valgrind."""
import shutil
import subprocess
from pathlib import Path

import pytest

from client import Client
from conftest import AWS, write_file
from crowd import at_once, download_at_once, wrong_ones
from observe import wait_until

PORT = 8888
VALGRIND = ("valgrind", "-q", "--error-exitcode=99", "--leak-check=full")
TWO_MIB = 2 << 20
SMALL = 2048


def run(*command, **keywords):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **keywords)


@pytest.fixture(scope="module")
def course_shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "course_shim.so"
    source = Path(__file__).with_name("course_shim.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where ./aws, static/*.dat, and dynamic/*.dat (relative links to static/) are."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "dynamic").mkdir()
    for number in range(50):
        write_file(folder / f"static/large{number:02}.dat", TWO_MIB, number)
        write_file(folder / f"static/small{number:02}.dat", SMALL, number)
    for file in (folder / "static").iterdir():
        (folder / "dynamic" / file.name).symlink_to(f"../static/{file.name}")
    (folder / "aws").symlink_to(AWS)
    return folder


@pytest.fixture(params=["plain", "shim", "shim-valgrind"])
def server(start, folder, course_shim, request):
    """`./aws` as the checker starts it, but for --audit. Port 8888 must be free."""
    with_shim = {"env": {"LD_PRELOAD": str(course_shim)}} if "shim" in request.param else {}
    wrapper = VALGRIND if "valgrind" in request.param else ()
    return start(None, binary="./aws", cwd=folder, port_option=(), wrapper=wrapper, **with_shim)


def start_plain(start, folder):
    return start(None, binary="./aws", cwd=folder, port_option=())


def content_of(folder, target):
    return (folder / target.lstrip("/")).read_bytes()


def test_it_listens_on_port_8888_by_both_ip_versions(server, folder):
    assert server.port == PORT
    for address in ("127.0.0.1", "::1"):
        with Client(PORT, address=address) as client:
            client.request("/static/small00.dat", version="HTTP/1.0", host=None)
            assert client.answer().body == content_of(folder, "/static/small00.dat"), address


def test_without_any_argument_it_serves_this_folder(folder):
    process = subprocess.Popen(["./aws"], cwd=folder, stdout=subprocess.PIPE)
    try:
        assert b":8888/" in process.stdout.readline(), "see what it said above: is the port taken?"
        with Client(PORT) as client:
            client.request("/dynamic/large00.dat")
            assert client.answer().body == content_of(folder, "/static/large00.dat")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_kill_9_and_a_start_at_once_succeed_twice_in_a_row(start, folder):
    for _ in range(3):
        server = start_plain(start, folder)
        with server.client() as kept:
            kept.request("/static/small00.dat")
            assert kept.answer().status == 200
            assert server.get("/dynamic/small00.dat").status == 200
            server.process.kill()
            server.wait()


def sockets(pid, state):
    lines = run("lsof", "-nP", "-a", "-p", str(pid), "-i", "TCP").stdout.splitlines()
    return [line for line in lines if f"({state})" in line]


def test_lsof_shows_the_listener_and_one_line_for_each_client(start, folder):
    server = start_plain(start, folder)
    assert sockets(server.pid, "LISTEN")
    assert not sockets(server.pid, "ESTABLISHED")
    clients = []
    for count in range(1, 4):
        clients.append(Client(PORT))
        wait_until(lambda: len(sockets(server.pid, "ESTABLISHED")) == count, f"{count} lines")
    for left in (2, 1, 0):
        clients.pop().close()
        wait_until(lambda: len(sockets(server.pid, "ESTABLISHED")) == left, f"{left} lines")


def test_a_killed_clients_line_goes(start, folder):
    server = start_plain(start, folder)
    client = subprocess.Popen(["nc", "localhost", str(PORT)], stdin=subprocess.PIPE)
    wait_until(lambda: len(sockets(server.pid, "ESTABLISHED")) == 1, "the client is in")
    client.kill()
    client.wait()
    client.stdin.close()
    wait_until(lambda: not sockets(server.pid, "ESTABLISHED"), "the dead client's line is gone")


def test_ps_finds_the_process_by_its_name(start, folder):
    server = start_plain(start, folder)
    assert str(server.pid) in run("ps", "-C", "aws", "-o", "pid=").stdout.split()


def test_nm_shows_the_kernel_calls_that_the_course_asks_for():
    undefined = run("nm", "-u", str(AWS)).stdout
    for name in ("epoll_create", "epoll_ctl", "epoll_wait", "sendfile", "io_submit", "eventfd"):
        assert name in undefined, f"{name} is not among nm's undefined symbols"


def test_nc_gets_a_status_line_for_whatever_it_asks(start, folder):
    def ask(target, version):
        got = subprocess.run(["nc", "-q", "1", "localhost", str(PORT)], timeout=60,
                             input=f"GET {target} {version}\r\n\r\n".encode(), capture_output=True)
        return got.stdout

    start_plain(start, folder)
    wanted = {"/static/small00.dat": 200, "/dynamic/small00.dat": 200, "/static/missing.dat": 404,
              "/dynamic/missing.dat": 404, "/other/path.dat": 404, "/": 404}
    versions = ("HTTP/1.0", "HTTP/1.1")
    got = at_once([lambda target=target, version=version: ask(target, version)
                   for version in versions for target in wanted])  # nc stays for a second
    for answer, (target, status) in zip(got, wanted.items()):
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), f"{target}: {answer[:100]}"
        if status == 200:
            head, body = answer.split(b"\r\n\r\n", 1)
            assert b"\r\nContent-Length: 2048\r\n" in head
            assert body == content_of(folder, target)
    for answer in got[len(wanted):]:  # HTTP/1.1, and no Host
        assert answer.startswith(b"HTTP/1.1 400 "), answer[:100]


def test_wget_gets_single_files_of_both_kinds(server, folder, tmp_path):
    for target in ("/static/small01.dat", "/static/large01.dat",
                   "/dynamic/small01.dat", "/dynamic/large01.dat"):
        got = run("wget", "-q", "-O", str(tmp_path / "got"), f"http://localhost:{PORT}{target}")
        assert got.returncode == 0, f"{target}: {got.stderr}"
        assert (tmp_path / "got").read_bytes() == content_of(folder, target), target
    assert run("wget", "-q", "-O-", f"http://localhost:{PORT}/static/x.dat").returncode == 8


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("kinds", [["static"], ["dynamic"], ["static", "dynamic"]], ids="+".join)
def test_50_simultaneous_downloads_are_byte_identical(server, folder, kinds, size):
    targets = [f"/{kinds[i % len(kinds)]}/{size}{i:02}.dat" for i in range(50)]
    bodies = download_at_once(server, targets)
    assert not wrong_ones(bodies, [content_of(folder, target) for target in targets])


def test_the_tools_that_this_file_uses_are_there():
    missing = [t for t in ("lsof", "nc", "nm", "ps", "valgrind", "wget") if not shutil.which(t)]
    assert not missing, f"install {missing}: `make check` does"
