"""What Range asks for and what a 206 brings, said the slow and obvious way.

The parser takes multipart/byteranges as this server must write it, and not a byte otherwise.
"""
import re
from typing import NamedTuple

MEMBER_LIMIT = 64  # more members in one list, and the list is ignored
GAP = 100          # ranges with fewer bytes between them are sent as one
CONTENT_RANGE = re.compile(r"bytes (0|[1-9]\d*)-(0|[1-9]\d*)/(0|[1-9]\d*)")
BOUNDARY = re.compile(r"multipart/byteranges; boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})")


class Part(NamedTuple):
    first: int
    last: int
    fields: dict
    body: bytes


def content_range(text, length):
    """(first, last) of a Content-Range's value, which must fit a file of `length` bytes."""
    match = CONTENT_RANGE.fullmatch(text or "")
    assert match, f"no Content-Range: {text!r}"
    first, last, total = map(int, match.groups())
    assert first <= last < total == length, text
    return first, last


def parts_of(answer, length):
    """The parts of a 206 of a file of `length` bytes. Anything out of form fails: RFC 9110 section
    14.6, RFC 2046 section 5.1.1. Their sizes together are the Content-Length exactly."""
    assert answer.status == 206, answer
    if answer["Content-Range"] is not None:
        first, last = content_range(answer["Content-Range"], length)
        assert len(answer.body) == last - first + 1 == int(answer["Content-Length"]), answer
        return [Part(first, last, dict(answer.fields), answer.body)]
    boundary = BOUNDARY.fullmatch(answer["Content-Type"] or "")
    assert boundary, answer
    assert int(answer["Content-Length"]) == len(answer.body), answer
    return parse_multipart(answer.body, boundary.group(1).encode(), length)


def parse_multipart(body, boundary, length):
    delimiter, at, parts = b"\r\n--" + boundary, 0, []  # the first one, too: see test_download_clients.py

    def take(expected):
        nonlocal at
        found = body[at:at + len(expected)]
        assert found == expected, f"at {at}: {found!r}, not {expected!r}"
        at += len(expected)
    take(delimiter)
    while body[at:at + 2] == b"\r\n":
        take(b"\r\n")
        end = body.index(b"\r\n\r\n", at)
        lines = [line.split(": ", 1) for line in body[at:end].decode("ascii").split("\r\n")]
        fields = {name.lower(): value for name, value in lines}
        assert len(fields) == len(lines) and fields.keys() <= {"content-type", "content-range"}
        first, last = content_range(fields["content-range"], length)
        at = end + 4 + last - first + 1
        parts.append(Part(first, last, fields, body[end + 4:at]))
        assert boundary not in parts[-1].body, "the boundary occurs in the file"
        take(delimiter)
    take(b"--\r\n")
    assert at == len(body), f"{len(body) - at} bytes behind the end"
    assert len(parts) > 1, "a multipart of one part: RFC 9110 section 15.3.7.1"
    return parts


def resolved(specs, length):
    """What each of `specs`, such as "0-9", "5-" or "-3", means for a file of `length` bytes:
    (first, last), or None where it means nothing."""
    ranges = []
    for spec in specs:
        first, last = spec.split("-")
        if first:
            first, last = int(first), min(int(last or length), length - 1)
        else:
            first, last = max(length - int(last), 0), length - 1
        ranges.append((first, last) if first <= last else None)
    return ranges


def check_answer(answer, specs, content):
    """That `answer` is right for "bytes=" and well-formed `specs` of the file `content`."""
    length = len(content)
    ranges = [span for span in resolved(specs, length) if span]
    asked = sum(last - first + 1 for first, last in ranges)
    if len(specs) > MEMBER_LIMIT or asked > length:
        assert (answer.status, answer.body == content) == (200, True), answer
        return
    if not ranges:
        assert answer.status == 416, answer
        assert answer["Content-Range"] == f"bytes */{length}", answer
        return
    if answer.status == 200:
        assert len(ranges) > 1, "one range is never too much"
        # A part's head is some 70 bytes and more: only for their sake may the file be shorter.
        assert asked + (len(ranges) + 1) * 150 > length, f"the whole file for {asked} bytes"
        assert answer.body == content
        return
    check_parts(parts_of(answer, length), ranges, content)
    assert int(answer["Content-Length"]) <= length, "longer than the file"


def check_parts(parts, ranges, content):
    """That `parts` bring the bytes of `ranges` once, in their order, joined where they nearly
    touch."""
    for part in parts:
        assert part.body == content[part.first:part.last + 1], f"{part.first}-{part.last} is wrong"
        within = [span for span in ranges if part.first <= span[0] and span[1] <= part.last]
        starts = sorted(within)
        assert starts and starts[0][0] == part.first, f"{part.first} was not asked for"
        reach = starts[0][1]
        for first, last in starts:
            assert first - reach - 1 < GAP, f"{reach}-{first} was not asked for"
            reach = max(reach, last)
        assert reach == part.last, f"{part.last} was not asked for"
    homes = [[number for number, part in enumerate(parts)
              if part.first <= first and last <= part.last] for first, last in ranges]
    assert all(len(home) == 1 for home in homes), "each range is in exactly one part"
    order = list(dict.fromkeys(home[0] for home in homes))
    assert order == list(range(len(parts))), "parts are in the order they were asked for"
    ordered = sorted(parts)
    for left, right in zip(ordered, ordered[1:]):
        assert right.first - left.last - 1 >= GAP, "parts that nearly touch"
