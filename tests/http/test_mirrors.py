"""Mirrors and other simple clients meet each listing once, and each file whatever bytes its name is made of:
lftp, wget, rclone, curl and Chromium, with names of every byte from 1 to 255."""
import collections
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import KINDS
from serving import serving
from test_browser import CHROMIUM, dom_of

BYTES = [bytes([byte]) for byte in range(1, 256) if byte != ord("/")]
PROBE = """<!DOCTYPE html><title>probe</title><body><script>
// Follows each link to a file that a listing has, as the browser understands it.
const ask = (url, type) => {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  if (type) request.overrideMimeType(type);
  request.send();
  return request;
};
const base = new URL('names/', location);
const page = new DOMParser().parseFromString(ask(base).responseText, 'text/html');
const found = [];
for (const link of page.querySelectorAll('tbody tr:not(.folder) a')) {
  const request = ask(new URL(link.getAttribute('href'), base), 'text/plain; charset=x-user-defined');
  found.push([request.status, request.responseText]);
}
document.body.textContent = JSON.stringify(found);
</script>"""


class Asked(NamedTuple):
    method: str
    target: str
    status: str


def make_names(directory):
    """Makes files whose names have each byte, alone and in the middle, and directories of each byte; returns
    {path: content}. No two contents are alike."""
    files = {}
    for byte in BYTES:
        for name in {byte, b"a" + byte + b"b"} - {b"."}:
            files[name] = b"%d bytes, %d" % (len(name), byte[0])
        if byte != b".":
            files[b"in/" + byte + b"/file"] = b"in %d" % byte[0]
    for name, content in files.items():
        path = os.fsencode(directory) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    return files


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("mirrors")
    files = {}
    for kind in KINDS:
        files[kind] = make_names(root / kind / "names")
        (root / kind / "probe.html").write_text(PROBE)
    return root, files


@pytest.fixture(params=[False, True], ids=["plain", "shim"])
def mirrored(request, tree, kind, tmp_path):
    """mirrored(tool, *words): runs a tool in a directory of its own; returns the files that must come and those that
    came, and what was asked of the server."""
    root, files = tree

    def run(tool, *words):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
        out, log = tmp_path / "out", tmp_path / "log"
        out.mkdir(exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        with serving(root, "--listing", "--dotfiles", "--access-log", log, shim=request.param) as server:
            url = f"http://127.0.0.1:{server.port}/{kind}/names/"
            done = subprocess.run([tool, *(word.replace("{url}", url) for word in words)], cwd=out,
                                  env=environment | {"LC_ALL": "C", "HOME": str(out)}, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        asked = collections.Counter(
            Asked(*match) for match in re.findall(r'"(\S+) (\S+) HTTP/1.1" (\d+) ', log.read_text()))
        came = collections.Counter(path.read_bytes() for path in Path(out).rglob("*") if path.is_file())
        return files[kind], came, asked
    return run


def check(files, came, asked, left_out=lambda name: False):
    missing = [name for name, content in files.items() if content not in came and not left_out(name)]
    assert not missing, f"{len(missing)} did not come, such as {missing[:10]}"
    assert all(asked_for.status == "200" for asked_for in asked), [a for a in asked if a.status != "200"][:10]
    assert not [a for a, times in asked.items() if a.method == "GET" and times > 1], "more than once"
    listings = [a.target for a in asked if a.method == "GET" and (a.target.endswith("/") or "?" in a.target)]
    below = sum(name.startswith(b"in/") and not left_out(name) for name in files)
    assert len(listings) == 2 + below, "not one listing a directory"


def test_lftp(mirrored):
    """It leaves out each name that begins with '~', however the link spells it: to lftp, that is a home directory."""
    files, came, asked = mirrored("lftp", "-c", "set net:max-retries 1; mirror {url} got")
    check(files, came, asked, left_out=lambda name: b"~" in (name[:1], name[3:4]))


def test_wget(mirrored):
    check(*mirrored("wget", "--no-config", "-q", "-m", "-np", "-e", "robots=off", "{url}"))


def test_rclone(mirrored):
    check(*mirrored("rclone", "--config", os.devnull, "copy", ':http,url="{url}":', "got"))


def test_curl(mirrored, tmp_path):
    """With the references of the JSON listing, put behind its address as they are."""
    mirrored("curl", "-q", "-sS", "-H", "Accept: application/json", "-o", "list.json", "{url}")
    listing = json.loads((tmp_path / "out/list.json").read_bytes())
    (tmp_path / "log").unlink()
    links = [entry["href"] for entry in listing["entries"] if entry["type"] == "file"]
    words = [word for number, link in enumerate(links) for word in ("-o", f"got{number}", "{url}" + link)]
    files, came, asked = mirrored("curl", "-q", "-sS", "--fail", *words)
    expected = {content for name, content in files.items() if b"/" not in name}
    assert expected <= set(came) and len(links) == len(expected) == sum(asked.values())


@pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")
def test_chromium(tree, kind, tmp_path):
    root, files = tree
    with serving(root, "--listing", "--dotfiles") as server:
        text = html.unescape(re.search("<body>(.*)</body>", dom_of(server, f"/{kind}/probe.html", tmp_path), re.S)[1])
    found = json.loads(text)
    assert {status for status, _ in found} == {200}
    assert sorted(body.encode() for _, body in found) == sorted(
        content for name, content in files[kind].items() if b"/" not in name)
