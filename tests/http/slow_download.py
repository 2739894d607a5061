"""A download that stands still where a test wants it to, the server waiting for its client."""
import fcntl
import socket
import struct
import subprocess
import termios
from pathlib import Path

from client import Client
from conftest import SHIM
from observe import is_asleep, wait_until

RECEIVE_BUFFER = 16 * 1024
AHEAD = 128 * 1024  # what the server may be ahead of such a client: both kernels' buffers


def small_send_buffers(folder, shim):
    """The environment of a server for slow downloads."""
    library = folder / "small_send_buffers.so"
    source = Path(__file__).with_name("small_send_buffers.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
    return {"LD_PRELOAD": f"{SHIM} {library}" if shim else str(library)}


class SlowDownload:
    """One GET on a connection of its own. A context manager."""

    def __init__(self, server, target):
        self.server = server
        self.body = b""
        self.client = Client(server.port, receive_buffer=RECEIVE_BUFFER)
        self.client.request(target)
        while not (head := self.client.buffer).endswith(b"\r\n\r\n"):
            self.client.buffer += self.client.socket.recv(1)
            assert self.client.buffer != head, "no whole head came"
        self.client.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def read_to(self, offset):
        """Reads the body to exactly there, and waits until the server can do nothing more."""
        self._read(offset)
        assert len(self.body) == offset, f"the stream ended at {len(self.body)}"
        self._wait_until_blocked()

    def read_on(self, size):
        """Reads on at full speed, until the body has `size` bytes or ends; returns all of it."""
        self.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._read(size)
        return self.body

    def _read(self, size):
        parts, have = [self.body], len(self.body)
        while have < size and (data := self.client.socket.recv(size - have)):
            parts.append(data)
            have += len(data)
        self.body = b"".join(parts)

    def _wait_until_blocked(self):
        """The server sleeps, its end of the connection is full, and both stay so."""
        seen = []

        def is_still():
            seen.append((is_asleep(self.server.pid), self._waiting_here(), self._waiting_there()))
            asleep, here, there = seen[-1]
            return asleep and there > 0 and seen[-3:] == [(asleep, here, there)] * 3
        wait_until(is_still, "the server waits for its client")
        assert sum(seen[-1][1:]) <= AHEAD, f"the kernels hold {seen[-1][1:]}"

    def _waiting_here(self):
        """Bytes that came and were not read."""
        number = fcntl.ioctl(self.client.socket, termios.FIONREAD, b"\0" * 4)
        return struct.unpack("i", number)[0]

    def _waiting_there(self):
        """Bytes in the server's send buffer, as /proc tells them of its end of the connection."""
        ends = [f":{port:04X}" for port in (self.server.port, self.client.socket.getsockname()[1])]
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table, encoding="ascii") as file:
                for line in file:
                    words = line.split()
                    if words[1].endswith(ends[0]) and words[2].endswith(ends[1]):
                        return int(words[4].split(":")[0], 16)
        raise AssertionError("the server's end of the connection is gone")
