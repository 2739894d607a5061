"""An HTTP response as a client sees it, taken apart without trust. See RFC 9112, sections 4 to 6."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional


@dataclass
class Response:
    """What came, and how it ended: "length" (all that was announced), "eof", "reset", "silence" or "refused"."""
    raw: bytes = b""
    ended: str = ""
    status: Optional[int] = None
    status_line: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    head_complete: bool = False

    @property
    def content_length(self) -> Optional[int]:
        text = self.fields.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def framed(self) -> bool:
        """Whether the client can tell where the body ends: by its length, or by the connection's end."""
        if not self.head_complete:
            return False
        if self.content_length is not None:
            return len(self.body) == self.content_length
        return self.ended in ("eof", "length")

    def describe(self) -> str:
        """In words, for a person who wants to know why a test failed."""
        endings = {"eof": "then the end of the connection", "reset": "then a reset", "length": "complete",
                   "silence": "then nothing more for as long as the test waits", "refused": "connection refused"}
        how = endings.get(self.ended, "then the test read no further")
        if not self.raw:
            return f"nothing, {how}" if self.ended != "refused" else "connection refused"
        if self.status is None:
            return f"{self.raw[:60]!r}, {how}"
        announced = f" of {self.content_length}" if self.content_length is not None else ""
        head = "" if self.head_complete else ", its head without the empty line at the end"
        return f"{self.status_line!r}{head}, {len(self.body)}{announced} bytes of body, {how}"


def parse(raw: bytes, ended: str, head_only: bool = False) -> Response:
    """Takes apart what has come so far."""
    response = Response(raw=bytes(raw), ended=ended)
    head, separator, rest = bytes(raw).partition(b"\r\n\r\n")
    response.head_complete = bool(separator)
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if words[0].startswith("HTTP/") and len(words) > 1 and words[1].isdigit() and len(words[1]) == 3:
        response.status, response.status_line = int(words[1]), lines[0]
    for line in lines[1:]:
        key, colon, value = line.partition(":")
        if colon:
            response.fields[key.strip().lower()] = value.strip()
    if separator and not head_only:
        response.body = rest if response.content_length is None else rest[:response.content_length]
    return response


def expected_size(raw: bytearray, head_only: bool) -> Optional[int]:
    """How many bytes the whole response has, once its head says so; None: not known, or up to the end."""
    end = raw.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = parse(bytes(raw[:end + 4]), "", head_only)
    if head_only or head.status in (204, 304):
        return end + 4
    return None if head.content_length is None else end + 4 + head.content_length
