"""curl and wget, the clients that people use, get what they ask for."""
import os
import shutil
import subprocess
import time

import pytest

from conftest import write_file
from observe import wait_until
from serving import difference, serving

SIZE = (1 << 20) + 1
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
needs_wget = pytest.mark.skipif(not shutil.which("wget"), reason="wget is not installed")


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    root = tmp_path_factory.mktemp("tools")
    (root / "index.html").write_text("<title>front page</title>")
    written = {kind: write_file(root / kind / "x.bin", SIZE, salt)
               for salt, kind in enumerate(("static", "dynamic"))}
    for kind in written:
        os.utime(root / kind / "x.bin", (784111777, 784111777))
    return root, written


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, contents):
    with serving(contents[0], shim=request.param) as server:
        yield server


def run(server, folder, *command):
    """Runs a tool in `folder`; in its words, {url} is the server's. Returns what it printed."""
    words = [word.replace("{url}", f"http://127.0.0.1:{server.port}") for word in command]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run(words, cwd=folder, env=environment | {"LC_ALL": "C", "HOME": str(folder)},
                          capture_output=True, timeout=60)
    return done.returncode, *(text.decode(errors="replace") for text in (done.stdout, done.stderr))


def curl(server, folder, *words):
    status, out, err = run(server, folder, "curl", "-q", "-sS", *words)
    assert status == 0, err
    return out


@needs_curl
@pytest.mark.parametrize("options", [
    [], ["--http1.0"], ["--http1.1", "--no-keepalive"], ["--compressed"], ["--http2"], ["-L"],
    ["-X", "GET", "-d", "a=b"], ["-H", "Connection: close"], ["-H", "Expect: 100-continue"],
    ["-H", "TE: trailers"], ["--raw"], ["--tcp-nodelay"],
], ids=lambda options: " ".join(options) or "plainly")
def test_curl_downloads(server, contents, kind, tmp_path, options):
    out = curl(server, tmp_path, *options, "-o", "got", "-w", "%{http_code} %{size_download}",
               f"{{url}}/{kind}/x.bin")
    assert out == f"200 {SIZE}"
    assert not difference((tmp_path / "got").read_bytes(), contents[1][kind])


@needs_curl
def test_curl_head(server, kind, tmp_path):
    out = curl(server, tmp_path, "-I", f"{{url}}/{kind}/x.bin")
    assert out.startswith("HTTP/1.1 200 OK\r\n")
    assert f"\r\nContent-Length: {SIZE}\r\n" in out
    assert out.endswith("\r\n\r\n")


@needs_curl
def test_curl_keeps_its_connection(server, contents, tmp_path):
    urls = [word for kind in ("static", "dynamic", "static")
            for word in (f"{{url}}/{kind}/x.bin", "-o", f"{kind}.got")]
    out = curl(server, tmp_path, "-w", "%{num_connects} ", *urls, "{url}/missing")
    assert out.split()[:3] == ["1", "0", "0"], "only the first URL made a connection"
    assert out.split()[-1] == "0", "a 404 keeps the connection too"
    for kind, content in contents[1].items():
        assert not difference((tmp_path / f"{kind}.got").read_bytes(), content)


@needs_curl
def test_curl_in_parallel(server, contents, tmp_path):
    curl(server, tmp_path, "-Z", "--parallel-immediate", *[
        word for i in range(10) for kind in contents[1]
        for word in (f"{{url}}/{kind}/x.bin", "-o", f"{kind}{i}")])
    for kind, content in contents[1].items():
        for i in range(10):
            assert not difference((tmp_path / f"{kind}{i}").read_bytes(), content), f"{kind}{i}"


@needs_curl
@pytest.mark.parametrize("size", [10, 10_000, 5 << 20])
def test_curl_uploads_are_refused(server, kind, tmp_path, size):
    """The large one asks first, by Expect: 100-continue, and must not wait for its answer."""
    write_file(tmp_path / "upload", size)
    out = curl(server, tmp_path, "-T", "upload", "-o", "page", "-w", "%{http_code}",
               "--max-time", "20", "--expect100-timeout", "30", f"{{url}}/{kind}/upload")
    assert out == "405"


