"""How the peers are configured: what is unfair to one of them shows in how it answers."""
import http.client
import ipaddress
import socket
import sys
from pathlib import Path

import pytest

import dataset
import peers
import servers

FIELD = ("aws", "nginx", "lighttpd", "h2o", "floor")
ESTABLISHED, SYN_RECV = "01", "03"
DATA_SEGMENTS_IN = slice(152, 156)  # tcpi_data_segs_in of struct tcp_info


def data_segments(connection):
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_IN.stop)
    return int.from_bytes(told[DATA_SEGMENTS_IN], sys.byteorder)


def check(name):
    if problem := peers.RECIPES[name].missing():
        pytest.skip(problem)
    if name == "floor" and not peers.FLOOR.exists():
        pytest.skip("the floor is built by make bench")


def state_at_the_server(connection):
    """The state of a connection's other end, of this machine too, as /proc/net/tcp numbers it."""
    ends = [f"{ipaddress.ip_address(host).packed[::-1].hex().upper()}:{port:04X}"
            for host, port in (connection.getpeername(), connection.getsockname())]
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return next(fields[3] for fields in map(str.split, lines) if fields[1:3] == ends)


# aws does so in a rush alone.
@pytest.mark.parametrize(("name", "state"), [("aws", ESTABLISHED), ("nginx", SYN_RECV),
                                             ("lighttpd", SYN_RECV), ("h2o", SYN_RECV),
                                             ("floor", SYN_RECV)])
def test_clients_that_have_asked_nothing_are_left_to_the_kernel(name, state, tmp_path):
    check(name)
    dataset.make(tmp_path / "static/1k.bin", dataset.KIB)
    with servers.running([name], tmp_path, floor_file="static/1k.bin") as started, \
            socket.create_connection(("127.0.0.1", started[0].port)) as silent:
        assert state_at_the_server(silent) == state


@pytest.mark.parametrize("name", FIELD)
def test_connections_are_kept_and_small_answers_are_one_packet(name, tmp_path):
    check(name)
    file = tmp_path / "static/1k.bin"
    dataset.make(file, dataset.KIB)
    with servers.running([name], tmp_path, floor_file="static/1k.bin") as started:
        connection = http.client.HTTPConnection("127.0.0.1", started[0].port, timeout=30)
        connection.connect()
        sock = connection.sock
        for answers in range(1, 4):
            connection.request("GET", "/static/1k.bin")
            assert connection.getresponse().read() == file.read_bytes()
            assert connection.sock is sock
            assert data_segments(sock) == answers
        connection.close()
