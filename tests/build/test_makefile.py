"""The Makefile: short enough to read, and `make help` lists what it can build."""
import re
import subprocess

from conftest import TOP

# Steps of other targets, not for people to ask for.
STEPS = {"suites", "fuzz-programs", "install-library", "deps-clang", "FORCE"}
TARGETS = {"all", "lib", "examples", "deps", "run", "www", "unit", "check", "asan", "tsan", "clang", "fuzz", "torture",
           "bench", "bench-stall", "bench-docs", "bench-shim", "format", "lint", "install", "uninstall", "clean", "help"}


def makefiles():
    return [TOP / "Makefile", *sorted((TOP / "make").glob("*.mk"))]


def make(*words):
    return subprocess.run(["make", *words], cwd=TOP, check=True, text=True, stdout=subprocess.PIPE).stdout


def listed():
    return {line.split()[0] for line in make("help").splitlines()}


def test_it_is_one_file_of_at_most_150_lines():
    assert len((TOP / "Makefile").read_text().splitlines()) <= 150


def test_help_lists_every_target():
    phony = {word for file in makefiles()
             for line in re.findall(r"^\.PHONY: (.*)$", file.read_text(), re.MULTILINE)
             for word in re.sub(r"\$\(.*\)", "", line).split()}
    assert phony - STEPS == listed()


def test_targets_that_scripts_call_are_there():
    assert TARGETS <= listed()


def test_a_variant_that_is_not_known_stops_make():
    failed = subprocess.run(["make", "VARIANT=asam"], cwd=TOP, text=True, capture_output=True)
    assert failed.returncode == 2
    assert "VARIANT=asam is not one of: release asan tsan clang fuzz" in failed.stderr
