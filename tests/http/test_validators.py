"""Validators: what names a version of a file. RFC 9110 section 8.8."""
import os
import re
import shutil
import time
from email.utils import formatdate, parsedate_to_datetime

import pytest

from conftest import KINDS, write_file
from observe import wait_until
from serving import serving

TICK_S = 0.020  # how long a file is fresh: it may change again within its clock's tick
TAG = re.compile(r'(W/)?"[\x21\x23-\x7e]+"')
SET_BY_BUILDS = [0, 1, -1, -86_400, 0.5, 1.9]  # at or before the epoch, or the second after it


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("validators")
    for kind in KINDS:
        write_file(root / kind / "x", 1000)
    return root


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


def strong_tag(server, target, headers=()):
    """The file's tag, once the file is old enough for it to be strong."""
    def ask():
        tag = server.get(target, "HEAD", headers)["ETag"]
        return tag if not tag.startswith("W/") else None
    return wait_until(ask, f"the tag of {target} is strong", 10)


def test_a_tag_is_well_formed(server, kind):  # section 8.8.3
    assert TAG.fullmatch(strong_tag(server, f"/{kind}/x"))


def test_a_tag_is_weak_while_the_file_is_fresh(server, root, kind):  # section 8.8.1
    for attempt in range(200):
        path = root / kind / "fresh"
        path.write_bytes(b"%d" % attempt)
        tag = server.get(f"/{kind}/fresh")["ETag"]
        if time.time() < path.stat().st_ctime + TICK_S:  # else the machine was too slow to tell
            assert tag.startswith('W/"')
            return
    pytest.fail("no answer came within the file's first tick")


def test_a_tag_gets_strong_and_stays(server, root, kind):
    write_file(root / kind / "young", 10)
    tag = strong_tag(server, f"/{kind}/young")
    assert [server.get(f"/{kind}/young")["ETag"] for _ in range(5)] == [tag] * 5


def test_every_answer_about_a_version_has_its_tag(server, kind):
    tag = strong_tag(server, f"/{kind}/x")
    for method, fields, status in [
            ("GET", [], 200), ("HEAD", [], 200), ("GET", [("Range", "bytes=1-2")], 206),
            ("GET", [("Range", "bytes=1-2,500-501")], 206), ("GET", [("If-None-Match", tag)], 304),
            ("HEAD", [("If-None-Match", tag)], 304), ("GET", [("If-Match", '"x"')], 412)]:
        answer = server.get(f"/{kind}/x", method, fields)
        assert (answer.status, answer["ETag"]) == (status, tag)


def test_both_kinds_and_every_server_name_a_file_alike(server, root, start):
    link = root / "dynamic/link"
    if not link.exists():
        os.link(root / "static/x", link)
        (root / "static/symbolic").symlink_to("x")
    tag = strong_tag(server, "/static/x")
    assert strong_tag(server, "/dynamic/link") == tag
    assert strong_tag(server, "/static/symbolic") == tag
    assert strong_tag(start(root), "/static/x") == tag


def test_files_that_are_alike_have_tags_of_their_own(server, root, kind):
    for name in ("a", "b"):
        write_file(root / kind / name, 50, 1)
        os.utime(root / kind / name, (1e9, 1e9))
    assert strong_tag(server, f"/{kind}/a") != strong_tag(server, f"/{kind}/b")


def rewrite(path):
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


