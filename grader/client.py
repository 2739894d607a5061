"""Clients: one connection that is driven step by step, and crowds of downloads that run side by side."""
from __future__ import annotations

import errno
import os
import select
import selectors
import socket
import struct
from typing import Callable, Optional

from grader.errors import Failed
from grader.response import Response, expected_size, parse
from grader.time_limit import TICK_S, TimeLimit, Timer

PORT = 8888  # given by the assignment
ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
CHUNK = 256 << 10
TOTAL_FACTOR = 30  # a crowd may take so many times the limit for one event, all in all


def request_bytes(target: str, method: str = "GET", version: str = "1.1", extra: str = "") -> bytes:
    """A request as wget writes it."""
    host = "" if version == "1.0" else "Host: localhost:8888\r\n"
    return f"{method} {target} HTTP/{version}\r\n{host}User-Agent: grade\r\nAccept: */*\r\n{extra}\r\n".encode()


def open_socket(time_limit: TimeLimit, receive_buffer: Optional[int] = None) -> socket.socket:
    """A connection to the server, by IPv4 or else by IPv6. Raises OSError when neither answers."""
    problem: OSError = ConnectionRefusedError()
    for family, address in ADDRESSES:
        connection = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            connect(connection, address, time_limit)
            connection.settimeout(TICK_S)
            return connection
        except OSError as error:
            connection.close()
            problem = error
    raise problem


def connect(connection: socket.socket, address: str, time_limit: TimeLimit) -> None:
    """Raises OSError, whose error is ETIMEDOUT when nothing came within the limit."""
    connection.setblocking(False)
    error = connection.connect_ex((address, PORT))
    timer = time_limit.timer()
    while error == errno.EINPROGRESS:
        if select.select([], [connection], [], TICK_S)[1]:
            error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif timer.is_over():
            error = errno.ETIMEDOUT
    if error:
        raise OSError(error, os.strerror(error))


class Connection:
    """A client that does one thing at a time. Every wait ends after the time limit."""

    def __init__(self, time_limit: TimeLimit, receive_buffer: Optional[int] = None):
        self.time_limit = time_limit
        self.received = bytearray()
        self.ended = ""
        try:
            self.socket = open_socket(time_limit, receive_buffer)
        except OSError as error:
            raise Failed("a connection to port 8888", f"connect said: {error}") from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def port(self) -> int:
        """This end's port, by which the server's end is found in /proc/net/tcp."""
        return self.socket.getsockname()[1]

    def send(self, data: bytes) -> None:
        timer: Optional[Timer] = None
        while data and not self.ended:
            try:
                data = data[self.socket.send(data):]
                timer = None
            except socket.timeout:
                timer = timer or self.time_limit.timer()
                self.ended = "silence" if timer.is_over() else ""
            except OSError:
                self.ended = "reset"

    def receive(self, most: int = CHUNK) -> bool:
        """One read; False when nothing more will come."""
        timer: Optional[Timer] = None
        while not self.ended:
            try:
                data = self.socket.recv(most)
            except socket.timeout:
                timer = timer or self.time_limit.timer()
                self.ended = "silence" if timer.is_over() else ""
            except OSError:
                self.ended = "reset"
            else:
                self.received += data
                self.ended = "" if data else "eof"
                return bool(data)
        return False

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

    def __init__(self, target: str, time_limit: TimeLimit):
        self.target = target
        self.received = bytearray()
        self.ended = ""
        self.size: Optional[int] = None
        try:
            self.socket = open_socket(time_limit)
            self.port = self.socket.getsockname()[1]
            self.socket.setblocking(False)
        except OSError:
            self.ended = "refused"

    def ask(self) -> None:
        """The request is shorter than any socket's buffer, so it is sent at once."""
        try:
            self.socket.sendall(request_bytes(self.target))
        except OSError:
            self.ended = "reset"

    def advance(self) -> None:
        try:
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


def fetch_all(targets: list[str], time_limit: TimeLimit, when_asked: Callable[[list[int]], object]) -> list[Response]:
    """Downloads all targets side by side: connects all clients, asks for all files, calls `when_asked` with the clients'
    ports, then reads. When no download gets a byte within the limit, those that are not complete count as silent."""
    crowd = [Download(target, time_limit) for target in targets]
    for download in crowd:
        if not download.ended:
            download.ask()
    waiting = [download for download in crowd if not download.ended]
    when_asked([download.port for download in waiting])
    read_all(waiting, time_limit)
    return [parse(bytes(download.received), download.ended) for download in crowd]


def read_all(crowd: list[Download], time_limit: TimeLimit) -> None:
    """Reads until each download has ended, be it by silence."""
    total = time_limit.timer(TOTAL_FACTOR)
    silent: Optional[Timer] = None
    with selectors.DefaultSelector() as selector:
        for download in crowd:
            selector.register(download.socket, selectors.EVENT_READ, download)
        while selector.get_map():
            ready = selector.select(TICK_S)
            for key, _ in ready:
                key.data.advance()
                if key.data.ended:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
            silent = None if ready else silent or time_limit.timer()
            if total.is_over() or (silent and silent.is_over()):
                break
    for download in crowd:
        if not download.ended:
            download.ended = "silence"
            download.socket.close()
