"""Files whose size stat(2) does not tell: /proc, /sys, and what a FUSE file system says 0 of. They are read
before they are answered for; what is larger than 1 MiB is sent in chunks."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import fuse_files
from byteranges import CONTENT_RANGE
from conftest import KINDS
from listings import ListingPage
from observe import descriptors, is_asleep, wait_until
from serving import KEPT, difference, fate, serving

MEMORY = 1 << 20  # bytes of a file that is read whole
SMALL = ["proc/version", "proc/filesystems", "proc/sys/kernel/ostype", "proc/sys/net/ipv4/ip_local_port_range",
         "sys/kernel/mm/transparent_hugepage/enabled", "sys/kernel/uevent_seqnum", "one"]
SIZES = [0, 1, 4095, 4096, 4097, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, MEMORY - 1, MEMORY]
LARGE = [MEMORY + 1, MEMORY + (256 << 10), (3 << 20) + 5]


def kernel_path(name):
    return Path("/proc/version" if name == "one" else f"/{name}")


@pytest.fixture(scope="module")
def kernel_root(tmp_path_factory):
    """(root, wrapper): in both kinds, proc/ and sys/ are the kernel's, and `one` is a file of it."""
    root = tmp_path_factory.mktemp("kernel")
    commands = []
    for kind in KINDS:
        for name in ("proc", "sys"):
            (root / kind / name).mkdir(parents=True)
            commands.append(f"mount --bind /{name} {root}/{kind}/{name}")
        (root / kind / "one").touch()
        commands.append(f"mount --bind /proc/version {root}/{kind}/one")
        (root / kind / "link").symlink_to("proc/version")
        (root / kind / "plain").write_bytes(b"plain\n")
        (root / kind / "empty").touch()
    wrapper = ("unshare", "-m", "sh", "-c", " && ".join(commands) + ' && exec "$@"', "sh")
    if os.geteuid() != 0 or subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    return root, wrapper


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def kernel(request, kernel_root):
    root, wrapper = kernel_root
    with serving(root, "--listing", "--threads", "1", wrapper=wrapper, shim=request.param) as server:
        yield server


@pytest.fixture(scope="module")
def fuse_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("fuse")
    for kind in KINDS:
        (root / kind / "fuse").mkdir(parents=True)
    files = {str(size): {"told": 0, "size": size} for size in SIZES + LARGE}
    files["told"] = {"told": 5000, "size": 5000}
    files["broken"] = {"told": 0, "size": 100, "error_at": 50}
    files["breaks"] = {"told": 0, "size": 3 << 20, "error_at": 2 << 20}
    files["endless"] = {"told": 0, "size": 1 << 26}
    files["text.txt"] = {"told": 0, "size": 5000}
    files["beside"] = {"told": 5000, "size": 5000}
    files["beside.gz"] = {"told": 0, "size": 50}
    words = [fuse_files.wrapper(root / kind / "fuse", files) for kind in KINDS]
    if not all(words):
        pytest.skip("no FUSE file system can be mounted here")
    return root, words[0] + words[1]


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def fuse(request, fuse_root):
    root, wrapper = fuse_root
    with serving(root, "--listing", "--threads", "1", wrapper=wrapper, shim=request.param) as server:
        yield server


@pytest.mark.parametrize("name", [*SMALL, "link"])
def test_the_kernels_files_come_whole_with_their_length(kernel, kind, name):
    expected = kernel_path("one" if name == "link" else name).read_bytes()
    answer = kernel.get(f"/{kind}/{name}")
    assert (answer.status, answer.body) == (200, expected)
    assert int(answer["Content-Length"]) == len(expected) > 0
    head = kernel.get(f"/{kind}/{name}", "HEAD")
    assert (head.status, head["Content-Length"]) == (200, str(len(expected)))


def test_each_answer_reads_anew(kernel, kind):
    with kernel.client() as client:
        seen = set()
        for _ in range(30):
            client.request(f"/{kind}/proc/sys/kernel/random/uuid")
            answer = client.answer()
            assert re.fullmatch(rb"[0-9a-f-]{36}\n", answer.body)
            seen.add(answer.body)
    assert len(seen) == 30


def test_they_have_no_validators_and_no_ranges(kernel, kind):
    expected = kernel_path("proc/version").read_bytes()
    for headers in ([], [("Range", "bytes=0-3")], [("Range", "bytes=-3")], [("If-None-Match", '"x"')],
                    [("If-Modified-Since", "Fri, 31 Dec 9999 23:59:59 GMT")]):
        answer = kernel.get(f"/{kind}/proc/version", headers=headers)
        assert (answer.status, answer.body) == (200, expected)
        assert not {"etag", "last-modified", "accept-ranges", "content-range"} & {f for f, _ in answer.fields}