def rewrite_under_the_old_time(path):
    before = path.stat()
    rewrite(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def append(path):
    with path.open("ab") as file:
        file.write(b"x")


def touch(path):
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def replace_by_a_faithful_copy(path):
    shutil.copy2(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").rename(path)


def replace_by_another_of_its_time_and_size(path):
    before, other = path.stat(), path.with_suffix(".other")
    write_file(other, before.st_size, 77)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


@pytest.mark.parametrize("change", [
    rewrite, rewrite_under_the_old_time, append, touch, replace_by_a_faithful_copy,
    replace_by_another_of_its_time_and_size], ids=lambda change: change.__name__)
def test_a_change_makes_another_tag(server, root, kind, change):
    write_file(root / kind / "changing", 100)
    target = f"/{kind}/changing"
    before = strong_tag(server, target)
    change(root / kind / "changing")
    assert server.get(target)["ETag"].removeprefix("W/") != before, "at once, while it is fresh"
    assert strong_tag(server, target) != before
    assert server.get(target, headers=[("If-None-Match", before)]).status == 200


def test_a_version_never_gets_a_304_for_one_that_was_fresh(server, root, kind):
    """Rewritten as soon as it was served, often within the tick: what the client has is stale."""
    path = root / kind / "busy"
    for turn in range(50):
        path.write_bytes(b"%03d old" % turn)
        had = server.get(f"/{kind}/busy")
        path.write_bytes(b"%03d new" % turn)
        answer = server.get(f"/{kind}/busy", headers=[("If-None-Match", had["ETag"])])
        assert answer.status == 200, f"{had['ETag']} still counts, {path.stat()}"
        assert answer.body == b"%03d new" % turn


def test_last_modified_is_the_files_own(server, root, kind):  # section 8.8.2
    for modified in (2, 784111777, 784111777.999, 2 ** 31 + 5 if time.time() > 2 ** 31 else 1e9):
        os.utime(root / kind / "x", (modified, modified))
        assert server.get(f"/{kind}/x")["Last-Modified"] == formatdate(int(modified), usegmt=True)


@pytest.mark.parametrize("modified", SET_BY_BUILDS)
def test_a_time_that_says_nothing_is_not_told(server, root, kind, modified):
    os.utime(root / kind / "x", (modified, modified))
    for method in ("GET", "HEAD"):
        answer = server.get(f"/{kind}/x", method)
        assert (answer.status, answer["Last-Modified"]) == (200, None)
        assert answer["ETag"], "it has a tag all the same"


@pytest.mark.parametrize("ahead", [2, 3600, 10 * 365 * 86_400, 7000 * 365.25 * 86_400])
def test_last_modified_is_never_later_than_date(server, root, kind, ahead):  # section 8.8.2.1
    try:
        os.utime(root / kind / "x", (time.time() + ahead,) * 2)
    except OSError:
        pytest.skip("the file system has no such time")
    answer = server.get(f"/{kind}/x")
    if answer["Last-Modified"] is not None:
        modified, date = (parsedate_to_datetime(answer[name]) for name in ("Last-Modified", "Date"))
        assert modified <= date


def dates_around(modified):
    near = [0, 1, 2, int(time.time()), int(time.time()) + 86_400, 253402300799]
    return [formatdate(date, usegmt=True) for date in [*near, max(int(modified), 0)]]


@pytest.mark.parametrize("modified", [*SET_BY_BUILDS, "in an hour"])
def test_a_time_that_says_nothing_decides_nothing(server, root, kind, modified):
    """What nobody told cannot be compared: RFC 9110 sections 13.1.3 to 13.1.5."""
    modified = time.time() + 3600 if modified == "in an hour" else modified
    os.utime(root / kind / "x", (modified, modified))
    tag = strong_tag(server, f"/{kind}/x")
    for date in dates_around(modified):
        for name in ("If-Modified-Since", "If-Unmodified-Since"):
            assert server.get(f"/{kind}/x", headers=[(name, date)]).status == 200, (name, date)
        part = [("Range", "bytes=0-1"), ("If-Range", date)]
        assert server.get(f"/{kind}/x", headers=part).status == 200, date
    assert server.get(f"/{kind}/x", headers=[("If-None-Match", tag)]).status == 304
    part = [("Range", "bytes=0-1"), ("If-Range", tag)]
    assert server.get(f"/{kind}/x", headers=part).status == 206


def test_a_time_that_was_ahead_is_told_once_it_is_over(server, root, kind):
    modified = int(time.time()) + 1
    os.utime(root / kind / "x", ns=(modified * 10 ** 9 + 5,) * 2)
    told = [formatdate(date, usegmt=True) for date in (modified - 1, modified)]
    dates = []

    def ask():
        dates.append(server.get(f"/{kind}/x")["Last-Modified"])
        return dates[-1] == told[1]
    wait_until(ask, "its second is over", 10)
    assert sorted({date for date in dates if date}) == told, "and the second before it until then"


def test_a_version_never_gets_a_304_by_the_date_of_another(server, root, kind):  # section 8.8.2.2
    """Two writes within one second: the first one's date must not be that of the second."""
    path = root / kind / "twice"
    for attempt in range(20):
        path.write_bytes(b"old")
        had = server.get(f"/{kind}/twice")
        path.write_bytes(b"new")
        if int(time.time()) != int(path.stat().st_mtime):
            continue  # not within one second
        since = [("If-Modified-Since", had["Last-Modified"])]
        unmodified = [("If-Unmodified-Since", had["Last-Modified"])]
        assert server.get(f"/{kind}/twice", headers=since).body == b"new"
        assert server.get(f"/{kind}/twice", headers=unmodified).status == 412
        return
    pytest.fail("the second was always over")
