"""A file that changes while it is served, at every block boundary of a slow download.

The length that was promised is kept, or the connection is closed; what comes is of one version or
the other; nothing comes from beyond a truncation; and the log says once what happened.
(tests/faults/test_changes.py has the same changes under load, without standing still.)
"""
import os

import pytest

from serving import KEPT, difference, fate
from slow_download import AHEAD, SlowDownload, small_send_buffers

BLOCK = 256 * 1024  # of /dynamic, and half a turn's share of /static
SIZE = 4 * BLOCK - 12345  # beyond the last boundary there is more than the kernels hold
POINTS = [1, *(boundary + step for boundary in range(BLOCK, SIZE, BLOCK) for step in (-1, 0, 1))]
READ_AHEAD = 2 * BLOCK  # what /dynamic may hold of the file beside what the kernels hold


@pytest.fixture
def server(start, tmp_path, shim):
    return start(tmp_path, "--threads", "1", env=small_send_buffers(tmp_path, shim))


@pytest.fixture
def at_each_point(server, tmp_path, make_file, kind):
    """Yields (point, download, path, content): of a new file each time, read up to the point."""
    def downloads():
        for point in POINTS:
            content = make_file(f"{kind}/x{point}", SIZE)
            with SlowDownload(server, f"/{kind}/x{point}") as download:
                download.read_to(point)
                yield point, download, tmp_path / kind / f"x{point}", content
    return downloads


def unlike(got, *versions):
    """The first byte of `got` that no version has at that place; None if there is none."""
    for begin in range(0, len(got), 4096):
        span = slice(begin, min(begin + 4096, len(got)))
        if any(got[span] == version[span] for version in versions):
            continue
        for at in range(span.start, span.stop):
            if not any(got[at:at + 1] == version[at:at + 1] for version in versions):
                return at
    return None


def inverse(content):
    return content.translate(bytes(byte ^ 0xff for byte in range(256)))


@pytest.mark.parametrize("left", ["nothing", "what was read", "a block more"])
def test_a_truncated_file(server, at_each_point, kind, left):
    cut = 0
    for point, download, path, content in at_each_point():
        end = {"nothing": 0, "what was read": point, "a block more": point + BLOCK}[left]
        if end >= SIZE:
            continue
        os.truncate(path, end)
        got = download.read_on(SIZE)
        assert len(got) >= end, f"at {point}: what is there was not sent"
        ahead = AHEAD + (READ_AHEAD if kind == "dynamic" else 0)
        assert len(got) <= max(end, point + ahead), f"at {point}: what is not there was sent"
        # sendfile lends the socket the file's own pages: of what was on its way and is cut off now,
        # zeros may come. No other bytes may, and none at all where bytes are copied.
        zeros = bytes(len(got) - end) if kind == "static" else b""
        wrong = unlike(got, content, content[:end] + zeros)
        assert wrong is None, f"at {point}: byte {wrong} is of no version"
        if len(got) == SIZE:  # all that was promised had been read before
            assert fate(download.client) == KEPT
        else:
            assert download.client.at_end()
            server.wait_for_line(f"/{kind}/{path.name}: the file shrank while it was served$")
            cut += 1
    assert cut > 0
    assert server.stop() == 0
    server.wait_for_line(rf"\b{cut} by files$")
    told = [line for line in server.stderr_lines if line and "the file shrank" in line]
    assert len(told) == cut, told


def grow(path, content):
    with path.open("ab") as file:
        file.write(inverse(content))


def replace(path, content):
    path.with_suffix(".new").write_bytes(inverse(content))
    path.with_suffix(".new").rename(path)


def delete(path, content):
    path.unlink()


@pytest.mark.parametrize("change", [grow, replace, delete],
                         ids=lambda change: change.__name__)
def test_what_was_opened_comes_to_its_end(server, at_each_point, kind, change):
    for point, download, path, content in at_each_point():
        change(path, content)
        got = download.read_on(SIZE)
        assert not difference(got, content), f"at {point}"
        # The connection is kept, and the next answer is about the file as it is now.
        download.client.request(f"/{kind}/{path.name}")
        answer = download.client.answer()
        now = path.read_bytes() if path.exists() else None
        assert answer.status == (404 if now is None else 200)
        assert now is None or not difference(answer.body, now), f"at {point}"


def test_of_a_rewritten_file_no_byte_is_of_neither_version(server, at_each_point, kind):
    for point, download, path, content in at_each_point():
        with path.open("r+b") as file:
            file.write(inverse(content))
        got = download.read_on(SIZE)
        wrong = unlike(got, content, inverse(content))
        assert wrong is None, f"at {point}: byte {wrong} is of no version"
        late = point + AHEAD + READ_AHEAD
        assert not difference(got[late:], inverse(content)[late:]), f"at {point}: stale bytes"
        assert fate(download.client) == KEPT
