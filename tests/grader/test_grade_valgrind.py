"""What is read from valgrind's log."""
import pytest
from grader.errors import Failed
from grader.valgrind import Leaks, errors, must_not_lose, parse_leaks

SUMMARY = """==9== LEAK SUMMARY:
==9==    definitely lost: 1,024 (+24) bytes in 3 (+1) blocks
==9==    indirectly lost: 10 bytes in 1 blocks
==9==      possibly lost: 500 bytes in 2 blocks
==9==    still reachable: 72,704 (+0) bytes in 12 (+0) blocks
==9==         suppressed: 0 bytes in 0 blocks
"""
LOG = """==9== Memcheck, a memory error detector
==9== Invalid read of size 1
==9==    at 0x109202: answer (request.c:80)
==9==    by 0x109300: receive (connection.c:99)
==9==  Address 0x4a is 0 bytes after a block of size 16 alloc'd
==9==
==9== Syscall param epoll_ctl(event) points to uninitialised byte(s)
==9==    at 0x4A: epoll_ctl (syscall-template.S:120)
==9==
==9== Conditional jump or move depends on uninitialised value(s)
==9==    at 0x109202: main (aws.c:8)
"""


def test_a_leak_summary_is_read_with_or_without_differences():
    leaks = parse_leaks(SUMMARY)
    assert (leaks.lost_bytes, leaks.lost_blocks, leaks.reachable_bytes, leaks.reachable_blocks) == (1034, 4, 72704, 12)
    assert parse_leaks("==9== All heap blocks were freed -- no leaks are possible").lost_blocks == 0
    with pytest.raises(ValueError):
        parse_leaks("vgdb error: no FIFOs found")


def test_errors_are_told_with_the_functions_and_padding_is_none():
    assert errors(LOG) == ["Invalid read of size 1 in answer (request.c:80) < receive (connection.c:99)",
                           "Conditional jump or move depends on uninitialised value(s) in main (aws.c:8)"]


def test_only_what_is_lost_between_two_checks_counts():
    before, after = Leaks(100, 2, 0, 0, ""), Leaks(124, 3, 0, 0, SUMMARY)
    must_not_lose(before, before, "a request")
    with pytest.raises(Failed, match="no memory is lost by a request; came: 24 bytes in 1 blocks"):
        must_not_lose(before, after, "a request")
