"""/dynamic files that are compressed on their way: RFC 9110 section 8.4, RFC 9112 section 7.1."""
import os

import pytest

from client import Client, request_bytes
from codings import DECODE, dense_text, fields_but_date, gunzip, prose, strong_tag
from observe import descriptors, is_asleep, wait_for_descriptors, wait_until
from serving import KEPT, difference, fate, serving

BLOCK = 256 * 1024
SIZES = [256, 257, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, BLOCK - 1, BLOCK, BLOCK + 1,
         3 * BLOCK + 12345]
FILES = {f"{size}.txt": prose(size) for size in (0, 1, 255, *SIZES)}
FILES |= {"page.html": prose(5000), "picture.png": prose(5000), "dense.txt": dense_text(4 << 20)}
PAGE = FILES["page.html"]
LARGE = 20 << 20


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("encoding")
    for kind in ("static", "dynamic"):
        (root / kind).mkdir()
        for name, content in FILES.items():
            (root / kind / name).write_bytes(content)
            os.utime(root / kind / name, (784111777, 784111777))
    (root / "dynamic/large.txt").write_bytes(dense_text(LARGE))
    return root


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, shim=request.param) as server:
        yield server


def accepting(coding):
    return [("Accept-Encoding", coding)] if coding else []


def check_encoded(answer, coding, content):
    assert (answer.status, answer["Content-Encoding"]) == (200, coding), answer
    assert answer["Transfer-Encoding"] == "chunked"  # and nothing but chunks: see Client.answer()
    assert not difference(DECODE[coding](answer.body), content)


def check_plain(answer, content):
    assert (answer.status, answer["Content-Encoding"], answer.chunks) == (200, None, None), answer
    assert answer["Content-Length"] == str(len(content))
    assert not difference(answer.body, content)


@pytest.mark.parametrize("coding", DECODE)
@pytest.mark.parametrize("size", SIZES)
def test_decoded_it_is_the_file(server, coding, size):
    with server.client() as client:
        for _ in range(2):
            client.request(f"/dynamic/{size}.txt", headers=accepting(coding))
            answer = client.answer()
            check_encoded(answer, coding, FILES[f"{size}.txt"])
        assert fate(client) == KEPT
    assert len(answer.body) < size, "and it is smaller"


def test_the_fields_of_an_encoded_answer(server):
    answer = server.get("/dynamic/page.html", headers=accepting("gzip"))
    names = sorted(name for name, _ in answer.fields)
    assert names == ["connection", "content-encoding", "content-type", "date", "etag",
                     "last-modified", "server", "transfer-encoding", "vary",
                     "x-content-type-options"]
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("field, coding", [
    ("gzip, zstd", "zstd"), ("gzip, zstd;q=0.9", "gzip"), ("gzip, deflate, br, zstd", "zstd"),
    ("br", None), ("*", "zstd"), ("*, zstd;q=0", "gzip"), ("gzip;q=0", None),
    ("identity;q=0, gzip;q=0.1", "gzip"), ("gzip;q=0.5, identity", None), ("", None),
], ids=str)
def test_the_coding_that_is_chosen(server, field, coding):
    answer = server.get("/dynamic/page.html", headers=[("Accept-Encoding", field)])
    assert answer["Vary"] == "Accept-Encoding"
    if coding:
        check_encoded(answer, coding, PAGE)
    else:
        check_plain(answer, PAGE)


def test_without_accept_encoding_it_is_the_file(server):
    for name, content in FILES.items():
        check_plain(server.get(f"/dynamic/{name}"), content)


@pytest.mark.parametrize("name", ["0.txt", "1.txt", "255.txt", "picture.png"])
def test_what_would_not_get_smaller_is_left_as_it_is(server, name):
    check_plain(server.get(f"/dynamic/{name}", headers=accepting("gzip, zstd")), FILES[name])


@pytest.mark.parametrize("coding", ["gzip, zstd", "*"])
def test_static_files_never_are(server, coding):
    check_plain(server.get("/static/page.html", headers=accepting(coding)), PAGE)


def test_static_files_cannot_be(server):
    assert server.get("/static/page.html", headers=accepting("gzip, identity;q=0")).status == 406


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
def test_http_1_0_knows_no_chunks(server, connection):  # RFC 9112 section 6.1
    with server.client() as client:
        client.request("/dynamic/page.html", version="HTTP/1.0",
                       headers=[*accepting("gzip"), ("Connection", connection)])
        answer = client.answer()
        check_plain(answer, PAGE)
        assert answer["Connection"] == connection


