"""The document root is a path like those beneath it: whatever directory it comes to lead to is served within a
second, and where it leads nowhere, nothing is there."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from conftest import KINDS
from observe import Strace, descriptors, wait_until
from serving import forbid_openat2

SEEN = 1.0  # seconds, within which a change above a file is seen
OFTEN = 50  # requests: more than an image is worth
PAGES = ["/", "/static/x", "/dynamic/x", "/static/sub/", "/dynamic/link", "/.well-known/x", "/no/such/page"]


def make_tree(folder, name):
    """A root of which every file says `name`."""
    for kind in (*KINDS, ".well-known"):
        (folder / kind / "sub").mkdir(parents=True)
        (folder / kind / "x").write_text(name)
        (folder / kind / f"only-in-{name}").write_text(name)
        (folder / kind / "sub/index.html").write_text(name)
        (folder / kind / "link").symlink_to("x")
    (folder / "index.html").write_text(name)
    (folder / "app.html").write_text(name)
    past = time.time() - 1000
    for path in folder.rglob("*"):
        os.utime(path, (past, past), follow_symlinks=False)
    return folder


@pytest.fixture
def site(tmp_path):
    """releases/one and releases/two, and `current`, a link to the first."""
    for name in ("one", "two"):
        make_tree(tmp_path / "releases" / name, name)
    wait_until(lambda: time.time() - os.stat(tmp_path / "releases/two/app.html").st_ctime > 0.1, "all is settled")
    (tmp_path / "current").symlink_to("releases/one")
    return tmp_path


def turn(link, target):
    new = link.with_name("new")
    new.symlink_to(target)
    new.rename(link)


def switch_link(site):
    turn(site / "current", "releases/two")


def switch_to_an_absolute_link(site):
    turn(site / "current", site / "releases/two")


def swap_directories(site):
    (site / "releases/one").rename(site / "releases/old")
    (site / "releases/two").rename(site / "releases/one")


CHANGES = [switch_link, switch_to_an_absolute_link, swap_directories]


def ask(client, target="/static/x", **request):
    client.request(target, **request)
    return client.answer()


def wait_for_change(client, changed, is_new, target="/static/x", **request):
    """Asks until the answer is the new one; which no request may fail to get that begins after the second."""
    while True:
        began = time.monotonic()
        answer = ask(client, target, **request)
        if is_new(answer):
            return answer
        assert began - changed <= SEEN, f"after the second came {answer} {answer.body[:80]}"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("target", PAGES)
@pytest.mark.parametrize("threads", [1, 3])
def test_another_directory_is_served_within_a_second(start, site, change, target, threads):
    server = start(site / "current", "--threads", threads, "--fallback", "app.html")
    html = [("Accept", "text/html")]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(2 * threads)]
        for client in clients:
            for _ in range(OFTEN):
                assert ask(client, target, headers=html).body == b"one"
        change(site)
        changed = time.monotonic()
        for client in clients:
            wait_for_change(client, changed, lambda answer: answer.body == b"two", target, headers=html)
        for client in clients:
            if time.monotonic() > changed + SEEN:
                assert ask(client, target, headers=html).body == b"two"


@pytest.mark.parametrize("options", [["--engine", "plain"], ["--file-cache", "1"], ["--no-keep-alive"]], ids=" ".join)
def test_with_other_options(start, site, kind, options):
    server = start(site / "current", "--threads", "1", *options)
    assert server.get(f"/{kind}/x").body == b"one"
    switch_link(site)
    changed = time.monotonic()
    while (began := time.monotonic()) <= changed + SEEN:
        if server.get(f"/{kind}/x").body == b"two":
            break
    else:
        assert server.get(f"/{kind}/x").body == b"two", f"{began - changed} s"


def test_without_a_cache_it_is_seen_by_the_next_request(start, site, kind):
    server = start(site / "current", "--threads", "1", "--file-cache", "0")
    with server.client() as client:
        for number in range(10):
            assert ask(client, f"/{kind}/x").body == (b"two" if number % 2 else b"one")
            turn(site / "current", f"releases/{'one' if number % 2 else 'two'}")


def test_without_openat2(start, site, kind):
    server = start(site / "current", "--threads", "1", preexec=forbid_openat2)
    with server.client() as client:
        assert ask(client, f"/{kind}/x").body == b"one"
        switch_link(site)
        wait_for_change(client, time.monotonic(), lambda answer: answer.body == b"two", f"/{kind}/x")


@pytest.mark.parametrize("target", ["/static/only-in-two", "/dynamic/only-in-two"])
def test_what_is_new_there_is_found_and_what_is_gone_is_not(start, site, target):
    server = start(site / "current", "--threads", "1")
    gone = target.replace("two", "one")
    with server.client() as client:
        for _ in range(OFTEN):
            assert (ask(client, target).status, ask(client, gone).status) == (404, 200)
        switch_link(site)
        changed = time.monotonic()
        wait_for_change(client, changed, lambda answer: answer.status == 200, target)
        assert ask(client, gone).status == 404


def test_listings_are_of_the_new_directory(start, site, kind):
    server = start(site / "current", "--threads", "1", "--listing")
    with server.client() as client:
        assert b"only-in-one" in ask(client, f"/{kind}/").body
        switch_link(site)
        wait_for_change(client, time.monotonic(), lambda answer: b"only-in-two" in answer.body, f"/{kind}/")


def test_a_tag_of_the_old_tree_matches_nothing_in_the_new_one(start, site, kind):
    server = start(site / "current", "--threads", "1")
    with server.client() as client:
        tag = [("If-None-Match", ask(client, f"/{kind}/x")["ETag"])]
        for _ in range(OFTEN):
            assert ask(client, f"/{kind}/x", headers=tag).status == 304
        switch_link(site)
        wait_for_change(client, time.monotonic(), lambda answer: answer.body == b"two", f"/{kind}/x", headers=tag)


def test_where_there_is_none_for_a_moment_nothing_is_there(start, site, kind):
    server = start(site / "current", "--threads", "1", "--listing")
    with server.client() as client:
        for _ in range(OFTEN):
            assert ask(client, f"/{kind}/x").status == 200
        (site / "current").unlink()
        wait_for_change(client, time.monotonic(), lambda answer: answer.status == 404, f"/{kind}/x")
        for target in (f"/{kind}/", "/", f"/{kind}/x"):
            assert ask(client, target).status == 404
        (site / "current").symlink_to("releases/two")
        assert ask(client, f"/{kind}/x").body == b"two", "that there was none is not kept"


@pytest.mark.parametrize("make", [lambda path: path.write_text("no directory"),
                                  lambda path: path.symlink_to("current"),
                                  lambda path: path.symlink_to("nowhere")], ids=["a file", "a loop", "nowhere"])
def test_what_is_no_directory_is_no_root(start, site, kind, make):
    server = start(site / "current", "--threads", "1")
    with server.client() as client:
        assert ask(client, f"/{kind}/x").status == 200
        (site / "current").unlink()
        make(site / "current")
        wait_for_change(client, time.monotonic(), lambda answer: answer.status == 404, f"/{kind}/x")


def test_a_directory_of_the_same_name_made_anew(start, site, kind):
    server = start(site / "releases/one", "--threads", "1")
    with server.client() as client:
        for number in range(5):
            for _ in range(OFTEN):
                assert ask(client, f"/{kind}/x").body == (f"new {number}" if number else "one").encode()
            shutil.rmtree(site / "releases/one")
            make_tree(site / "releases/one", f"new {number + 1}")
            wait_for_change(client, time.monotonic(),
                            lambda answer, n=number: answer.body == f"new {n + 1}".encode(), f"/{kind}/x")


@pytest.mark.parametrize("root", ["current", "./current", "releases/../current/", "."])
def test_a_relative_root_begins_where_the_server_was_started(start, site, kind, root):
    """Even when that directory has another name by then."""
    home = site / "home"
    home.mkdir()
    for name in ("releases", "current"):
        (site / name).rename(home / name)
    if root == ".":
        home = make_tree(home / "releases/here", "one")
    server = start(root, "--threads", "1", cwd=home)
    assert str(home) in server.stdout_lines[0]
    with server.client() as client:
        assert ask(client, f"/{kind}/x").body == b"one"
        moved = site / "moved"
        home.rename(moved)
        make_tree(home / "current", "wrong")
        time_moved = time.monotonic()
        while time.monotonic() < time_moved + 2.5 * SEEN:
            assert ask(client, f"/{kind}/x").body == b"one"
        if root != ".":
            switch_link(moved)
            wait_for_change(client, time.monotonic(), lambda answer: answer.body == b"two", f"/{kind}/x")


def test_a_mount_over_the_root(start, site, kind):
    if os.geteuid() != 0 or not shutil.which("nsenter"):
        pytest.skip("only root can mount, and nsenter(1) is needed")
    wrapper = ("unshare", "-m", "--")
    if subprocess.run([*wrapper, "true"], check=False).returncode:
        pytest.skip("there are no mount namespaces here")
    root = site / "releases/one"
    server = start(root, "--threads", "1", wrapper=wrapper)

    def within(*command):
        subprocess.run(["nsenter", "-m", "-t", str(server.pid), *map(str, command)], check=True)
    with server.client() as client:
        for _ in range(OFTEN):
            assert ask(client, f"/{kind}/x").body == b"one"
        within("mount", "--bind", site / "releases/two", root)
        wait_for_change(client, time.monotonic(), lambda answer: answer.body == b"two", f"/{kind}/x")
        wait_until(lambda: not [path for path in descriptors(server.pid) if str(root) in path],
                   "an idle server holds nothing open")
        within("umount", root)
        wait_for_change(client, time.monotonic(), lambda answer: answer.body == b"one", f"/{kind}/x")


def test_a_download_that_has_begun_is_finished_from_the_old_tree(start, site, kind, shim):
    content = os.urandom(8 << 20)
    (site / "releases/one" / kind / "large").write_bytes(content)
    server = start(site / "current", "--threads", "1", shim=shim)
    with server.client() as slow, server.client() as other:
        slow.request(f"/{kind}/large")
        assert slow.receive()
        switch_link(site)
        shutil.rmtree(site / "releases/one")
        wait_for_change(other, time.monotonic(), lambda answer: answer.body == b"two", f"/{kind}/x")
        assert slow.answer().body == content


def test_an_idle_server_lets_go_of_the_root(start, site):
    server = start(site / "current", "--threads", "2")

    def held():
        return [path for path in descriptors(server.pid) if "releases" in path]
    assert server.get("/static/x").status == 200
    wait_until(lambda: not held(), "nothing beneath releases/ is open")
    shutil.rmtree(site / "releases/one")
    switch_link(site)
    assert server.get("/static/x").body == b"two"


def test_a_hot_request_does_not_pay_for_it(start, site, tmp_path):
    folder = tmp_path / "strace"
    folder.mkdir()
    strace = Strace(folder, "openat,openat2,fstatfs,sendfile")
    server = start(site / "current", "--threads", "1", wrapper=strace.wrapper)
    began, requests = time.monotonic(), 400
    with server.client() as client:
        for _ in range(requests):
            assert ask(client).body == b"one"
    seconds = time.monotonic() - began
    server.stop()
    lookups = [call for call in strace.named("openat", "openat2") if "current" in call]
    assert 1 <= len(lookups) <= seconds + 4, lookups  # one or two at the start
    assert len(strace.named("sendfile")) >= requests


def test_a_new_root_is_looked_up_by_a_helper_once(start, site):
    """Not by each request from then on."""
    server = start(site / "current", "--threads", "1")
    with server.client() as client:
        assert ask(client).body == b"one"
        switch_link(site)
        wait_for_change(client, time.monotonic(), lambda answer: answer.body == b"two")
        for _ in range(300):
            assert ask(client).body == b"two"
    server.stop()
    openings = re.search(r"openings: (\d+) off the loop", server.output())
    assert int(openings[1]) < 10 if openings else True


def test_crowds_see_one_tree_or_the_other(start, site, shim):
    """Deployments in quick succession, while many ask: each answer is of one of the trees, and each of the last
    within a second."""
    server = start(site / "current", "--threads", "3", shim=shim)
    last = threading.Event()
    problems = []

    def crowd(number):
        targets = ["/static/x", "/dynamic/x", "/", "/static/sub/", f"/static/no-such-{number}", "/dynamic/link"]
        try:
            with server.client() as client:
                while not last.is_set():
                    for target in targets:
                        answer = ask(client, target)
                        expected = (404,) if "no-such" in target else (200,)
                        assert answer.status in expected and (answer.status == 404 or answer.body in (b"one", b"two"))
        except Exception as problem:  # told below
            problems.append(problem)
    threads = [threading.Thread(target=crowd, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for number in range(60):
        turn(site / "current", f"releases/{'one' if number % 2 else 'two'}")
        server.get("/static/x")
    turn(site / "current", "releases/two")
    changed = time.monotonic()
    last.set()
    for thread in threads:
        thread.join()
    assert not problems
    with server.client() as client:
        wait_for_change(client, changed, lambda answer: answer.body == b"two")
    assert server.stop(signal.SIGTERM) == 0
