"""Sizes and times at the edges of what fits in 31, 32, 53, 62 and 63 bits, on tmpfs, where a file can be as
large as a signed 64-bit number says, and on the file system of the temporary directory. The files are sparse."""
import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from byteranges import parts_of
from conftest import AWS, AWS_ASAN, KINDS
from listings import ListingPage
from serving import difference, serving

MOST = (1 << 63) - 1
EDGES = [edge + step for bits in (31, 32, 53, 62) for edge in (1 << bits,) for step in (-1, 0, 1)] + [MOST]
TMPFS = Path("/dev/shm")
BLOCK = 1 << 18  # what is looked at, read and sent at a time
MARKED = 3 * BLOCK + 11  # bytes of each file's end that are no zeros
MARKS = bytes(i * i % 251 for i in range(MARKED))
LONG_AGO = -(1 << 63)


def make_sparse(path, size):
    """A file of `size` bytes with MARKS at its end. False where the file system has no room for such a one."""
    try:
        with open(path, "wb") as file:
            file.truncate(size)
            for at in range(0, MARKED, BLOCK):
                os.pwrite(file.fileno(), MARKS[at:at + BLOCK], size - MARKED + at)
    except OSError:
        path.unlink()
        return False
    return True


@pytest.fixture(scope="module", params=["tmpfs", "temporary directory"])
def sizes(request, tmp_path_factory):
    """(root, sizes): in both kinds, each file is named after its size."""
    if request.param == "tmpfs" and not os.access(TMPFS, os.W_OK):
        pytest.skip(f"{TMPFS} cannot be written to")
    parent = TMPFS if request.param == "tmpfs" else tmp_path_factory.mktemp("edges")
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as name:
        root, made = Path(name), []
        for kind in KINDS:
            (root / kind).mkdir()
        for size in EDGES:
            if all([make_sparse(root / kind / str(size), size) for kind in KINDS]):
                made.append(size)
        assert made
        yield root, made


@pytest.fixture(scope="module", params=[(AWS, False), (AWS, True), (AWS_ASAN, False)],
                ids=["plain", "shim", "sanitized"])
def server(request, sizes):
    binary, shim = request.param
    if not binary.exists():
        pytest.skip(f"{binary} is not built")
    with serving(sizes[0], "--listing", "--threads", "1", binary=binary, shim=shim) as server:
        yield server


def test_the_whole_is_promised_exactly(server, sizes, kind):
    for size in sizes[1]:
        answer = server.get(f"/{kind}/{size}", "HEAD")
        assert (answer.status, answer["Content-Length"]) == (200, str(size))


@pytest.mark.parametrize("tail", [1, 16, 4097, BLOCK, BLOCK + 1, MARKED])
def test_the_end_comes(server, sizes, kind, tail):
    for size in sizes[1]:
        for spec in (f"-{tail}", f"{size - tail}-", f"{size - tail}-{1 << 63}", f"{size - tail}-{size - 1}"):
            answer = server.get(f"/{kind}/{size}", headers=[("Range", f"bytes={spec}")], timeout=10)
            assert answer["Content-Range"] == f"bytes {size - tail}-{size - 1}/{size}"
            assert not difference(answer.body, MARKS[-tail:])


def test_several_parts_come(server, sizes, kind):
    for size in sizes[1]:
        spec = f"bytes=-16,0-15,{size - MARKED}-{size - MARKED + 9}"
        answer = server.get(f"/{kind}/{size}", headers=[("Range", spec)], timeout=10)
        assert [part.body for part in parts_of(answer, size)] == [MARKS[-16:], bytes(16), MARKS[:10]]


def test_what_begins_at_the_edge_is_not_satisfiable(server, sizes, kind):
    for size in sizes[1]:
        for spec in (f"{size}-", f"{size}-{1 << 63}", f"{1 << 63}-", "-0"):
            answer = server.get(f"/{kind}/{size}", headers=[("Range", f"bytes={spec}")])
            assert (answer.status, answer["Content-Range"]) == (416, f"bytes */{size}")


def test_others_are_served_while_a_client_takes_what_never_ends(server, sizes, kind):
    size = sizes[1][-1]
    with server.client() as endless:
        endless.request(f"/{kind}/{size}")
        while len(endless.buffer) < 1 << 20:
            assert endless.receive()
        assert server.get(f"/{kind}/{size}", "HEAD").status == 200


def test_a_listing_tells_each_size_and_never_too_small_a_sum(server, sizes, kind):
    answer = server.get(f"/{kind}/", headers=[("Accept", "application/json")])
    assert {entry["name"]: entry["size"] for entry in json.loads(answer.body)["entries"]} == {
        str(size): size for size in sizes[1]}
    page = server.get(f"/{kind}/").body
    for row in ListingPage(page).rows:
        assert row.size_title == f"{row.name} bytes"
    total = sum(sizes[1])
    told = re.search(rb'<span title="(at least )?(\d+) bytes">([^<]*)</span></p>', page)
    if total < 1 << 64:
        assert (told[1], int(told[2])) == (None, total)
    else:
        assert (told[1], int(told[2]), told[3]) == (b"at least ", (1 << 64) - 1, b"at least 16 EiB")


@pytest.fixture
def tmpfs_root():
    if not os.access(TMPFS, os.W_OK):
        pytest.skip(f"{TMPFS} cannot be written to")
    with tempfile.TemporaryDirectory(dir=TMPFS) as name:
        for kind in KINDS:
            (Path(name) / kind).mkdir()
        yield Path(name)


def test_a_sum_beyond_64_bits_is_given_as_a_lower_bound(start, tmpfs_root, kind):
    for name in "abc":
        assert make_sparse(tmpfs_root / kind / name, MOST)
    server = start(tmpfs_root, "--listing")
    assert (b'<p>0 folders, 3 files, <span title="at least 18446744073709551615 bytes">at least 16 EiB</span></p>'
            in server.get(f"/{kind}/").body)


@pytest.mark.parametrize("binary", [AWS, AWS_ASAN], ids=["plain", "sanitized"])
def test_a_files_time_may_be_any(start, tmpfs_root, kind, binary):
    """Of the past from 1970 on it is told; any other time is no validator, and no error either."""
    if not binary.exists():
        pytest.skip(f"{binary} is not built")
    times = [LONG_AGO, LONG_AGO + 1, -1, 0, 1, 2, *(sign * edge for edge in EDGES for sign in (1, -1))]
    folder = tmpfs_root / kind
    for time in times:
        (folder / str(time)).write_bytes(b"x")
        os.utime(folder / str(time), ns=(0, time * 10 ** 9))
    server = start(tmpfs_root, "--listing", binary=binary)
    now = int(os.stat(tmpfs_root).st_ctime)
    for time in times:
        answer = server.get(f"/{kind}/{time}")
        assert (answer.status, answer.body) == (200, b"x")
        assert (answer["Last-Modified"] is not None) == (1 < time <= now), time
        if answer["Last-Modified"]:
            answer = server.get(f"/{kind}/{time}", headers=[("If-Modified-Since", answer["Last-Modified"])])
            assert answer.status == 304
    for order in ("asc", "desc"):
        rows = ListingPage(server.get(f"/{kind}/?sort=time&order={order}").body).rows
        assert [int(row.name) for row in rows] == sorted(set(times), reverse=order == "desc")
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row.time_title) for row in rows)
