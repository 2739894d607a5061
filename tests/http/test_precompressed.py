"""x.br, x.zst and x.gz beside x: RFC 9110 sections 8.4, 12.4.2, 12.5.3 and 12.5.5."""
import os

import pytest

from codings import fields_but_date, strong_tag
from conftest import KINDS, write_file
from serving import serving

SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
FILES = {  # which codings lie beside each, beneath each kind's folder
    "all.txt": ["br", "zstd", "gzip"], "gz.txt": ["gzip"], "none.txt": [], "data.bin": ["gzip"],
    "folder/index.html": ["gzip", "br"], "stale.txt": [], "odd.txt": [],
}
NEITHER = 406


def write_files(root):
    for kind in KINDS:
        for name, codings in FILES.items():
            file = root / kind / name
            write_file(file, 1000, name)
            for coding in codings:
                write_file(f"{file}{SUFFIXES[coding]}", 300, name + coding)
        write_file(root / kind / "alone.txt.gz", 10)
        for file in (root / kind).iterdir():
            os.utime(file, (1_000_000_000, 1_000_000_000))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("precompressed")
    write_files(root)
    return root


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, root):
    with serving(root, "--no-compress", shim=request.param) as server:
        yield server


def accepting(field):
    return [] if field is None else [("Accept-Encoding", field)]


def check_form(root, answer, kind, name, coding):
    """`answer` is the whole file in `coding`, and says so."""
    file = root / kind / name
    content = (file.with_name(file.name + SUFFIXES[coding]) if coding else file).read_bytes()
    assert (answer.status, answer["Content-Encoding"]) == (200, coding), answer
    assert answer["Content-Length"] == str(len(content))
    assert answer.body == content


CHOICES = [  # what the client accepts, what it gets, and why: a section of RFC 9110
    (None, None, "12.5.3"),  # any coding would do, but who names none may know none
    ("", None, "12.5.3"),
    ("gzip", "gzip", "12.5.3"),
    ("br", "br", "12.5.3"),
    ("zstd", "zstd", "12.5.3"),
    ("GZip", "gzip", "8.4.1"),  # names are compared in any case
    ("x-gzip", "gzip", "8.4.1.3"),
    ("deflate, compress", None, "12.5.3"),
    ("gzip, deflate, br, zstd", "br", "ours"),  # liked equally: the best of ours
    ("gzip, zstd", "zstd", "ours"),
    ("zstd;q=0.5, gzip;q=0.5, identity;q=0.5", "zstd", "ours"),
    ("gzip, br;q=0.5", "gzip", "12.4.2"),
    ("gzip;q=0.2, br;q=0.3, zstd;q=0.25", "br", "12.4.2"),
    ("gzip;q=0.001", "gzip", "12.4.2"),
    ("gzip;q=0.5, identity", None, "12.4.2"),
    ("identity;q=0.5, gzip;q=0.501", "gzip", "12.4.2"),
    ("gzip;q=0", None, "12.4.2"),
    ("gzip;q=0.000, br;q=0.0", None, "12.4.2"),
    ("gzip ; \t q=1.000", "gzip", "12.4.2"),
    ("gzip;Q=0.5", "gzip", "12.4.2"),
    ("gzip;q=2, gzip;q=x, br;q=0.1234", None, "12.4.2"),  # no weights: skipped
    (",, gzip ,", "gzip", "5.6.1"),
    ("*", "br", "12.5.3"),
    ("*;q=0.5", "br", "12.5.3"),
    ("br;q=0, *", "zstd", "12.5.3"),
    ("br;q=0, zstd;q=0, *;q=0.1", "gzip", "12.5.3"),
    ("*;q=0, gzip", "gzip", "12.5.3"),
    ("*;q=0, identity", None, "12.5.3"),
    ("identity;q=0, *;q=0.1", "br", "12.5.3"),
    ("identity;q=0, gzip;q=0.1", "gzip", "12.5.3"),
    ("identity;q=0", NEITHER, "12.5.3"),
    ("*;q=0", NEITHER, "12.5.3"),
    ("identity;q=0, deflate", NEITHER, "12.5.3"),
    ("*, identity;q=0, br;q=0, zstd;q=0, gzip;q=0", NEITHER, "12.5.3"),
]


