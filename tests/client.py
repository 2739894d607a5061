"""A small HTTP client that hides nothing: bytes out, bytes in, and the answer's parts as sent."""
import re
import socket
import struct


class Answer:
    """One answer. `fields` are (name in lower case, value) in the order they came; `chunks` are the
    sizes of a chunked body's chunks, None for any other."""

    def __init__(self, version, status, reason, fields, body):
        self.version, self.status, self.reason = version, status, reason
        self.fields, self.body, self.chunks = fields, body, None

    def __getitem__(self, name):
        """The field's value; None if it is absent. More than one is an error."""
        values = [value for key, value in self.fields if key == name.lower()]
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {len(self.body)} bytes>"


class Client:
    """A connection to 127.0.0.1. A context manager; closing it twice is fine."""

    def __init__(self, port, timeout=30, receive_buffer=None, address="127.0.0.1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((address, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection with a reset (RST)."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.socket.sendall(data)

    def request(self, target, method="GET", version="HTTP/1.1", headers=(), host="localhost"):
        self.send(request_bytes(target, method, version, headers, host))

    def receive(self):
        """More bytes into the buffer; False at the end of the stream."""
        data = self.socket.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def answer(self, method="GET"):
        """Reads one whole answer. A short one is an EOFError; one that tells its length in no way
        or in two, or has not the chunks of RFC 9112 section 7.1, an AssertionError."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.receive():
                raise EOFError(f"the stream ended in {self.buffer!r}")
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, reason = first.split(" ", 2)
        fields = []
        for line in lines:
            name, value = line.split(":", 1)
            fields.append((name.lower(), value.strip()))
        answer = Answer(version, int(status), reason, fields, b"")
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if answer["transfer-encoding"] is not None:
            assert (answer["transfer-encoding"], answer["content-length"]) == ("chunked", None)
            answer.body, answer.chunks = self._read_chunks()
        elif answer["content-length"] is not None:
            answer.body = self._read_exactly(int(answer["content-length"]))
        else:
            assert answer["connection"] == "close", f"{answer} does not tell its length"
            answer.body = self._read_to_end()
        return answer

    def _read_exactly(self, length):
        parts, size = [self.buffer], len(self.buffer)
        while size < length:
            data = self.socket.recv(1 << 20)
            if not data:
                raise EOFError(f"{size} of {length} bytes came")
            parts.append(data)
            size += len(data)
        whole = b"".join(parts)
        self.buffer = whole[length:]
        return whole[:length]

    def _read_to_end(self):
        parts, self.buffer = [self.buffer], b""
        while data := self.socket.recv(1 << 20):
            parts.append(data)
        return b"".join(parts)

    def _read_chunks(self):
        """The body and the sizes of its chunks. There must be no extensions and no trailers."""
        data, at, body, sizes = bytearray(self.buffer), 0, bytearray(), []

        def need(end):
            while len(data) < end:
                more = self.socket.recv(1 << 18)
                if not more:
                    raise EOFError(f"the stream ended behind {len(sizes)} chunks")
                data.extend(more)

        while not sizes or sizes[-1]:
            line = None
            while not line:
                line = re.compile(rb"([0-9a-fA-F]{1,16})\r\n").match(data, at)
                if not line:
                    assert len(data) - at < 18, f"no chunk's size: {bytes(data[at:at + 40])}"
                    need(len(data) + 1)
            size = int(line[1], 16)
            need(line.end() + size + 2)
            body += data[line.end():line.end() + size]
            at = line.end() + size + 2
            assert data[at - 2:at] == b"\r\n", f"behind a chunk of {size} comes {data[at - 2:at]}"
            sizes.append(size)
        self.buffer = bytes(data[at:])
        return bytes(body), sizes[:-1]

    def at_end(self):
        """Whether the server ends the stream now, with nothing more in it. Waits for either."""
        return not self.buffer and not self.receive()


def request_bytes(target, method="GET", version="HTTP/1.1", headers=(), host="localhost"):
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