@needs_curl
@pytest.mark.parametrize("method, code", [("OPTIONS", "204"), ("DELETE", "405"), ("BREW", "501")])
def test_curl_with_other_methods(server, tmp_path, method, code):
    assert curl(server, tmp_path, "-X", method, "-o", "page", "-w", "%{http_code}",
                "{url}/static/x.bin") == code


@needs_curl
@pytest.mark.parametrize("path, code", [
    ("/static/../../etc/passwd", "404"), ("/static/%2e%2e/%2e%2e/etc/passwd", "404"),
    ("/static/../static/x.bin", "200"), ("/static/x.bin?a=../b", "200"), ("/static", "301"),
    ("/", "200"), ("/nothing", "404"), ("/static/%", "400"),
])
def test_curl_as_is(server, tmp_path, path, code):
    assert curl(server, tmp_path, "--path-as-is", "-o", "got", "-w", "%{http_code}",
                f"{{url}}{path}") == code


@needs_wget
@pytest.mark.parametrize("options", [[], ["--no-http-keep-alive"], ["--compression=auto"]],
                         ids=["plainly", "without keep-alive", "compressed"])
def test_wget_downloads(server, contents, kind, tmp_path, options):
    status, _, err = run(server, tmp_path, "wget", "--no-config", "-t", "1", *options,
                         f"{{url}}/{kind}/x.bin")
    assert status == 0, err
    assert f"[{SIZE}/{SIZE}]" in err
    assert not difference((tmp_path / "x.bin").read_bytes(), contents[1][kind])


@needs_wget
def test_wget_sets_the_files_time(server, contents, kind, tmp_path):
    assert run(server, tmp_path, "wget", "--no-config", "-q", f"{{url}}/{kind}/x.bin")[0] == 0
    modified = (contents[0] / kind / "x.bin").stat().st_mtime
    assert int((tmp_path / "x.bin").stat().st_mtime) == int(modified)


@needs_wget
def test_wget_downloads_no_second_time(server, contents, kind, tmp_path):
    """With -N by HEAD and Last-Modified, which needs no If-Modified-Since."""
    command = ["wget", "--no-config", "-t", "1", "-N", "--no-if-modified-since",
               f"{{url}}/{kind}/x.bin"]
    first, second = (run(server, tmp_path, *command) for _ in range(2))
    assert (first[0], second[0]) == (0, 0)
    assert f"[{SIZE}/{SIZE}]" in first[2]
    assert "not modified on server" in second[2] or "not retrieving" in second[2], second[2]
    assert not difference((tmp_path / "x.bin").read_bytes(), contents[1][kind])


@needs_wget
@pytest.mark.parametrize("method", ["--if-modified-since", "--no-if-modified-since"])
def test_wget_sees_a_second_write_within_a_second(start, tmp_path, make_file, kind, method):
    make_file(f"{kind}/y", 1000)
    path, command = tmp_path / kind / "y", ["wget", "--no-config", "-q", "-t", "1", "-N", method]
    server = start(tmp_path)
    for attempt in range(20):
        second = int(time.time())
        path.write_bytes(b"old")
        assert run(server, tmp_path, *command, f"{{url}}/{kind}/y")[0] == 0
        path.write_bytes(b"new")
        if int(path.stat().st_mtime) == second:
            break
    else:
        pytest.fail("wget always took more than a second")
    wait_until(lambda: time.time() > second + 1.1, "the second is over")
    assert run(server, tmp_path, *command, f"{{url}}/{kind}/y")[0] == 0
    assert (tmp_path / "y").read_bytes() == b"new"


@needs_wget
def test_wget_keeps_its_connection(server, tmp_path):
    status, _, err = run(server, tmp_path, "wget", "--no-config", "-t", "1", "-O", "all",
                         "{url}/static/x.bin", "{url}/dynamic/x.bin", "{url}/")
    assert status == 0, err
    assert err.count("Connecting to") == 1
    assert err.count("Reusing existing connection") == 2


@needs_wget
def test_wget_spider_and_errors(server, kind, tmp_path):
    wget = ["wget", "--no-config", "-t", "1"]
    status, _, err = run(server, tmp_path, *wget, "--spider", f"{{url}}/{kind}/x.bin")
    assert status == 0 and "Remote file exists" in err, err
    status, _, err = run(server, tmp_path, *wget, f"{{url}}/{kind}/missing")
    assert status == 8 and "404 Not Found" in err, err
    assert not list(tmp_path.glob("missing*"))
