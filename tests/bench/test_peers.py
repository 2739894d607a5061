"""How the peers are configured: what is unfair to one of them shows in how it answers."""
import http.client
import socket
import sys

import pytest

import dataset
import peers
import servers

FIELD = ("aws", "nginx", "lighttpd", "h2o", "floor")
DATA_SEGMENTS_IN = slice(152, 156)  # tcpi_data_segs_in of struct tcp_info


def data_segments(connection):
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_IN.stop)
    return int.from_bytes(told[DATA_SEGMENTS_IN], sys.byteorder)


@pytest.mark.parametrize("name", FIELD)
def test_connections_are_kept_and_small_answers_are_one_packet(name, tmp_path):
    if problem := peers.RECIPES[name].missing():
        pytest.skip(problem)
    if name == "floor" and not peers.FLOOR.exists():
        pytest.skip("the floor is built by make bench")
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
