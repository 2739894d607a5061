"""What the cache of open files promises: a change to the file itself is seen by the very next request,
a change above it within a second. Each case asks often enough for the file to be in the cache."""
import os
import time

import pytest

from observe import is_asleep, wait_until

CACHED = 1.0  # seconds: no file is kept longer


@pytest.fixture
def asked(start, make_file, tmp_path, kind):
    """(ask, file): `ask` sends a plain GET for the file on a kept connection."""
    make_file(f"{kind}/folder/x", 1000)
    file = tmp_path / kind / "folder/x"
    old = time.time_ns() - 10 ** 12  # settled: its fields are kept with it
    os.utime(file, ns=(old, old))
    server = start(tmp_path, "--threads", "1")
    with server.client() as client:
        def ask():
            client.request(f"/{kind}/folder/x")
            return client.answer()
        for _ in range(3):
            assert ask().body == file.read_bytes()
        yield ask, file


def overwrite(file):
    file.write_bytes(b"a" * 500)
    return 200, b"a" * 500


def overwrite_in_place(file):
    """Same size, same mtime: ctime alone tells."""
    before = file.stat()
    with open(file, "r+b") as opened:
        opened.write(b"b" * 1000)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    return 200, b"b" * 1000


def append(file):
    content = file.read_bytes() + b"more"
    with open(file, "ab") as opened:
        opened.write(b"more")
    return 200, content


def truncate(file):
    content = file.read_bytes()[:10]
    os.truncate(file, 10)
    return 200, content


def replace(file):
    other = file.with_name("other")
    other.write_bytes(b"c" * 1000)
    other.rename(file)
    return 200, b"c" * 1000


def replace_one_of_two_names(file):
    """The old file lives on under its other name."""
    os.link(file, file.with_name("second"))
    return replace(file)


def unlink(file):
    file.unlink()
    return 404, None


def rename_away(file):
    file.rename(file.with_name("elsewhere"))
    return 404, None


def unlink_and_make_anew(file):
    file.unlink()
    file.write_bytes(b"d" * 1000)
    return 200, b"d" * 1000


CHANGES = [overwrite, overwrite_in_place, append, truncate, replace, replace_one_of_two_names, unlink,
           rename_away, unlink_and_make_anew]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_to_the_file_is_seen_by_the_next_request(asked, change):
    ask, file = asked
    tag = ask()["ETag"]
    status, content = change(file)
    answer = ask()
    assert answer.status == status
    assert answer["ETag"] != tag
    if content is not None:
        assert answer.body == content


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_mode_is_seen_by_the_next_request(asked):
    ask, file = asked
    file.chmod(0)
    assert ask().status == 403


def test_a_second_change_within_the_same_moment_is_seen(asked):
    """A fresh file's fields are not kept: it may change again within the clock's tick."""
    ask, file = asked
    for number in range(50):
        content = f"{number:04}".encode() * 250
        file.write_bytes(content)
        assert ask().body == content


@pytest.mark.parametrize("link", [False, True], ids=["renamed folder", "turned link"])
def test_a_change_above_the_file_is_seen_within_a_second(start, tmp_path, kind, link):
    base = tmp_path / kind
    base.mkdir()
    for name in ("one", "two"):
        (base / name).mkdir()
        (base / name / "x").write_bytes(name.encode())
    if link:
        (base / "folder").symlink_to("one")
    else:
        (base / "one").rename(base / "folder")
    server = start(tmp_path, "--threads", "1")
    with server.client() as client:
        def ask():
            client.request(f"/{kind}/folder/x")
            return client.answer().body
        for _ in range(3):
            assert ask() == b"one"
        if link:
            (base / "new").symlink_to("two")
            (base / "new").rename(base / "folder")
        else:
            (base / "folder").rename(base / "three")
            (base / "two").rename(base / "folder")
        changed = time.monotonic()
        while True:
            began = time.monotonic()
            if ask() == b"two":
                break
            assert began - changed <= CACHED, "a request after the second got the old file"


def open_files(server, file):
    folder = f"/proc/{server.pid}/fd"
    found = 0
    for name in os.listdir(folder):
        try:
            found += os.path.samestat(os.stat(f"{folder}/{name}"), file)
        except FileNotFoundError:
            pass
    return found


@pytest.mark.parametrize("options, kept", [([], 1), (["--file-cache", "0"], 0)])
def test_a_file_stays_open_only_with_the_cache(start, make_file, tmp_path, options, kept):
    make_file("static/x", 100)
    server = start(tmp_path, "--threads", "1", *options)
    status = os.stat(tmp_path / "static/x")
    with server.client() as client:
        most = 0
        for _ in range(20):
            client.request("/static/x")
            assert client.answer().status == 200
            wait_until(lambda: is_asleep(server.pid), "the server has nothing left to do")
            most = max(most, open_files(server, status))
        assert most == kept
        wait_until(lambda: not open_files(server, status), "an unused file is closed")


def test_no_more_files_are_kept_than_allowed(start, make_file, tmp_path):
    for number in range(20):
        make_file(f"static/{number}", 10)
    server = start(tmp_path, "--threads", "1", "--file-cache", "3")
    with server.client() as client:
        for number in list(range(20)) * 3:
            client.request(f"/static/{number}")
            assert client.answer().status == 200
            kept = sum(open_files(server, os.stat(tmp_path / f"static/{n}")) for n in range(20))
            assert kept <= 3 + 1  # the one that is being answered may not be the cache's
