"""What /proc says of a process tree, asked of processes that the tests start themselves."""
import os
import subprocess
import sys

import pytest

import dataset
import process_tree
from observe import is_asleep, wait_until


@pytest.fixture
def family():
    """A parent that waits for its child, and the child's pid; both end with their input."""
    script = ("import subprocess, sys; child = subprocess.Popen(['cat']);"
              "print(child.pid, flush=True); child.wait()")
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as parent:
        yield parent.pid, int(parent.stdout.readline())
        parent.stdin.close()


def test_a_tree_is_the_process_and_its_descendants(family):
    parent, child = family
    assert process_tree.members(parent) == [parent, child]
    assert process_tree.members(child) == [child]


def test_costs_are_summed_over_the_tree(family):
    parent, child = family
    # The kernel adds what a thread ran when it stops running, or at a tick.
    wait_until(lambda: process_tree.cpu_ns(child) > 0 and is_asleep(child), "cat waits for input")
    alone = process_tree.cpu_ns(child), process_tree.memory_kib(child, "VmHWM")
    assert process_tree.cpu_ns(parent) > alone[0] > 0
    assert process_tree.memory_kib(parent, "VmHWM") > alone[1] > 0
    assert process_tree.private_dirty_kib(parent) > 0
    # The interpreter's start took longer than cat's.
    assert process_tree.busiest_thread(parent) == (parent, parent)


def test_others_are_everybody_but_the_tree(family):
    parent, child = family
    others = process_tree.cpu_ns_of_others(parent)
    assert others[os.getpid(), os.getpid()] > 0
    assert not {parent, child} & {process for process, _ in others}


def test_descriptors_are_counted():
    before = process_tree.descriptors(os.getpid())
    with open(os.devnull, encoding="ascii"):
        assert process_tree.descriptors(os.getpid()) == before + 1


def test_who_is_gone_costs_nothing():
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert process_tree.cpu_ns(gone.pid) == 0


def test_a_file_that_was_just_read_is_resident(tmp_path):
    dataset.make(tmp_path / "file.bin", 256 * dataset.KIB)
    dataset.warm(tmp_path)
    assert dataset.resident_share(tmp_path / "file.bin") == 1


def test_a_file_is_made_once_and_has_its_size(tmp_path):
    path = tmp_path / "static/file.bin"
    dataset.make(path, 3 * dataset.MIB)
    made = path.stat()
    assert made.st_size == 3 * dataset.MIB
    dataset.make(path, 3 * dataset.MIB)
    assert path.stat().st_mtime_ns == made.st_mtime_ns and path.stat().st_ino == made.st_ino
    assert int(made.st_mtime) == dataset.LONG_AGO
