"""libaws.a as its users get it: installed, found by pkg-config, and with nothing but its headers."""
import os
import re
import socket
import subprocess

import pytest

from conftest import TOP

PREFIX = "/usr/local"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The directory that stands for /: the program, the library and the headers are installed."""
    root = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "install", f"DESTDIR={root}", f"PREFIX={PREFIX}"], cwd=TOP,
                   check=True, capture_output=True)
    return root


def pkg_config(root, *words):
    environment = dict(os.environ) | {"PKG_CONFIG_PATH": f"{root}{PREFIX}/lib/pkgconfig",
                                      "PKG_CONFIG_SYSROOT_DIR": str(root)}
    return subprocess.run(["pkg-config", *words, "aws"], env=environment, check=True, text=True,
                          capture_output=True).stdout.split()


def server_of_the_readme():
    """The program that examples/README.md shows, with a port that the kernel chooses."""
    text = (TOP / "examples/README.md").read_text()
    indented = re.search(r"^    #include <aws/aws\.h>\n(?:    .*\n|\n)*?    \}\n(?!    )", text, re.MULTILINE)
    lines = [line[4:] for line in indented.group(0).splitlines()]
    assert len(lines) <= 20
    source = "\n".join(lines) + "\n"
    assert "{.port = 7000}" in source
    return source.replace("7000", "0").replace(
        "server.run();", "aws::print_listening(server.url()); server.run();")


def test_the_server_of_the_readme_counts_lines(installed, tmp_path):
    source, program = tmp_path / "lines.cc", tmp_path / "lines"
    source.write_text(server_of_the_readme())
    subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", str(source),
                    *pkg_config(installed, "--cflags", "--libs"), "-o", str(program)], check=True)
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as server:
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            client.sendall(b"a\nb\nc\n")
            client.shutdown(socket.SHUT_WR)
            assert client.makefile("rb").read() == b"3\n"
        server.terminate()
        assert server.wait(30) == 0


def test_pkg_config_knows_the_version(installed):
    told = subprocess.run([TOP / "aws", "--version"], capture_output=True, text=True, check=True)
    assert pkg_config(installed, "--modversion") == [told.stdout.split()[-1]]


def test_public_headers_include_nothing_of_the_sources():
    headers = sorted((TOP / "include/aws").glob("*.h"))
    assert len(headers) > 5
    for path in headers:
        for name in re.findall(r'#\s*include\s*"([^"]+)"', path.read_text()):
            assert name.startswith("aws/") and (TOP / "include" / name).is_file(), f"{path}: {name}"


def test_each_public_header_can_be_included_alone(tmp_path):
    for path in sorted((TOP / "include/aws").glob("*.h")):
        source = tmp_path / "one.cc"
        source.write_text(f"#include <aws/{path.name}>\n")
        subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                        f"-I{TOP / 'include'}", str(source)], check=True)


def test_uninstall_leaves_nothing(installed):
    subprocess.run(["make", "-s", "uninstall", f"DESTDIR={installed}", f"PREFIX={PREFIX}"], cwd=TOP,
                   check=True, capture_output=True)
    assert [path for path in installed.rglob("*") if path.is_file()] == []
