"""What the tests of this folder share: a server for a whole file of tests, and raw exchanges."""
import contextlib
import ctypes
import errno
import struct

from conftest import CLEAN, Server

KEPT = "kept"
CLOSED = "closed"


@contextlib.contextmanager
def serving(root, *options, **keywords):
    """A server for the fixture of a module. Like `start` in conftest, it leaves nothing."""
    server = Server(root, *options, **keywords)
    try:
        yield server
    finally:
        status = server.stop()
    assert (status, server.audit) == (0, CLEAN), server.output()


def forbid_openat2():
    """Has openat2(2) fail with ENOSYS in this process from now on, as in a kernel before 5.6."""
    openat2 = 437  # on every architecture
    load, jump_if_equal, give_back = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in [
        (load, 0, 0, 0),  # seccomp_data.nr
        (jump_if_equal, 0, 1, openat2),
        (give_back, 0, 0, 0x00050000 | errno.ENOSYS),  # SECCOMP_RET_ERRNO
        (give_back, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
    ])
    instructions = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(instructions))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    if prctl(no_new_privileges, 1, 0, 0, 0) or prctl(set_seccomp, filter_mode, program, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def difference(received, expected):
    """Where two byte strings differ, in one line; empty if they do not. (Never a diff of MiBs.)"""
    if received == expected:
        return ""
    if len(received) != len(expected):
        return f"{len(received)} bytes came, not {len(expected)}"
    at = next(i for i, pair in enumerate(zip(received, expected)) if pair[0] != pair[1])
    return f"byte {at} of {len(expected)} is {received[at]}, not {expected[at]}"


def fate(client, expected=KEPT):
    """Whether the connection is kept, which another request on it shows, or closed. Who is to see
    it closed sends nothing more: that could well be answered by a reset."""
    try:
        if expected == CLOSED:
            return CLOSED if client.at_end() else f"open, with {client.buffer[:200]!r} behind"
        client.request("/no/such/path", "HEAD")
        if not client.buffer and not client.receive():
            return CLOSED
        answer = client.answer("HEAD")
    except TimeoutError:
        return "open and silent"
    except ConnectionError as error:
        return f"broken: {error}"
    return KEPT if answer.status == 404 else f"{answer} to a request for what is not there"


def sole_answer(server, data, method="GET", timeout=10):
    """Sends `data`, leaves the writing side open, and returns the one answer to it. Anything but
    the end of the stream behind that answer is an error."""
    with server.client(timeout) as client:
        client.send(data)
        answer = client.answer(method)
        try:
            assert client.at_end(), f"behind {answer} came {client.buffer[:200]!r}"
        except TimeoutError:
            raise AssertionError(f"{answer}, and the connection is still open") from None
    assert answer["Connection"] == "close", f"{answer} does not say that the connection ends"
    return answer