@pytest.mark.parametrize("field, value, status", [
    ("If-Match", "*", 200), ("If-Match", '"x"', 412), ("If-None-Match", "*", 304),
    ("Accept-Encoding", "gzip", 200), ("Accept-Encoding", "identity;q=0, gzip", 406),
])
def test_what_can_be_asked_of_them(kernel, kind, field, value, status):
    answer = kernel.get(f"/{kind}/proc/version", headers=[(field, value)])
    assert (answer.status, answer["Content-Encoding"]) == (status, None)


def test_what_the_kernel_does_not_let_be_read(kernel, kind):
    """A write-only file, which root can open, and the memory of a process, of which nothing is there at 0."""
    assert kernel.get(f"/{kind}/sys/kernel/mm/nothing-of-this-name").status == 404
    write_only = next((path for path in Path("/sys/bus").glob("*/drivers_probe")), None)
    if write_only:
        assert kernel.get(f"/{kind}{write_only}").status in (403, 500)
    assert kernel.get(f"/{kind}/proc/self/mem").status == 500


def test_pipelined_ones_come_in_turn(kernel, kind):
    names = 5 * ["proc/version", "plain", "proc/filesystems", "empty"]
    contents = [(kernel.root / kind / name).read_bytes() if "/" not in name else kernel_path(name).read_bytes()
                for name in names]
    with kernel.client() as client:
        for name in names:
            client.request(f"/{kind}/{name}")
        assert [client.answer().body for _ in names] == contents


def test_files_of_the_same_tree_keep_what_they_have(kernel, kind):
    for name, body in (("plain", b"plain\n"), ("empty", b"")):
        answer = kernel.get(f"/{kind}/{name}")
        assert (answer.status, answer.body, answer["Content-Length"]) == (200, body, str(len(body)))
        assert answer["ETag"] and answer["Last-Modified"] and answer["Accept-Ranges"] == "bytes"


def test_a_listing_does_not_tell_sizes_that_nobody_knows(kernel, kind):
    sizes = {"one": None, "link": None, "plain": 6, "empty": 0}
    entries = json.loads(kernel.get(f"/{kind}/", headers=[("Accept", "application/json")]).body)["entries"]
    assert {e["name"]: e.get("size") for e in entries if e["type"] == "file"} == sizes
    rows = {row.name: row for row in ListingPage(kernel.get(f"/{kind}/").body).rows}
    assert all((rows[name].size == "") == (size is None) for name, size in sizes.items())
    entries = json.loads(kernel.get(f"/{kind}/sys/kernel/mm/transparent_hugepage/",
                                    headers=[("Accept", "application/json")]).body)["entries"]
    assert entries and all("size" not in entry for entry in entries)


@pytest.mark.parametrize("size", SIZES)
def test_what_fuse_says_0_of_comes_with_its_length(fuse, kind, size):
    answer = fuse.get(f"/{kind}/fuse/{size}")
    assert (answer.status, answer["Content-Length"]) == (200, str(size))
    assert not difference(answer.body, fuse_files.pattern(size))


@pytest.mark.parametrize("size", LARGE)
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_what_is_larger_comes_in_chunks(fuse, kind, size, version):
    with fuse.client() as client:
        client.request(f"/{kind}/fuse/{size}", version=version)
        answer = client.answer()
        assert (answer.status, answer["Content-Length"]) == (200, None)
        assert not difference(answer.body, fuse_files.pattern(size))
        if version == "HTTP/1.1":
            assert answer.chunks[0] == MEMORY + 1
            assert fate(client) == KEPT
    head = fuse.get(f"/{kind}/fuse/{size}", "HEAD")
    assert (head.status, head["Content-Length"], head["Transfer-Encoding"]) == (200, None, "chunked")


def test_what_fuse_tells_is_believed(fuse, kind):
    answer = fuse.get(f"/{kind}/fuse/told", headers=[("Range", "bytes=10-19")])
    assert (answer.status, answer.body) == (206, fuse_files.pattern(5000)[10:20])
    assert CONTENT_RANGE.fullmatch(answer["Content-Range"])


