"""Runs a command that alone sees a FUSE file system, whose files say what they are told to say.

    fuse_files.py DIRECTORY FILES COMMAND…

FILES is JSON: {"name": {"told": 0, "size": 5, "error_at": 3, "hangs": "open"}}. A request that "hangs" is never answered. The file's size is said to be `told`; it has
pattern(size) to give, without a page cache (FOPEN_DIRECT_IO), and EIO from the byte `error_at` on. The
requests are linux/fuse.h's, read from /dev/fuse by a child that ends with the command."""
import ctypes
import errno
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys

ROOT = 1
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR = (
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27, 28, 29)
INTERRUPT, DESTROY, BATCH_FORGET = 36, 38, 42
UNANSWERED = {FORGET, BATCH_FORGET, INTERRUPT}
HEADER = struct.Struct("IIQQIIII")
DIRECT_IO = 1
CLONE_NEWNS, MS_REC, MS_PRIVATE, PR_SET_PDEATHSIG = 0x20000, 0x4000, 1 << 18, 1


def pattern(size):
    """Bytes that differ from one stretch to the next, all of them lines of text."""
    line = "".join(f"{number:07}\n" for number in range(min(size, 1 << 22) // 8 + 1)).encode()
    return (line * (size // len(line) + 1))[:size]


class Files:
    def __init__(self, files):
        self.names = list(files)
        self.files = [files[name] | {"bytes": pattern(files[name]["size"])} for name in self.names]

    def attributes(self, node):
        size = 0 if node == ROOT else self.files[node - ROOT - 1]["told"]
        mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
        return struct.pack("6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def answer(self, opcode, node, body):
        """The reply's body, or a negative error number."""
        if opcode == INIT:
            return struct.pack("IIIIHHIIHHI28x", 7, 31, 0, 0, 16, 16, 4096, 1, 0, 0, 0)
        if opcode == LOOKUP:
            name = body.rstrip(b"\0").decode()
            if name not in self.names:
                return -errno.ENOENT
            node = self.names.index(name) + ROOT + 1
            return struct.pack("4Q2I", node, 0, 3600, 3600, 0, 0) + self.attributes(node)
        if opcode == GETATTR:
            return struct.pack("QII", 3600, 0, 0) + self.attributes(node)
        if opcode in (OPEN, OPENDIR):
            return struct.pack("QII", 0, DIRECT_IO if opcode == OPEN else 0, 0)
        if opcode == STATFS:
            return struct.pack("5Q4I24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)
        if opcode in (READ, READDIR):
            offset, size = struct.unpack_from("QI", body, 8)
            return self.read(node, offset, size) if opcode == READ else self.entries(offset)
        return b"" if opcode in (RELEASE, RELEASEDIR, FLUSH, DESTROY) else -errno.ENOSYS

    def hangs(self, opcode, node):
        request = {OPEN: "open", READ: "read"}.get(opcode)
        return request is not None and self.files[node - ROOT - 1].get("hangs") == request

    def read(self, node, offset, size):
        file = self.files[node - ROOT - 1]
        end = file.get("error_at")
        if end is not None and offset >= end:
            return -errno.EIO
        return file["bytes"][offset:min(offset + size, end or offset + size)]

    def entries(self, offset):
        entries = b""
        for number, name in enumerate(self.names[offset:], offset):
            encoded = name.encode()
            padding = -len(encoded) % 8
            entries += struct.pack("QQII", number + ROOT + 1, number + 1, len(encoded), stat.S_IFREG >> 12)
            entries += encoded + bytes(padding)
        return entries

    def serve(self, device):
        while True:
            try:
                request = os.read(device, 1 << 20)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):
                    continue
                return
            _, opcode, unique, node, *_ = HEADER.unpack_from(request)
            if opcode in UNANSWERED or self.hangs(opcode, node):
                continue
            reply = self.answer(opcode, node, request[HEADER.size:])
            error, body = (reply, b"") if isinstance(reply, int) else (0, reply)
            try:
                os.write(device, struct.pack("IiQ", 16 + len(body), error, unique) + body)
            except OSError as failure:
                if failure.errno != errno.ENOENT:  # whoever asked has gone
                    raise


def wrapper(directory, files):
    """A wrapper for `start`. None where no FUSE file system can be mounted."""
    words = [sys.executable, os.path.abspath(__file__), str(directory), json.dumps(files)]
    tried = subprocess.run([*words, shutil.which("true")], capture_output=True, check=False)
    return words if tried.returncode == 0 else None


def main():
    directory, files, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)

    def check(result):
        if result < 0:
            sys.exit(f"fuse_files: {os.strerror(ctypes.get_errno())}")
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    check(libc.unshare(CLONE_NEWNS))
    check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    check(libc.mount(b"files", directory.encode(), b"fuse", 0, options.encode()))
    parent = os.getpid()
    if os.fork() == 0:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        if os.getppid() == parent:
            Files(json.loads(files)).serve(device)
        os._exit(0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
