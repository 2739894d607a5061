"""What a client does while calls fail, and what may come to it.

A scenario is played at a venue (venue.py), which gives it clients, and returns what each of its
connections received. The right answers are learned from a run without faults, and are compared with
the files before anything else is compared with them.
"""
import gzip
import json
import os
import random
from typing import NamedTuple

from client import request_bytes
from judging import Encoded, Exact, end_of_answer, take_chunks
from observe import wait_until

LONG_AGO = 1_600_000_000  # when all files were changed
LARGE = 1_200_000  # five blocks of a dynamic file, two turns of a static one
KINDS = ("static", "dynamic")
HUGE = 5 << 20  # more than a socket's buffer takes (tcp_wmem): the server must wait for its client
SLOW = 1 << 16  # bytes of a slow reader's buffer
CLOSE = ("Connection", "close")
GZIP = ("Accept-Encoding", "gzip")
JSON = ("Accept", "application/json")


def prose(size):
    """Text that gets much smaller, with no two lines alike."""
    lines = (f"Line {n} is {n * 7919 % 10007} of many.\n" for n in range(size // 20 + 1))
    return "".join(lines).encode()[:size]


def make_files(root):
    """The files that all scenarios are about."""
    for kind in KINDS:
        (root / kind).mkdir(parents=True)
        for name, size in (("small", 1000), ("large", LARGE), ("huge", HUGE)):
            (root / kind / name).write_bytes(random.Random(f"{kind}{name}").randbytes(size))
    (root / "static/ready.css").write_bytes(prose(50_000))
    (root / "static/ready.css.gz").write_bytes(gzip.compress(prose(50_000)))
    (root / "dynamic/prose.txt").write_bytes(prose(LARGE))
    (root / "dynamic/link").symlink_to("../static/small")
    (root / "static/folder").mkdir()
    for number in range(300):
        (root / f"static/folder/{number}").write_bytes(b"x" * number)
    for file in root.glob("*/*"):
        os.utime(file, (LONG_AGO, LONG_AGO))


class Ask(NamedTuple):
    """A request, and what is known beforehand of the answer to it."""
    target: str
    status: int = 200
    method: str = "GET"
    fields: tuple = ()
    parts: tuple = ()  # of the file, that were asked for: (begin, end)
    chunked: bool = False
    falls_back: bool = False  # to the file itself, where its compressed form cannot be had

    @property
    def bytes(self):
        return request_bytes(self.target, self.method, headers=self.fields)

    @property
    def has_body(self):
        return self.method != "HEAD"

    @property
    def plain(self):
        return self._replace(fields=tuple(field for field in self.fields if field != GZIP),
                             chunked=False, falls_back=False)


def ask_parts(target, parts):
    """Asks for some (begin, end) of a file."""
    ranges = ",".join(f"{begin}-{end - 1}" for begin, end in parts)
    return Ask(target, 206, fields=(("Range", f"bytes={ranges}"),), parts=tuple(parts))


class Talk(NamedTuple):
    """What one connection came to."""
    asks: tuple
    received: bytearray
    left: bool = False  # the client went away


class Scenario:
    """One client asks, takes the answers, and ends its side behind the last request.

    The requests go out one after the other, or at once if `pipelined`. One with a `receive_buffer`
    reads slowly. One that `leaves_after` so many bytes resets its connection.
    """
    ends_server = False

    def __init__(self, name, *asks, pipelined=False, receive_buffer=None, leaves_after=None):
        self.name, self.asks, self.pipelined = name, asks, pipelined
        self.receive_buffer, self.leaves_after = receive_buffer, leaves_after

    def play(self, venue):
        received = bytearray()
        with venue.client(self.receive_buffer) as visitor:
            if self.pipelined:
                visitor.say(b"".join(ask.bytes for ask in self.asks))
            for ask in self.asks:
                if not self.pipelined:
                    visitor.say(ask.bytes)
                if ask is self.asks[-1] and self.leaves_after is None:
                    visitor.half_close()
                if not self.take_answer(visitor, ask, received):
                    break
            else:
                received += visitor.take_rest() if self.leaves_after is None else b""
            if self.leaves_after is not None:
                visitor.reset()
        return [Talk(self.asks, received, left=self.leaves_after is not None)]

    def take_answer(self, visitor, ask, received):
        """Takes what comes until the answer is there; False if it will not come."""
        begin = len(received)
        while end_of_answer(received, begin, ask.has_body) is None:
            if self.leaves_after is not None and len(received) >= self.leaves_after:
                return False
            data = visitor.take(SLOW if self.receive_buffer else 1 << 18)
            received += data
            if not data:
                return False
        return True


class Shutdown(Scenario):
    """The server is told to stop when the answer has begun to arrive; it finishes it, and ends."""
    ends_server = True

    def __init__(self, name, *asks):
        super().__init__(name, *asks, receive_buffer=SLOW)

    def play(self, venue):
        received = bytearray()
        with venue.client(self.receive_buffer) as visitor:
            visitor.say(self.asks[0].bytes)
            received += visitor.take(SLOW)
            venue.terminate()
            received += visitor.take_rest()
        return [Talk(self.asks, received)]


def all_scenarios():
    """name → Scenario."""
    one, three = [(100_000, 600_000)], [(0, 100), (1000, 2000), (500_000, LARGE)]
    mixed = [Ask("/static/small"), Ask("/dynamic/large"), Ask("/static/missing", 404),
             Ask("/dynamic/link"), Ask("/static/large"), Ask("/dynamic/small", method="HEAD"),
             Ask("/dynamic/small"), Ask("/static/small", fields=(CLOSE,))]
    scenarios = [
        *(Scenario(f"{kind}-{size}", Ask(f"/{kind}/{size}"))
          for kind in KINDS for size in ("small", "large")),
        *(Scenario(f"{kind}-close", Ask(f"/{kind}/small", fields=(CLOSE,)))
          for kind in KINDS),
        *(Scenario(f"{kind}-range", ask_parts(f"/{kind}/large", one)) for kind in KINDS),
        *(Scenario(f"{kind}-parts", ask_parts(f"/{kind}/large", three)) for kind in KINDS),
        Scenario("kept", *mixed),
        Scenario("pipelined", *mixed, pipelined=True),
        Scenario("head", Ask("/static/large", method="HEAD"), Ask("/dynamic/large", method="HEAD")),
        Scenario("404", Ask("/static/missing", 404), Ask("/dynamic/missing/x", 404)),
        Scenario("compressed", Ask("/dynamic/prose.txt", fields=(GZIP,), chunked=True,
                                   falls_back=True)),
        Scenario("precompressed", Ask("/static/ready.css", fields=(GZIP,), falls_back=True)),
        Scenario("listing", Ask("/static/folder/", fields=(JSON,), chunked=True)),
        *(Scenario(f"{kind}-slow", Ask(f"/{kind}/huge"), receive_buffer=SLOW) for kind in KINDS),
        *(Scenario(f"{kind}-reset", Ask(f"/{kind}/huge"), receive_buffer=SLOW,
                   leaves_after=10_000) for kind in KINDS),
        *(Shutdown(f"{kind}-shutdown", Ask(f"/{kind}/huge", fields=(CLOSE,))) for kind in KINDS),
    ]
    return {scenario.name: scenario for scenario in scenarios}


class RightAnswers:
    """Ask → its right forms, learned from a venue where nothing fails."""

    def __init__(self, venue, root):
        self.root, self.forms = root, {}
        wait_until(lambda: venue.server.get("/dynamic/prose.txt")["ETag"].startswith('"'),
                   "the files are old enough to have strong tags")
        asks = {ask for scenario in all_scenarios().values() for ask in scenario.asks}
        for ask in asks:
            forms = [self.learn(venue, ask)]
            if ask.falls_back:
                forms.append(self.learn(venue, ask.plain))
            self.forms[ask] = forms

    def __getitem__(self, ask):
        return self.forms[ask]

    def learn(self, venue, ask):
        [talk] = Scenario("learning", ask).play(venue)
        answer = bytes(talk.received)
        head, body = answer.split(b"\r\n\r\n", 1)
        assert head.startswith(f"HTTP/1.1 {ask.status} ".encode()), f"{ask}: {head}"
        assert end_of_answer(answer, 0, ask.has_body) == len(answer), f"{ask}: {head}"
        if ask.chunked and GZIP in ask.fields:
            content = (self.root / ask.target[1:]).read_bytes()
            form = Encoded(answer, content)
            assert form.match(answer).whole, f"{ask}: its chunks do not hold the file"
            return form
        self.check_body(ask, head, body)
        return Exact(answer)

    def check_body(self, ask, head, body):
        """The body is what the files say it must be."""
        if ask.target.endswith("/"):
            entries = json.loads(b"".join(take_chunks(body, 0)[:1]))["entries"]
            sizes = {entry["name"]: entry["size"] for entry in entries}
            folder = self.root / ask.target[1:]
            assert sizes == {file.name: file.stat().st_size for file in folder.iterdir()}
        elif ask.status != 404:
            file = (self.root / ask.target[1:]).read_bytes()
            if b"Content-Encoding: gzip" in head:
                body = gzip.decompress(body)
            parts = [file[begin:end] for begin, end in ask.parts] or [file]
            if len(parts) > 1:
                assert all(part in body for part in parts), f"{ask}: a part is missing"
            else:
                assert body == (parts[0] if ask.has_body else b""), f"{ask}: not the file's bytes"