@pytest.mark.parametrize("field", ["gzip", "gzip, zstd", "gzip, deflate, br, zstd", "*"])
def test_a_file_that_lies_ready_saves_the_work(start, tmp_path, field):
    """Liked equally, it is better than what is made on the way: ready, smaller, with ranges."""
    (tmp_path / "dynamic").mkdir()
    (tmp_path / "dynamic/x.txt").write_bytes(PAGE)
    (tmp_path / "dynamic/x.txt.gz").write_bytes(b"ready")
    server = start()
    answer = server.get("/dynamic/x.txt", headers=accepting(field))
    assert (answer["Content-Encoding"], answer.body) == ("gzip", b"ready")
    check_encoded(server.get("/dynamic/x.txt", headers=accepting("gzip;q=0.9, zstd")), "zstd", PAGE)


def test_what_lies_ready_but_stale_is_made_anew(start, tmp_path):
    (tmp_path / "dynamic").mkdir()
    (tmp_path / "dynamic/x.txt.gz").write_bytes(b"stale")
    (tmp_path / "dynamic/x.txt").write_bytes(PAGE)
    os.utime(tmp_path / "dynamic/x.txt.gz", (0, 0))
    answer = start().get("/dynamic/x.txt", headers=accepting("gzip"))
    check_encoded(answer, "gzip", PAGE)


def test_no_compress(start, root):
    server = start(root, "--no-compress")
    check_plain(server.get("/dynamic/page.html", headers=accepting("gzip")), PAGE)
    assert server.get("/dynamic/page.html", headers=accepting("gzip, *;q=0")).status == 406


@pytest.mark.parametrize("ranges, expected", [
    ("bytes=10-19", PAGE[10:20]), ("bytes=-5", PAGE[-5:]), ("bytes=4990-", PAGE[4990:])])
def test_a_range_is_of_the_file(server, ranges, expected):
    """What is made on the way has no parts that could be found again."""
    answer = server.get("/dynamic/page.html", headers=[*accepting("gzip"), ("Range", ranges)])
    assert (answer.status, answer["Content-Encoding"]) == (206, None)
    assert (answer["Vary"], answer.body) == ("Accept-Encoding", expected)


def test_who_refuses_the_file_itself_gets_the_whole_encoded(server):  # sections 12.5.3 and 14.2
    answer = server.get("/dynamic/page.html", headers=[*accepting("gzip, identity;q=0"),
                                                       ("Range", "bytes=0-9")])
    check_encoded(answer, "gzip", PAGE)


def test_a_range_of_the_encoded_form_is_refused_by_its_tag(server):  # RFC 9110 section 13.1.5
    tag = server.get("/dynamic/page.html", headers=accepting("gzip"))["ETag"]
    answer = server.get("/dynamic/page.html", headers=[
        *accepting("gzip"), ("Range", "bytes=0-9"), ("If-Range", tag)])
    assert (answer.status, len(answer.body)) == (200, int(answer["Content-Length"] or 0))


@pytest.mark.parametrize("coding", DECODE)
def test_head_is_as_get(server, coding):
    with server.client() as client:
        answers = []
        for method in ("GET", "HEAD"):
            client.request("/dynamic/page.html", method, headers=accepting(coding))
            answers.append(client.answer(method))
        assert fields_but_date(answers[0]) == fields_but_date(answers[1])
        assert fate(client) == KEPT


def test_each_coding_has_a_weak_tag_of_its_own(server):  # RFC 9110 section 8.8.1
    plain = strong_tag(server, "/dynamic/page.html")
    tags = [server.get("/dynamic/page.html", headers=accepting(coding))["ETag"]
            for coding in DECODE]
    assert all(tag.startswith('W/"') for tag in tags), tags
    assert len({plain.strip('W/"'), *(tag.strip('W/"') for tag in tags)}) == 3


@pytest.mark.parametrize("coding", DECODE)
def test_preconditions_on_an_encoded_form(server, coding):  # sections 13.1.1 and 13.1.2
    def status(*fields):
        return server.get("/dynamic/page.html", headers=[*accepting(coding), *fields]).status
    first = server.get("/dynamic/page.html", headers=accepting(coding))
    tag = first["ETag"]
    assert status(("If-None-Match", tag)) == 304
    assert status(("If-None-Match", tag.removeprefix("W/"))) == 304, "compared weakly"
    assert status(("If-None-Match", strong_tag(server, "/dynamic/page.html"))) == 200
    assert status(("If-Match", tag)) == 412, "compared strongly, a weak tag matches nothing"
    assert status(("If-Modified-Since", first["Last-Modified"])) == 304
    answer = server.get("/dynamic/page.html",
                        headers=[*accepting(coding), ("If-None-Match", tag)])
    assert (answer["ETag"], answer["Vary"]) == (tag, "Accept-Encoding")


