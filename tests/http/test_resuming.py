"""curl and wget resume downloads, take parts, and do not fetch again what they have."""
import os

import pytest

from conftest import write_file
from serving import difference, serving
from test_tools import curl, needs_curl, needs_wget, run

SIZE = (1 << 20) + 1
MODIFIED = 784111777


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    root = tmp_path_factory.mktemp("resuming")
    contents = {kind: write_file(root / kind / "x.bin", SIZE, salt)
                for salt, kind in enumerate(("static", "dynamic"))}
    for kind in contents:
        os.utime(root / kind / "x.bin", (MODIFIED, MODIFIED))
    return root, contents


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "shim"])
def server(request, contents):
    with serving(contents[0], shim=request.param) as server:
        yield server


@needs_curl
@pytest.mark.parametrize("spec, span", [
    ("0-99", slice(0, 100)), ("-100", slice(-100, None)), ("1000000-", slice(1000000, None)),
    ("262143-262144", slice(262143, 262145)), ("0-", slice(None))])
def test_curl_takes_a_part(server, contents, kind, tmp_path, spec, span):
    out = curl(server, tmp_path, "-r", spec, "-o", "got", "-w", "%{http_code}",
               f"{{url}}/{kind}/x.bin")
    assert out == "206"
    assert not difference((tmp_path / "got").read_bytes(), contents[1][kind][span])


@needs_curl
def test_curl_takes_several_parts(server, contents, kind, tmp_path):
    out = curl(server, tmp_path, "-r", "0-9,500-509", "-o", "got", "-w",
               "%{http_code} %{content_type}", f"{{url}}/{kind}/x.bin")
    assert out.startswith("206 multipart/byteranges; boundary=")
    got = (tmp_path / "got").read_bytes()
    assert contents[1][kind][:10] in got and contents[1][kind][500:510] in got


@needs_curl
@pytest.mark.parametrize("have", [0, 1, 262_144, SIZE - 1])
def test_curl_resumes(server, contents, kind, tmp_path, have):
    (tmp_path / "got").write_bytes(contents[1][kind][:have])
    out = curl(server, tmp_path, "-C", "-", "-o", "got", "-w", "%{http_code} %{size_download}",
               f"{{url}}/{kind}/x.bin")
    assert out == f"{206 if have else 200} {SIZE - have}"
    assert not difference((tmp_path / "got").read_bytes(), contents[1][kind])


@needs_curl
def test_curl_resumes_no_whole_file(server, contents, kind, tmp_path):
    (tmp_path / "got").write_bytes(contents[1][kind])
    out = curl(server, tmp_path, "-C", "-", "-o", "got", "-w", "%{http_code}",
               f"{{url}}/{kind}/x.bin")
    assert out == "416"
    assert not difference((tmp_path / "got").read_bytes(), contents[1][kind])


@needs_curl
def test_curl_fetches_only_what_is_newer(server, contents, kind, tmp_path):
    url = f"{{url}}/{kind}/x.bin"
    curl(server, tmp_path, "-R", "-o", "got", url)
    assert int((tmp_path / "got").stat().st_mtime) == MODIFIED
    again = ["-o", "again", "-w", "%{http_code} %{size_download}", url]
    assert curl(server, tmp_path, "-z", "got", *again) == "304 0"
    assert curl(server, tmp_path, "-z", "1 Jan 2000", *again) == "304 0"
    assert curl(server, tmp_path, "-z", "1 Jan 1990", *again) == f"200 {SIZE}"
    assert curl(server, tmp_path, "-z", "-1 Jan 1990", *again).startswith("412 ")


@needs_curl
def test_curl_compares_tags(server, contents, kind, tmp_path):
    command = ["--etag-save", "tag", "--etag-compare", "tag", "-o", "got", "-w", "%{http_code}",
               f"{{url}}/{kind}/x.bin"]
    assert [curl(server, tmp_path, *command) for _ in range(3)] == ["200", "304", "304"]
    assert not difference((tmp_path / "got").read_bytes(), contents[1][kind])


@needs_wget
@pytest.mark.parametrize("have", [1, 262_145, SIZE - 1])
def test_wget_resumes(server, contents, kind, tmp_path, have):
    (tmp_path / "x.bin").write_bytes(contents[1][kind][:have])
    status, _, err = run(server, tmp_path, "wget", "--no-config", "-t", "1", "-c",
                         f"{{url}}/{kind}/x.bin")
    assert status == 0, err
    assert "206 Partial Content" in err and f"{SIZE - have}" in err
    assert not difference((tmp_path / "x.bin").read_bytes(), contents[1][kind])


@needs_wget
def test_wget_resumes_no_whole_file(server, contents, kind, tmp_path):
    (tmp_path / "x.bin").write_bytes(contents[1][kind])
    status, _, err = run(server, tmp_path, "wget", "--no-config", "-t", "1", "-c",
                         f"{{url}}/{kind}/x.bin")
    assert status == 0 and "already fully retrieved" in err, err
    assert not difference((tmp_path / "x.bin").read_bytes(), contents[1][kind])


@needs_wget
def test_wget_fetches_only_what_is_newer(server, contents, kind, tmp_path):
    command = ["wget", "--no-config", "-t", "1", "-N", f"{{url}}/{kind}/x.bin"]
    first, second = (run(server, tmp_path, *command) for _ in range(2))
    assert (first[0], second[0]) == (0, 0)
    assert f"[{SIZE}/{SIZE}]" in first[2]
    assert "304 Not Modified" in second[2], second[2]
    assert not difference((tmp_path / "x.bin").read_bytes(), contents[1][kind])
