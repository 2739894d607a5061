"""One range of a file, and all that is none: RFC 9110 section 14."""
import os

import pytest

from byteranges import check_answer, parts_of, resolved
from client import request_bytes
from codings import strong_tag
from conftest import KINDS, write_file
from serving import KEPT, difference, fate, serving

BLOCK = 256 << 10  # what the dynamic engine reads at a time
SIZE = 3 * BLOCK + 1234
SPARSE = (5 << 30) + 17
MARKS = {0: b"at its start", (1 << 32) - 8: b"across 4 GiB!!!!", SPARSE - 9: b"its tail!"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("ranges")
    for kind in KINDS:
        write_file(root / kind / "x", SIZE)
        os.utime(root / kind / "x", (1_000_000_000, 1_000_000_000))
        write_file(root / kind / "one", 1)
        write_file(root / kind / "empty", 0)
        with open(root / kind / "sparse", "wb") as file:
            os.truncate(file.fileno(), SPARSE)
            for offset, mark in MARKS.items():
                os.pwrite(file.fileno(), mark, offset)
    return root


@pytest.fixture(scope="module")
def content(root):
    return (root / "static/x").read_bytes()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


def get_range(server, target, value, *fields):
    return server.get(target, headers=[("Range", value), *fields])


SINGLE = [  # section, spec
    ("14.1.2 first byte", "0-0"), ("14.1.2 from a first to a last", "500-999"),
    ("14.1.2 open-ended", "9500-"), ("14.1.2 whole, open-ended", "0-"),
    ("14.1.2 whole", f"0-{SIZE - 1}"), ("14.1.2 last byte", f"{SIZE - 1}-"),
    ("14.1.2 beyond the end", f"1-{SIZE}"), ("14.1.2 suffix", "-500"),
    ("14.1.2 suffix of one", "-1"), ("14.1.2 suffix of all", f"-{SIZE}"),
    ("14.1.2 suffix longer than the file", f"-{SIZE + 1}"),
    ("14.1.2 leading zeros", "0000000000000000000000000000007-0000000000000000000000000000009"),
    ("14.1.2 beyond 63 bits", f"5-{1 << 63}"), ("14.1.2 beyond 64 bits", f"5-{1 << 64}"),
    ("14.1.2 1,000 digits", "5-" + "9" * 1000), ("14.1.2 a suffix beyond 64 bits", f"-{10 ** 30}"),
    *[(f"14.1.2 at a block's border {first}-{last}", f"{first}-{last}")
      for first, last in [(BLOCK - 1, BLOCK), (BLOCK, BLOCK), (BLOCK - 1, 2 * BLOCK),
                          (BLOCK, 2 * BLOCK - 1), (511, 3 * BLOCK + 1), (1, 2 * BLOCK + 1),
                          (4095, 4096), (2 * BLOCK + 1, SIZE - 2)]],
]


@pytest.mark.parametrize("spec", [spec for _, spec in SINGLE], ids=[what for what, _ in SINGLE])
def test_one_range(server, kind, content, spec):
    answer = get_range(server, f"/{kind}/x", "bytes=" + spec)
    [(first, last)] = resolved([spec], SIZE)
    [part] = parts_of(answer, SIZE)
    assert (answer.reason, part.first, part.last) == ("Partial Content", first, last)
    assert not difference(answer.body, content[first:last + 1])


def test_15_3_7_a_206_has_the_fields_of_the_200(server, kind):
    strong_tag(server, f"/{kind}/x")
    whole, part = (server.get(f"/{kind}/x", headers=fields)
                   for fields in ([], [("Range", "bytes=5-9")]))
    same = ["accept-ranges", "content-type", "etag", "last-modified", "server"]
    assert [part[name] for name in same] == [whole[name] for name in same]
    assert whole["Accept-Ranges"] == "bytes"
    fields = [{name for name, _ in answer.fields} for answer in (part, whole)]
    assert fields[0] - fields[1] == {"content-range"}


@pytest.mark.parametrize("target, spec", [
    ("x", f"{SIZE}-"), ("x", f"{SIZE}-{SIZE + 5}"), ("x", f"{1 << 64}-"), ("x", "9" * 500 + "-"),
    ("x", f"{SIZE}-,{SIZE + 9}-{SIZE + 10}"), ("x", "-0"), ("x", "-000"), ("x", f"-0,{SIZE}-"),
    ("one", "1-"), ("one", "1-1"), ("empty", "0-"), ("empty", "0-0"), ("empty", "-0"),
    ("empty", "5-9,0-")], ids=lambda text: text[:20])
def test_15_5_17_a_range_that_is_not_there_is_a_416(server, kind, target, spec):
    size = {"x": SIZE, "one": 1, "empty": 0}[target]
    with server.client() as client:
        client.request(f"/{kind}/{target}", headers=[("Range", "bytes=" + spec)])
        answer = client.answer()
        assert (answer.status, answer.reason) == (416, "Range Not Satisfiable")
        assert answer["Content-Range"] == f"bytes */{size}"
        assert answer["Content-Type"].startswith("text/html"), "a page that says what is wrong"
        assert fate(client) == KEPT


@pytest.mark.parametrize("target, spec, status", [
    ("one", "0-0", 206), ("one", "0-", 206), ("one", "-1", 206), ("one", "-2", 206),
    ("empty", "-1", 200), ("empty", "-5,0-0", 200)])
def test_14_1_2_ranges_of_the_smallest_files(server, kind, target, spec, status):
    answer = get_range(server, f"/{kind}/{target}", "bytes=" + spec)
    assert answer.status == status
    assert len(answer.body) == (1 if target == "one" else 0)


IGNORED = [
    "", "bytes", "bytes=", "bytes=,", "bytes= , ", "bytes=-", "bytes=--", "bytes=--5", "bytes=-5-",
    "bytes=5", "bytes=x", "bytes=1-x", "bytes=x-1", "bytes=0x1-5", "bytes=+1-5", "bytes=1-+5",
    "bytes=1-5x", "bytes=5-4", "bytes=1 -5", "bytes=1- 5", "bytes=1-5;7-9", "bytes=1-5 7-9",
    "bytes=1-5,x", "bytes=x,1-5", "bytes=1-5,5-4", "bytes=1-5,-", "bytes=1-5,7", "bytes:1-5",
    "bytes 1-5", "bytes 1-5/100", "bytes =1-5", " =1-5", "=1-5", "1-5", "bytes==1-5", "bytes=1.0-5",
    "bytes=\xb11-5", "bytes=1-5,\xff", "octets=1-5", "bits=1-5", "none", "none=1-5", "lines=1-5",
    "byte=1-5", "bytess=1-5", "bytes=*/5", f"bytes={1 << 64}-5", "bytes=" + "9" * 400 + "-5",
]


@pytest.mark.parametrize("value", IGNORED, ids=lambda text: text[:24] or "empty")
def test_14_2_what_is_no_range_is_ignored(server, kind, content, value):
    answer = get_range(server, f"/{kind}/x", value)
    assert (answer.status, answer["Content-Range"]) == (200, None)
    assert not difference(answer.body, content)


@pytest.mark.parametrize("value", [
    "bytes=1-5", "BYTES=1-5", "Bytes=1-5", "bytes=,1-5", "bytes=1-5,", "bytes= 1-5",
    "bytes=, ,1-5 ,", "bytes=\t1-5\t", f"bytes=1-5,{SIZE}-", f"bytes={SIZE}-,1-5",
    "bytes=-0,1-5", "bytes=1-2,3-5"])
def test_14_1_1_one_range_however_it_is_written(server, kind, content, value):
    answer = get_range(server, f"/{kind}/x", value)
    assert (answer.status, answer["Content-Range"]) == (206, f"bytes 1-5/{SIZE}")
    assert answer.body == content[1:6]


def test_two_range_fields_are_no_range(server, kind):  # 5.3: it is no list field
    answer = get_range(server, f"/{kind}/x", "bytes=0-1", ("Range", "bytes=5-6"))
    assert (answer.status, len(answer.body)) == (200, SIZE)


@pytest.mark.parametrize("value", ["bytes=1-5", f"bytes={SIZE}-", "bytes=0-0,900-900", "x"])
@pytest.mark.parametrize("method, status", [("HEAD", 200), ("OPTIONS", 204), ("DELETE", 405)])
def test_14_2_other_methods_ignore_it(server, kind, value, method, status):
    answer = server.get(f"/{kind}/x", method, [("Range", value)])
    assert (answer.status, answer["Content-Range"]) == (status, None)
    if method == "HEAD":
        assert int(answer["Content-Length"]) == SIZE


def test_what_has_no_ranges_ignores_it(server, kind):
    for target, status in ((f"/{kind}/missing", 404), (f"/{kind}/", 403), (f"/{kind}", 301)):
        answer = get_range(server, target, "bytes=0-0")
        assert (answer.status, answer["Content-Range"]) == (status, None)
        assert len(answer.body) > 1


def test_http_1_0_has_ranges_too(server, kind, content):
    with server.client() as client:
        client.request(f"/{kind}/x", version="HTTP/1.0", headers=[("Range", "bytes=5-9")])
        answer = client.answer()
        assert (answer.status, answer.body) == (206, content[5:10])
        assert client.at_end()


def test_the_tail_of_5_gib(server, kind):
    for spec in ("-9", f"{SPARSE - 9}-", f"{SPARSE - 9}-{1 << 62}", f"{SPARSE - 9}-{10 ** 40}"):
        answer = get_range(server, f"/{kind}/sparse", "bytes=" + spec)
        assert answer["Content-Range"] == f"bytes {SPARSE - 9}-{SPARSE - 1}/{SPARSE}"
        assert answer.body == b"its tail!"


def test_across_4_gib(server, kind):
    border = 1 << 32
    answer = get_range(server, f"/{kind}/sparse", f"bytes={border - BLOCK - 1}-{border + 600_000}")
    expected = bytearray(BLOCK + 1 + 600_001)
    expected[BLOCK + 1 - 8:BLOCK + 1 + 8] = MARKS[border - 8]
    assert not difference(answer.body, bytes(expected))


def test_several_ranges_of_5_gib(server, kind):
    specs = ["-9", "0-11", f"{(1 << 32) - 8}-{(1 << 32) + 7}"]
    answer = get_range(server, f"/{kind}/sparse", "bytes=" + ",".join(specs))
    parts = parts_of(answer, SPARSE)
    assert [part.body for part in parts] == [b"its tail!", MARKS[0], MARKS[(1 << 32) - 8]]


def test_pipelined_ranges_come_in_turn(server, kind, content):
    lists = 8 * [["0-9"], ["-1", "5-9"], [f"{BLOCK - 3}-{2 * BLOCK}"], [f"{SIZE}-"], ["0-"],
                 ["7-7"]]
    with server.client() as client:
        client.send(b"".join(request_bytes(f"/{kind}/x", headers=[
            ("Range", "bytes=" + ",".join(specs))]) for specs in lists))
        for specs in lists:
            check_answer(client.answer(), specs, content)