def test_pipelined_behind_chunks(server):
    requests = [("/dynamic/page.html", "GET", "gzip"), ("/static/255.txt", "GET", None),
                ("/dynamic/dense.txt", "GET", "gzip"), ("/dynamic/page.html", "HEAD", "zstd"),
                ("/dynamic/page.html", "GET", "zstd"), ("/missing", "GET", "gzip"),
                ("/dynamic/dense.txt", "GET", "gzip"), ("/dynamic/1.txt", "GET", "gzip")]
    with server.client() as client:
        client.send(b"".join(request_bytes(target, method, headers=accepting(coding))
                             for target, method, coding in requests))
        for target, method, coding in requests:
            answer = client.answer(method)
            content = FILES.get(target.rsplit("/", 1)[1])
            if content is None:
                assert answer.status == 404
            elif method == "GET" and answer.chunks:
                check_encoded(answer, coding, content)
            elif method == "GET":
                check_plain(answer, content)
        assert fate(client) == KEPT


def slow_client(server, coding="gzip", target="/dynamic/dense.txt"):
    """A client in mid-answer that does not read on."""
    client = Client(server.port, receive_buffer=4096)
    client.request(target, headers=accepting(coding))
    assert client.receive()
    return client


def test_a_slow_reader_gets_it_all(server, root):
    with slow_client(server, target="/dynamic/large.txt") as slow:
        wait_until(lambda: is_asleep(server.pid), "it has what it can be sent")
        for _ in range(3):
            check_plain(server.get("/dynamic/page.html"), PAGE)
            assert slow.receive()
        check_encoded(slow.answer(), "gzip", (root / "dynamic/large.txt").read_bytes())


def test_slow_readers_do_not_keep_the_blocks(start, root):
    server = start(root, "--threads", "1", "--aio-blocks", "2")
    slow = [slow_client(server, target="/dynamic/large.txt") for _ in range(3)]
    wait_until(lambda: is_asleep(server.pid), "all of them have what they can be sent")
    check_encoded(server.get("/dynamic/dense.txt", headers=accepting("gzip")), "gzip",
                  FILES["dense.txt"])
    check_plain(server.get("/dynamic/dense.txt"), FILES["dense.txt"])
    check_encoded(slow[0].answer(), "gzip", (root / "dynamic/large.txt").read_bytes())
    for client in slow:
        client.close()


@pytest.mark.parametrize("received", [0, 1, 100_000, 2_000_000])
def test_a_client_that_resets(server, received):
    before = len(descriptors(server.pid))
    for coding in DECODE:
        client = Client(server.port, receive_buffer=4096)
        client.request("/dynamic/dense.txt", headers=accepting(coding))
        while len(client.buffer) < received:
            assert client.receive()
        client.reset()
    wait_for_descriptors(server, before)
    check_encoded(server.get("/dynamic/page.html", headers=accepting("gzip")), "gzip", PAGE)


def test_a_file_that_shrinks_never_gets_a_last_chunk(start, root):
    file = root / "dynamic/shrinking.txt"
    file.write_bytes((root / "dynamic/large.txt").read_bytes())
    server = start(root)
    with slow_client(server, target="/dynamic/shrinking.txt") as client:
        os.truncate(file, 1000)
        with pytest.raises(EOFError):
            client.answer()
    server.wait_for_line("shrinking.txt: the file shrank")


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def test_a_large_file_takes_no_more_memory_than_a_small_one(start, root):
    server = start(root, "--threads", "1", "--aio-blocks", "4")
    for coding in (None, *DECODE):  # whatever memory is taken once
        server.get("/dynamic/dense.txt", headers=accepting(coding))
    before = peak_kib(server.pid)
    content = (root / "dynamic/large.txt").read_bytes()
    for coding in DECODE:
        answer = server.get("/dynamic/large.txt", headers=accepting(coding))
        assert len(answer.body) > 12 << 20, "it would show"
        check_encoded(answer, coding, content)
    assert peak_kib(server.pid) - before < 4 << 10


def test_it_comes_in_many_chunks(server):
    answer = server.get("/dynamic/dense.txt", headers=accepting("gzip"))
    assert len(answer.chunks) > 20 and max(answer.chunks) < 128 * 1024
    assert gunzip(answer.body)
