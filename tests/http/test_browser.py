"""A listing in a real browser: headless Chromium opens it, and tells what it made of it."""
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from observe import wait_until
from serving import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--window-size=390,844"]
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")

MANY = 10_000
NAMES = ["a b", "<img src=x onerror=document.title='hacked'>", "\"'&amp;", "100%", "日本語", "a\nb"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("browser")
    for folder in ("odd", "many"):
        (root / "static" / folder).mkdir(parents=True)
    for size, name in enumerate(NAMES):
        (root / "static/odd" / name).write_bytes(bytes(size))
    for number in range(MANY):
        (root / f"static/many/{number}").touch()
    with serving(root, "--listing", "--access-log", root / "log") as server:
        yield server


def dom_of(server, target, profile):
    """The page's tree as the browser has it in the end, as text."""
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom",
         f"http://127.0.0.1:{server.port}{target}"],
        capture_output=True, timeout=60, env=os.environ | {"HOME": str(profile)})
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode()


class Tree(HTMLParser):
    """(tag, attributes, text in it) of each element."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        element = [tag, dict(attributes), ""]
        self.elements.append(element)
        if tag not in ("meta", "link", "img", "br", "input"):
            self._open.append(element)

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for element in self._open:
            element[2] += data

    def named(self, name):
        return [element for element in self.elements if element[0] == name]


def test_rows_and_links_are_what_the_folder_holds(server, tmp_path):
    tree = Tree(dom_of(server, "/static/odd/?sort=size&order=desc", tmp_path))
    links = [attributes["href"] for tag, attributes, _ in tree.named("a")]
    assert [text for _, _, text in tree.named("h1")] == ["odd"]
    assert [text for _, _, text in tree.named("title")] == ["/static/odd/"]
    names = [text for _, _, text in tree.named("bdi")][2:]  # behind the path's
    assert names == [name.replace("\n", "\u240a") for name in reversed(NAMES)]
    assert not tree.named("img") and not tree.named("script")
    assert not [href for href in links if href.startswith("?")], "a mirror would follow it"
    assert [(attributes["name"], attributes["value"]) for _, attributes, _ in tree.named("button")] == [
        ("sort", "name"), ("sort", "size"), ("sort", "time")]
    assert [attributes["value"] for _, attributes, _ in tree.named("input")] == ["asc", "asc", "desc"]
    sorted_by = [attributes["aria-sort"] for _, attributes, _ in tree.named("th")
                 if "aria-sort" in attributes]
    assert sorted_by == ["descending"]


def test_ten_thousand_entries(server, tmp_path):
    tree = Tree(dom_of(server, "/static/many/", tmp_path))
    assert [text for _, _, text in tree.named("bdi")][2:] == [str(n) for n in range(MANY)]
    assert len(tree.named("tr")) == MANY + 2, "and the head, and the parent folder"


def test_nothing_else_is_loaded(server, tmp_path):
    dom_of(server, "/static/odd/?once", tmp_path)
    server.get("/static/odd/?after")

    def asked():  # the log is in order
        found = re.findall(r'"GET (\S+)', Path(server.root, "log").read_text())
        return found if "/static/odd/?after" in found else None
    found = wait_until(asked, "the log tells of the last request")
    assert found[found.index("/static/odd/?once") + 1:] == ["/static/odd/?after"]