@pytest.mark.parametrize("field, coding",
                         [pytest.param(*row[:2], id=f"{row[2]}-{row[0]}") for row in CHOICES])
def test_the_form_that_is_chosen(server, root, kind, field, coding):
    answer = server.get(f"/{kind}/all.txt", headers=accepting(field))
    assert answer["Vary"] == "Accept-Encoding"
    if coding == NEITHER:
        assert (answer.status, answer["Content-Encoding"]) == (406, None)
        assert answer["Content-Type"] == "text/html; charset=utf-8"
    else:
        check_form(root, answer, kind, "all.txt", coding)
        assert answer["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name, field, coding", [
    ("gz.txt", "br, zstd, gzip;q=0.1", "gzip"),
    ("gz.txt", "br", None),
    ("gz.txt", "br, identity;q=0", NEITHER),
    ("none.txt", "br, zstd, gzip", None),
    ("none.txt", "br, *;q=0", NEITHER),
    ("data.bin", "gzip", "gzip"),  # whatever its type: somebody put it there
    ("folder/", "gzip, br", "br"),
    ("folder/", "gzip", "gzip"),
])
def test_only_what_is_there_is_chosen(server, root, kind, name, field, coding):
    answer = server.get(f"/{kind}/{name}", headers=accepting(field))
    if coding == NEITHER:
        assert answer.status == 406
    else:
        name = name + "index.html" if name.endswith("/") else name
        check_form(root, answer, kind, name, coding)


def test_a_list_in_several_lines_is_one(server, root, kind):  # RFC 9110 section 5.3
    headers = [("Accept-Encoding", "gzip;q=0.2"), ("Accept-Encoding", "zstd;q=0.9, br;q=0.1")]
    check_form(root, server.get(f"/{kind}/all.txt", headers=headers), kind, "all.txt", "zstd")


def test_http_1_0(server, root, kind):
    with server.client() as client:
        client.request(f"/{kind}/all.txt", version="HTTP/1.0", headers=accepting("gzip"))
        check_form(root, client.answer(), kind, "all.txt", "gzip")


def test_a_file_that_is_asked_for_itself_is_no_coding(server, root, kind):
    answer = server.get(f"/{kind}/all.txt.gz", headers=accepting("gzip"))
    assert (answer["Content-Type"], answer["Content-Encoding"]) == ("application/gzip", None)
    assert answer.body == (root / kind / "all.txt.gz").read_bytes()


def test_nothing_stands_in_for_a_file_that_is_not_there(server, kind):
    assert server.get(f"/{kind}/alone.txt", headers=accepting("gzip")).status == 404


def test_head_is_as_get(server, kind):
    for field in (None, "gzip", "br", "identity;q=0"):
        answers = [server.get(f"/{kind}/all.txt", method, headers=accepting(field))
                   for method in ("GET", "HEAD")]
        assert fields_but_date(answers[0]) == fields_but_date(answers[1])
        assert answers[1]["Content-Length"] is not None


def test_each_form_has_a_strong_tag_of_its_own(server, kind):  # section 8.8.3.3
    tags = {strong_tag(server, f"/{kind}/all.txt", **{"Accept-Encoding": coding})
            for coding in ("identity", *SUFFIXES)}
    assert len(tags) == 4


@pytest.mark.parametrize("coding", SUFFIXES)
def test_304_of_a_form(server, kind, coding):  # sections 13.1.2 and 15.4.5
    target = f"/{kind}/all.txt"
    tag = strong_tag(server, target, **{"Accept-Encoding": coding})
    for method in ("GET", "HEAD"):
        answer = server.get(target, method, [*accepting(coding), ("If-None-Match", tag)])
        assert (answer.status, answer["ETag"], answer["Vary"]) == (304, tag, "Accept-Encoding")
        assert not {"content-length", "content-encoding"} & {name for name, _ in answer.fields}
    plain = server.get(target, headers=[("If-None-Match", tag)])
    assert (plain.status, plain["Content-Encoding"]) == (200, None), "another form, another tag"


