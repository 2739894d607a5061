"""A source tree of a few lines that is built by the project's own Makefile."""
import os
import shutil
import subprocess

from conftest import TOP

# What a make that runs the tests would pass on to those that the tests run.
INHERITED = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VARIANT", "CXXFLAGS", "CPPFLAGS", "CFLAGS",
             "LDFLAGS", "LDLIBS", "WERROR", "DESTDIR", "PREFIX", "PCH", "V"}

FILES = {
    "include/aws/answer.h": "#pragma once\nint answer();\n",
    "src/os/answer.cc": '#include "os/number.h"\n#include "aws/answer.h"\nint answer() { return kNumber; }\n',
    "src/os/number.h": "#pragma once\nconstexpr int kNumber = 42;\n",
    "src/os/other.cc": "int other();\nint other() { return 0; }\n",
    "src/main.cc": '#include "aws/answer.h"\nconstexpr const char* kVersion = "aws 7.8.9";\n'
                   "int main() { return kVersion[0] == 'a' ? answer() : 0; }\n",
    "examples/hello.cc": '#include <aws/answer.h>\nint main() { return answer() + 1; }\n',
    "examples/steps/1_first.cc": '#include <aws/answer.h>\nint main() { return answer() + 2; }\n',
    "preload/empty.c": "int empty_shim(void);\nint empty_shim(void) { return 0; }\n",
    # Neither this test nor the precompiled headers include what takes time to parse.
    "tests/unit/answer_test.cc": '#include "aws/answer.h"\nint main() { return answer() - 42; }\n',
    "make/precompiled/library.h": "#include <cstdint>\n",
    "make/precompiled/unit_tests.h": "#include <cstdint>\n",
    # What `make install` copies.
    "README.md": "", "LICENSE": "", "docs/sockop_preload.7": "", "docs/fault-injection.md": "",
    "preload/sockopctl": "", "www/index.html": "",
}


class Tree:
    def __init__(self, top):
        self.top = top
        for name in ("Makefile", "make", "third_party"):
            copy = shutil.copytree if (TOP / name).is_dir() else shutil.copy
            copy(TOP / name, top / name)
        self.restore()

    def restore(self):
        """Writes those files that are not as they were at first."""
        for name, text in FILES.items():
            path = self.top / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                self.write(name, text)

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def make(self, *words, status=0):
        """Runs make, which must end with this status; returns its output."""
        environment = {name: value for name, value in os.environ.items() if name not in INHERITED}
        ended = subprocess.run(["make", "-j2", *words], cwd=self.top, env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert ended.returncode == status, ended.stdout
        return ended.stdout

    def compiled(self, *words):
        """Runs make; returns the sources that it compiled, sorted, with those compiled twice there twice."""
        lines = (line.split() for line in self.make(*words).splitlines())
        return sorted(line[1] for line in lines if line[0] in ("CXX", "CC", "PCH"))

    def status_of(self, program):
        return subprocess.run([self.top / program]).returncode
