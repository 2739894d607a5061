"""What the cache of open files promises: a change to the file itself is seen by the very next
request, a change above it within a second. Each case asks often enough for the file to be in the cache, and
for a finished answer to be kept, where that is done."""
import email.utils
import os
import resource
import signal
import time

import pytest

from client import request_bytes
from observe import Strace, is_asleep, wait_until

OFTEN = 50  # requests: more than an image is worth (response_image.h)
CACHED = 1.0  # seconds: no file is kept longer


@pytest.fixture
def asked(start, make_file, tmp_path, kind):
    """(ask, file): `ask` sends a GET for the file on a kept connection."""
    make_file(f"{kind}/folder/x", 1000)
    file = tmp_path / kind / "folder/x"
    age(file)
    server = start(tmp_path, "--threads", "1")
    with server.client() as client:
        def ask(headers=()):
            client.request(f"/{kind}/folder/x", headers=headers)
            return client.answer()
        for _ in range(OFTEN):
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


CHANGES = [overwrite, overwrite_in_place, append, truncate, replace, replace_one_of_two_names,
           unlink, rename_away, unlink_and_make_anew]


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


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_to_the_file_is_seen_by_the_next_revalidation(asked, change):
    ask, file = asked
    known = [("If-None-Match", ask()["ETag"])]
    for _ in range(OFTEN):
        assert ask(known).status == 304
    status, _ = change(file)
    assert ask(known).status == status


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


GZIP = [("Accept-Encoding", "gzip, deflate, br, zstd")]


def write_beside(file):
    file.with_name("x.gz").write_bytes(b"gzip")


def move_beside(file):
    elsewhere = file.parent.parent / "elsewhere"
    elsewhere.write_bytes(b"gzip")
    elsewhere.rename(file.with_name("x.gz"))


def link_beside(file):
    os.link(file, file.with_name("x.gz"))


def point_beside(file):
    file.with_name("x.gz").symlink_to("x")


@pytest.mark.parametrize("make", [write_beside, move_beside, link_beside, point_beside],
                         ids=lambda make: make.__name__)
def test_what_comes_to_lie_beside_the_file_is_seen_by_the_next_request(asked, make):
    ask, file = asked
    for _ in range(OFTEN):
        answer = ask(GZIP)
        assert (answer["Content-Encoding"], answer.body) == (None, file.read_bytes())
    make(file)
    assert ask(GZIP)["Content-Encoding"] == "gzip"
    if make != point_beside:  # what a link points to is as it was
        file.with_name("x.gz").unlink()
        assert ask(GZIP)["Content-Encoding"] is None


def test_what_a_link_beside_the_file_comes_to_lead_to_is_seen_by_the_next_request(asked):
    """The folder that the link is in does not change."""
    ask, file = asked
    file.with_name("x.gz").symlink_to("../elsewhere")
    wait_until(lambda: time.time() - os.stat(file.parent).st_ctime > CACHED, "nothing is kept of before")
    for _ in range(OFTEN):
        assert ask(GZIP)["Content-Encoding"] is None
    (file.parent.parent / "elsewhere").write_bytes(b"gzip")
    assert ask(GZIP)["Content-Encoding"] == "gzip"


def test_each_coding_is_looked_for_when_it_is_asked_for(asked):
    """Of what one client does not accept nothing is known, and another may."""
    ask, file = asked
    file.with_name("x.br").write_bytes(b"brotli")
    wait_until(lambda: time.time() - os.stat(file.parent).st_ctime > CACHED, "nothing is kept of before")
    gzip, brotli = [("Accept-Encoding", "gzip")], [("Accept-Encoding", "br")]
    for _ in range(OFTEN):
        assert ask(gzip)["Content-Encoding"] is None
    for _ in range(OFTEN):
        assert ask(brotli)["Content-Encoding"] == "br"
        assert ask(gzip)["Content-Encoding"] is None


def test_what_lies_beside_the_file_is_seen_in_another_folder_within_a_second(start, tmp_path, kind):
    """The folder that nothing lay in is as it was, but the path does not lead there any more."""
    base = tmp_path / kind
    for name in ("one", "two"):
        (base / name).mkdir(parents=True)
        (base / name / "x").write_bytes(b"plain")
        age(base / name / "x")
    write_beside(base / "two/x")
    (base / "folder").symlink_to("one")
    server = start(tmp_path, "--threads", "1")
    with server.client() as client:
        def coding():
            client.request(f"/{kind}/folder/x", headers=GZIP)
            return client.answer()["Content-Encoding"]
        for _ in range(OFTEN):
            assert coding() is None
        (base / "new").symlink_to("two")
        (base / "new").rename(base / "folder")
        changed = time.monotonic()
        while True:
            began = time.monotonic()
            if coding() == "gzip":
                break
            assert began - changed <= CACHED, "a request after the second got the old form"


