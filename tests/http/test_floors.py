"""Lower floors know nothing of higher ones: the table in docs/architecture.md, read from src/."""
import re

import pytest

from conftest import TOP

MAY_INCLUDE = {  # a file's floor: whose headers of ours it may include
    "http": {"http"},
    "os": {"os"},
    "loop": {"loop", "os"},
    "api": {"api", "loop", "os"},  # and the public headers, include/aws/
    "serve": {"serve", "http", "os"},
    "server": {"server", "loop", "serve", "http", "os"},
    "": {"", "server", "loop", "serve", "http", "os"},  # main and options
}
SOURCES = sorted(path for path in (TOP / "src").rglob("*") if path.suffix in (".cc", ".h", ".def"))


def floor_of(path):
    return "/".join(path.relative_to(TOP / "src").parts[:-1])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_file_includes_its_own_floor_and_those_below(path):
    for name in re.findall(r'#\s*include\s*"([^"]+)"', path.read_text()):
        if name.startswith("aws/"):
            assert floor_of(path) == "api" and (TOP / "include" / name).is_file(), name
            continue
        assert (TOP / "src" / name).is_file(), f'"{name}" is not written as its path from src/'
        assert name.rpartition("/")[0] in MAY_INCLUDE[floor_of(path)], f"{name} is on a higher floor"


def test_every_file_is_on_a_floor():
    assert {floor_of(path) for path in SOURCES} == set(MAY_INCLUDE)
    assert {path.suffix for path in (TOP / "src").rglob("*") if path.is_file()} == {
        path.suffix for path in SOURCES}, "a kind of file that is not looked at"


def test_the_loop_knows_no_protocol():
    """Its files include neither ours of HTTP nor a library's."""
    loop = [path for path in SOURCES if floor_of(path) == "loop"]
    assert len(loop) > 10
    for path in loop:
        included = re.findall(r'#\s*include\s*["<]([^">]+)[">]', path.read_text())
        assert not [name for name in included if "http" in name.lower()], path


def test_the_shim_shares_no_code():
    """Its files include each other and the system's headers."""
    preload = TOP / "preload"
    sources = [path for path in preload.rglob("*") if path.suffix in (".c", ".h", ".def")]
    own = {str(path.relative_to(preload)) for path in sources}
    assert len(own) > 30
    for path in sources:
        assert set(re.findall(r'#\s*include\s*"([^"]+)"', path.read_text())) <= own, path
