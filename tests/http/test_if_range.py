"""If-Range: a part of the same version, or the whole of the new one. RFC 9110 section 13.1.5."""
import gzip
import os
import time
from email.utils import formatdate

import pytest

from conftest import KINDS, write_file
from observe import wait_until
from serving import serving

SIZE = 1000
MODIFIED = 784111777
THEN = formatdate(MODIFIED, usegmt=True)
PART = ("Range", "bytes=5-9")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("if_range")
    for kind in KINDS:
        text = write_file(root / kind / "x.txt", SIZE)
        (root / kind / "x.txt.gz").write_bytes(gzip.compress(text, mtime=0))
        for name in ("x.txt", "x.txt.gz"):
            os.utime(root / kind / name, (MODIFIED, MODIFIED))
    return root


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


def tag_of(server, kind, *fields):
    def ask():
        tag = server.get(f"/{kind}/x.txt", "HEAD", fields)["ETag"]
        return tag if tag.startswith('"') else None
    return wait_until(ask, "the file's tag is strong", 10)


ROWS = [  # section, what it says, its value, status
    ("13.1.5", "its tag", "{tag}", 206),
    ("13.1.5", "a weak tag never matches", "W/{tag}", 200),
    ("13.1.5", "another tag", '"other"', 200),
    ("13.1.5", "an empty tag", '""', 200),
    ("13.1.5", "a list is malformed", '"other", {tag}', 200),
    ("13.1.5", "a list of the same", "{tag}, {tag}", 200),
    ("13.1.5", "a star is malformed", "*", 200),
    ("13.1.5", "a tag without quotes", "{bare}", 200),
    ("13.1.5", "half a quote", '"{bare}', 200),
    ("13.1.5", "a tag and rubbish", "{tag} x", 200),
    ("13.1.5", "empty", "", 200),
    ("13.1.5", "its time", THEN, 206),
    ("5.6.7", "its time as rfc850-date", "Sunday, 06-Nov-94 08:49:37 GMT", 206),
    ("5.6.7", "its time as asctime-date", "Sun Nov  6 08:49:37 1994", 206),
    ("13.1.5", "a second before", formatdate(MODIFIED - 1, usegmt=True), 200),
    ("13.1.5", "a second later: exactly it must be", formatdate(MODIFIED + 1, usegmt=True), 200),
    ("13.1.5", "no date", "yesterday", 200),
    ("13.1.5", "a date in lower case", THEN.lower(), 200),
]


@pytest.mark.parametrize("value, status", [row[2:] for row in ROWS],
                         ids=[f"{section} {what}" for section, what, *_ in ROWS])
def test_if_range(server, kind, value, status):
    tag = tag_of(server, kind)
    value = value.replace("{tag}", tag).replace("{bare}", tag[1:-1])
    answer = server.get(f"/{kind}/x.txt", headers=[PART, ("If-Range", value)])
    assert (answer.status, len(answer.body)) == (status, 5 if status == 206 else SIZE)


def test_14_2_without_range_it_is_ignored(server, kind):
    assert server.get(f"/{kind}/x.txt", headers=[("If-Range", '"x"')]).status == 200


def test_a_range_that_is_not_there_of_another_version_is_no_416(server, kind):
    for condition, status in (('"other"', 200), (tag_of(server, kind), 416)):
        fields = [("Range", f"bytes={SIZE}-"), ("If-Range", condition)]
        assert server.get(f"/{kind}/x.txt", headers=fields).status == status


def test_two_fields_name_no_version(server, kind):
    both = [("If-Range", tag_of(server, kind))] * 2
    assert server.get(f"/{kind}/x.txt", headers=[PART, *both]).status == 200


def test_8_8_2_2_a_date_whose_second_is_not_over_is_no_proof(server, root, kind):
    """The file may change again within this second, so a part could be of another version."""
    path = root / kind / "now"
    for attempt in range(200):
        path.write_bytes(b"0123456789")
        modified = int(path.stat().st_mtime)
        date = formatdate(modified, usegmt=True)
        answer = server.get(f"/{kind}/now", headers=[PART, ("If-Range", date)])
        if int(time.time()) == modified:  # else the second went by meanwhile
            assert answer.status == 200
            return
    pytest.fail(f"no answer came within its second in {attempt} attempts")


GZIP = ("Accept-Encoding", "gzip")


def test_a_precompressed_file_has_ranges_of_its_own(server, root, kind):
    stored = (root / kind / "x.txt.gz").read_bytes()
    answer = server.get(f"/{kind}/x.txt", headers=[PART, GZIP])
    assert (answer.status, answer.body) == (206, stored[5:10])
    assert answer["Content-Range"] == f"bytes 5-9/{len(stored)}"
    assert (answer["Content-Encoding"], answer["Vary"]) == ("gzip", "Accept-Encoding")
    assert answer["Content-Type"] == "text/plain; charset=utf-8", "that of the file itself"
    assert answer["ETag"] == tag_of(server, kind, GZIP)


def test_several_ranges_of_a_precompressed_file(server, root, kind):
    stored = (root / kind / "x.txt.gz").read_bytes()
    answer = server.get(f"/{kind}/x.txt", headers=[("Range", "bytes=0-1,-8"), GZIP])
    assert (answer.status, answer["Content-Encoding"]) == (206, "gzip")
    assert stored[:2] + b"\r\n" in answer.body
    assert stored[-8:] + b"\r\n" in answer.body


def test_a_range_beyond_a_precompressed_file(server, root, kind):
    stored = len((root / kind / "x.txt.gz").read_bytes())
    answer = server.get(f"/{kind}/x.txt", headers=[("Range", f"bytes={stored}-"), GZIP])
    assert (answer.status, answer["Content-Range"]) == (416, f"bytes */{stored}")
    assert answer["Vary"] == "Accept-Encoding"


def test_a_part_is_never_of_another_encoding(server, kind):
    """The tag of the one form with a request for the other: all of that other, from its start."""
    plain, packed = tag_of(server, kind), tag_of(server, kind, GZIP)
    assert plain != packed
    for tag, fields, status, encoding in (
            (plain, [], 206, None), (packed, [], 200, None),
            (plain, [GZIP], 200, "gzip"), (packed, [GZIP], 206, "gzip")):
        answer = server.get(f"/{kind}/x.txt", headers=[PART, ("If-Range", tag), *fields])
        assert (answer.status, answer["Content-Encoding"]) == (status, encoding)


def test_ranges_are_not_of_what_is_compressed_on_the_way(server, root):
    """Its bytes could not be made again exactly, so a range is one of the file."""
    content = write_file(root / "dynamic/y.txt", 5000)
    answer = server.get("/dynamic/y.txt", headers=[PART, GZIP])
    assert (answer.status, answer["Content-Encoding"]) == (206, None)
    assert answer.body == content[5:10]
    assert answer["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("value", ["bytes=5-9", "bytes=0-0,900-900", "bytes=9999-", "x"])
def test_14_2_range_changes_nothing_about_a_head(server, root, kind, value):
    """Not even which form of the file is chosen."""
    write_file(root / kind / "z.txt", 5000)
    plain, ranged = (server.get(f"/{kind}/z.txt", "HEAD", [GZIP, *fields])
                     for fields in ([], [("Range", value)]))
    same = ["content-encoding", "content-length", "content-type", "accept-ranges",
            "transfer-encoding", "vary"]
    assert [ranged[name] for name in same] == [plain[name] for name in same]
    assert (ranged.status, ranged["Content-Range"]) == (200, None)
