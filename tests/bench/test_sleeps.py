"""Where a thread slept, read from the text of the kernel's trace."""
import pytest

import sleeps
from sleeps import LostEvents, SleepTrace, calls_slept_in, outside_waits

SWITCH = "  <...>-77 [000] d..2. 10.5: sched_switch: prev_comm=aws prev_pid=77 prev_state=D ==> x\n"


def event(*frames):
    return [SWITCH, "  <...>-77 [000] d..2. 10.6: <stack trace>\n",
            *(f" => {frame}\n" for frame in ("__schedule", "schedule", *frames))]


WAIT = event("ep_poll", "do_epoll_wait", "__x64_sys_epoll_wait", "do_syscall_64")
SENDFILE = event("io_schedule", "folio_wait_bit_common", "__x64_sys_sendfile64", "do_syscall_64")
FAULT = event("io_schedule", "filemap_fault", "exc_page_fault", "asm_exc_page_fault")
ODD = event("do_exit")


def test_each_switch_is_counted_by_the_call_it_happened_in():
    calls = calls_slept_in(["# tracer: nop\n", *WAIT, *SENDFILE, *WAIT, *FAULT, *ODD])
    assert calls == {"epoll_wait": 2, "sendfile64": 1, "page fault": 1, "elsewhere": 1}


def test_the_wait_of_a_loop_is_no_sleep_elsewhere():
    assert outside_waits({"epoll_wait": 9, "epoll_pwait": 9, "io_submit": 2, "futex": 1}) == 3


def test_other_processors_names_of_calls_are_known():
    assert calls_slept_in(event("do_x", "__arm64_sys_io_submit")) == {"io_submit": 1}


def test_a_switch_without_a_stack_counts():
    assert calls_slept_in([SWITCH, *WAIT]) == {"elsewhere": 1, "epoll_wait": 1}


def test_a_trace_that_lost_events_is_not_counted():
    whole = "# entries-in-buffer/entries-written: 8/8   #P:2\n"
    assert calls_slept_in([whole, *WAIT]) == {"epoll_wait": 1}
    with pytest.raises(LostEvents):
        calls_slept_in([whole.replace("8/8", "8/9"), *WAIT])


@pytest.mark.parametrize("problem", [OSError, KeyboardInterrupt])
def test_a_trace_that_does_not_begin_leaves_no_instance(tmp_path, monkeypatch, problem):
    (tmp_path / "instances").mkdir()
    monkeypatch.setattr(sleeps, "TRACEFS", tmp_path)

    def refuse(*_):
        raise problem
    monkeypatch.setattr(SleepTrace, "_write", refuse)
    with pytest.raises(problem):
        with SleepTrace(1, 0):
            pass
    assert not list((tmp_path / "instances").iterdir())
