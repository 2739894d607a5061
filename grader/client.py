"""Clients: one connection that is driven step by step, and crowds of downloads that run side by side."""
from __future__ import annotations

import selectors
import socket
import struct
import time
from typing import Optional

from grader.errors import Failed
from grader.patience import Patience
from grader.response import Response, expected_size, parse

PORT = 8888  # given by the assignment
ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
CHUNK = 256 << 10
TOTAL_FACTOR = 30  # a crowd may take so many times the limit for one event, all in all


def request_bytes(target: str, method: str = "GET", version: str = "1.1", extra: str = "") -> bytes:
    """A request as wget writes it."""
    host = "" if version == "1.0" else "Host: localhost:8888\r\n"
    return f"{method} {target} HTTP/{version}\r\n{host}User-Agent: grade\r\nAccept: */*\r\n{extra}\r\n".encode()


def open_socket(receive_buffer: Optional[int] = None, limit_s: float = 10.0) -> socket.socket:
    """A connection to the server, by IPv4 or else by IPv6. Raises OSError when neither answers."""
    problem: OSError = ConnectionRefusedError()
    for family, address in ADDRESSES:
        connection = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(limit_s)
        try:
            connection.connect((address, PORT))
            return connection
        except OSError as error:
            connection.close()
            problem = error
    raise problem


class Connection:
    """A client that does one thing at a time. Every wait ends after the patience's limit."""

    def __init__(self, patience: Patience, receive_buffer: Optional[int] = None):
        self.patience = patience
        self.received = bytearray()
        self.ended = ""
        try:
            self.socket = open_socket(receive_buffer, patience.limit_s)
        except OSError as error:
            raise Failed("a connection to port 8888", f"connect said: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def port(self) -> int:
        """This end's port, by which the server's end is found in /proc/net/tcp."""
        return self.socket.getsockname()[1]

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            self.ended = self.ended or "reset"
            self.problem = error

    def receive(self, most: int = CHUNK) -> bool:
        """One read; False when nothing more will come."""
        if self.ended:
            return False
        try:
            data = self.socket.recv(most)
        except socket.timeout:
            self.ended = "silence"
        except OSError:
            self.ended = "reset"
        else:
            self.received += data
            if not data:
                self.ended = "eof"
        return not self.ended

    def receive_at_least(self, count: int) -> None:
        while len(self.received) < count and self.receive(min(CHUNK, count - len(self.received))):
            pass

    def response(self, head_only: bool = False) -> Response:
        """Reads to the end of the response, by its length if it has one, and takes it from what was received."""
        while True:
            size = expected_size(self.received, head_only)
            if size is not None and len(self.received) >= size:
                whole, self.received = self.received[:size], self.received[size:]
                return parse(bytes(whole), "length", head_only)
            if not self.receive():
                whole, self.received = self.received, bytearray()
                return parse(bytes(whole), self.ended, head_only)

    def head(self) -> Response:
        """Reads to the end of the response's head: enough where its status alone counts."""
        while b"\r\n\r\n" not in self.received and self.receive():
            pass
        return parse(bytes(self.received), self.ended)

    def rest(self) -> bytes:
        """Reads until the server ends the connection."""
        while self.receive():
            pass
        return bytes(self.received)

    def reset(self, half_closed: bool = False) -> None:
        """Ends the connection by a reset, as a client does that is killed with unread input. See socket(7), SO_LINGER.

        If it was `half_closed` before, the server's next write brings EPIPE and SIGPIPE in place of ECONNRESET.
        """
        if half_closed:
            self.socket.shutdown(socket.SHUT_WR)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Download:
    """One member of a crowd: asks for a target and collects what comes."""

    def __init__(self, target: str, limit_s: float):
        self.target = target
        self.received = bytearray()
        self.unsent = request_bytes(target)
        self.ended = ""
        self.size: Optional[int] = None
        try:
            self.socket = open_socket(limit_s=limit_s)
            self.socket.setblocking(False)
        except OSError:
            self.ended = "refused"

    def advance(self) -> None:
        try:
            if self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent):]
                return
            data = self.socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        self.received += data
        if self.size is None:
            self.size = expected_size(self.received, False)
        if not data:
            self.ended = "eof"
        elif self.size is not None and len(self.received) >= self.size:
            self.ended = "length"


def fetch_all(targets: list[str], patience: Patience) -> list[Response]:
    """Downloads all targets side by side. When no download gets a byte for the patience's limit,
    those that are not complete count as silent."""
    crowd = [Download(target, patience.limit_s) for target in targets]
    with selectors.DefaultSelector() as selector:
        for download in crowd:
            if not download.ended:
                selector.register(download.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, download)
        deadline = time.monotonic() + TOTAL_FACTOR * patience.limit_s
        while selector.get_map() and time.monotonic() < deadline:
            ready = selector.select(patience.limit_s)
            if not ready:
                break
            for key, _ in ready:
                download = key.data
                download.advance()
                if download.ended:
                    selector.unregister(download.socket)
                    download.socket.close()
                elif not download.unsent:
                    selector.modify(download.socket, selectors.EVENT_READ, download)
    for download in crowd:
        if not download.ended:
            download.ended = "silence"
            download.socket.close()
    return [parse(bytes(download.received), download.ended) for download in crowd]