@pytest.mark.parametrize("coding", SUFFIXES)
def test_206_of_a_form(server, root, kind, coding):  # section 14: ranges are of what is sent
    content = (root / kind / f"all.txt{SUFFIXES[coding]}").read_bytes()
    answer = server.get(f"/{kind}/all.txt",
                        headers=[*accepting(coding), ("Range", "bytes=100-299")])
    assert (answer.status, answer["Content-Range"]) == (206, "bytes 100-299/300")
    assert (answer["Content-Encoding"], answer["Vary"]) == (coding, "Accept-Encoding")
    assert answer.body == content[100:300]
    beyond = server.get(f"/{kind}/all.txt", headers=[*accepting(coding), ("Range", "bytes=300-")])
    assert (beyond.status, beyond["Content-Range"]) == (416, "bytes */300")


def test_if_range_is_about_the_form(server, root, kind):  # section 13.1.5
    target = f"/{kind}/all.txt"
    tags = {coding: strong_tag(server, target, **{"Accept-Encoding": coding or "identity"})
            for coding in (None, "gzip")}
    for coding, status in ((None, 200), ("gzip", 206)):
        answer = server.get(target, headers=[*accepting("gzip"), ("Range", "bytes=0-9"),
                                             ("If-Range", tags[coding])])
        assert (answer.status, answer["Content-Encoding"]) == (status, "gzip")


def test_no_precompressed(start, root, kind):
    server = start(root, "--no-precompressed", "--no-compress")
    check_form(root, server.get(f"/{kind}/all.txt", headers=accepting("gzip, br")), kind, "all.txt",
               None)
    assert server.get(f"/{kind}/all.txt", headers=accepting("gzip, identity;q=0")).status == 406


@pytest.mark.parametrize("older_ns, coding", [(1, None), (10**12, None), (0, "gzip"),
                                              (-10**12, "gzip")])
def test_a_stale_file_is_not_used(server, root, kind, older_ns, coding):
    file = root / kind / "stale.txt"
    write_file(f"{file}.gz", 100, "stale")
    modified = file.stat().st_mtime_ns
    os.utime(f"{file}.gz", ns=(modified - older_ns,) * 2)
    check_form(root, server.get(f"/{kind}/stale.txt", headers=accepting("gzip")), kind, "stale.txt",
               coding)


def test_an_empty_file_is_not_used(server, root, kind):
    """It is no encoding of anything; some tool is just about to write it."""
    file = root / kind / "odd.txt.gz"
    file.touch()
    try:
        answer = server.get(f"/{kind}/odd.txt", headers=accepting("gzip"))
    finally:
        file.unlink()
    check_form(root, answer, kind, "odd.txt", None)


def outside(folder):
    """A file that would do, were it beneath the root."""
    (folder.parents[1] / "outside.gz").write_bytes(b"not yours")
    return folder.parents[1] / "outside.gz"


@pytest.mark.parametrize("place", [
    lambda file: file.mkdir(),
    os.mkfifo,
    lambda file: file.symlink_to(os.path.relpath(outside(file.parent), file.parent)),
    lambda file: file.symlink_to(outside(file.parent)),
    lambda file: file.symlink_to("nowhere"),
    lambda file: file.symlink_to(file.name),
    lambda file: file.symlink_to("."),
], ids=["folder", "fifo", "link-out", "absolute-link-out", "dangling", "loop", "link-to-folder"])
def test_what_is_no_file_beneath_the_root_is_not_used(server, root, kind, place):
    file = root / kind / "odd.txt.gz"
    place(file)
    try:
        answer = server.get(f"/{kind}/odd.txt", headers=accepting("gzip"))
    finally:
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    check_form(root, answer, kind, "odd.txt", None)


def test_a_link_that_stays_beneath_the_root_is_used(server, root, kind):
    file = root / kind / "odd.txt.br"
    file.symlink_to("all.txt.br")
    os.utime(file)  # which follows it
    try:
        answer = server.get(f"/{kind}/odd.txt", headers=accepting("br"))
    finally:
        file.unlink()
    assert answer["Content-Encoding"] == "br"
    assert answer.body == (root / kind / "all.txt.br").read_bytes()


def test_the_front_page(start, root):
    write_file(root / "index.html", 500)
    content = write_file(root / "index.html.br", 50)
    answer = start(root).get("/", headers=accepting("br"))
    assert (answer["Content-Encoding"], answer.body) == ("br", content)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