@pytest.mark.parametrize("link", [False, True], ids=["renamed folder", "turned link"])
def test_a_change_above_the_file_is_seen_within_a_second(start, tmp_path, kind, link):
    base = tmp_path / kind
    base.mkdir()
    for name in ("one", "two"):
        (base / name).mkdir()
        (base / name / "x").write_bytes(name.encode())
        age(base / name / "x")
    if link:
        (base / "folder").symlink_to("one")
    else:
        (base / "one").rename(base / "folder")
    server = start(tmp_path, "--threads", "1")
    with server.client() as client:
        def ask(headers=()):
            client.request(f"/{kind}/folder/x", headers=headers)
            return client.answer().body
        for _ in range(OFTEN):
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
    age(tmp_path / "static/x")
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
        age(tmp_path / f"static/{number}")
    server = start(tmp_path, "--threads", "1", "--file-cache", "3")
    with server.client() as client:
        for number in list(range(20)) * 3:
            client.request(f"/static/{number}")
            assert client.answer().status == 200
            kept = sum(open_files(server, os.stat(tmp_path / f"static/{n}")) for n in range(20))
            assert kept <= 3 + 1  # the one that is being answered may not be the cache's


def test_folders_count_among_the_descriptors_that_the_cache_may_hold(start, make_file, tmp_path):
    limit, share = 512, 8
    files = [f"static/{number}/x" for number in range(limit // share)]
    for name in files:
        make_file(name, 10)
    wait_until(lambda: time.time() - os.stat(tmp_path / files[-1]).st_ctime > 0.1, "all are settled")
    server = start(tmp_path, "--threads", "1",
                   preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    with server.client() as client:
        def count():
            return len(os.listdir(f"/proc/{server.pid}/fd"))
        before, most = count(), 0
        for name in files:
            client.request(f"/{name}", headers=GZIP)
            assert client.answer()["Content-Encoding"] is None
            most = max(most, count() - before)
    assert limit // share // 2 < most <= limit // share + 3  # with the root, and those of the last answer


def age(file):
    """Makes the file so old that its answers have what they will have for good. Its ctime cannot be
    set: only its clock's tick has to be over."""
    past = time.time_ns() - 10 ** 12
    os.utime(file, ns=(past, past))
    wait_until(lambda: time.time() - os.stat(file).st_ctime > 0.1, "the file is settled")


def ask_often(client, target, count=OFTEN, **request):
    answers = []
    for _ in range(count):
        client.request(target, **request)
        answers.append(client.answer())
    return answers


@pytest.mark.parametrize("fault", ["EAGAIN", "EOPNOTSUPP"])
def test_no_image_is_made_by_a_loop_that_would_have_to_wait(start, make_file, tmp_path, fault):
    """preadv2(2) says that nothing is in memory, or nothing at all, as on FUSE."""
    content = make_file("static/x", 1000)
    age(tmp_path / "static/x")
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "sendfile,preadv2", [f"preadv2:error={fault}"])
    server = start(tmp_path, "--threads", "1", wrapper=strace.wrapper)
    with server.client() as client:
        assert all(answer.body == content for answer in ask_often(client, "/static/x"))
    server.stop()
    assert not images_touched(strace)


def images_touched(strace):
    return [call for call in strace.named("sendfile") if "memfd:aws" in call]


def images_sent(strace):
    return [call for call in images_touched(strace) if "/static/" not in call]


@pytest.fixture
def seen(start, make_file, tmp_path):
    """seen(size, *options, kind, **request): the calls that made and sent images of a file's
    answers."""
    def see(size, *options, kind="static", beside=None, status=200, **request):
        make_file(f"{kind}/x", size)
        if beside:
            make_file(f"{kind}/{beside}", size)
        age(tmp_path / kind / "x")
        folder = tmp_path / "strace"
        folder.mkdir()
        strace = Strace(folder, "sendfile")
        server = start(tmp_path, "--threads", "1", *options, wrapper=strace.wrapper)
        with server.client() as client:
            for answer in ask_often(client, f"/{kind}/x", 4 * OFTEN, **request):
                assert answer.status == status
        server.stop()
        return images_touched(strace)
    return see


@pytest.mark.parametrize("headers", [[], GZIP, [("Accept-Encoding", "identity")]], ids=str)
def test_a_small_file_that_is_asked_for_often_is_sent_from_an_image(seen, headers):
    assert any("/static/" not in call for call in seen(1000, headers=headers)), "none was sent"


@pytest.mark.parametrize("case", [
    {"size": 64 * 1024 + 1}, {"size": 1000, "kind": "dynamic"},
    {"size": 1000, "options": ["--image-cache", "0"]},
    {"size": 1000, "options": ["--file-cache", "0"]},
    {"size": 1000, "headers": [("Range", "bytes=0-999")]},
    {"size": 1000, "headers": [("Accept-Encoding", "gzip")], "beside": "x.gz"},
    {"size": 1000, "headers": [("Accept-Encoding", "identity;q=0, *")], "status": 406},
], ids=str)
def test_no_image_is_made_of_what_has_none(seen, case):
    case = dict(case)
    if case.get("headers", [("", "")])[0][0] == "Range":
        case["headers"] = [("Range", "bytes=5-2")]  # malformed: ignored, and still not plain
    assert not seen(case.pop("size"), *case.pop("options", []), **case)


@pytest.fixture
def both(start, make_file, tmp_path):
    """A server, and one that keeps nothing of what it has once found out."""
    make_file("static/x", 5000)
    age(tmp_path / "static/x")
    options = ("--threads", "1", "--header", "X-One: 1", "--cache-control", "*=max-age=5")
    return start(tmp_path, *options), start(tmp_path, *options, "--file-cache", "0")


def told(server, **request):
    """What an answer says, but for its time, and whether the connection outlived it."""
    with server.client() as client:
        client.request("/static/x", **request)
        answer = client.answer(request.get("method", "GET"))
        closed = answer["Connection"] == "close" and client.at_end()
    return answer.status, [f for f in answer.fields if f[0] != "date"], answer.body, closed


@pytest.mark.parametrize("request_", [
    {}, {"method": "HEAD"}, {"headers": [("Connection", "close")]}, {"version": "HTTP/1.0"},
    {"version": "HTTP/1.0", "headers": [("Connection", "keep-alive")]}, {"headers": GZIP},
], ids=str)
def test_images_differ_from_other_answers_in_nothing(both, request_):
    server, plain = both
    expected = told(plain, **request_)
    assert expected[0] == 200
    for _ in range(OFTEN):
        assert told(server, **request_) == expected
    for other in ({}, {"version": "HTTP/1.0"}, {"headers": [("Connection", "close")]}):
        assert told(server, **other) == told(plain, **other)


def test_an_image_says_that_no_connection_is_kept(start, make_file, tmp_path):
    make_file("static/x", 1000)
    age(tmp_path / "static/x")
    server = start(tmp_path, "--threads", "1", "--no-keep-alive")
    for _ in range(OFTEN):
        assert told(server)[-1], "it did not say so, or did not close it"


def test_an_image_is_not_sent_as_it_was_once_the_server_stops(start, make_file, tmp_path):
    make_file("static/x", 1000)
    age(tmp_path / "static/x")
    server = start(tmp_path, "--threads", "1")
    begun, rest = request_bytes("/static/x")[:5], request_bytes("/static/x")[5:]
    with server.client() as often, server.client() as last:
        ask_often(often, "/static/x")
        last.send(begun)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_line("stopping when running answers are finished")
        last.send(rest)
        assert last.answer()["Connection"] == "close"
        assert last.at_end()


def test_each_way_to_go_on_has_an_image_of_its_own(start, make_file, tmp_path):
    make_file("static/x", 1000)
    age(tmp_path / "static/x")
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "sendfile")
    server = start(tmp_path, "--threads", "1", wrapper=strace.wrapper)
    ways = ({}, {"version": "HTTP/1.0"},
            {"version": "HTTP/1.0", "headers": [("Connection", "keep-alive")]})
    for way in ways:
        for _ in range(4 * OFTEN):
            assert told(server, **way)[0] == 200
    server.stop()
    assert len(images_sent(strace)) > 2 * 4 * OFTEN, "of one way, or two, none was sent"


@pytest.mark.parametrize("field, value, status", [
    ("If-None-Match", "{etag}", 304), ("If-None-Match", '"a", W/{etag}', 304),
    ("If-None-Match", "*", 304), ("If-None-Match", '"a"', 200), ("If-None-Match", "{etag}x", 200),
    ("If-Modified-Since", "{modified}", 304),
    ("If-Modified-Since", "Thu, 01 Jan 1998 00:00:00 GMT", 200), ("If-Modified-Since", "x", 200),
    ("If-Match", "{etag}", 200), ("If-Match", '"a"', 412),
    ("If-Unmodified-Since", "Thu, 01 Jan 1998 00:00:00 GMT", 412),
])
def test_what_is_kept_decides_like_what_is_found_out(both, field, value, status):
    server, plain = both
    fields = dict(told(plain)[1])
    wanted = [(field, value.format(etag=fields["etag"], modified=fields["last-modified"]))]
    expected = told(plain, headers=wanted)
    assert expected[0] == status
    for _ in range(OFTEN):
        assert told(server, headers=wanted) == expected


def test_an_image_has_the_date_of_its_answer(start, make_file, tmp_path):
    make_file("static/x", 1000)
    age(tmp_path / "static/x")
    server = start(tmp_path, "--threads", "1")
    dates = set()
    with server.client() as client:
        while len(dates) < 3:
            before = int(time.time())
            client.request("/static/x")
            date = client.answer()["Date"]
            seconds = email.utils.parsedate_to_datetime(date).timestamp()
            assert before <= seconds <= time.time(), date
            dates.add(date)


def test_pipelined_images_come_in_order(start, make_file, tmp_path):
    contents = [make_file(f"static/{name}", 3000) for name in "ab"]
    for name in "ab":
        age(tmp_path / f"static/{name}")
    server = start(tmp_path, "--threads", "1")
    with server.client() as client:
        for _ in range(OFTEN):
            for name in "abab":
                client.request(f"/static/{name}")
            assert [client.answer().body for _ in range(4)] == contents * 2
