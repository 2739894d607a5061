"""The loop never waits for a disk: whatever is not in memory is announced to it or left to helpers,
and others are answered meanwhile. Nothing here is timed."""
import os
import re
import signal
import subprocess

import pytest

from conftest import AWS, AWS_ASAN, AWS_TSAN, CLEAN
from disks import (PAGE, WINDOW, calls_by_thread, disk_counters, evict, mounted,
                   odd_disk, odd_disk_library, pages_in_memory, tells)  # noqa: F401, fixtures
from observe import Strace, is_asleep, receive_all, wait_until

SIZE = 10 * WINDOW + 777
AWAITING = r"--> AwaitingDisk, wants Disk"
OPENING = r"--> OpeningFile, wants Disk"


@pytest.fixture
def cold(make_file):
    """cold(name, size) → the bytes of a file that is on the disk and nowhere else."""
    def make(name, size=SIZE):
        content = make_file(name, size)
        evict(make_file.root / name)
        return content
    return make


@pytest.fixture
def straced(tmp_path):
    """straced(trace, inject) → a Strace."""
    folder = tmp_path / "strace"
    folder.mkdir()
    return lambda *words: Strace(folder, *words)


def asks(kind):
    """The engine of /dynamic asks what is in memory only about what a read has missed, and the miss
    has begun to bring it in: so that it always finds the window missing, nothing is resident."""
    return ["forgetful"] if kind == "dynamic" else []


def serve_cold(start, root, *options, **keywords):
    return start(root, "--threads", "1", *options, **keywords)


# ---- What is called, and by whom

def without_names(call):
    return re.sub(r"<[^>]*>", "", call)


