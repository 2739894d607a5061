"""The rules of the Makefile, tried on a source tree of a few lines."""
import os
import subprocess

import pytest

from small_tree import Tree

LIBRARY = ["src/os/answer.cc", "src/os/other.cc"]
PARSER = ["api.c", "http.c", "llhttp.c"]


def ours(sources):
    """Without llhttp's, which may come as a library."""
    return [source for source in sources if source.rsplit("/", 1)[-1] not in PARSER]


@pytest.fixture(scope="module")
def shared_tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture
def built(shared_tree):
    """A tree in which everything is built."""
    shared_tree.restore()
    shared_tree.make("all", "lib", "examples", "build/release/unit_tests")
    return shared_tree


def test_programs_are_where_people_look_for_them(built):
    assert built.status_of("aws") == 42
    assert built.status_of("build/examples/hello") == 43
    assert built.status_of("build/examples/steps/1_first") == 44
    assert built.status_of("build/release/unit_tests") == 0
    assert (built.top / "sockop_preload.so").exists()


def test_the_library_holds_all_but_the_program(built):
    members = subprocess.run(["ar", "t", "build/release/libaws.a"], cwd=built.top, check=True, text=True,
                             stdout=subprocess.PIPE).stdout.split()
    assert {"answer.o", "other.o"} <= set(members)
    assert "main.o" not in members


def test_what_is_built_is_not_built_again(built):
    assert built.compiled("all", "lib", "examples", "build/release/unit_tests") == []


def test_a_changed_header_compiles_what_includes_it(built):
    built.write("src/os/number.h", "#pragma once\nconstexpr int kNumber = 21;\n")
    assert built.compiled() == ["src/os/answer.cc"]
    assert built.status_of("aws") == 21


def test_a_deleted_header_is_no_obstacle(built):
    built.write("src/os/answer.cc", '#include "aws/answer.h"\nint answer() { return 42; }\n')
    (built.top / "src/os/number.h").unlink()
    assert built.compiled() == ["src/os/answer.cc"]


def test_a_changed_precompiled_header_compiles_its_users(built):
    built.write("make/precompiled/library.h", "#include <cstddef>\n#include <cstdint>\n")
    assert built.compiled() == ["make/precompiled/library.h", *LIBRARY]
    built.write("make/precompiled/unit_tests.h", "#include <cstddef>\n")
    assert built.compiled("build/release/unit_tests") == ["make/precompiled/unit_tests.h", "tests/unit/answer_test.cc"]


def test_a_header_below_a_precompiled_one_counts_as_its_part(built, tmp_path):
    header = tmp_path / "of_a_package.h"
    header.write_text("")
    built.write("make/precompiled/library.h", "#include <of_a_package.h>\n")
    flags = f"CPPFLAGS=-isystem {tmp_path}"
    built.make(flags)
    header.write_text("#include <cstdint>\n")
    assert built.compiled(flags) == ["make/precompiled/library.h", *LIBRARY]


def test_precompiled_headers_are_read(built):
    # gcc marks a precompiled header that it reads with "!", one that does not fit with "x" (-H).
    said = built.make("V=1", "CPPFLAGS=-H", "CCACHE=", "build/release/unit_tests")
    assert said.count("! ./build/release/precompiled/library.h.gch\n") == len(LIBRARY)
    assert said.count("! ./build/release/precompiled/unit_tests.h.gch\n") == 1
    assert "x ./build/release" not in said


def test_other_flags_compile_everything(built):
    everything = ["make/precompiled/library.h", "preload/empty.c", "src/main.cc", *LIBRARY]
    assert ours(built.compiled("CXXFLAGS=-O1")) == everything
    assert built.compiled("CXXFLAGS=-O1") == []
    assert ours(built.compiled("CXXFLAGS=-O1", "PCH=")) == everything[1:]


def test_a_variant_is_built_below_its_own_directory_and_once(built):
    compiled = ours(built.compiled("build/asan/aws", "build/asan/unit_tests"))
    assert compiled == ["make/precompiled/library.h", "make/precompiled/unit_tests.h", "src/main.cc", *LIBRARY,
                        "tests/unit/answer_test.cc"]
    assert built.compiled("asan", "build/asan/aws") == []
    assert built.status_of("build/asan/aws") == 42
    assert built.compiled("VARIANT=asan", "build/asan/aws") == []


def test_a_variant_that_is_not_known_stops_make(built):
    assert "VARIANT=asam is not one of: release asan" in built.make("VARIANT=asam", status=2)


def test_a_file_that_has_no_rule_stops_make(built):
    assert "build/asan/nothing" in built.make("build/asan/nothing", status=2)


def test_a_tree_without_examples_has_none_to_build(tmp_path):
    tree = Tree(tmp_path)
    for name in ("examples/hello.cc", "examples/steps/1_first.cc"):
        (tree.top / name).unlink()
    assert tree.compiled("examples") == []


def test_the_installed_library_is_found_by_pkg_config(built, tmp_path):
    built.make("install", f"PREFIX={tmp_path}")
    environment = os.environ | {"PKG_CONFIG_PATH": str(tmp_path / "lib/pkgconfig")}
    ask = ["pkg-config", "--cflags", "--libs", "aws"]
    flags = subprocess.run(ask, env=environment, check=True, text=True, stdout=subprocess.PIPE).stdout.split()
    subprocess.run(["g++", "-o", tmp_path / "hello", built.top / "examples/hello.cc", *flags], check=True)
    assert subprocess.run([tmp_path / "hello"]).returncode == 43
    version = subprocess.run(["pkg-config", "--modversion", "aws"], env=environment, check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    assert version == "7.8.9\n"


def test_what_was_installed_can_be_removed(built, tmp_path):
    built.make("install", f"PREFIX={tmp_path}")
    built.make("uninstall", f"PREFIX={tmp_path}")
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
