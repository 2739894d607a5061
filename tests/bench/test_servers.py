"""Starting what is measured: who does not start is told and left out, whoever else answers."""
import http.server
import os
import socket
import threading

import pytest

import process_tree
import servers


@pytest.fixture
def stranger():
    """Somebody else's server, which answers every request; its port."""
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["aws", "lighttpd"])
def test_a_stranger_on_the_port_is_not_measured(name, stranger, tmp_path, monkeypatch, capsys):
    if problem := servers.peers.RECIPES[name].missing():
        pytest.skip(problem)
    monkeypatch.setattr(servers, "free_port", lambda: stranger)
    with servers.running([name], tmp_path) as started:
        assert not started
    assert f"bench: {name} ended at start: " in capsys.readouterr().err


def test_a_program_that_is_not_there_is_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(servers.peers, "FLOOR", tmp_path / "absent")
    with servers.running(["floor", "aws"], tmp_path) as started:
        assert [server.name for server in started] == ["aws"]
    assert "bench: floor cannot be started: " in capsys.readouterr().err


def test_an_answer_that_is_no_http_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            client, _ = listener.accept()
            with client:
                client.recv(1000)
                client.sendall(b"220 mail.example\r\n")
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(servers.Failure, match="what is no HTTP"):
            servers.ask(listener.getsockname()[1], "/")
        thread.join()


def test_who_listens_is_seen():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert process_tree.listens(os.getpid(), port)
    assert not process_tree.listens(os.getpid(), port)
