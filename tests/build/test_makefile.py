"""The Makefile: short enough to read, and `make help` lists what it can build."""
import re
import subprocess

from conftest import TOP

# Steps of other targets, not for people to ask for.
STEPS = {"suites", "fuzz-programs", "install-library", "deps-clang", "echo-programs", "FORCE"}
TARGETS = {"all", "lib", "examples", "deps", "run", "www", "unit", "check", "asan", "tsan", "clang", "fuzz", "torture",
           "bench", "bench-stall", "bench-docs", "bench-echo", "bench-shim", "grade-self", "soak", "format", "lint", "install", "uninstall", "clean", "help"}


def makefiles():
    return [TOP / "Makefile", *sorted((TOP / "make").glob("*.mk"))]


def listed():
    said = subprocess.run(["make", "help"], cwd=TOP, check=True, text=True, stdout=subprocess.PIPE).stdout
    return {line.split()[0] for line in said.splitlines()}


def test_it_is_one_file_of_at_most_150_lines():
    assert len((TOP / "Makefile").read_text().splitlines()) <= 150


def test_help_lists_every_target():
    phony = {word for file in makefiles()
             for line in re.findall(r"^\.PHONY: (.*)$", file.read_text(), re.MULTILINE)
             for word in re.sub(r"\$\(.*\)", "", line).split()}
    assert phony - STEPS == listed()


def test_targets_that_scripts_call_are_there():
    assert TARGETS <= listed()
