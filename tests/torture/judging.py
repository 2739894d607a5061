"""Whether what arrived on a connection is right: byte for byte what it would have been without
faults, or an honest part of that.

An answer has several right *forms*: the one that comes when nothing fails; others that are as good
(the file itself where its compressed form could not be opened); and, if the plan allows it, an
error's page. A stream must be whole answers in order, then perhaps the beginning of one.
"""
import re
import zlib
from typing import NamedTuple

DATE = re.compile(rb"\r\nDate: ([A-Z][^\r]{28})\r\n")
BOUNDARY = re.compile(rb"boundary=(part[0-9a-f]{16})\r\n")


class Match(NamedTuple):
    """A form fits the stream: with its first `length` bytes, to the answer's end or not."""
    length: int
    whole: bool


class Exact:
    """One answer, byte for byte, but for its date and the boundary it chose for its parts."""
    is_right = True

    def __init__(self, answer):
        self.answer = answer
        self.varying = []  # (begin, end), in order
        if date := DATE.search(answer):
            self.varying.append(date.span(1))
        self.boundaries = []
        if boundary := BOUNDARY.search(answer):
            self.boundaries = [found.span() for found in re.finditer(boundary[1], answer)]
        self.varying += self.boundaries

    def match(self, stream):
        stream = stream[:len(self.answer)]
        at = 0
        for begin, end in [*self.varying, (len(stream), 0)]:
            if stream[at:begin] != self.answer[at:min(begin, len(stream))]:
                return None
            at = end
        chosen = [stream[begin:end] for begin, end in self.boundaries]
        if not all(chosen[0].startswith(boundary) for boundary in chosen):
            return None
        return Match(len(stream), len(stream) == len(self.answer))

    def difference(self, stream):
        """Where the stream goes wrong, for a message."""
        for at, (came, wanted) in enumerate(zip(stream, self.answer)):
            if came != wanted and not any(begin <= at < end for begin, end in self.varying):
                around = slice(max(0, at - 20), at + 20)
                return f"at byte {at} of {len(self.answer)}: it is {stream[around]} there, " \
                       f"not {self.answer[around]}"
        return "in its boundaries"


class Encoded:
    """An answer of this head whose chunks hold `content`, compressed by gzip. Where the chunks
    begin and end depends on how the file was read, so they are looked through."""
    is_right = True

    def __init__(self, answer, content):
        self.head = Exact(answer[:answer.index(b"\r\n\r\n") + 4])
        self.content = content

    def match(self, stream):
        head = self.head.match(stream)
        if head is None or not head.whole:
            return head
        payload, length, whole = take_chunks(stream, head.length)
        if payload is None:
            return None
        gzip = zlib.decompressobj(wbits=31)
        try:
            content = gzip.decompress(payload)
        except zlib.error:
            return None
        if whole:
            right = content == self.content and gzip.eof and not gzip.unused_data
        else:
            right = self.content.startswith(content)
        return Match(length, whole) if right else None

    def difference(self, stream):
        return self.head.difference(stream) if self.head.match(stream) is None else \
            "the chunks do not hold the file"


def take_chunks(stream, at):
    """The chunks' payload, where they end, and whether the last one came; (None, 0, False) if
    these are no chunks."""
    payload = bytearray()
    while at < len(stream):
        line = re.compile(rb"([0-9a-f]{1,8})\r\n").match(stream, at)
        if line is None:
            beginning = re.compile(rb"[0-9a-f]{0,8}\r?\Z").match(stream, at)
            return (payload, len(stream), False) if beginning else (None, 0, False)
        size, at = int(line[1], 16), line.end()
        payload += stream[at:at + size]
        behind = stream[at + size:at + size + 2]
        if not b"\r\n".startswith(behind):
            return None, 0, False
        at += size + 2
        if size == 0 and behind == b"\r\n":
            return payload, at, True
    return payload, len(stream), False


class ErrorPage:
    """A page that says that something failed: of one of these statuses, well-formed."""
    is_right = False

    PREFIX = b"HTTP/1.1 "
    FIELD = re.compile(rb"[A-Za-z-]+: [\x20-\x7e]+")

    def __init__(self, statuses, has_body=True):
        self.statuses, self.has_body = statuses, has_body

    def match(self, stream):
        head, separator, body = stream.partition(b"\r\n\r\n")
        status = head[len(self.PREFIX):len(self.PREFIX) + 3]
        begins_right = head.startswith(self.PREFIX[:len(head)]) and \
            any(str(one).encode().startswith(status) for one in self.statuses)
        if not begins_right:
            return None
        if not separator:
            return Match(len(stream), False)
        first, *fields = head.split(b"\r\n")
        if not re.fullmatch(rb"HTTP/1\.1 \d{3} [A-Za-z ]+", first) or \
                not all(self.FIELD.fullmatch(field) for field in fields):
            return None
        lengths = [field[16:] for field in fields if field.startswith(b"Content-Length: ")]
        if len(lengths) != 1 or not lengths[0].isdigit():
            return None
        length = int(lengths[0]) if self.has_body else 0
        body = body[:length]
        whole = len(body) == length
        if whole and length and not (body.startswith(b"<!DOCTYPE html>\n") and
                                     b"<h1>" + status in body and body.endswith(b"</html>\n")):
            return None
        return Match(len(head) + 4 + len(body), whole)


def end_of_answer(stream, at, has_body):
    """Where the answer that begins at `at` ends by its own account; None if that did not come
    yet. Rubbish never ends."""
    head_end = stream.find(b"\r\n\r\n", at)
    if head_end < 0:
        return None
    head, end = bytes(stream[at:head_end + 2]), head_end + 4
    if has_body and b"\r\nTransfer-Encoding: chunked\r\n" in head:
        _, end, whole = take_chunks(bytes(stream), end)
        return end if whole else None
    length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
    end += int(length[1]) if length and has_body else 0
    return end if end <= len(stream) else None


class Judgement(NamedTuple):
    right: int  # answers that came whole, as they would have without faults
    problem: str  # what is wrong with the bytes; empty if nothing is


def judge(stream, expected):
    """Looks at what came on one connection. `expected` has the forms that each answer may have, in
    order."""
    stream, right, at = bytes(stream), 0, 0
    for number, forms in enumerate(expected, 1):
        rest = stream[at:]
        matches = [(found, form) for form in forms if (found := form.match(rest))]
        if not matches:
            return Judgement(right, f"answer {number} is wrong {forms[0].difference(rest)}")
        match, form = next((one for one in matches if one[0].whole), matches[0])
        at += match.length
        right += match.whole and form.is_right
        if not match.whole:
            break
    if at < len(stream):
        return Judgement(right, f"behind the answers came {stream[at:at + 60]}")
    return Judgement(right, "")
