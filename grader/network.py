"""A network namespace of its own for each attempt of a test, so that no connection outlives the test that made it.

The calling process must be single-threaded or call this from its main thread: /proc/net shows that thread's network.
"""
from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000  # sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
LIBC = ctypes.CDLL(None, use_errno=True)


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def fresh_network() -> None:
    """Moves this thread to a new network namespace in which only loopback is there, and is up."""
    if LIBC.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare(CLONE_NEWNET)")
    loopback_up()


def adopt_orphans() -> None:
    """Orphaned processes become this process's children, so that they can be found and ended."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
