"""Validators where a file's times are as coarse as the kernel's tick: on a ramfs, which has none
finer on any kernel. Two versions of the same size, written within one tick, differ in nothing but
their bytes. RFC 9110 section 8.8.1."""
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from codings import strong_tag
from observe import wait_until

MOUNT = ["unshare", "-m" if os.geteuid() == 0 else "-rm",
         "sh", "-c", 'mount -t ramfs none "$0" && exec "$@"']


@pytest.fixture
def options():
    return ()


@pytest.fixture
def on_ramfs(start, tmp_path, options):
    """(server, root): a server whose root is a ramfs in a mount namespace of its own, seen by us
    through /proc."""
    folder = tmp_path / "ramfs"
    folder.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("unshare(1) is not installed")
    if subprocess.run([*MOUNT, folder, "true"], capture_output=True).returncode != 0:
        pytest.skip("no ramfs may be mounted here, not even in a namespace")
    server = start(folder, *options, wrapper=[*MOUNT, folder])
    root = Path(f"/proc/{server.pid}/root{folder}")
    for kind in ("static", "dynamic"):
        (root / kind).mkdir()
    return server, root


def times(path):
    return path.stat().st_mtime_ns, path.stat().st_ctime_ns


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_a_version_never_gets_a_304_for_another_of_its_tick(on_ramfs, kind, coding):
    server, root = on_ramfs
    path, target = root / kind / "x.txt", f"/{kind}/x.txt"
    accepting = [("Accept-Encoding", coding)] if coding else []
    within_a_tick = 0
    for _ in range(200):
        path.write_bytes(b"old " * 100)
        before = times(path)
        old = server.get(target, headers=accepting)["ETag"]
        path.write_bytes(b"new " * 100)
        alike = times(path) == before
        new = server.get(target, headers=accepting)["ETag"]
        if not alike:
            continue
        within_a_tick += 1
        strong_tag(server, target)  # the tick is over
        for tag in (old, new):
            answer = server.get(target, headers=[*accepting, ("If-None-Match", tag)])
            assert answer.status == 200, f"{tag} counts as {answer['ETag']}"
        if within_a_tick == 3:
            return
    pytest.fail("no two writes came within a tick")


def test_a_file_that_was_renamed_away_within_a_tick_is_not_served_again(on_ramfs, kind):
    server, root = on_ramfs
    path, target = root / kind / "x", f"/{kind}/x"
    aside, other = path.with_name("aside"), path.with_name("other")
    within_a_tick = 0
    with server.client() as client:
        for number in range(200):
            for name in (aside, other, path):
                name.write_bytes(f"{name.name} {number}".encode())
            client.request(target)
            assert client.answer().body == f"x {number}".encode()
            before = times(path)
            path.rename(aside)
            other.rename(path)
            client.request(target)
            assert client.answer().body == f"other {number}".encode()
            within_a_tick += times(aside) == before
    assert within_a_tick, "no rename came within the tick of a write"


# A ramfs never knows from memory that a name is missing: this loop looks for itself.
@pytest.mark.parametrize("options", [("--engine", "plain")])
def test_what_comes_to_lie_beside_a_file_within_a_tick_is_seen(on_ramfs, kind):
    server, root = on_ramfs
    folder = root / kind
    files = [folder / f"x{number}" for number in range(50)]
    for file in files:
        file.write_bytes(b"plain")
    wait_until(lambda: time.time() - files[-1].stat().st_ctime > 0.1, "they are settled")
    within_a_tick = 0
    with server.client() as client:
        for file in files:
            def coding():
                client.request(f"/{kind}/{file.name}", headers=[("Accept-Encoding", "gzip")])
                return client.answer()["Content-Encoding"]
            (folder / f"{file.name}.other").touch()
            before = times(folder)
            assert coding() is None
            file.with_name(f"{file.name}.gz").write_bytes(b"gzip")
            within_a_tick += times(folder) == before
            assert coding() == "gzip"
    assert within_a_tick, "nothing came within the tick of another change"
