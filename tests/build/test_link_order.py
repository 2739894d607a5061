"""An inline function that several objects hold is in ./aws once. It must be the optimized one: the objects that parse
the command line are compiled with -O0, and the linker takes the first that it meets."""
import subprocess

from conftest import AWS, TOP

OBJECTS = TOP / "build/release/src"
NOT_OPTIMIZED = [OBJECTS / name for name in ("main.o", "options.o", "site_options.o")]


def inline_functions(file):
    """The name and the size of each weak function in an object or a program."""
    said = subprocess.run(["nm", "--print-size", "--defined-only", str(file)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    fields = [line.split() for line in said.splitlines()]
    return {words[3]: int(words[1], 16) for words in fields if len(words) == 4 and words[2] == "W"}


def test_the_program_holds_the_optimized_one():
    in_program = inline_functions(AWS)
    slow = set().union(*map(inline_functions, NOT_OPTIMIZED))
    optimized = {}
    for file in sorted(OBJECTS.glob("*/*.o")):
        for name, size in inline_functions(file).items():
            if name in slow:
                optimized.setdefault(name, set()).add(size)
    assert len(optimized) > 20
    assert [name for name, sizes in optimized.items() if in_program[name] not in sizes] == []
