"""RFC 9110 section 13.2.2: the order in which preconditions count, for every combination."""
import itertools
import os
from email.utils import formatdate

import pytest

from client import request_bytes
from conftest import KINDS, write_file
from observe import wait_until
from serving import serving

MODIFIED = 784111777
THEN = formatdate(MODIFIED, usegmt=True)
BEFORE = formatdate(MODIFIED - 1, usegmt=True)
SIZE = 500

# How each field can be, and what its condition then evaluates to (sections 13.1.1 to 13.1.5). None:
# it is not there, or must be ignored as if it were not.
IF_MATCH = [(None, None), ("{tag}", True), ('"other"', False), ("malformed", False)]
IF_UNMODIFIED_SINCE = [(None, None), (THEN, True), (BEFORE, False), ("malformed", None)]
IF_NONE_MATCH = [(None, None), ('"other"', True), ("W/{tag}", False), ("malformed", True)]
IF_MODIFIED_SINCE = [(None, None), (BEFORE, True), (THEN, False), ("malformed", None)]
RANGE = [(None, None), ("bytes=1-2", True), ("pages=1-2", None)]
IF_RANGE = [(None, None), ("{tag}", True), (THEN, True), ("W/{tag}", False), (BEFORE, False),
            ("malformed", False)]
NAMES = ["If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since", "Range",
         "If-Range"]
EVERY = list(itertools.product(IF_MATCH, IF_UNMODIFIED_SINCE, IF_NONE_MATCH, IF_MODIFIED_SINCE,
                               RANGE, IF_RANGE))


def status_by_the_rfc(method, if_match, if_unmodified_since, if_none_match, if_modified_since,
                      a_range, if_range):
    """The steps of section 13.2.2, as they stand there, for an origin server and GET or HEAD."""
    # 1. When recipient is the origin server and If-Match is present, evaluate it:
    if if_match is not None:
        if not if_match:
            return 412  # if false, respond 412
        # if true, continue to step 3
    # 2. … If-Match is not present, and If-Unmodified-Since is present, evaluate it:
    elif if_unmodified_since is not None:
        if not if_unmodified_since:
            return 412
    # 3. When If-None-Match is present, evaluate it:
    if if_none_match is not None:
        if not if_none_match:
            return 304  # if false for GET/HEAD
        # if true, continue to step 5
    # 4. When the method is GET or HEAD, If-None-Match is not present, and If-Modified-Since is:
    elif if_modified_since is not None:
        if not if_modified_since:
            return 304
    # 5. When the method is GET and both Range and If-Range are present, evaluate If-Range:
    if method == "GET" and a_range is not None and if_range is not None:
        return 206 if if_range else 200
    # 6. Otherwise, perform the requested method (and Range is for GET alone, section 14.2).
    return 206 if method == "GET" and a_range is not None else 200


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("precedence")
    for kind in KINDS:
        write_file(root / kind / "x", SIZE)
        os.utime(root / kind / "x", (MODIFIED, MODIFIED))
    return root


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_combination(server, kind, method):
    target = f"/{kind}/x"

    def ask():
        tag = server.get(target, "HEAD")["ETag"]
        return tag if tag.startswith('"') else None
    tag = wait_until(ask, "the file's tag is strong", 10)
    assert len(EVERY) == 4 * 4 * 4 * 4 * 3 * 6
    wrong = []
    with server.client() as client:
        for start in range(0, len(EVERY), 64):  # pipelined, but not so many that both sides wait
            batch = EVERY[start:start + 64]
            client.send(b"".join(request_bytes(target, method, headers=[
                (name, text.replace("{tag}", tag)) for name, (text, _) in zip(NAMES, case)
                if text is not None]) for case in batch))
            for case in batch:
                status = client.answer(method).status
                expected = status_by_the_rfc(method, *(holds for _, holds in case))
                if status != expected:
                    wrong.append((status, expected, [text for text, _ in case]))
    assert not wrong, f"{len(wrong)} of {len(EVERY)}: status, expected, {NAMES}: {wrong[:5]}"
