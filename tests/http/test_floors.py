"""Lower floors know nothing of higher ones: the table in docs/architecture.md, read from src/."""
import re

import pytest

from conftest import TOP

MAY_INCLUDE = {  # a file's floor: whose headers of ours it may include
    "http": {"http"},
    "os": {"os"},
    "serve": {"serve", "http", "os"},
    "server": {"server", "serve", "http", "os"},
    "": {"", "server", "serve", "http", "os"},  # main and options
}
SOURCES = sorted(path for path in (TOP / "src").rglob("*") if path.suffix in (".cc", ".h"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_file_includes_its_own_floor_and_those_below(path):
    floor = "/".join(path.relative_to(TOP / "src").parts[:-1])
    for name in re.findall(r'#\s*include\s*"([^"]+)"', path.read_text()):
        assert (TOP / "src" / name).is_file(), f'"{name}" is not written as its path from src/'
        assert name.rpartition("/")[0] in MAY_INCLUDE[floor], f"{name} is on a higher floor"


def test_the_shim_shares_no_code():
    """Its files include each other and the system's headers."""
    preload = TOP / "preload"
    sources = [path for path in preload.rglob("*") if path.suffix in (".c", ".h", ".def")]
    own = {str(path.relative_to(preload)) for path in sources}
    assert len(own) > 30
    for path in sources:
        assert set(re.findall(r'#\s*include\s*"([^"]+)"', path.read_text())) <= own, path
