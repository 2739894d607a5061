"""Download clients fetch files in pieces and put them together right: zsync and zckdl by several ranges at once
(multipart/byteranges), aria2, axel and lftp by several connections. (curl and wget: test_resuming.py.)"""
import random
import re
import shutil
import subprocess

import pytest

from conftest import KINDS, write_file
from serving import difference, serving
from test_tools import run

SIZE = 3_000_001
SCATTERED = 50  # places at which an older version of the file differs


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"{' and '.join(missing)} is not installed")


def older(content):
    """A version of `content` that has as many bytes, and other ones at SCATTERED places."""
    chance, old = random.Random(1), bytearray(content)
    for place in range(0, len(content), len(content) // SCATTERED):
        size = chance.randrange(1, 3000)
        old[place:place + size] = chance.randbytes(size)
    return bytes(old[:len(content)])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """(root, the bytes of x.bin of each kind)"""
    root = tmp_path_factory.mktemp("clients")
    return root, {kind: write_file(root / kind / "x.bin", SIZE, salt) for salt, kind in enumerate(KINDS)}


@pytest.fixture(params=[False, True], ids=["plain", "shim"])
def served(request, tree, kind, tmp_path):
    """The server, whose access log is `log` beneath tmp_path, and the bytes of its x.bin."""
    with serving(tree[0], "--access-log", tmp_path / "log", shim=request.param) as server:
        yield server, tree[1][kind]


def fetch(server, folder, *command):
    status, out, err = run(server, folder, *command)
    assert status == 0, out[-1000:] + err[-1000:]


def ranges_of(server, log, name):
    """How many ranges each answer with `name` had; 0 is an answer without. Ends the server: then the log is whole."""
    server.stop()
    lines = [line for line in log.read_text().splitlines() if f"/{name} HTTP" in line]
    assert all(re.search(r'" 20[06] ', line) for line in lines), lines
    counts = [re.search(r" (\d+) ranges?$", line) for line in lines]
    return [int(count[1]) if count else 0 for count in counts]


@needs("zsync", "zsyncmake")
@pytest.mark.parametrize("block", [512, 2048])
def test_zsync(served, tree, kind, tmp_path, block):
    """It reads line by line and believes no Content-Length; each delimiter is a line of its own to it."""
    server, content = served
    described = tree[0] / kind / f"{block}.zsync"
    subprocess.run(["zsyncmake", "-b", str(block), "-u", "x.bin", "-o", described, "x.bin"], cwd=tree[0] / kind,
                   check=True, timeout=60, capture_output=True)
    (tmp_path / "old").write_bytes(older(content))
    fetch(server, tmp_path, "zsync", "-q", "-i", "old", "-o", "got", f"{{url}}/{kind}/{described.name}")
    assert not difference((tmp_path / "got").read_bytes(), content)
    ranges = ranges_of(server, tmp_path / "log", "x.bin")
    assert min(ranges) > 0 and sum(ranges) >= SCATTERED > len(ranges), "several ranges an answer, and no whole file"


@needs("zck", "zckdl")
def test_zckdl(served, tree, kind, tmp_path):
    server, content = served
    for name, data in (("new", content), ("old", older(content))):
        (tmp_path / name).write_bytes(data)
        subprocess.run(["zck", "-o", f"{name}.zck", name], cwd=tmp_path, check=True, timeout=60, capture_output=True)
    shutil.move(tmp_path / "new.zck", tree[0] / kind / "new.zck")
    fetch(server, tmp_path, "zckdl", "--fail-no-ranges", "-s", "old.zck", f"{{url}}/{kind}/new.zck")
    assert not difference((tmp_path / "new.zck").read_bytes(), (tree[0] / kind / "new.zck").read_bytes())
    assert max(ranges_of(server, tmp_path / "log", "new.zck")) > 1


PARALLEL = {  # what takes x.bin by four connections, into "got"
    "aria2c": ["aria2c", "--no-conf", "-q", "-x4", "-s4", "-k1M", "--file-allocation=none", "-o", "got",
               "{url}/{kind}/x.bin"],
    "axel": ["axel", "-q", "-n", "4", "-o", "got", "{url}/{kind}/x.bin"],
    "lftp": ["lftp", "-c", "set net:max-retries 1; set pget:min-chunk-size 100k; pget -n 4 {url}/{kind}/x.bin -o got"],
}


@pytest.mark.parametrize("tool", [pytest.param(tool, marks=needs(tool)) for tool in PARALLEL])
def test_several_connections_take_a_file(served, kind, tmp_path, tool):
    """How many there are depends on which one is faster; that each has its own bytes does not."""
    server, content = served
    fetch(server, tmp_path, *(word.replace("{kind}", kind) for word in PARALLEL[tool]))
    assert not difference((tmp_path / "got").read_bytes(), content)
    assert ranges_of(server, tmp_path / "log", "x.bin")


RESUMING = {  # what goes on with the part of x.bin that is there
    "aria2c": ["aria2c", "--no-conf", "-q", "-c", "{url}/{kind}/x.bin"],
    "lftp": ["lftp", "-c", "set net:max-retries 1; get -c {url}/{kind}/x.bin"],
}


@pytest.mark.parametrize("tool", [pytest.param(tool, marks=needs(tool)) for tool in RESUMING])
@pytest.mark.parametrize("have", [(1 << 20) + 1, SIZE - 1])  # aria2 keeps whole pieces of 1 MiB alone
def test_a_download_is_resumed(served, kind, tmp_path, tool, have):
    server, content = served
    (tmp_path / "x.bin").write_bytes(content[:have])
    fetch(server, tmp_path, *(word.replace("{kind}", kind) for word in RESUMING[tool]))
    assert not difference((tmp_path / "x.bin").read_bytes(), content)
    assert 1 in ranges_of(server, tmp_path / "log", "x.bin")