def test_it_is_sent_as_it_is_and_never_in_place_of_another(fuse, kind):
    gzip = [("Accept-Encoding", "gzip")]
    answer = fuse.get(f"/{kind}/fuse/text.txt", headers=gzip)
    assert (answer["Content-Encoding"], answer["Content-Type"]) == (None, "text/plain; charset=utf-8")
    assert answer.body == fuse_files.pattern(5000)
    answer = fuse.get(f"/{kind}/fuse/beside", headers=gzip)
    assert (answer["Content-Encoding"], answer.body) == (None, fuse_files.pattern(5000))


def test_an_error_before_the_answer_is_its_status(fuse, kind):
    with fuse.client() as client:
        client.request(f"/{kind}/fuse/broken")
        assert client.answer().status == 500
        assert fate(client) == KEPT


def test_an_error_within_the_answer_ends_it_without_its_last_chunk(fuse, kind):
    with fuse.client() as client:
        client.request(f"/{kind}/fuse/breaks")
        with pytest.raises(EOFError):
            client.answer()
    assert fuse.get(f"/{kind}/fuse/1").status == 200


def test_a_client_may_leave_at_any_time(fuse, kind):
    before = len(descriptors(fuse.pid))
    for taken in (0, 1, 1 << 16, MEMORY + 1, 2 << 20):
        with fuse.client() as client:
            client.request(f"/{kind}/fuse/{LARGE[-1]}")
            while len(client.buffer) < taken:
                assert client.receive()
            client.reset()
    wait_until(lambda: len(descriptors(fuse.pid)) <= before, "all is closed")


def test_a_huge_one_is_read_as_its_client_takes_it(start, fuse_root, kind):
    root, wrapper = fuse_root
    server = start(root, "--threads", "1", wrapper=wrapper)

    def memory_kib():
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())[1])
    before = memory_kib()
    with server.client() as slow:
        slow.request(f"/{kind}/fuse/endless")
        assert slow.receive()
        wait_until(lambda: is_asleep(server.pid), "the server waits for its client")
        assert server.get(f"/{kind}/fuse/1").status == 200
        for _ in range(200):
            assert slow.receive()
        assert memory_kib() - before < 32 << 10


def test_answers_from_memory_are_bounded_like_listings(start, fuse_root, kind):
    root, wrapper = fuse_root
    server = start(root, "--threads", "1", "--max-listings", "1", wrapper=wrapper)
    with server.client() as slow:
        slow.request(f"/{kind}/fuse/endless")
        assert slow.receive()
        answer = server.get(f"/{kind}/fuse/1")
        assert (answer.status, answer["Retry-After"]) == (503, "1")
        assert server.get(f"/{kind}/fuse/told").status == 200
    wait_until(lambda: server.get(f"/{kind}/fuse/1").status == 200, "the place is free")


def test_the_log_says_that_memory_served_it(start, kernel_root, tmp_path, kind):
    root, wrapper = kernel_root
    log = tmp_path / "log"
    server = start(root, "--threads", "1", "--access-log", log, wrapper=wrapper)
    size = len(server.get(f"/{kind}/proc/version").body)
    server.stop()
    assert re.search(rf'"GET /{kind}/proc/version HTTP/1.1" 200 {size} "-" "-" \d+ memory$', log.read_text(), re.M)


@pytest.mark.parametrize("options", [["--engine", "plain"], ["--file-cache", "0"]], ids=" ".join)
def test_the_same_with_other_options(start, kernel_root, kind, options):
    root, wrapper = kernel_root
    server = start(root, "--threads", "1", *options, wrapper=wrapper)
    for _ in range(3):
        for name in SMALL:
            assert server.get(f"/{kind}/{name}").body == kernel_path(name).read_bytes()


@pytest.mark.parametrize("client", ["curl", "wget"])
def test_downloaders_get_all_of_it(fuse, kernel, kind, tmp_path, client):
    if not shutil.which(client):
        pytest.skip(f"{client} is not installed")
    out = str(tmp_path / "got")
    command = {"curl": ["curl", "-q", "-sS", "--fail", "-o", out],
               "wget": ["wget", "--no-config", "-q", "-t", "1", "-O", out]}[client]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    for server, name, expected in ((kernel, "proc/filesystems", kernel_path("proc/filesystems").read_bytes()),
                                   (fuse, f"fuse/{LARGE[-1]}", fuse_files.pattern(LARGE[-1]))):
        done = subprocess.run([*command, f"http://127.0.0.1:{server.port}/{kind}/{name}"], env=environment,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert not difference(Path(out).read_bytes(), expected)