def test_cold_static_is_probed_and_announced_before_it_is_sent(start, tmp_path, cold, straced):
    content = cold("static/x")
    strace = straced("sendfile,preadv2,io_submit,pread64,read,epoll_wait")
    server = serve_cold(start, tmp_path, wrapper=strace.wrapper)
    assert server.get("/static/x").body == content
    counters = disk_counters(server)
    threads = calls_by_thread(strace)
    loops = [calls for calls in threads.values()
             if any(call.startswith("sendfile(") for call in calls)]
    assert len(loops) == 1, "one loop sends"
    resident, sent, missed = set(), 0, 0  # resident: pages that were read without sleeping
    for call in loops[0]:
        name = call.split("(", 1)[0]
        plain = without_names(call)
        result = int(re.search(r" = (-?\d+)", call).group(1))
        if name == "epoll_wait":
            resident.clear()  # what is in memory may leave it meanwhile
        elif name == "preadv2" and "/static/x>" in call:
            offset = int(re.search(r"\], 1, (\d+), RWF_NOWAIT\)", plain).group(1))
            missed += result < 0
            resident |= {offset // PAGE} if result == 1 else set()
        elif name == "sendfile" and result > 0:
            begin = int(re.search(r"\[(\d+)\]", plain).group(1))
            end = begin + result
            for offset in range(begin // WINDOW * WINDOW, end, WINDOW):
                last = min(offset + WINDOW, SIZE) - 1
                assert last // PAGE in resident, f"{begin} to {end} is sent, not so probed"
            sent += result
        elif name in ("pread64", "read"):
            assert "/static/x>" not in call, call
    assert sent == SIZE
    assert missed > 0, "the file was not cold"
    sentinels = [call for call in loops[0] if call.startswith("io_submit(")]
    assert sentinels and all("RWF_NOWAIT" in call for call in sentinels), sentinels
    assert all("IOCB_FLAG_RESFD" in call for call in sentinels), sentinels
    eventfd = re.search(r"aio_resfd=(\d+)", sentinels[0]).group(1)
    assert [call for call in loops[0] if call.startswith(f"read({eventfd}<")], "unheard"
    assert counters["windows announced"] >= 1
    assert counters["windows announced"] + counters.get("windows ahead", 0) >= len(sentinels)


def test_cold_dynamic_is_never_read_where_that_could_sleep(start, tmp_path, cold, straced):
    content = cold("dynamic/x")
    strace = straced("sendfile,preadv2,fadvise64,io_submit,pread64,read")
    server = serve_cold(start, tmp_path, wrapper=strace.wrapper)
    assert server.get("/dynamic/x").body == content
    counters = disk_counters(server)
    reads = strace.named("io_submit")
    assert len(reads) >= SIZE // WINDOW
    assert not [call for call in reads if "RWF_NOWAIT" not in call], "a read that may sleep"
    for calls in calls_by_thread(strace).values():
        if any(call.startswith("io_submit(") for call in calls):  # the loop
            others = [call for call in calls if call.startswith(("pread64", "read", "sendfile"))
                      and "/dynamic/x>" in call]
            assert not others, others
    assert_not_at_once(counters)


@pytest.mark.parametrize("words", [[], ["uncached"]], ids=["cached", "uncached"])
def test_the_loop_opens_only_what_is_cached(start, tmp_path, make_file, odd_disk, words, straced):
    make_file("static/x", 10)
    strace = straced("openat2,accept4")
    server = serve_cold(start, tmp_path, wrapper=(*strace.wrapper, "env", *(
        f"{name}={value}" for name, value in odd_disk.env(*words).items())))
    targets = {"/static/x": 200, "/static/none": 404, "/": 404, "/static/": 403, "/static": 301}
    for target, status in targets.items():
        assert server.get(target).status == status
    counters = disk_counters(server)
    by_loop, by_helpers = [], []
    for calls in calls_by_thread(strace).values():
        is_loop = any(call.startswith("accept4(") for call in calls)
        opens = [call for call in calls if call.startswith("openat2(")]
        (by_loop if is_loop else by_helpers).extend(opens)
    assert not [call for call in by_loop if "RESOLVE_CACHED" not in call], by_loop
    assert not [call for call in by_helpers if "RESOLVE_CACHED" in call], by_helpers
    if words:
        assert counters["openings off the loop"] == len(targets) <= len(by_helpers)
    else:
        assert len(by_loop) >= len(targets)


def test_without_openat2_every_path_is_a_helpers_business(start, tmp_path, make_file, straced):
    content = make_file("static/x", 10)
    strace = straced("openat2", ["openat2:error=ENOSYS"])
    server = serve_cold(start, tmp_path, wrapper=strace.wrapper)
    for _ in range(3):
        assert server.get("/static/x").body == content
    assert server.get("/static/none").status == 404
    assert disk_counters(server)["openings off the loop"] >= 2
    assert len(strace.named("openat2")) <= 2, "once it is known to be missing, nobody asks again"


# ---- The ways in which bytes come in, each with its counter

def assert_not_at_once(counters):
    """Some window had to be asked about; see asks()."""
    assert counters.get("windows announced") or counters.get("windows resident"), counters


def test_what_is_in_memory_is_not_announced(start, make_file, kind):
    content = make_file(f"{kind}/x", SIZE)
    if not tells(make_file.root / kind / "x"):
        pytest.skip("the file system does not tell what is in memory")
    server = serve_cold(start, make_file.root)
    assert server.get(f"/{kind}/x").body == content
    counters = disk_counters(server)
    for name in ("announced", "ahead", "to helper", "silent", "memory files"):
        assert f"windows {name}" not in counters, counters
    if kind == "static":
        assert counters["windows resident"] >= SIZE // WINDOW
    else:
        assert "windows resident" not in counters, "nothing was missed"
        assert counters["reads at once"] == counters["reads started"] >= SIZE // WINDOW


@pytest.mark.parametrize("size", [1, PAGE, WINDOW, WINDOW + 1, SIZE])
def test_what_is_cold_is_announced_and_read_ahead(start, tmp_path, cold, kind, size, shim):
    content = cold(f"{kind}/x", size)
    server = serve_cold(start, tmp_path, shim=shim)
    assert server.get(f"/{kind}/x").body == content
    counters = disk_counters(server)
    if kind == "static":
        assert counters["windows announced"] >= 1
    assert_not_at_once(counters)
    assert "windows to helper" not in counters, counters


def test_ranges_of_a_cold_file_come_whole(start, tmp_path, cold, kind):
    content = cold(f"{kind}/x")
    server = serve_cold(start, tmp_path)
    for first, last in ((5, 5), (WINDOW - 1, WINDOW), (3 * WINDOW + 5, 6 * WINDOW)):
        evict(tmp_path / kind / "x")
        answer = server.get(f"/{kind}/x", headers=[("Range", f"bytes={first}-{last}")])
        assert answer.body == content[first:last + 1]
    evict(tmp_path / kind / "x")
    answer = server.get(f"/{kind}/x", headers=[("Range", f"bytes=0-9,{4 * WINDOW}-{5 * WINDOW}")])
    assert content[:10] in answer.body and content[4 * WINDOW:5 * WINDOW + 1] in answer.body
    assert_not_at_once(disk_counters(server))


def test_a_file_that_is_being_written_is_read_by_a_helper(start, tmp_path, cold, kind, odd_disk):
    content = bytearray(cold(f"{kind}/x", WINDOW))
    path = tmp_path / kind / "x"
    server = serve_cold(start, tmp_path, env=odd_disk.env(*asks(kind)))
    with path.open("r+b") as file:  # dirty pages, where the sentinel would read
        file.seek(WINDOW - PAGE)
        file.write(b"d" * PAGE)
        file.flush()
        content[WINDOW - PAGE:] = b"d" * PAGE
        assert pages_in_memory(path) < WINDOW // PAGE, "the rest is cold"
        assert server.get(f"/{kind}/x").body == content
    counters = disk_counters(server)
    assert counters["windows refused"] == counters["windows to helper"] == 1
    assert counters["helpers tasks"] >= 1


def test_without_direct_reads_a_helper_reads(start, tmp_path, cold, kind, odd_disk):
    content = cold(f"{kind}/x", WINDOW)
    server = serve_cold(start, tmp_path, env=odd_disk.env("no_direct", *asks(kind)))
    assert server.get(f"/{kind}/x").body == content
    counters = disk_counters(server)
    assert counters["windows no direct"] == counters["windows to helper"] == 1


def test_what_never_stays_in_memory_is_read_by_a_helper_in_the_end(start, tmp_path, cold,
                                                                    odd_disk):
    content = cold("static/x", 2 * WINDOW)
    server = serve_cold(start, tmp_path, env=odd_disk.env("forgetful"))
    assert server.get("/static/x").body == content
    counters = disk_counters(server)
    assert counters["windows gave up"] == counters["windows to helper"] == 2
    assert counters["windows again"] >= 4
    assert counters["windows announced"] == 1 and counters["windows ahead"] == 1


def test_a_file_system_in_memory_is_just_read(start, tmp_path, make_file, kind):
    wrapper = mounted("-t", "tmpfs", "none", tmp_path / kind)
    # The file is made where only the server sees it.
    script = f'head -c {SIZE} /dev/zero > "{tmp_path / kind / "x"}" && exec "$@"'
    server = serve_cold(start, tmp_path, wrapper=(*wrapper, "sh", "-c", script, "sh"))
    for _ in range(2):
        assert server.get(f"/{kind}/x").body == bytes(SIZE)
    counters = disk_counters(server)
    for name in ("announced", "to helper", "silent"):
        assert f"windows {name}" not in counters, counters
    # From some kernel on it may tell what it has: then it is like any other.
    assert counters.get("windows memory files") or counters.get("windows resident") or \
        counters.get("reads at once")


def test_an_overlay_tells_nothing_and_helpers_read(start, tmp_path, kind, make_file):
    content = make_file("lower/x", SIZE)
    for name in ("upper", "work"):
        (tmp_path / name).mkdir()
    layers = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    server = serve_cold(start, tmp_path, wrapper=mounted("-t", "overlay", "-o", layers, "none",
                                                         tmp_path / kind))
    assert server.get(f"/{kind}/x").body == content
    counters = disk_counters(server)
    if "windows resident" in counters:
        pytest.skip("this kernel's overlayfs tells what it has in memory")
    if kind == "static":
        assert counters["windows silent"] == counters["windows to helper"] == SIZE // WINDOW + 1
    else:
        assert counters["reads on helper"] == SIZE // WINDOW + 1
    assert counters["openings off the loop"] >= 1, "nobody had looked it up there before"


def test_a_full_ring_is_waited_for(start, tmp_path, make_file, straced):
    content = make_file("dynamic/x", SIZE)
    strace = straced("io_submit", ["io_submit:error=EAGAIN:when=1..3"])
    server = serve_cold(start, tmp_path, wrapper=strace.wrapper)
    assert server.get("/dynamic/x").body == content
    assert disk_counters(server)["reads ring full"] == 3


# ---- Others are answered meanwhile

@pytest.fixture
def waiting(start, tmp_path, cold, odd_disk):
    """waiting(*words) → (server, client, content): a client that waits for a disk that is odd in
    this way, and only for that."""
    def make(target, *words):
        content = cold(target.lstrip("/"), 3 * WINDOW)
        kind = target.split("/")[1]
        server = serve_cold(start, tmp_path, "--trace", env=odd_disk.env(*words, *asks(kind)))
        client = server.client()
        client.request(target)
        server.wait_for_line(OPENING if "late_opens" in words else AWAITING)
        return server, client, content
    return make


LATE = [("/static/x", "late_sentinels"), ("/dynamic/x", "late_sentinels"),
        ("/static/x", "late_preads no_direct"), ("/dynamic/x", "late_preads no_direct"),
        ("/static/x", "late_opens uncached"), ("/dynamic/x", "late_opens uncached")]


@pytest.fixture(params=LATE, ids=lambda row: f"{row[0].split('/')[1]} {row[1].split()[0]}")
def late(request, waiting):
    """(server, client, content, hot): `hot` are the kinds whose files need no waiting."""
    target, words = request.param
    kind = target.split("/")[1]
    # Where no path is ever cached, nobody gets past the helpers; where nothing is said to be
    # resident, only who does not ask.
    hot = [] if "late_opens" in words else ["dynamic"] if asks(kind) else ["static", "dynamic"]
    return (*waiting(target, *words.split()), hot)


def test_others_are_answered_while_one_waits_for_the_disk(late, make_file, odd_disk):
    server, client, content, hot = late
    for kind in hot:
        body = make_file(f"{kind}/hot", 1000)
        assert server.get(f"/{kind}/hot").body == body
    with server.client() as other:  # what needs no path
        other.request("*", "OPTIONS")
        assert other.answer("OPTIONS").status == 204
    client.socket.setblocking(False)
    before = b""
    try:
        before = client.socket.recv(1 << 20)
    except BlockingIOError:
        pass
    assert content[:100] not in before, "it did not wait"
    client.socket.settimeout(30)
    client.buffer += before
    odd_disk.open()
    assert client.answer().body == content
    client.close()


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_client_may_leave_while_the_disk_is_waited_for(late, odd_disk, way):
    server, client, _, _ = late
    getattr(client, way)()
    if way == "reset":
        server.wait_for_line(r"--PeerGone--> Closed")
    with server.client() as other:
        other.request("*", "OPTIONS")
        assert other.answer("OPTIONS").status == 204
    odd_disk.open()
    server.wait_for_line("#1 destroyed")
    assert server.stop() == 0


def test_a_graceful_stop_waits_for_the_disk(late, odd_disk):
    server, client, content, _ = late
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_line("stopping when")
    odd_disk.open()
    answer = client.answer()
    assert answer.body == content
    assert client.at_end(), "and then it closes"
    client.close()
    assert server.wait() == 0


def test_a_stop_at_once_cuts_who_waits_for_the_disk(late, odd_disk):
    server, client, content, _ = late
    server.process.send_signal(signal.SIGTERM)
    server.wait_for_line("stopping when")
    server.process.send_signal(signal.SIGINT)
    server.wait_for_line("1 connections are cut")
    odd_disk.open()  # the kernel and the helpers cannot be called back
    assert server.wait() == 0, server.output()
    assert len(receive_all(client)) < len(content)
    client.close()


def test_a_loop_whose_grace_is_over_sleeps_until_its_helpers_are_back(start, tmp_path, cold,
                                                                       odd_disk):
    cold("static/x", WINDOW)
    server = serve_cold(start, tmp_path, "--trace", "--grace", "0",
                        env=odd_disk.env("late_opens", "uncached"))
    with server.client() as client:
        client.request("/static/x")
        server.wait_for_line(OPENING)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_line("1 connections are cut")
        wait_until(lambda: is_asleep(server.pid), "the loop waits, and does not spin")
        odd_disk.open()
        assert server.wait() == 0, server.output()


def test_a_file_that_shrinks_while_it_is_waited_for_is_never_padded(waiting, tmp_path, kind,
                                                                     odd_disk):
    server, client, content = waiting(f"/{kind}/x", "late_sentinels")
    os.truncate(tmp_path / kind / "x", WINDOW + 10)
    odd_disk.open()
    got = receive_all(client).split(b"\r\n\r\n", 1)[1]
    client.close()
    assert content[:WINDOW + 10].startswith(got)
    assert server.stop() == 0
    server.wait_for_line("1 by files")


def test_a_file_that_is_replaced_while_it_is_waited_for_comes_as_it_was(waiting, tmp_path, kind,
                                                                        odd_disk):
    server, client, content = waiting(f"/{kind}/x", "late_sentinels")
    (tmp_path / kind / "new").write_bytes(b"new")
    (tmp_path / kind / "new").rename(tmp_path / kind / "x")
    odd_disk.open()
    assert client.answer().body == content
    client.request(f"/{kind}/x")
    assert client.answer().body == b"new"
    client.close()


def test_a_file_that_is_thrown_out_again_is_announced_again(waiting, tmp_path, kind, odd_disk):
    server, client, content = waiting(f"/{kind}/x", "late_sentinels")
    evict(tmp_path / kind / "x")
    odd_disk.open()
    assert client.answer().body == content
    client.close()
    assert disk_counters(server)["windows again"] >= 1


def test_a_listing_is_read_by_a_helper(start, tmp_path, make_file, odd_disk):
    make_file("static/folder/entry", 10)
    hot = make_file("static/hot", 100)
    server = serve_cold(start, tmp_path, "--trace", "--listing", env=odd_disk.env("late_folders"))
    with server.client() as client:
        client.request("/static/folder/")
        server.wait_for_line(AWAITING)
        assert server.get("/static/hot").body == hot
        odd_disk.open()
        assert b"entry" in client.answer().body


# ---- Limits: requests beyond them wait in order

@pytest.mark.parametrize("target, option, words, counter", [
    ("/dynamic/x", "--aio-blocks", "late_reads", "reads waited"),
    ("/static/x", "--sentinels", "late_sentinels", "reads waited"),
    ("/static/x", "--helper-queue", "late_opens uncached", "helpers queued")])
def test_whoever_finds_a_limit_reached_waits_in_order(start, tmp_path, cold, odd_disk, target,
                                                      option, words, counter):
    clients = 6
    contents = [cold(f"{target.lstrip('/')}{number}", 2 * WINDOW) for number in range(clients)]
    server = serve_cold(start, tmp_path, "--trace", option, "1", "--helper-threads", "1",
                        env=odd_disk.env(*words.split()))
    waiting = []
    for number in range(clients):
        waiting.append(server.client())
        waiting[-1].request(f"{target}{number}")
        server.wait_for_line(OPENING if "late_opens" in words else AWAITING, count=number + 1)
    odd_disk.open()
    for client, content in zip(waiting, contents):
        assert client.answer().body == content
        client.close()
    assert disk_counters(server)[counter] >= clients - 1


# ---- Under sanitizers: helpers, sentinels and clients that leave, all at once

@pytest.mark.parametrize("binary", [AWS_ASAN, AWS_TSAN], ids=["asan", "tsan"])
@pytest.mark.parametrize("words", ["", "uncached", "uncached no_direct", "uncached forgetful"])
def test_nothing_is_touched_that_is_not_there_or_not_ones_own(start, tmp_path, cold, odd_disk,
                                                              binary, words):
    if not binary.exists():
        pytest.skip(f"{binary} is not built")
    contents = {f"/{kind}/{number}": cold(f"{kind}/{number}", 3 * WINDOW + number)
                for kind in ("static", "dynamic") for number in range(4)}
    (tmp_path / "static/folder").mkdir()
    server = start(tmp_path, "--threads", "2", "--aio-blocks", "2", "--sentinels", "2",
                   "--helper-queue", "3", "--listing", binary=binary,
                   env=odd_disk.env(*words.split()) | {
                       "ASAN_OPTIONS": "verify_asan_link_order=0", "TSAN_OPTIONS": "exitcode=66"})
    leavers = []
    for target, content in contents.items():
        leavers.append(server.client())
        leavers[-1].request(target)
        with server.client() as client:
            client.request(target)
            client.request("/static/folder/")
            client.request("/static/none")
            if len(leavers) % 2:
                leavers[-1].reset()
            assert client.answer().body == content
            assert [client.answer().status for _ in range(2)] == [200, 404]
    server.process.send_signal(signal.SIGTERM)
    for client in leavers[1::2]:
        receive_all(client)
        client.close()
    assert server.wait() == 0 and server.audit == CLEAN, server.output()
    assert "Sanitizer" not in server.output()


# ---- The plain engine

def test_the_plain_engine_serves_the_same_and_asks_for_nothing(start, tmp_path, cold, kind,
                                                               straced):
    content = cold(f"{kind}/x")
    strace = straced("preadv2,fadvise64,openat,openat2,io_submit,pread64")
    server = serve_cold(start, tmp_path, "--engine", "plain", wrapper=strace.wrapper)
    assert server.get(f"/{kind}/x").body == content
    counters = disk_counters(server)
    assert not [name for name in counters if not name.startswith("reads ")], counters
    made = [call for call in strace.calls if f"{kind}/x" in call]
    assert made, "strace saw no call on the file"
    for word in ("preadv2(", "fadvise64(", "pread64(", "O_DIRECT", "RWF_NOWAIT", "RESOLVE_CACHED"):
        assert not [call for call in made if word in call], word


# ---- Options

@pytest.mark.parametrize("option", [
    "--engine=fast", "--engine=", "--sentinels=0", "--sentinels=x", "--sentinels=65537",
    "--helper-threads=0", "--helper-threads=-1", "--helper-threads=100000", "--helper-queue=0",
    "--helper-queue=1.5"])
def test_a_bad_value_is_told_in_one_line(tmp_path, option):
    done = subprocess.run([AWS, "--root", tmp_path, "--port", "0", option], capture_output=True,
                          text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("aws: ") and option[2:8] in lines[0], lines
