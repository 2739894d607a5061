"""Watches which system calls a running server makes, by ptrace(2), without any tool.

The tracer seizes a process that has not yet become the server, and is held by SIGSTOP: to seize it later would interrupt
its wait by EINTR, which many servers do not survive. A thread of ours receives the stops until the process has ended.
Each call costs the server a hundred times what it did, so this is for a request or two, never for a crowd.
"""
from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import threading
from dataclasses import dataclass
from typing import Optional

from grader.network import LIBC

SEIZE, SYSCALL, LISTEN, GET_SYSCALL_INFO = 0x4206, 24, 0x4208, 0x420E
TRACE_SYSGOOD, TRACE_CLONE = 1, 8
EVENT_STOP = 128
WALL_OF_THIS_THREAD = 0x40000000 | 0x20000000  # __WALL | __WNOTHREAD
ENTRY, EXIT = 1, 2
STOP_SIGNALS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
INFO_BYTES = 88

NUMBERS = {
    "x86_64": {0: "read", 1: "write", 7: "poll", 17: "pread64", 19: "readv", 20: "writev", 23: "select", 35: "nanosleep",
               40: "sendfile", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 208: "io_getevents",
               209: "io_submit", 230: "clock_nanosleep", 232: "epoll_wait", 270: "pselect6", 271: "ppoll",
               281: "epoll_pwait", 288: "accept4", 295: "preadv", 327: "preadv2", 333: "io_pgetevents",
               441: "epoll_pwait2"},
    "aarch64": {2: "io_submit", 4: "io_getevents", 22: "epoll_pwait", 63: "read", 64: "write", 65: "readv", 66: "writev",
                67: "pread64", 69: "preadv", 71: "sendfile", 72: "pselect6", 73: "ppoll", 101: "nanosleep",
                115: "clock_nanosleep", 202: "accept", 206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg",
                242: "accept4", 286: "preadv2", 292: "io_pgetevents", 441: "epoll_pwait2"},
}


@dataclass
class Call:
    """One system call. `nonblocking` is what its first argument's descriptor says; `iocbs` what io_submit was given."""
    thread: int
    name: str
    arguments: tuple[int, ...]
    result: Optional[int] = None
    nonblocking: bool = False
    target: str = ""
    iocbs: tuple = ()


def ptrace(request: int, thread: int, address: int = 0, data: int = 0) -> int:
    LIBC.ptrace.restype = ctypes.c_long
    result = LIBC.ptrace(ctypes.c_long(request), ctypes.c_long(thread), ctypes.c_void_p(address), ctypes.c_void_p(data))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "ptrace")
    return result


class Tracer:
    """Traces a process of one thread, which is held by SIGSTOP, and lets it go on. `calls` grows until it ends."""

    def __init__(self, pid: int):
        self.pid = pid
        self.calls: list[Call] = []
        self._names = NUMBERS[platform.machine()]
        self._open: dict[int, Call] = {}
        self._problem: Optional[OSError] = None
        self._attached = threading.Event()
        threading.Thread(target=self._trace, daemon=True).start()
        self._attached.wait()
        if self._problem:
            raise self._problem

    def _trace(self) -> None:
        """The thread that attaches is the only one that may receive the stops."""
        try:
            ptrace(SEIZE, self.pid, 0, TRACE_SYSGOOD | TRACE_CLONE)
            os.kill(self.pid, signal.SIGCONT)
        except OSError as problem:
            self._problem = problem
        self._attached.set()
        while True:
            try:
                thread, status = os.waitpid(-1, WALL_OF_THIS_THREAD)
            except ChildProcessError:
                return
            if os.WIFSTOPPED(status):
                try:
                    self._go_on(thread, status)
                except OSError:
                    continue  # it was killed while it was stopped

    def _go_on(self, thread: int, status: int) -> None:
        number, event = os.WSTOPSIG(status), status >> 16
        if number == signal.SIGTRAP | 0x80:
            self._note(thread)
            ptrace(SYSCALL, thread)
        elif event == EVENT_STOP and number in STOP_SIGNALS:
            ptrace(LISTEN, thread)
        else:
            ptrace(SYSCALL, thread, 0, 0 if event or number == signal.SIGTRAP else number)

    def is_at_rest(self) -> bool:
        """Whether each thread that waits in epoll has gone back to it, so that all its calls are in `calls`."""
        loops = {call.thread for call in list(self.calls) if call.name.startswith("epoll_")}
        waiting = {thread for thread, call in list(self._open.items()) if call.name.startswith("epoll_")}
        return bool(waiting) and loops <= waiting

    def _note(self, thread: int) -> None:
        info = ctypes.create_string_buffer(INFO_BYTES)
        ptrace(GET_SYSCALL_INFO, thread, INFO_BYTES, ctypes.addressof(info))
        kind = info.raw[0]
        if kind == ENTRY:
            number, *arguments = struct.unpack_from("=7Q", info.raw, 24)
            name = self._names.get(number)
            if name:
                self._open[thread] = self._look(Call(thread, name, tuple(arguments)))
        elif kind == EXIT and thread in self._open:
            call = self._open.pop(thread)
            call.result, = struct.unpack_from("=q", info.raw, 24)
            self.calls.append(call)

    def _look(self, call: Call) -> Call:
        """What can be seen of a call while its thread is stopped before it."""
        try:
            call.target = os.readlink(f"/proc/{self.pid}/fd/{call.arguments[0]}")
            with open(f"/proc/{self.pid}/fdinfo/{call.arguments[0]}") as info:
                flags = next(line for line in info if line.startswith("flags:"))
            call.nonblocking = bool(int(flags.split()[1], 8) & os.O_NONBLOCK)
        except (OSError, StopIteration):
            pass  # its first argument is no descriptor
        if call.name == "io_submit":
            call.iocbs = tuple(self._iocbs(call.arguments[1], call.arguments[2]))
        return call

    def _iocbs(self, count: int, address: int):
        """Yields (bytes asked for, eventfd or None) of each iocb, see linux/aio_abi.h."""
        for pointer in struct.unpack(f"={min(count, 1024)}Q", self._memory(address, 8 * min(count, 1024))):
            fields = struct.unpack("=QIIHhIQQqQII", self._memory(pointer, 64))
            opcode, buffer, length, flags, eventfd = fields[3], fields[6], fields[7], fields[10], fields[11]
            if opcode == 7:  # preadv: length counts the buffers
                vectors = struct.unpack(f"={2 * min(length, 1024)}Q", self._memory(buffer, 16 * min(length, 1024)))
                length = sum(vectors[1::2])
            yield length if opcode in (0, 7) else 0, eventfd if flags & 1 else None

    def _memory(self, address: int, count: int) -> bytes:
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(count)
